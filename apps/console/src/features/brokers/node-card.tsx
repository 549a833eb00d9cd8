import { nodeColumns } from "@vitrine/api";
import type { NodeFields } from "@vitrine/api";
import { Crown } from "lucide-react";
import { memo, useEffect, useRef } from "react";
import { formatByteRate, formatBytes, formatInteger, formatRate, plural, unknown } from "../../format/numbers.ts";
import { formatAge, formatDuration } from "../../format/time.ts";
import { useNodeAge, useRow } from "../../live/selectors.ts";
import { serverNow } from "../../live/clock.ts";
import { NodeStateBadge } from "../../nodes/node-state.tsx";
import { RateSparkline } from "../../nodes/rate-sparkline.tsx";
import type { NodeSeries } from "../../live/sampler.ts";
import { classNames } from "../../ui/class-names.ts";
import { Fact } from "../../ui/panel.tsx";
import { Tag } from "../../ui/status.tsx";
import { NodeControls } from "./node-controls.tsx";
import type { ProcessAct } from "./process-dialog.tsx";

/** One node: state, roles, what it carries, how fast, and its controls. */
export const NodeCard = memo(function NodeCard({
  nodeKey,
  focused,
  onAct,
}: {
  nodeKey: string;
  focused: boolean;
  onAct: (act: ProcessAct) => void;
}) {
  const row = useRow("cluster", nodeKey);
  const ref = useRef<HTMLElement>(null);
  useEffect(() => {
    if (focused) ref.current?.scrollIntoView({ block: "center" });
  }, [focused]);
  if (!row) return null;
  const node = nodeColumns.fields(row);
  const isBroker = node.roles.includes("broker");
  const name = `${isBroker ? "broker" : "controller"}-${node.id}`;
  const gone = node.state === "down" || node.state === "stopped";
  return (
    <article
      ref={ref}
      aria-label={`${isBroker ? "Broker" : "Controller"} ${node.id}`}
      data-testid={name}
      className={classNames("panel min-w-0", "border-l-4", focused && "outline-2 outline-accent", edgeOf(node.state))}
    >
      <header className="flex flex-wrap items-center gap-x-2.5 gap-y-2 rounded-t-lg border-b border-line bg-surface px-4 py-2">
        <h3 className="text-base font-semibold">
          {isBroker ? "Broker" : "Controller"} {node.id}
        </h3>
        <NodeStateBadge state={node.state} testId={`${name}-state`} />
        <span className="text-xs text-ink-3">
          <Since since={node.state_since} />
        </span>
        <span className="flex flex-wrap gap-1" data-testid={`${name}-role`}>
          {node.roles.map((role) => (
            <Tag key={role}>{role}</Tag>
          ))}
          {node.active_controller && (
            <Tag tone="accent" testId={`${name}-active-controller`}>
              <Crown aria-hidden size={11} />
              active controller
            </Tag>
          )}
        </span>
        <NodeControls node={node} name={name} onAct={onAct} className="ml-auto" />
      </header>
      <div className="rounded-b-lg bg-surface px-4 pt-3 pb-2.5">
        {isBroker && (
          <>
            <dl className="grid grid-cols-2 gap-x-4 gap-y-3 sm:grid-cols-3 lg:grid-cols-6">
              <BrokerFacts node={node} name={name} />
              <Fact label="Uptime" testId={`${name}-uptime`}>
                {node.up_since === null || gone ? unknown : formatDuration(serverNow() - node.up_since)}
              </Fact>
            </dl>
            <div className="mt-3 grid grid-cols-2 gap-x-4 gap-y-2 border-t border-line pt-2.5 lg:grid-cols-4">
              <Rate
                node={node}
                series="in_msgs"
                label="Records in / s"
                value={formatRate(node.in_msgs)}
                testId={`${name}-in-msgs`}
              />
              <Rate
                node={node}
                series="in_bytes"
                label="Bytes in"
                value={formatByteRate(node.in_bytes)}
                testId={`${name}-in-bytes`}
              />
              <Rate
                node={node}
                series="out_bytes"
                label="Bytes out"
                value={formatByteRate(node.out_bytes)}
                testId={`${name}-out-bytes`}
                colour="var(--g-orange)"
              />
              <Rate
                node={node}
                series="commit_ms"
                label="Commit with fsync"
                value={node.commit_ms === null ? unknown : `${node.commit_ms.toFixed(1)} ms`}
                testId={`${name}-commit`}
                colour="var(--g-purple)"
              />
            </div>
          </>
        )}
        <p
          className={classNames(
            "flex flex-wrap gap-x-4 gap-y-0.5 text-xs text-ink-3 num",
            isBroker && "mt-2.5 border-t border-line pt-2",
          )}
        >
          <span data-testid={`${name}-pid`}>{node.pid === null || gone ? "no process" : `pid ${node.pid}`}</span>
          <span data-testid={`${name}-heard`}>
            <Heard node={node.id} />
          </span>
          {!gone && node.rss !== null && (
            <span>{`${formatBytes(node.rss)} memory${node.cpu === null ? "" : `, ${Math.round(node.cpu)} % of a core`}`}</span>
          )}
          {!gone && node.connections !== null && <span>{plural(node.connections, "connection")}</span>}
          {!gone && node.uncommitted !== null && (
            <span data-testid={`${name}-uncommitted`}>{formatBytes(node.uncommitted)} not yet on disk</span>
          )}
          {isBroker && (
            <span
              data-testid={`${name}-ports`}
            >{`Kafka ${node.kafka_port || unknown}, HTTP ${node.http_port || unknown}`}</span>
          )}
          {node.peer_port > 0 && <span>{`peers ${node.peer_port}`}</span>}
          {node.rack !== null && <span>{`rack ${node.rack}`}</span>}
          {node.durability !== null && node.durability !== "fsync" && (
            <span className="font-medium text-warn">{`durability: ${node.durability}`}</span>
          )}
        </p>
      </div>
    </article>
  );
});

