import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck, CircleX, Plus, Send, X } from "lucide-react";
import type { FormEvent, KeyboardEvent } from "react";
import { useState } from "react";
import { formatInteger } from "../../format/numbers.ts";
import { formatTime } from "../../format/time.ts";
import { usePreference } from "../../prefs/preferences.ts";
import { curl } from "../../rest/curl.ts";
import { http } from "../../rest/http.ts";
import { explain } from "../../rest/problem-error.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { Button } from "../../ui/button.tsx";
import { CommandLine } from "../../ui/command-line.tsx";
import { Field } from "../../ui/field.tsx";
import { Panel } from "../../ui/panel.tsx";
import { blankDraft, checkDraft, envelopeText } from "./envelope.ts";
import type { Draft } from "./envelope.ts";

interface Receipt {
  readonly n: number;
  readonly at: number;
  readonly tookMs: number;
  readonly outcome:
    | { readonly ok: true; readonly partition: number | null; readonly offset: number | null }
    | { readonly ok: false; readonly title: string; readonly text: string };
}

/** How long the cluster may try before it says why it could not: a person waits, so less than Kafka's 30 s. */
const ackTimeout = "10s";

const receiptsKept = 50; // the page is a form, not a log; older ones fall off

const kinds: readonly { id: Draft["kind"]; label: string }[] = [
  { id: "text", label: "Text" },
  { id: "json", label: "JSON" },
  { id: "tombstone", label: "Tombstone" },
];

