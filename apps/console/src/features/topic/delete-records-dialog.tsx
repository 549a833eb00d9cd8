import { partitionColumns } from "@vitrine/api";
import { useState } from "react";
import { formatInteger, plural } from "../../format/numbers.ts";
import { useLiveView, useRow, useRowKeys } from "../../live/selectors.ts";
import { curl } from "../../rest/curl.ts";
import { http } from "../../rest/http.ts";
import { useAct } from "../../rest/use-act.ts";
import { Field } from "../../ui/field.tsx";
import { TypedConfirmDialog } from "../../ui/typed-confirm-dialog.tsx";
import { wholeNumber } from "../../url/search.ts";

/** Moves the start of one partition's log forward: everything below it is gone. */
export function DeleteRecordsDialog({ topic, onClose }: { topic: string; onClose: () => void }) {
  const view = `topic:${topic}`;
  useLiveView(view);
  const partitions = useRowKeys(view).toSorted((a, b) => Number(a) - Number(b));
  const [partition, setPartition] = useState("0");
  const [text, setText] = useState("");
  const row = useRow(view, partition);
  const start = row ? partitionColumns.get(row, "log_start") : 0;
  const end = row ? partitionColumns.get(row, "hw") : Number.MAX_SAFE_INTEGER;
  const before = text === "" ? null : wholeNumber(text, { min: 0, max: Number.MAX_SAFE_INTEGER });
  const error =
    text === ""
      ? null
      : before === null
        ? "A whole number."
        : before <= start
          ? `The log starts at ${formatInteger(start)} already.`
          : before > end
            ? `The high watermark is ${formatInteger(end)}: nothing beyond it can be deleted.`
            : null;
  const path = `/topics/${encodeURIComponent(topic)}/partitions/${partition}/records`;
  const act = useAct({
    refresh: ["topic", topic],
    act: () => http.deleteRecords(topic, Number(partition), before ?? start),
    done: (reply) => `${topic}-${partition} now starts at ${formatInteger(reply?.log_start ?? before)}`,
    onDone: onClose,
  });
  return (
    <TypedConfirmDialog
      name={topic}
      noun="topic"
      title={`Delete records of ${topic}`}
      description="The start of the log moves forward. What lies before it is gone on every replica."
      confirm={`Delete ${before !== null && error === null ? plural(before - start, "record") : "records"}`}
      blocked={before === null || error !== null ? "Say up to which offset." : null}
      act={act}
      command={curl({ method: "DELETE", path: `${path}?before=${before ?? end}` })}
      testId="delete-records"
      autoFocus={false}
      onClose={onClose}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          label="Partition"
          help={row ? `Holds ${formatInteger(start)} up to ${formatInteger(end)}, exclusive` : undefined}
        >
          {(aria) => (
            <select
              {...aria}
              className="field"
              value={partition}
              onChange={(event) => setPartition(event.target.value)}
              data-testid="delete-records-partition"
            >
              {partitions.map((p) => (
                <option key={p} value={p}>
                  {p}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Delete everything before offset" error={error}>
          {(aria) => (
            <input
              {...aria}
              inputMode="numeric"
              className="field"
              value={text}
              onChange={(event) => setText(event.target.value)}
              placeholder={end === Number.MAX_SAFE_INTEGER ? "" : String(end)}
              data-testid="delete-records-before"
            />
          )}
        </Field>
      </div>
    </TypedConfirmDialog>
  );
}
