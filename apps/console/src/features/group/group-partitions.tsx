import { groupPartitionColumns } from "@vitrine/api";
import type { GroupPartitionFields, Row } from "@vitrine/api";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { formatInteger, formatRate } from "../../format/numbers.ts";
import { formatAge, formatLagSeconds } from "../../format/time.ts";
import { serverNow } from "../../live/clock.ts";
import { useRow, useRows } from "../../live/selectors.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { DataTable } from "../../ui/data-table.tsx";
import type { Column } from "../../ui/data-table.tsx";
import { Status } from "../../ui/status.tsx";
import { useRowOrder } from "../../ui/use-row-order.ts";
import type { SortableColumn } from "../../ui/use-row-order.ts";
import { parseSorting, stringifySorting } from "../../url/search.ts";
import type { Sorting } from "../../url/search.ts";
import { useViewState } from "../../url/use-search.ts";
import { verdictTones, verdictWords } from "../groups/group-state.tsx";
import { MemberMark } from "./member-mark.tsx";

/** A partition with what its cells share. */
interface PartitionCell extends GroupPartitionFields {
  /** The number of its owner; null: nobody reads it. */
  readonly owner: number | null;
  /** The most records that any partition of the group is behind: the full length of the bar. */
  readonly mostLag: number;
}

const get = (name: Exclude<keyof GroupPartitionFields, "metadata">) => (row: Row) =>
  groupPartitionColumns.get(row, name);

const nameOf = (row: Row) => `${groupPartitionColumns.get(row, "topic")}/${groupPartitionColumns.get(row, "p")}`;

const sortable: readonly SortableColumn<Row>[] = [
  { id: "topic", value: nameOf, text: true },
  { id: "committed", value: get("committed") },
  { id: "end", value: get("end") },
  { id: "lag", value: get("lag") },
  { id: "lag_s", value: get("lag_s") },
  { id: "rate", value: get("rate") },
  { id: "owner", value: get("client_id"), text: true },
  { id: "commit", value: get("commit_ts") },
];
const sortableIds = sortable.map(({ id }) => id);
const byTopic: Sorting = { id: "topic", desc: false };

/** Every partition that the group has committed or is assigned: where it is, how far behind, who reads it. */
export function GroupPartitions({ group, numbers }: { group: string; numbers: ReadonlyMap<string, number> }) {
  const view = `group:${group}`;
  const rows = useRows(view);
  const [search, change] = useViewState();
  const sorting = parseSorting(search["sort"], sortableIds) ?? byTopic;
  const keys = useRowOrder({ rows, columns: sortable, sorting, keyOf: nameOf });
  const mostLag = rows.reduce((most, row) => Math.max(most, groupPartitionColumns.get(row, "lag") ?? 0), 0);
  const usePartition = useMemo(() => rowHook({ view, numbers, mostLag }), [view, numbers, mostLag]);
  return (
    <DataTable
      label={`Partitions of ${group}`}
      testId="group-partition-table"
      columns={columns}
      keys={keys}
      useRow={usePartition}
      rowTestId={(key) => `group-partition-${key.replace("/", "-")}`}
      sorting={sorting}
      onSort={(next) => change({ sort: stringifySorting(next) })}
      height="32rem"
      empty="It has committed nothing and is assigned nothing."
    />
  );
}

function rowHook({ view, numbers, mostLag }: { view: string; numbers: ReadonlyMap<string, number>; mostLag: number }) {
  return function usePartition(key: string): PartitionCell | undefined {
    const row = useRow(view, key);
    if (row === undefined) return undefined;
    const fields = groupPartitionColumns.fields(row);
    return { ...fields, owner: fields.member === null ? null : (numbers.get(fields.member) ?? 0), mostLag };
  };
}

const idOf = ({ topic, p }: PartitionCell) => `group-partition-${topic}-${p}`;
const known = (offset: number): number | null => (offset < 0 ? null : offset);

function TopicCell({ partition }: { partition: PartitionCell }) {
  const id = useClusterId();
  return (
    <Link
      to="/c/$id/topics/$topic"
      params={{ id, topic: partition.topic }}
      className="link font-medium"
      title={partition.topic}
      tabIndex={-1}
    >
      {partition.topic}
    </Link>
  );
}

function LagBar({ partition: { lag, mostLag } }: { partition: PartitionCell }) {
  const share = lag === null || mostLag === 0 ? 0 : lag / mostLag;
  return (
    <span aria-hidden className="block h-2.5 w-full overflow-hidden rounded-sm bg-hover">
      <span
        className="lane-moving block h-full origin-left rounded-sm bg-g-purple"
        style={{ transform: `scaleX(${share})` }}
      />
    </span>
  );
}

