import { columns } from "./columns.ts";

/**
 * The live views of `/v1/ws` and `/v1/live`: what a row of each holds. A view is state: a `snap`, then `delta`s with the
 * rows that changed. Columns may grow at the end; nothing else may change within `vitrine.v1+json`.
 */
export type ViewSpec =
  | { readonly kind: "clusters" }
  | { readonly kind: "cluster" }
  | { readonly kind: "metrics" }
  | { readonly kind: "events" }
  | { readonly kind: "topics" }
  | { readonly kind: "topic"; readonly topic: string }
  | { readonly kind: "all-topics" }
  | { readonly kind: "partition"; readonly topic: string; readonly partition: number }
  | { readonly kind: "quorum" }
  | { readonly kind: "groups" }
  | { readonly kind: "group"; readonly group: string }
  | { readonly kind: "clients" }
  /** What this process knows by itself; the gateway merges these of all brokers. Not for people. */
  | { readonly kind: "node" };

export type ViewKind = ViewSpec["kind"];

/** Reads the name of a view (`cluster`, `topic:orders`, `partition:orders/0`, `group:billing`); null when there is no such view. */
export function parseView(name: string): ViewSpec | null {
  switch (name) {
    case "clusters":
    case "cluster":
    case "metrics":
    case "events":
    case "topics":
    case "quorum":
    case "groups":
    case "clients":
    case "node":
      return { kind: name };
    case "topic:*":
      return { kind: "all-topics" };
    default:
      break;
  }
  if (name.startsWith("topic:") && name.length > 6) return { kind: "topic", topic: name.slice(6) };
  // A group id may hold anything: it is all that comes after the first colon.
  if (name.startsWith("group:") && name.length > 6) return { kind: "group", group: name.slice(6) };
  const partition = /^partition:(.+)\/(\d{1,9})$/.exec(name);
  if (partition) return { kind: "partition", topic: partition[1]!, partition: Number(partition[2]) };
  return null;
}

/** The name of a view, the inverse of `parseView`. */
export function viewName(view: ViewSpec): string {
  switch (view.kind) {
    case "topic":
      return `topic:${view.topic}`;
    case "all-topics":
      return "topic:*";
    case "group":
      return `group:${view.group}`;
    case "partition":
      return `partition:${view.topic}/${view.partition}`;
    default:
      return view.kind;
  }
}

/** Frames a second that a view gets when the client wishes nothing. 0: pushed only. */
export function defaultHz(view: ViewSpec): number {
  switch (view.kind) {
    case "events":
      return 0;
    case "topic":
    case "all-topics":
    case "partition":
    case "node":
      return 4;
    case "quorum":
      return 2;
    default:
      return 1;
  }
}

/** The most that the server grants: metrics stay at 1, others 4, one focused partition 10. */
export function maxHz(view: ViewSpec): number {
  switch (view.kind) {
    case "events":
      return 0;
    case "metrics":
      return 1;
    case "partition":
      return 10;
    default:
      return 4;
  }
}

/**
 * What a node does, as far as can be known. The first four come from the metadata and the process itself; `stopping`,
 * `stopped`, `down`, `frozen` and `isolated` from whoever owns the processes (the supervisor).
 */
export type NodeState = "online" | "fenced" | "starting" | "stopping" | "stopped" | "down" | "frozen" | "isolated";

export type NodeRole = "broker" | "controller";

/** A row of `cluster`: one node, broker or controller or both. null = not known (yet). Rates are per second. */
export interface NodeFields {
  readonly id: number;
  readonly roles: readonly NodeRole[];
  readonly state: NodeState;
  /** Since when it is in this state. */
  readonly state_since: number | null;
  readonly pid: number | null;
  /** Start of the process. */
  readonly up_since: number | null;
  /** Broker epoch: the metadata offset of its registration; -1 for a pure controller or before registration. */
  readonly epoch: number;
  readonly host: string;
  readonly kafka_port: number;
  readonly peer_port: number;
  readonly http_port: number;
  readonly rack: string | null;
  /** It is the active controller. */
  readonly active_controller: boolean;
  readonly leaders: number;
  readonly replicas: number;
  /** Partitions with a replica here that have a replica out of sync. */
  readonly urp: number;
  readonly in_msgs: number | null;
  readonly in_bytes: number | null;
  readonly out_msgs: number | null;
  readonly out_bytes: number | null;
  readonly disk_used: number | null;
  readonly disk_free: number | null;
  readonly rss: number | null;
  /** Percent of one core. */
  readonly cpu: number | null;
  readonly connections: number | null;
  /** Bytes appended and not yet on disk. */
  readonly uncommitted: number | null;
  /** How an acknowledgement is made durable: `fsync`, or what was chosen instead. */
  readonly durability: string | null;
  /** Time of a commit with its fsync, median of the last seconds. */
  readonly commit_ms: number | null;
}