/** The left edge repeats the state, for the eye that runs down the page. */
function edgeOf(state: NodeFields["state"]): string {
  switch (state) {
    case "online":
      return "border-l-g-green";
    case "down":
      return "border-l-g-red";
    case "frozen":
    case "isolated":
      return "border-l-g-purple";
    case "stopped":
      return "border-l-g-muted";
    case "fenced":
    case "starting":
    case "stopping":
      return "border-l-g-orange";
  }
}

function BrokerFacts({ node, name }: { node: NodeFields; name: string }) {
  return (
    <>
      <Fact label="Broker epoch" testId={`${name}-epoch`} hint="Metadata offset of its registration">
        {node.epoch < 0 ? unknown : formatInteger(node.epoch)}
      </Fact>
      <Fact label="Leads" testId={`${name}-leaders`}>
        {formatInteger(node.leaders)}
      </Fact>
      <Fact label="Replicas" testId={`${name}-replicas`}>
        {formatInteger(node.replicas)}
      </Fact>
      <Fact
        label="Under-replicated here"
        testId={`${name}-urp`}
        hint="Partitions with a replica here that have a replica out of sync"
      >
        <span className={node.urp > 0 ? "text-warn" : ""}>{formatInteger(node.urp)}</span>
      </Fact>
      <Fact label="Disk used, free" testId={`${name}-disk`}>
        {node.disk_used === null
          ? unknown
          : `${formatBytes(node.disk_used)}${node.disk_free === null ? "" : `, ${formatBytes(node.disk_free)}`}`}
      </Fact>
    </>
  );
}

function Rate({
  node,
  series,
  label,
  value,
  testId,
  colour,
}: {
  node: NodeFields;
  series: NodeSeries;
  label: string;
  value: string;
  testId: string;
  colour?: string;
}) {
  return (
    <div className="min-w-0">
      <p className="truncate text-xs text-ink-3">{label}</p>
      <p className="mt-0.5 flex items-center justify-between gap-2">
        <span data-testid={testId} className="live-value text-sm font-medium whitespace-nowrap num">
          {value}
        </span>
        <RateSparkline node={node.id} series={series} width={72} {...(colour === undefined ? {} : { colour })} />
      </p>
    </div>
  );
}

function Since({ since }: { since: number | null }) {
  return since === null ? null : <>for {formatDuration(serverNow() - since)}</>;
}

/** How long ago the gateway heard the node, from the clock frames. */
function Heard({ node }: { node: number }) {
  const age = useNodeAge(node);
  return age === null ? (
    <>not heard yet</>
  ) : (
    <span className={age > 3_000 ? "font-medium text-bad" : ""}>heard {formatAge(age)} ago</span>
  );
}