function Owner({ partition }: { partition: PartitionCell }) {
  const { owner, client_id: client, member } = partition;
  return owner === null ? (
    <span className="text-ink-3" data-testid={`${idOf(partition)}-owner`}>
      nobody
    </span>
  ) : (
    <span className="inline-flex min-w-0 items-center gap-1.5 align-middle" title={member ?? undefined}>
      <MemberMark number={owner} />
      <span className="truncate" data-testid={`${idOf(partition)}-owner`} data-member-id={member ?? ""}>
        {client === null || client === "" ? member : client}
      </span>
    </span>
  );
}

const columns: readonly Column<PartitionCell>[] = [
  {
    id: "topic",
    header: "Topic",
    min: 90,
    grow: 1,
    sortable: true,
    cell: (partition) => <TopicCell partition={partition} />,
  },
  { id: "p", header: "#", min: 28, align: "end", cell: ({ p }) => <span className="font-medium">{p}</span> },
  {
    id: "committed",
    header: "Committed",
    min: 76,
    grow: 0.3,
    align: "end",
    priority: 3,
    sortable: true,
    hint: "The next offset it reads, as committed",
    cell: (partition) => (
      <span data-testid={`${idOf(partition)}-committed`}>{formatInteger(known(partition.committed))}</span>
    ),
  },
  {
    id: "end",
    header: "End",
    min: 70,
    grow: 0.3,
    align: "end",
    priority: 3,
    sortable: true,
    hint: "High watermark: the end of what can be read",
    cell: (partition) => <span data-testid={`${idOf(partition)}-end`}>{formatInteger(known(partition.end))}</span>,
  },
  {
    id: "lag",
    header: "Lag",
    min: 70,
    grow: 0.3,
    align: "end",
    sortable: true,
    hint: "Records between committed and end",
    cell: (partition) => (
      <span className="font-medium" data-testid={`${idOf(partition)}-lag`} data-lag={partition.lag ?? ""}>
        {formatInteger(partition.lag)}
      </span>
    ),
  },
  {
    id: "bar",
    header: "",
    min: 72,
    grow: 1,
    priority: 5,
    cell: (partition) => <LagBar partition={partition} />,
  },
  {
    id: "lag_s",
    header: "Waits",
    min: 64,
    grow: 0.3,
    align: "end",
    priority: 1,
    sortable: true,
    hint: "Age of the record at the committed offset",
    cell: (partition) => (
      <span data-testid={`${idOf(partition)}-lag-seconds`} data-seconds={partition.lag_s ?? ""}>
        {formatLagSeconds(partition.lag_s)}
      </span>
    ),
  },
  {
    id: "rate",
    header: "Reads / s",
    min: 64,
    grow: 0.3,
    align: "end",
    priority: 6,
    sortable: true,
    hint: "Records committed per second over the last minute",
    cell: (partition) => formatRate(partition.rate),
  },
  {
    id: "owner",
    header: "Owner",
    min: 110,
    grow: 1,
    priority: 2,
    sortable: true,
    cell: (partition) => <Owner partition={partition} />,
  },
  {
    id: "commit",
    header: "Last commit",
    min: 84,
    grow: 0.3,
    align: "end",
    priority: 4,
    sortable: true,
    cell: (partition) => (
      <span data-testid={`${idOf(partition)}-commit`}>
        {partition.commit_ts === null ? "never" : `${formatAge(serverNow() - partition.commit_ts)} ago`}
      </span>
    ),
  },
  {
    id: "verdict",
    header: "Verdict",
    min: 112,
    priority: 2,
    cell: (partition) => (
      <span data-testid={`${idOf(partition)}-verdict`} data-verdict={partition.verdict}>
        <Status tone={verdictTones[partition.verdict]}>{verdictWords[partition.verdict]}</Status>
      </span>
    ),
  },
  {
    id: "leader",
    header: "Leader",
    min: 52,
    align: "end",
    priority: 7,
    hint: "The broker that leads the partition",
    cell: ({ leader }) => (leader < 0 ? "none" : leader),
  },
  {
    id: "metadata",
    header: "Metadata",
    min: 84,
    priority: 8,
    hint: "What was committed beside the offset",
    cell: ({ metadata }) => <span title={metadata}>{metadata}</span>,
  },
];
