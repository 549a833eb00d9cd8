/** Rows of the views `groups` and `group:ID`, and the `info` of the latter. null = not known (yet). */
import { columns } from "./columns.ts";
import type { GroupVerdictKind } from "./group-verdict.ts";
import type { VerdictLevel } from "./verdict.ts";

/** Kafka's states of a classic group. */
export const GROUP_STATES = ["Empty", "PreparingRebalance", "CompletingRebalance", "Stable", "Dead"] as const;
export type GroupState = (typeof GROUP_STATES)[number];

/** A row of `groups`: one consumer group, with the lag over all partitions that it has committed or is assigned. */
export interface GroupFields {
  readonly id: string;
  readonly state: GroupState;
  /** Since when it is in this state, as its coordinator knows; null: not known. */
  readonly state_since: number | null;
  /** `classic`; later `consumer` (KIP-848). */
  readonly type: string;
  /** `consumer` for consumers; "" for a group that only has offsets. */
  readonly protocol_type: string;
  /** The assignor that the members agreed on; null without members. */
  readonly protocol: string | null;
  readonly generation: number;
  readonly members: number;
  /** The broker that coordinates it; -1: none can be reached now, what is shown is the last known. */
  readonly coordinator: number;
  /** Topics that it has committed or is assigned, sorted, at most TOPICS_SHOWN of them. */
  readonly topics: readonly string[];
  readonly topics_count: number;
  /** Partitions of those topics that it has committed or is assigned. */
  readonly partitions: number;
  /** Records behind, all partitions together; null: no end is known yet. */
  readonly lag: number | null;
  /** Records that the worst partition is behind, and which it is (`orders/3`); null: none is behind, or not known. */
  readonly worst_lag: number | null;
  readonly worst: string | null;
  /** Seconds that the oldest record not yet committed has waited, over all partitions; 0: nothing waits; null: not known. */
  readonly lag_s: number | null;
  /** Time of the newest commit. */
  readonly commit_ts: number | null;
  readonly level: VerdictLevel;
  readonly verdict: GroupVerdictKind;
  /** The verdict as a sentence. */
  readonly verdict_text: string;
  /** Seconds until the lag is gone at the speed of the last minute; null: it does not shrink. */
  readonly drain_s: number | null;
}

export const groupColumns = columns<GroupFields>()([
  "id",
  "state",
  "state_since",
  "type",
  "protocol_type",
  "protocol",
  "generation",
  "members",
  "coordinator",
  "topics",
  "topics_count",
  "partitions",
  "lag",
  "worst_lag",
  "worst",
  "lag_s",
  "commit_ts",
  "level",
  "verdict",
  "verdict_text",
  "drain_s",
]);

/** Names of topics in a row of `groups`; more are counted. */
export const TOPICS_SHOWN = 20;

/** A row of `group:ID`: one partition that the group has committed or is assigned. Its key is `topic/partition`. */
export interface GroupPartitionFields {
  readonly topic: string;
  readonly p: number;
  /** Next offset to read, as committed; -1: nothing is committed. */
  readonly committed: number;
  /** End of what can be read (high watermark); -1: not known. */
  readonly end: number;
  readonly log_start: number;
  /** Records between the two; without a commit all that are there. null: not known. */
  readonly lag: number | null;
  /** Seconds since the time of the record at the committed offset; 0: nothing waits. null: not known. */
  readonly lag_s: number | null;
  /** The member that it is assigned to; null: nobody reads it. */
  readonly member: string | null;
  readonly client_id: string | null;
  readonly commit_ts: number | null;
  /** What was committed beside the offset. */
  readonly metadata: string;
  /** Records committed per second over the last minute. */
  readonly rate: number;
  readonly verdict: GroupVerdictKind;
  readonly leader: number;
}

export const groupPartitionColumns = columns<GroupPartitionFields>()([
  "topic",
  "p",
  "committed",
  "end",
  "log_start",
  "lag",
  "lag_s",
  "member",
  "client_id",
  "commit_ts",
  "metadata",
  "rate",
  "verdict",
  "leader",
]);

/** A member as its coordinator knows it. */
export interface GroupMemberInfo {
  readonly member_id: string;
  /** `group.instance.id` of a static member. */
  readonly instance_id: string | null;
  readonly client_id: string;
  readonly host: string;
  readonly session_timeout_ms: number;
  readonly rebalance_timeout_ms: number;
  /** Assignors that it offers. */
  readonly protocols: readonly string[];
  /** Topics that it subscribes to. */
  readonly topics: readonly string[];
  /** Topic to the partitions it is assigned. */
  readonly assigned: Readonly<Record<string, readonly number[]>>;
  /** It made the assignment. */
  readonly leader: boolean;
}

/** `info` of `group:ID`. */
export interface GroupViewInfo {
  readonly group: string;
  /** The row of `groups`; null: there is no such group (any more). */
  readonly summary: GroupFields | null;
  /** Of `__consumer_offsets`. */
  readonly coordinator_partition: number | null;
  /** At most MEMBERS_SHOWN, by client id and member id. */
  readonly members: readonly GroupMemberInfo[];
  readonly members_omitted: number;
  /** Time, lag in records, lag in seconds: every LAG_SAMPLE_MS, oldest first, at most LAG_SAMPLES. */
  readonly history: readonly (readonly [ts: number, lag: number | null, lagS: number | null])[];
}

export const MEMBERS_SHOWN = 500;
/** The last 15 minutes of a group's lag. */
export const LAG_SAMPLES = 90;
export const LAG_SAMPLE_MS = 10_000;