/** Writes one record at a time and shows the receipt; the curl line beside it does the same. */
export function ProduceTab({ topic, partitions }: { topic: string; partitions: number }) {
  const [draft, setDraft] = useState<Draft>(blankDraft);
  const [acks, setAcks] = useState("all");
  const [receipts, setReceipts] = useState<readonly Receipt[]>([]);
  const errors = checkDraft(draft);
  const body = envelopeText(draft);
  const path = `/topics/${encodeURIComponent(topic)}/records`;
  const query = { ...(acks === "all" ? {} : { acks }), timeout: ackTimeout };
  const send = useMutation({
    mutationFn: async () => {
      const started = performance.now();
      const outcome = await http.produce(topic, body, query).then(
        (reply) => ({
          ok: true as const,
          partition: reply?.offsets?.[0]?.partition ?? null,
          offset: reply?.offsets?.[0]?.first_offset ?? null,
        }),
        (error: unknown) => ({ ok: false as const, ...explain(error) }),
      );
      return { outcome, at: Date.now(), tookMs: performance.now() - started };
    },
    onSuccess: (receipt) =>
      setReceipts((before) => [{ n: (before[0]?.n ?? 0) + 1, ...receipt }, ...before].slice(0, receiptsKept)),
  });
  const reason =
    errors.key ?? errors.headers ?? (errors.value === undefined ? null : `The value is not JSON: ${errors.value}`);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (reason === null && !send.isPending) send.mutate();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
  };
  const setHeader = (at: number, change: Partial<Draft["headers"][number]>) =>
    setDraft({
      ...draft,
      headers: draft.headers.map((header, index) => (index === at ? { ...header, ...change } : header)),
    });

  return (
    <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      <Panel title="Record">
        <form onSubmit={submit} onKeyDown={onKeyDown} className="flex flex-col gap-4">
          <div className="grid gap-4 sm:grid-cols-[1fr_9rem_9rem]">
            <Field label="Key" error={errors.key} help="The same key always lands in the same partition">
              {(aria) => (
                <input
                  {...aria}
                  className="field mono"
                  value={draft.key}
                  placeholder="none"
                  spellCheck={false}
                  autoComplete="off"
                  onChange={(event) =>
                    setDraft({ ...draft, key: event.target.value, hasKey: event.target.value !== "" })
                  }
                  data-testid="produce-key"
                />
              )}
            </Field>
            <Field label="Partition">
              {(aria) => (
                <select
                  {...aria}
                  className="field"
                  value={draft.partition}
                  onChange={(event) => setDraft({ ...draft, partition: event.target.value })}
                  data-testid="produce-partition"
                >
                  <option value="">by key</option>
                  {Array.from({ length: Math.min(partitions, 1_000) }, (_, p) => (
                    <option key={p} value={String(p)}>
                      {p}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            <Field label="Acknowledged by">
              {(aria) => (
                <select
                  {...aria}
                  className="field"
                  value={acks}
                  onChange={(event) => setAcks(event.target.value)}
                  data-testid="produce-acks"
                >
                  <option value="all">all in sync</option>
                  <option value="1">the leader</option>
                  <option value="0">nobody</option>
                </select>
              )}
            </Field>
          </div>
          <fieldset className="flex flex-col gap-1.5">
            <legend className="mb-1 text-xs font-medium text-ink-2">Headers</legend>
            {draft.headers.map((header, at) => (
              <div key={at} className="flex gap-2">
                <input
                  aria-label={`Name of header ${at + 1}`}
                  className="field mono w-40"
                  placeholder="name"
                  value={header.name}
                  onChange={(event) => setHeader(at, { name: event.target.value })}
                  data-testid={`produce-header-${at}-name`}
                />
                <input
                  aria-label={`Value of header ${at + 1}`}
                  className="field mono min-w-0 flex-1"
                  placeholder="value"
                  value={header.value}
                  onChange={(event) => setHeader(at, { value: event.target.value })}
                  data-testid={`produce-header-${at}-value`}
                />
                <Button
                  tone="ghost"
                  aria-label={`Remove header ${at + 1}`}
                  icon={<X aria-hidden size={14} />}
                  onClick={() => setDraft({ ...draft, headers: draft.headers.filter((_, index) => index !== at) })}
                />
              </div>
            ))}
            <div>
              <Button
                size="small"
                icon={<Plus aria-hidden size={13} />}
                onClick={() => setDraft({ ...draft, headers: [...draft.headers, { name: "", value: "" }] })}
                data-testid="produce-add-header"
              >
                Header
              </Button>
            </div>
            {errors.headers !== undefined && <p className="text-xs font-medium text-bad">{errors.headers}</p>}
          </fieldset>
          <div className="flex flex-col gap-1.5">
            <div
              role="radiogroup"
              aria-label="Kind of value"
              className="inline-flex w-fit rounded-md border border-line-strong p-0.5"
            >
              {kinds.map(({ id, label }) => (
                <button
                  key={id}
                  type="button"
                  role="radio"
                  aria-checked={draft.kind === id}
                  onClick={() => setDraft({ ...draft, kind: id })}
                  data-testid={`produce-kind-${id}`}
                  className="h-6 rounded px-2.5 text-xs text-ink-2 aria-checked:bg-accent-soft aria-checked:font-medium aria-checked:text-accent"
                >
                  {label}
                </button>
              ))}
            </div>
            {draft.kind === "tombstone" ? (
              <p className="rounded-md border border-dashed border-line-strong px-3 py-4 text-sm text-ink-2">
                No value at all. On a compacted topic it deletes what was written under its key.
              </p>
            ) : (
              <Field label="Value" error={draft.value === "" && draft.kind === "json" ? null : errors.value}>
                {(aria) => (
                  <textarea
                    {...aria}
                    rows={8}
                    className="field"
                    spellCheck={false}
                    value={draft.value}
                    onChange={(event) => setDraft({ ...draft, value: event.target.value })}
                    placeholder={draft.kind === "json" ? '{"id": 7}' : "hello"}
                    data-testid="produce-value"
                  />
                )}
              </Field>
            )}
          </div>
          <div className="flex items-center gap-3">
            <Button
              tone="primary"
              type="submit"
              icon={<Send aria-hidden size={14} />}
              disabledReason={reason}
              data-testid="produce-send"
            >
              {send.isPending ? "Sending" : "Send"}
            </Button>
            <span className="hidden text-xs text-ink-3 sm:inline">Ctrl Enter sends from any field</span>
          </div>
          <CommandLine
            command={curl({ method: "POST", path: `${path}?${new URLSearchParams(query).toString()}`, jsonText: body })}
            testId="produce-curl"
          />
        </form>
      </Panel>
      <Panel title="Receipts" flush>
        <Receipts topic={topic} receipts={receipts} />
      </Panel>
    </div>
  );
}

function Receipts({ topic, receipts }: { topic: string; receipts: readonly Receipt[] }) {
  const id = useClusterId();
  const zone = usePreference("zone");
  if (receipts.length === 0)
    return (
      <p className="px-4 py-6 text-sm text-ink-3">
        What the cluster answers appears here: partition and offset, or why not.
      </p>
    );
  return (
    <ol className="divide-y divide-line" aria-live="polite">
      {receipts.map((receipt) => (
        <li
          key={receipt.n}
          data-testid="produce-receipt"
          data-ok={receipt.outcome.ok}
          className="flex items-start gap-2.5 px-4 py-2 text-sm"
        >
          {receipt.outcome.ok ? (
            <CircleCheck aria-hidden size={15} className="mt-0.5 shrink-0 text-good" />
          ) : (
            <CircleX aria-hidden size={15} className="mt-0.5 shrink-0 text-bad" />
          )}
          <div className="min-w-0 flex-1">
            {receipt.outcome.ok ? (
              receipt.outcome.offset === null || receipt.outcome.partition === null ? (
                <p>Sent; nobody was asked to acknowledge it.</p>
              ) : (
                <p>
                  Written to partition <strong data-testid="receipt-partition">{receipt.outcome.partition}</strong> at
                  offset{" "}
                  <Link
                    to="/c/$id/topics/$topic"
                    params={{ id, topic }}
                    search={{
                      tab: "messages",
                      from: String(receipt.outcome.offset),
                      p: String(receipt.outcome.partition),
                      record: `${receipt.outcome.partition}:${receipt.outcome.offset}`,
                    }}
                    className="link font-semibold num"
                    data-testid="receipt-offset"
                  >
                    {formatInteger(receipt.outcome.offset)}
                  </Link>
                </p>
              )
            ) : (
              <>
                <p className="font-medium text-bad">{receipt.outcome.title}</p>
                <p className="text-ink-2">{receipt.outcome.text}</p>
              </>
            )}
          </div>
          <span className="text-right text-xs whitespace-nowrap text-ink-3 num">
            {receipt.tookMs.toFixed(receipt.tookMs < 10 ? 1 : 0)} ms
            <br />
            {formatTime(receipt.at, zone)}
          </span>
        </li>
      ))}
    </ol>
  );
}
