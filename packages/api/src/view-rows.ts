import { columns, type Row } from "./columns.ts";
import { clientColumns, producerColumns } from "./client-rows.ts";
import { groupColumns, groupPartitionColumns } from "./group-rows.ts";
import { commitColumns, commitKey } from "./node-rows.ts";
import { nodeColumns, type PartitionFields, partitionColumns, topicColumns, type ViewSpec } from "./views.ts";
import { unreachable } from "@vitrine/core";

export type QuorumRole =
  | "leader"
  | "follower"
  | "candidate"
  | "prospective"
  | "unattached"
  | "resigned"
  | "observer"
  | "unknown";

/** A row of `quorum`: a voter or observer of the metadata log. */
export interface QuorumFields {
  readonly node: number;
  readonly role: QuorumRole;
  readonly voter: boolean;
  readonly epoch: number;
  /** Whom it voted for in its epoch; -1: nobody. */
  readonly voted: number;
  /** Whom it takes for the leader; -1: nobody. */
  readonly leader: number;
  /** -1: not known. */
  readonly leo: number;
  readonly durable: number;
  readonly hw: number;
  /** Records behind the leader, as the leader sees it; null where no leader told. */
  readonly lag: number | null;
  /** Milliseconds since its last fetch reached the leader, as the leader sees it. */
  readonly fetch_age: number | null;
  /** End offset of its newest snapshot; -1: none. */
  readonly snapshot: number;
}

export const quorumColumns = columns<QuorumFields>()([
  "node",
  "role",
  "voter",
  "epoch",
  "voted",
  "leader",
  "leo",
  "durable",
  "hw",
  "lag",
  "fetch_age",
  "snapshot",
]);

/** A row of `metrics`: one sample a second of the whole cluster; the view holds the last five minutes, so a chart is full at once. */
export interface MetricsFields {
  readonly ts: number;
  readonly in_msgs: number;
  readonly out_msgs: number;
  readonly in_bytes: number;
  readonly out_bytes: number;
  /** Records that the slowest replica is behind its leader. */
  readonly worst_lag: number;
  readonly urp: number;
  readonly offline: number;
  readonly below_min_isr: number;
}

export const metricsColumns = columns<MetricsFields>()([
  "ts",
  "in_msgs",
  "out_msgs",
  "in_bytes",
  "out_bytes",
  "worst_lag",
  "urp",
  "offline",
  "below_min_isr",
]);

/** Samples that `metrics` holds: five minutes at one a second. */
export const METRICS_SAMPLES = 300;

/** A row of `clusters`. */
export interface ClusterFields {
  readonly id: string;
  readonly name: string;
  readonly kind: "own" | "attached";
  readonly level: "ok" | "warning" | "critical";
  readonly text: string;
  readonly version: string;
  readonly brokers: number;
  readonly brokers_online: number;
  readonly topics: number;
  readonly partitions: number;
}

export const clusterColumns = columns<ClusterFields>()([
  "id",
  "name",
  "kind",
  "level",
  "text",
  "version",
  "brokers",
  "brokers_online",
  "topics",
  "partitions",
]);

/** Columns of `node`: each row is a row of another table, with the table's name before it as the first cell. */
const NODE_VIEW_COLS = ["table"] as const;

/** The names of a view's columns, as `snap` gives them. */
export function viewCols(view: ViewSpec): readonly string[] {
  switch (view.kind) {
    case "clusters":
      return clusterColumns.cols;
    case "cluster":
      return nodeColumns.cols;
    case "metrics":
      return metricsColumns.cols;
    case "events":
      return [];
    case "topics":
      return topicColumns.cols;
    case "topic":
    case "partition":
      return partitionColumns.cols.slice(0, -1);
    case "all-topics":
      return partitionColumns.cols;
    case "quorum":
      return quorumColumns.cols;
    case "groups":
      return groupColumns.cols;
    case "group":
      return groupPartitionColumns.cols;
    case "clients":
      return clientColumns.cols;
    case "node":
      return NODE_VIEW_COLS;
    default:
      return unreachable(view);
  }
}

/** The key of a row within its view: what `gone` names, and what the reducer's map is keyed by. */
export function rowKey(view: ViewSpec, row: Row): string {
  if (view.kind === "all-topics")
    return partitionKey(partitionColumns.get(row, "topic"), partitionColumns.get(row, "p"));
  if (view.kind === "group")
    return partitionKey(groupPartitionColumns.get(row, "topic"), groupPartitionColumns.get(row, "p"));
  if (view.kind === "node") return nodeViewKey(row);
  return String(row[0]);
}

