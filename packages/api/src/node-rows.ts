/** Rows of `node` that only brokers send and only gateways read: what a broker knows of the groups it coordinates, before lag is computed. */
import { columns } from "./columns.ts";
import type { GroupState } from "./group-rows.ts";

/** A partition of `__consumer_offsets` that a broker coordinates and has loaded. Groups of it that it does not name do not exist. */
export interface CoordinatorFields {
  readonly partition: number;
  /** Leader epoch in which it coordinates: a later one wins, whenever it arrives. */
  readonly epoch: number;
}

export const coordinatorColumns = columns<CoordinatorFields>()(["partition", "epoch"]);

/** A group as its coordinator knows it. */
export interface CoordinatedFields {
  readonly group: string;
  readonly coordinator_partition: number;
  readonly coordinator_epoch: number;
  readonly state: GroupState;
  readonly state_since: number | null;
  readonly type: string;
  readonly protocol_type: string;
  readonly protocol: string | null;
  readonly generation: number;
  /** Members as JSON, `GroupMemberInfo[]`: they change together. */
  readonly members: string;
}

export const coordinatedColumns = columns<CoordinatedFields>()([
  "group",
  "coordinator_partition",
  "coordinator_epoch",
  "state",
  "state_since",
  "type",
  "protocol_type",
  "protocol",
  "generation",
  "members",
]);

/** The offsets that a group has committed in one topic; arrays in the order of `partitions`. */
export interface CommitFields {
  readonly group: string;
  readonly topic: string;
  readonly coordinator_epoch: number;
  readonly partitions: readonly number[];
  readonly offsets: readonly number[];
  readonly commit_ts: readonly number[];
  readonly metadata: readonly string[];
}

export const commitColumns = columns<CommitFields>()([
  "group",
  "topic",
  "coordinator_epoch",
  "partitions",
  "offsets",
  "commit_ts",
  "metadata",
]);

/** Key of a commit row: a group id may hold any character, so the topic, which may not hold a slash, comes first. */
export function commitKey(group: string, topic: string): string {
  return `${topic}/${group}`;
}
