import { nodeColumns } from "@vitrine/api";
import type { NodeFields } from "@vitrine/api";
import { useParams } from "@tanstack/react-router";
import { Server } from "lucide-react";
import { useMemo, useState } from "react";
import { plural } from "../../format/numbers.ts";
import { useClusterInfo, useRowKeys } from "../../live/selectors.ts";
import { liveStore } from "../../live/store.ts";
import { curl } from "../../rest/curl.ts";
import { Page } from "../../shell/page.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { Panel } from "../../ui/panel.tsx";
import { NodeCard } from "./node-card.tsx";
import { ProcessDialog } from "./process-dialog.tsx";
import type { ProcessAct } from "./process-dialog.tsx";

/** The processes of the cluster: how they are, what they carry, and what can be done to them. */
export function BrokersPage() {
  const keys = useRowKeys("cluster");
  const info = useClusterInfo();
  const { broker } = useParams({ strict: false });
  const [act, setAct] = useState<ProcessAct | null>(null);
  const { brokers, controllers } = useMemo(() => splitByRole(keys), [keys]);
  return (
    <Page
      title="Brokers"
      documentTitle="Brokers"
      meta={
        info && (
          <span>
            {info.counts.brokers_online} of {plural(info.counts.brokers, "broker")} online
            {controllers.length > 0
              ? `, ${plural(controllers.length, "controller")} in ${controllers.length === 1 ? "a process of its own" : "processes of their own"}`
              : ", each of them a controller as well"}
          </span>
        )
      }
    >
      {keys.length === 0 ? (
        <Panel>
          <EmptyState icon={Server} title="No broker is known yet" command={curl({ method: "GET", path: "/brokers" })}>
            They appear as soon as the gateway hears of them.
          </EmptyState>
        </Panel>
      ) : (
        <>
          <NodeList label="Brokers" nodes={brokers} focus={broker} onAct={setAct} />
          {controllers.length > 0 && (
            <section aria-labelledby="controllers">
              <h2 id="controllers" className="mb-2 text-base font-semibold">
                Controllers
              </h2>
              <NodeList label="Controllers" nodes={controllers} focus={broker} onAct={setAct} />
            </section>
          )}
        </>
      )}
      {act && <ProcessDialog act={act} onClose={() => setAct(null)} />}
    </Page>
  );
}

function NodeList({
  label,
  nodes,
  focus,
  onAct,
}: {
  label: string;
  nodes: readonly string[];
  focus: string | undefined;
  onAct: (act: ProcessAct) => void;
}) {
  return (
    <ul aria-label={label} className="grid gap-3 2xl:grid-cols-2">
      {nodes.map((key) => (
        <li key={key}>
          <NodeCard nodeKey={key} focused={focus === key} onAct={onAct} />
        </li>
      ))}
    </ul>
  );
}

/** Roles do not change while a process lives, so reading them when the list changes is enough. */
function splitByRole(keys: readonly string[]): { brokers: string[]; controllers: string[] } {
  const rows = liveStore.getState().views.get("cluster")?.rows;
  const roleOf = (key: string): NodeFields["roles"] => {
    const row = rows?.get(key)?.row;
    return row ? nodeColumns.get(row, "roles") : [];
  };
  const sorted = keys.toSorted((a, b) => Number(a) - Number(b));
  return {
    brokers: sorted.filter((key) => roleOf(key).includes("broker")),
    controllers: sorted.filter((key) => !roleOf(key).includes("broker")),
  };
}
