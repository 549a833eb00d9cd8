import { isBelowMinIsr, partitionColumns, replicasOf } from "@vitrine/api";
import type { PartitionFields, Row } from "@vitrine/api";
import { Crown } from "lucide-react";
import { formatBytes, formatCompact, formatInteger, formatRate } from "../../format/numbers.ts";
import { useOfflineNodes } from "../../nodes/offline-nodes.ts";
import { ReplicaChip } from "../../lanes/replica-chip.tsx";
import { ReplicaLanes } from "../../lanes/replica-lanes.tsx";
import type { LaneReplica } from "../../lanes/replica-lanes.tsx";
import { classNames } from "../../ui/class-names.ts";
import type { Column } from "../../ui/data-table.tsx";
import { Status } from "../../ui/status.tsx";

/** A partition row with what its cells share. */
export interface PartitionRow {
  readonly row: Row;
  readonly p: number;
}

const get = <K extends keyof PartitionFields>({ row }: PartitionRow, name: K): PartitionFields[K] =>
  partitionColumns.get(row, name);

const known = (offset: number): number | null => (offset < 0 ? null : offset);

function Replicas({ partition }: { partition: PartitionRow }) {
  const offline = useOfflineNodes();
  return (
    <span className="flex items-center gap-1">
      {replicasOf(partition.row).map((replica) => (
        <ReplicaChip
          key={replica.node}
          replica={{ ...replica, offline: offline.has(replica.node) }}
          testId={`partition-${partition.p}-replica-${replica.node}`}
        />
      ))}
    </span>
  );
}

function Lanes({ partition }: { partition: PartitionRow }) {
  const offline = useOfflineNodes();
  const replicas: LaneReplica[] = replicasOf(partition.row).map((replica) => ({
    ...replica,
    offline: offline.has(replica.node),
  }));
  return <ReplicaLanes replicas={replicas} highWatermark={get(partition, "hw")} />;
}

function Leader({ partition }: { partition: PartitionRow }) {
  const leader = get(partition, "leader");
  return leader < 0 ? (
    <Status tone="bad" testId={`partition-${partition.p}-leader`}>
      none
    </Status>
  ) : (
    // The key makes the element anew when the leader changes, which plays the fade once.
    <span key={leader} className="flash inline-flex items-center gap-1.5 rounded px-1 align-middle font-medium">
      <Crown aria-hidden size={13} className="text-g-orange" />
      <span data-testid={`partition-${partition.p}-leader`}>{leader}</span>
    </span>
  );
}

function Isr({ partition }: { partition: PartitionRow }) {
  const replicas = replicasOf(partition.row);
  const members = replicas.filter((replica) => replica.inIsr).map((replica) => replica.node);
  const tone =
    get(partition, "leader") < 0 || isBelowMinIsr(partition.row)
      ? "bad"
      : members.length < replicas.length
        ? "warn"
        : "good";
  return (
    <span data-testid={`partition-${partition.p}-isr`} data-isr={members.join(",")}>
      <Status tone={tone}>{`${members.length} of ${replicas.length}`}</Status>
    </span>
  );
}

/** Log end of the leader; -1 while nobody knows. */
function logEnd(partition: PartitionRow): number {
  const at = get(partition, "replicas").indexOf(get(partition, "leader"));
  return get(partition, "leo")[at] ?? -1;
}

function Lags({ partition }: { partition: PartitionRow }) {
  const followers = replicasOf(partition.row).filter((replica) => !replica.isLeader);
  return (
    <span className="inline-flex gap-2" data-testid={`partition-${partition.p}-lag`}>
      {followers.map((replica) => (
        <span
          key={replica.node}
          className={classNames("num", replica.inIsr ? "text-ink-2" : "font-medium text-warn")}
          title={`Broker ${replica.node}: ${replica.lag === null ? "position not known" : `${formatInteger(replica.lag)} records behind`}`}
        >
          <span className="mr-1 text-2xs text-ink-3">b{replica.node}</span>
          <span data-testid={`partition-${partition.p}-lag-${replica.node}`} data-lag={replica.lag ?? ""}>
            {formatCompact(replica.lag)}
          </span>
        </span>
      ))}
    </span>
  );
}

/** The partition table. What is most telling stays longest when the window gets narrow. */
export const partitionTableColumns: readonly Column<PartitionRow>[] = [
  { id: "p", header: "#", min: 24, align: "end", cell: ({ p }) => <span className="font-medium">{p}</span> },
  { id: "leader", header: "Leader", min: 48, cell: (partition) => <Leader partition={partition} /> },
  {
    id: "epoch",
    header: "Epoch",
    min: 42,
    align: "end",
    priority: 1,
    hint: "Leader epoch: rises by one with each election",
    cell: (partition) => (
      <span data-testid={`partition-${partition.p}-epoch`}>{formatInteger(get(partition, "epoch"))}</span>
    ),
  },
  { id: "isr", header: "In sync", min: 70, cell: (partition) => <Isr partition={partition} /> },
  {
    id: "replicas",
    header: "Replicas",
    min: 118,
    grow: 0.3,
    priority: 2,
    hint: "Crown: leader. Tick: in sync. Dashed: catching up. Hatched: offline.",
    cell: (partition) => <Replicas partition={partition} />,
  },
  {
    id: "lanes",
    header: "Log ends",
    min: 96,
    grow: 2,
    priority: 3,
    hint: "One bar per replica; the dark part is on its disk. The upright line is the high watermark.",
    cell: (partition) => <Lanes partition={partition} />,
  },
  {
    id: "start",
    header: "Log start",
    min: 64,
    grow: 0.3,
    align: "end",
    priority: 6,
    cell: (partition) => (
      <span data-testid={`partition-${partition.p}-log-start`}>
        {formatInteger(known(get(partition, "log_start")))}
      </span>
    ),
  },
  {
    id: "hw",
    header: "High watermark",
    min: 100,
    grow: 0.3,
    align: "end",
    priority: 1,
    hint: "First offset that consumers cannot read yet",
    cell: (partition) => (
      <span data-testid={`partition-${partition.p}-high-watermark`}>{formatInteger(known(get(partition, "hw")))}</span>
    ),
  },
  {
    id: "leo",
    header: "Log end",
    min: 64,
    grow: 0.3,
    align: "end",
    priority: 4,
    cell: (partition) => (
      <span data-testid={`partition-${partition.p}-log-end`}>{formatInteger(known(logEnd(partition)))}</span>
    ),
  },
  {
    id: "lag",
    header: "Behind",
    min: 112,
    grow: 0.3,
    align: "end",
    priority: 5,
    hint: "Records each follower is behind the leader",
    cell: (partition) => <Lags partition={partition} />,
  },
  {
    id: "rate",
    header: "Records / s",
    min: 72,
    grow: 0.3,
    align: "end",
    priority: 7,
    cell: (partition) => (
      <span data-testid={`partition-${partition.p}-in-msgs`}>{formatRate(get(partition, "in_msgs"))}</span>
    ),
  },
  {
    id: "size",
    header: "Size",
    min: 64,
    grow: 0.3,
    align: "end",
    priority: 8,
    cell: (partition) => (
      <span data-testid={`partition-${partition.p}-size`}>{formatBytes(known(get(partition, "size")))}</span>
    ),
  },
];
