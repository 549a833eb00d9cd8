import { nodeColumns } from "@vitrine/api";
import type { QuorumFields } from "@vitrine/api";
import { Crown } from "lucide-react";
import { useState } from "react";
import { useRow } from "../../live/selectors.ts";
import { NodeStateBadge } from "../../nodes/node-state.tsx";
import { processKind } from "../../rest/processes.ts";
import { Panel } from "../../ui/panel.tsx";
import { Tag } from "../../ui/status.tsx";
import { NodeControls } from "../brokers/node-controls.tsx";
import { ProcessDialog } from "../brokers/process-dialog.tsx";
import type { ProcessAct } from "../brokers/process-dialog.tsx";

/** The processes of the voters, the active controller first, with the same acts and the same preflight as on Brokers. */
export function QuorumProcesses({ voters, leader }: { voters: readonly QuorumFields[]; leader: number }) {
  const [act, setAct] = useState<ProcessAct | null>(null);
  const ordered = voters.toSorted((a, b) => Number(b.node === leader) - Number(a.node === leader) || a.node - b.node);
  return (
    <Panel title="Processes of the controllers" flush>
      <ul className="divide-y divide-line" aria-label="Processes of the controllers">
        {ordered.map(({ node }) => (
          <li key={node}>
            <ControllerProcess node={node} leads={node === leader} onAct={setAct} />
          </li>
        ))}
      </ul>
      {act && <ProcessDialog act={act} onClose={() => setAct(null)} />}
    </Panel>
  );
}

function ControllerProcess({ node, leads, onAct }: { node: number; leads: boolean; onAct: (act: ProcessAct) => void }) {
  const row = useRow("cluster", String(node));
  const fields = row === undefined ? null : nodeColumns.fields(row);
  return (
    <div className="flex flex-wrap items-center gap-x-2.5 gap-y-2 px-4 py-2">
      <span className="font-medium">
        {fields === null || processKind(fields) === "controller" ? "Controller" : "Broker"} {node}
      </span>
      {fields && <NodeStateBadge state={fields.state} testId={`quorum-${node}-state`} />}
      {leads && (
        <Tag tone="accent" testId={`quorum-${node}-active`}>
          <Crown aria-hidden size={11} />
          active controller
        </Tag>
      )}
      {fields ? (
        <NodeControls node={fields} name={`quorum-${node}`} onAct={onAct} className="ml-auto" />
      ) : (
        <span className="ml-auto text-xs text-ink-3">Its process is not known to this gateway.</span>
      )}
    </div>
  );
}
