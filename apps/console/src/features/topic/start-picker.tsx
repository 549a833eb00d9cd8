import { useEffect, useState } from "react";
import { Button } from "../../ui/button.tsx";
import { wholeNumber } from "../../url/search.ts";
import { lastCount, parseMoment, startText } from "./start-choice.ts";
import type { Start } from "./start-choice.ts";

const kinds: readonly { readonly id: Start["kind"]; readonly label: string }[] = [
  { id: "last", label: `Last ${lastCount} and live` },
  { id: "latest", label: "Live from now" },
  { id: "earliest", label: "From the start" },
  { id: "offset", label: "From offset" },
  { id: "time", label: "From time" },
];

/** Where to begin and in which partition. Offset and time are typed and then gone to. */
export function StartPicker({
  start,
  partition,
  partitions,
  onChange,
}: {
  start: Start;
  partition: number | null;
  partitions: number;
  onChange: (change: { from: string | undefined; p: string | undefined }) => void;
}) {
  const [kind, setKind] = useState(start.kind);
  const [text, setText] = useState(initialText(start));
  useEffect(() => {
    setKind(start.kind);
    setText(initialText(start));
    // Only a change of the URL resets what is being typed.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [startText(start)]);
  const p = partition === null ? undefined : String(partition);
  const typed = kind === "offset" || kind === "time";
  const next = kind === "offset" ? offsetStart(text) : kind === "time" ? timeStart(text) : null;
  const pick = (picked: Start["kind"]) => {
    setKind(picked);
    if (picked === "offset" || picked === "time") setText("");
    else onChange({ from: startText({ kind: picked }), p });
  };
  return (
    <form
      className="flex max-w-full flex-wrap items-center gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (next) onChange({ from: startText(next), p: kind === "offset" ? (p ?? "0") : p });
      }}
    >
      <select
        aria-label="Where to begin"
        value={kind}
        onChange={(event) => pick(kinds.find(({ id }) => id === event.target.value)?.id ?? "last")}
        className="field"
        data-testid="tail-start"
      >
        {kinds.map(({ id, label }) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
      </select>
      {typed && (
        <>
          <input
            aria-label={kind === "offset" ? "Offset" : "Time, ISO or epoch"}
            autoFocus
            value={text}
            onChange={(event) => setText(event.target.value)}
            placeholder={kind === "offset" ? "42" : "2026-11-21 09:00 or epoch"}
            className={`field ${kind === "offset" ? "w-28" : "w-52"}`}
            data-testid="tail-start-value"
          />
          <Button
            type="submit"
            disabledReason={
              next
                ? null
                : kind === "offset"
                  ? "An offset is a whole number."
                  : "A time such as 2026-11-21 09:00, or epoch seconds or milliseconds."
            }
            data-testid="tail-start-go"
          >
            Go
          </Button>
        </>
      )}
      <select
        aria-label="Partition"
        value={p ?? ""}
        onChange={(event) =>
          onChange({ from: startText(start), p: event.target.value === "" ? undefined : event.target.value })
        }
        className="field"
        data-testid="tail-partition"
      >
        {start.kind !== "offset" && <option value="">All partitions</option>}
        {Array.from({ length: Math.min(partitions, 1_000) }, (_, at) => (
          <option key={at} value={String(at)}>
            Partition {at}
          </option>
        ))}
      </select>
    </form>
  );
}

function initialText(start: Start): string {
  return start.kind === "offset"
    ? String(start.offset)
    : start.kind === "time"
      ? new Date(start.timeMs).toISOString()
      : "";
}

function offsetStart(text: string): Start | null {
  const offset = wholeNumber(text.replaceAll(",", "").trim(), { min: 0, max: Number.MAX_SAFE_INTEGER });
  return offset === null ? null : { kind: "offset", offset };
}

function timeStart(text: string): Start | null {
  const timeMs = parseMoment(text);
  return timeMs === null ? null : { kind: "time", timeMs };
}