/** Key of a partition where several topics meet. */
export function partitionKey(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

/** Key of a group's partition where several groups meet: the group id, which may hold any character, comes last. */
export function groupPartitionKey(topic: string, partition: number, group: string): string {
  return `${topic}/${partition}/${group}`;
}

/** The key within `group:ID` of a key made by `groupPartitionKey`; null where it is another group's. */
export function partitionOfGroup(key: string, group: string): string | null {
  const topicEnd = key.indexOf("/");
  const end = key.indexOf("/", topicEnd + 1);
  return key.slice(end + 1) === group ? key.slice(0, end) : null;
}

function nodeViewKey(row: Row): string {
  const rest = row.slice(1);
  switch (row[0]) {
    case "partitions":
      return `partitions/${partitionKey(partitionColumns.get(rest, "topic"), partitionColumns.get(rest, "p"))}`;
    case "producers":
      return `producers/${producerKey(rest)}`;
    case "commits":
      return `commits/${commitKey(commitColumns.get(rest, "group"), commitColumns.get(rest, "topic"))}`;
    default:
      return `${String(row[0])}/${String(rest[0])}`;
  }
}

/** Key of a row of `producers`: partition and producer id. */
export function producerKey(row: Row): string {
  const partition = partitionKey(producerColumns.get(row, "topic"), producerColumns.get(row, "p"));
  return `${partition}/${producerColumns.get(row, "producer_id")}`;
}

/** The in-sync replicas of a partition row, as node ids. */
export function isrOf(row: Row): number[] {
  return fromMask(partitionColumns.get(row, "isr"), partitionColumns.get(row, "replicas"));
}

/** The eligible leader replicas of a partition row (KIP-966), as node ids. */
export function elrOf(row: Row): number[] {
  return fromMask(partitionColumns.get(row, "elr"), partitionColumns.get(row, "replicas"));
}

function fromMask(mask: number, replicas: readonly number[]): number[] {
  return replicas.filter((_, index) => inMask(mask, index));
}

/** Whether the replica at `index` is in the mask. Division, because a mask of more than 31 replicas does not fit `>>`. */
export function inMask(mask: number, index: number): boolean {
  return Math.floor(mask / 2 ** index) % 2 === 1;
}

/** Node ids to a bit mask over the replica list. */
export function maskOf(members: readonly number[], replicas: readonly number[]): number {
  let mask = 0;
  for (let i = 0; i < replicas.length; i++) if (members.includes(replicas[i]!)) mask += 2 ** i;
  return mask;
}

export interface ReplicaFields {
  readonly node: number;
  readonly isLeader: boolean;
  readonly inIsr: boolean;
  /** null: not known. */
  readonly logEnd: number | null;
  readonly durableEnd: number | null;
  /** Records behind the leader's log end; null: not known. */
  readonly lag: number | null;
}

/** The replicas of a partition row, one object each, in replica order. */
export function replicasOf(row: Row): ReplicaFields[] {
  const { leader, replicas, isr, leo, durable } = pick(row);
  const leaderEnd = leo[replicas.indexOf(leader)] ?? -1;
  return replicas.map((node, index) => {
    const logEnd = known(leo[index]);
    return {
      node,
      isLeader: node === leader,
      inIsr: inMask(isr, index),
      logEnd,
      durableEnd: known(durable[index]),
      lag: logEnd === null || leaderEnd < 0 ? null : Math.max(0, leaderEnd - logEnd),
    };
  });
}

function pick(row: Row): Pick<PartitionFields, "leader" | "replicas" | "isr" | "leo" | "durable"> {
  return {
    leader: partitionColumns.get(row, "leader"),
    replicas: partitionColumns.get(row, "replicas"),
    isr: partitionColumns.get(row, "isr"),
    leo: partitionColumns.get(row, "leo"),
    durable: partitionColumns.get(row, "durable"),
  };
}

function known(offset: number | undefined): number | null {
  return offset === undefined || offset < 0 ? null : offset;
}

/** Whether a partition has a replica out of sync. */
export function isUnderReplicated(row: Row): boolean {
  return isrCount(row) < partitionColumns.get(row, "replicas").length;
}

/** Whether a partition has no leader: neither readable nor writable. */
export function isOffline(row: Row): boolean {
  return partitionColumns.get(row, "leader") < 0;
}

/** Whether acks=all is refused for lack of in-sync replicas (a partition without a leader counts as offline instead). */
export function isBelowMinIsr(row: Row): boolean {
  return !isOffline(row) && isrCount(row) < partitionColumns.get(row, "min_isr");
}

/** Records that the slowest replica is behind the leader. */
export function worstLag(row: Row): number {
  const leo = partitionColumns.get(row, "leo");
  const leaderEnd = leo[partitionColumns.get(row, "replicas").indexOf(partitionColumns.get(row, "leader"))] ?? -1;
  let worst = 0;
  if (leaderEnd >= 0) for (const end of leo) if (end >= 0) worst = Math.max(worst, leaderEnd - end);
  return worst;
}

function isrCount(row: Row): number {
  let mask = partitionColumns.get(row, "isr");
  let count = 0;
  for (; mask > 0; mask = Math.floor(mask / 2)) count += mask % 2;
  return count;
}
