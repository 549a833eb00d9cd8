import type { GroupFields, ResetOffset, ResetOffsetsBody } from "@vitrine/api";
import { useMutation } from "@tanstack/react-query";
import { ArrowRight } from "lucide-react";
import type { FormEvent } from "react";
import { useMemo, useState } from "react";
import { formatInteger, plural, unknown } from "../../format/numbers.ts";
import { useBootstrapServers } from "../../nodes/bootstrap-servers.ts";
import { curl } from "../../rest/curl.ts";
import { http } from "../../rest/http.ts";
import { explain } from "../../rest/problem-error.ts";
import { useAct } from "../../rest/use-act.ts";
import { Button } from "../../ui/button.tsx";
import { CommandLine } from "../../ui/command-line.tsx";
import { DataTable } from "../../ui/data-table.tsx";
import type { Column } from "../../ui/data-table.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { Status } from "../../ui/status.tsx";
import { oneOf } from "../../url/search.ts";
import { blankReset, checkReset, resetBody, resetCommand, resetTargets } from "./reset-request.ts";
import type { ResetForm, ResetTarget } from "./reset-request.ts";

const targetWords: Record<ResetTarget, { readonly option: string; readonly label: string; readonly example: string }> =
  {
    earliest: { option: "The earliest record", label: "", example: "" },
    latest: { option: "The end: skip all that is there", label: "", example: "" },
    offset: { option: "An offset", label: "Next offset to read", example: "1200" },
    time: { option: "A moment", label: "First record at or after", example: "2026-11-20T09:00:00Z" },
    back: { option: "A while ago", label: "How long back from now", example: "15m" },
    shift: { option: "Forward or back by records", label: "Records, negative is back", example: "-100" },
  };

/** What the confirm button would do, as the server told it for exactly this request. */
interface Preview {
  readonly key: string;
  /** Of the offsets that it looked at: what was shown is what is done, or nothing. */
  readonly etag: string;
  readonly partitions: readonly ResetOffset[];
}

/** Moves what a group has committed. First it shows what would move where; Kafka allows it only while nobody reads. */
export function ResetOffsetsDialog({
  group,
  summary,
  topics,
  onClose,
}: {
  group: string;
  summary: GroupFields | null;
  topics: readonly string[];
  onClose: () => void;
}) {
  const servers = useBootstrapServers() || "127.0.0.1:9092";
  const [form, setForm] = useState<ResetForm>(blankReset);
  const [preview, setPreview] = useState<Preview | null>(null);
  const errors = checkReset(form);
  const body = Object.keys(errors).length === 0 ? resetBody(form) : null;
  const key = JSON.stringify(body);
  const fresh = preview !== null && preview.key === key ? preview : null;
  const moving = fresh?.partitions.filter((partition) => partition.before !== partition.after).length ?? 0;
  const dryRun = useMutation({
    mutationFn: (request: ResetOffsetsBody) => http.resetOffsets(group, request, { dryRun: true }),
    onSuccess: ({ etag, partitions }, request) => setPreview({ key: JSON.stringify(request), etag, partitions }),
  });
  const apply = useAct({
    act: async () => {
      const shown = fresh === null ? {} : { ifMatch: fresh.etag };
      try {
        return await http.resetOffsets(group, body ?? {}, { dryRun: false, ...shown });
      } catch (error) {
        // What was shown may not be what is there any more.
        setPreview(null);
        throw error;
      }
    },
    done: (reply) => `${group}: offsets of ${plural(reply.partitions.length, "partition")} were reset`,
    onDone: onClose,
  });
  const members = summary?.members ?? 0;
  const occupied = members > 0 ? occupiedText(group, members) : null;
  const set = (change: Partial<ResetForm>) => {
    dryRun.reset();
    setForm({ ...form, ...change });
  };
  const look = (event: FormEvent) => {
    event.preventDefault();
    if (body !== null && !dryRun.isPending) dryRun.mutate(body);
  };
  const reason =
    occupied ??
    (fresh === null
      ? "See first what would move."
      : moving === 0
        ? "Nothing would move."
        : apply.isPending
          ? "They are being reset."
          : null);
  const value = targetWords[form.target];
  return (
    <Dialog
      open
      onClose={onClose}
      width="wide"
      title={`Reset offsets of ${group}`}
      description="The group reads on from where you put it: earlier records are read again, later ones are skipped."
      testId="reset-offsets-dialog"
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form="reset-offsets-form"
            disabledReason={errors.value ?? errors.partitions ?? (dryRun.isPending ? "It is being computed." : null)}
            data-testid="reset-offsets-preview"
          >
            Show what would move
          </Button>
          <Button
            tone="danger"
            disabledReason={reason}
            onClick={() => apply.mutate()}
            data-testid="reset-offsets-confirm"
          >
            Reset {fresh !== null && moving > 0 ? plural(moving, "partition") : "offsets"}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {occupied !== null && (
          <p role="alert" className="rounded-md bg-warn-soft px-3 py-2.5 text-sm" data-testid="reset-offsets-refused">
            {occupied}
          </p>
        )}
        <form id="reset-offsets-form" onSubmit={look} className="grid gap-4 sm:grid-cols-2" noValidate>
          <Field label="To">
            {(aria) => (
              <select
                {...aria}
                className="field"
                value={form.target}
                onChange={(event) => set({ target: oneOf(event.target.value, resetTargets), value: "" })}
                data-testid="reset-offsets-to"
              >
                {resetTargets.map((target) => (
                  <option key={target} value={target}>
                    {targetWords[target].option}
                  </option>
                ))}
              </select>
            )}
          </Field>
          {value.label === "" ? (
            <span className="hidden sm:block" />
          ) : (
            <Field
              label={value.label}
              error={form.value === "" ? null : errors.value}
              help={`Such as ${value.example}`}
            >
              {(aria) => (
                <input
                  {...aria}
                  className="field"
                  value={form.value}
                  onChange={(event) => set({ value: event.target.value })}
                  placeholder={value.example}
                  autoComplete="off"
                  spellCheck={false}
                  data-testid="reset-offsets-value"
                />
              )}
            </Field>
          )}
          <Field label="Topic">
            {(aria) => (
              <select
                {...aria}
                className="field"
                value={form.topic}
                onChange={(event) => set({ topic: event.target.value, partitions: "" })}
                data-testid="reset-offsets-topic"
              >
                <option value="">All that it has committed</option>
                {topics.map((topic) => (
                  <option key={topic} value={topic}>
                    {topic}
                  </option>
                ))}
              </select>
            )}
          </Field>
          {form.topic !== "" && (
            <Field label="Partitions" error={errors.partitions} help="Empty: all of the topic">
              {(aria) => (
                <input
                  {...aria}
                  className="field"
                  value={form.partitions}
                  onChange={(event) => set({ partitions: event.target.value })}
                  placeholder="0, 2"
                  autoComplete="off"
                  data-testid="reset-offsets-partitions"
                />
              )}
            </Field>
          )}
        </form>
        {dryRun.isError && (
          <div role="alert" className="rounded-md bg-bad-soft px-3 py-2 text-sm" data-testid="reset-offsets-error">
            <p className="font-medium text-bad">{explain(dryRun.error).title}</p>
            <p className="mt-0.5 text-ink">{explain(dryRun.error).text}</p>
          </div>
        )}
        {fresh !== null && <PreviewTable partitions={fresh.partitions} />}
        <CommandLine
          command={curl({
            method: "POST",
            path: `/groups/${encodeURIComponent(group)}/offsets/reset`,
            json: body ?? {},
          })}
          label="The same from a shell; with ?dry_run=1 nothing moves"
          testId="reset-offsets-curl"
        />
        <CommandLine
          command={resetCommand(form, { group, servers })}
          label="With Kafka's own tool; --dry-run instead of --execute moves nothing"
          testId="reset-offsets-kafka"
        />
      </div>
    </Dialog>
  );
}