export const nodeColumns = columns<NodeFields>()([
  "id",
  "roles",
  "state",
  "state_since",
  "pid",
  "up_since",
  "epoch",
  "host",
  "kafka_port",
  "peer_port",
  "http_port",
  "rack",
  "active_controller",
  "leaders",
  "replicas",
  "urp",
  "in_msgs",
  "in_bytes",
  "out_msgs",
  "out_bytes",
  "disk_used",
  "disk_free",
  "rss",
  "cpu",
  "connections",
  "uncommitted",
  "durability",
  "commit_ms",
]);

/**
 * A row of `topic:NAME`, `topic:*` and `partition:NAME/N`. `isr` and `elr` are bit masks over `replicas`, `leo` and `durable` arrays in
 * its order; -1 = not known. `topic` is last, so that `topic:NAME` can leave it out.
 */
export interface PartitionFields {
  readonly p: number;
  /** -1: no leader. */
  readonly leader: number;
  readonly epoch: number;
  readonly log_start: number;
  readonly hw: number;
  readonly lso: number;
  readonly isr: number;
  readonly leo: readonly number[];
  /** End offset that is on the replica's disk; behind `leo` where a disk is slow. */
  readonly durable: readonly number[];
  /** Bytes on the leader's disk. */
  readonly size: number;
  /** Records and bytes per second taken by the leader. */
  readonly in_msgs: number;
  readonly in_bytes: number;
  readonly replicas: readonly number[];
  readonly elr: number;
  readonly partition_epoch: number;
  /** min.insync.replicas in force. */
  readonly min_isr: number;
  /** Leader epoch that the positions (`log_start` ... `size`) were reported in; behind `epoch` right after an election. */
  readonly positions_epoch: number;
  readonly topic: string;
}

export const partitionColumns = columns<PartitionFields>()([
  "p",
  "leader",
  "epoch",
  "log_start",
  "hw",
  "lso",
  "isr",
  "leo",
  "durable",
  "size",
  "in_msgs",
  "in_bytes",
  "replicas",
  "elr",
  "partition_epoch",
  "min_isr",
  "positions_epoch",
  "topic",
]);

/** A row of `topics`. */
export interface TopicFields {
  readonly name: string;
  readonly topic_id: string;
  readonly partitions: number;
  /** Replicas of the first partition, as `kafka-topics --describe` says it. */
  readonly rf: number;
  readonly urp: number;
  readonly offline: number;
  /** Partitions with fewer in-sync replicas than min.insync.replicas: acks=all is refused there. */
  readonly below_min_isr: number;
  readonly min_isr: number;
  readonly in_msgs: number;
  readonly in_bytes: number;
  /** Bytes on the leaders' disks. */
  readonly size: number;
  /** Offsets between log start and high watermark, all partitions. */
  readonly records: number;
  /** null: the cluster's default; -1: for ever. */
  readonly retention_ms: number | null;
  readonly retention_bytes: number | null;
  readonly cleanup: string;
  readonly internal: boolean;
  /** Groups that have committed offsets in it or are assigned its partitions. */
  readonly groups: number;
  /** Records that the group furthest behind on one of its partitions is behind; null: no group, or not known. */
  readonly group_lag: number | null;
}

export const topicColumns = columns<TopicFields>()([
  "name",
  "topic_id",
  "partitions",
  "rf",
  "urp",
  "offline",
  "below_min_isr",
  "min_isr",
  "in_msgs",
  "in_bytes",
  "size",
  "records",
  "retention_ms",
  "retention_bytes",
  "cleanup",
  "internal",
  "groups",
  "group_lag",
]);
