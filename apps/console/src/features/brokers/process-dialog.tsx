import type { NodeFields, PreflightReport, PreflightSeverity, ProcessVerb } from "@vitrine/api";
import { useMutation, useQuery } from "@tanstack/react-query";
import { LoaderCircle } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { plural } from "../../format/numbers.ts";
import { curl } from "../../rest/curl.ts";
import { explain } from "../../rest/problem-error.ts";
import { http } from "../../rest/http.ts";
import { processKind, processPath } from "../../rest/processes.ts";
import { Button } from "../../ui/button.tsx";
import { CommandLine } from "../../ui/command-line.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { Status, toneIcons } from "../../ui/status.tsx";
import type { Tone } from "../../ui/status.tsx";
import { MovesTable } from "./moves-table.tsx";
import { verbLooks } from "./verbs.ts";

export interface ProcessAct {
  readonly node: NodeFields;
  readonly verb: ProcessVerb;
}

/** Before a process is touched: what will move, what would stop accepting writes, what is left of the quorum. */
export function ProcessDialog({ act, onClose }: { act: ProcessAct; onClose: () => void }) {
  const { node, verb } = act;
  const { label, does, done, danger } = verbLooks[verb];
  const noun = processKind(node);
  const [typed, setTyped] = useState("");
  // Starting a process that is gone can only bring something back: there is nothing to weigh.
  const returns = verb === "restart" && (node.state === "down" || node.state === "stopped");
  const report = useQuery({
    queryKey: ["preflight", node.id, verb],
    enabled: !returns,
    queryFn: () => http.preflight(noun, node.id, verb),
    staleTime: 0,
    gcTime: 0,
  });
  const doIt = useMutation({
    mutationFn: () => http.control(noun, node.id, verb),
    onSuccess: () => toast.success(`${noun === "broker" ? "Broker" : "Controller"} ${node.id} ${done}`),
    onError: (error) => {
      const { title, text } = explain(error);
      toast.error(`${label} ${noun} ${node.id}: ${title}`, { description: text });
    },
    onSettled: onClose,
  });
  // Without a preflight nobody knows what would be lost, so the id is asked for as well.
  const mustType = report.data?.confirm === true || report.isError;
  const typedWell = typed.trim() === String(node.id);
  const reason = report.isLoading
    ? "The preflight is still being computed."
    : mustType && !typedWell
      ? `Type ${node.id} to confirm.`
      : doIt.isPending
        ? "It is being done."
        : null;

  return (
    <Dialog
      open
      onClose={onClose}
      width="wide"
      testId="process-dialog"
      title={`${label} ${noun} ${node.id}`}
      description={does}
      footer={
        <>
          {mustType && (
            <Field
              className="mr-auto flex min-w-0 flex-wrap items-center gap-x-2 gap-y-1"
              label={`Writes or the quorum would be lost. Type ${node.id} to confirm:`}
            >
              {(aria) => (
                <input
                  {...aria}
                  className="field w-16"
                  value={typed}
                  onChange={(event) => setTyped(event.target.value)}
                  autoComplete="off"
                  inputMode="numeric"
                  data-testid="process-typed"
                />
              )}
            </Field>
          )}
          <Button onClick={onClose} data-testid="process-cancel">
            Cancel
          </Button>
          <Button
            tone={danger || report.data?.severity === "danger" ? "danger" : "primary"}
            disabledReason={reason}
            onClick={() => doIt.mutate()}
            data-testid="process-confirm"
          >
            {doIt.isPending ? "Working" : `${label} ${noun} ${node.id}`}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {report.isLoading && (
          <p className="flex items-center gap-2 text-sm text-ink-2">
            <LoaderCircle aria-hidden size={16} className="motion-safe:animate-spin" />
            Looking at what it would move.
          </p>
        )}
        {report.isError && (
          <div role="alert" className="rounded-md bg-bad-soft px-3 py-2 text-sm" data-testid="preflight-error">
            <p className="font-medium text-bad">The preflight failed: {explain(report.error).title}</p>
            <p className="mt-0.5 text-ink">{explain(report.error).text}</p>
          </div>
        )}
        {report.data && <Preflight report={report.data} />}
        {returns && (
          <p className="rounded-md bg-good-soft px-3 py-2.5 text-sm" data-testid="preflight-returns">
            It starts again, registers, catches up with its leaders and joins its in-sync sets. Nothing moves away.
          </p>
        )}
        <CommandLine
          command={curl({ method: "POST", path: processPath(node, verb), token: true })}
          label="The same from a shell; T holds the start-up token"
        />
      </div>
    </Dialog>
  );
}

const severityTone: Record<PreflightSeverity, Tone> = {
  none: "good",
  notice: "accent",
  warning: "warn",
  danger: "bad",
};
const severityGround: Record<PreflightSeverity, string> = {
  none: "bg-good-soft",
  notice: "bg-accent-soft",
  warning: "bg-warn-soft",
  danger: "bg-bad-soft",
};
const severityInk: Record<PreflightSeverity, string> = {
  none: "text-good",
  notice: "text-accent",
  warning: "text-warn",
  danger: "text-bad",
};

function Preflight({ report }: { report: PreflightReport }) {
  const Icon = toneIcons[severityTone[report.severity]];
  const { quorum } = report;
  return (
    <div className="flex flex-col gap-4" data-testid="preflight" data-severity={report.severity}>
      <div className={`flex items-start gap-2.5 rounded-md px-3 py-2.5 ${severityGround[report.severity]}`}>
        <Icon aria-hidden size={18} className={`mt-px shrink-0 ${severityInk[report.severity]}`} />
        <div className="min-w-0 text-sm">
          <p className="font-semibold" data-testid="preflight-verdict">
            {report.verdict}
          </p>
          {report.sentences.slice(1).map((sentence) => (
            <p key={sentence} className="mt-1 text-ink-2">
              {sentence}
            </p>
          ))}
        </div>
      </div>
      <dl className="grid grid-cols-2 gap-3 sm:grid-cols-4">
        <Count
          label="Leaders that move"
          testId="preflight-moves"
          value={report.moves.filter((move) => move.to >= 0).length}
        />
        <Count label="Left without a leader" testId="preflight-leaderless" value={report.leaderless.length} bad />
        <Count
          label={quorum.lost ? "Writes that would time out" : "Would refuse acks=all"}
          testId="preflight-below-min-isr"
          value={report.below_min_isr.length}
          bad
        />
        <div>
          <dt className="text-xs text-ink-3">Controllers left</dt>
          <dd className="mt-0.5">
            <Status tone={quorum.lost ? "bad" : "good"} testId="preflight-quorum">
              {`${quorum.alive_after} of ${quorum.voters.length}, ${quorum.majority} needed`}
            </Status>
          </dd>
        </div>
      </dl>
      {quorum.saved_by_controllers && (
        <p
          className="rounded-md border border-line px-3 py-2 text-sm text-ink-2"
          data-testid="preflight-saved-by-controllers"
        >
          <code className="mono text-ink">--controllers 3</code> would have saved the quorum: controllers then run in
          processes of their own, and brokers can die without it.
        </p>
      )}
      <MovesTable moves={report.moves} below={report.below_min_isr} />
    </div>
  );
}

function Count({ label, value, bad = false, testId }: { label: string; value: number; bad?: boolean; testId: string }) {
  return (
    <div>
      <dt className="text-xs text-ink-3">{label}</dt>
      <dd
        data-testid={testId}
        className={`mt-0.5 text-sm font-semibold num ${bad && value > 0 ? "text-bad" : "text-ink"}`}
      >
        {plural(value, "partition")}
      </dd>
    </div>
  );
}