/** Why nothing can be moved while members are there. */
export function occupiedText(group: string, members: number): string {
  return `${group} has ${plural(members, "member")}: they would go on from where they are and commit over it. Stop its consumers first; it can be done once the group is empty.`;
}

function PreviewTable({ partitions }: { partitions: readonly ResetOffset[] }) {
  const byName = useMemo(() => new Map(partitions.map((row) => [`${row.topic}/${row.partition}`, row])), [partitions]);
  const keys = useMemo(() => [...byName.keys()], [byName]);
  const useMove = useMemo(() => (key: string) => byName.get(key), [byName]);
  return (
    <div className="overflow-hidden rounded-md border border-line">
      <DataTable
        label="What would move"
        testId="reset-offsets-table"
        columns={previewColumns}
        keys={keys}
        useRow={useMove}
        rowTestId={(key) => `reset-${key.replace("/", "-")}`}
        height="15rem"
        empty="The group has committed nothing there, so nothing would move."
      />
    </div>
  );
}

const idOf = (move: ResetOffset) => `reset-${move.topic}-${move.partition}`;

/** Records that are read again or skipped. */
function effectOf({ before, after }: ResetOffset): string {
  if (before === null) return "its first commit";
  if (before === after) return "stays";
  return before > after ? `${plural(before - after, "record")} again` : `${plural(after - before, "record")} skipped`;
}

const previewColumns: readonly Column<ResetOffset>[] = [
  {
    id: "name",
    header: "Partition",
    min: 80,
    grow: 1,
    cell: (move) => <span className="font-medium">{`${move.topic}-${move.partition}`}</span>,
  },
  {
    id: "move",
    header: "Committed",
    min: 120,
    grow: 0.8,
    cell: (move) => (
      <span className="inline-flex items-center gap-1.5 num">
        <span data-testid={`${idOf(move)}-before`}>{move.before === null ? unknown : formatInteger(move.before)}</span>
        <ArrowRight aria-label="to" size={12} className="text-ink-3" />
        <span data-testid={`${idOf(move)}-after`} className="font-medium">
          {formatInteger(move.after)}
        </span>
      </span>
    ),
  },
  { id: "effect", header: "Effect", min: 120, grow: 0.8, priority: 1, cell: effectOf },
  {
    id: "log",
    header: "Log",
    min: 96,
    grow: 0.6,
    align: "end",
    priority: 3,
    hint: "Log start and end of what can be read",
    cell: (move) => `${formatInteger(move.log_start)} \u2013 ${formatInteger(move.end)}`,
  },
  {
    id: "clamped",
    header: "",
    min: 96,
    priority: 2,
    cell: (move) => (move.clamped ? <Status tone="warn">nearest there is</Status> : null),
  },
];
