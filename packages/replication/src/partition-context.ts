/** What a role (leader, follower) needs of the partition it plays in. Implemented by Partition alone. */
import type { NodeId, PartitionIndex, Uuid } from "@vitrine/core";
import type { PartitionLog } from "@vitrine/log";
import type { ReplicationEffect } from "./effects.ts";
import type { ReplicationSettings } from "./settings.ts";
import type { Liveness } from "./types.ts";

/** An effect before the partition has put itself in. */
export type PartitionEffect = ReplicationEffect extends infer Effect
  ? Effect extends unknown
    ? Omit<Effect, "partition">
    : never
  : never;

export interface PartitionContext {
  readonly topicId: Uuid;
  readonly index: PartitionIndex;
  readonly localId: NodeId;
  readonly log: PartitionLog;
  readonly settings: ReplicationSettings;
  readonly liveness: Liveness;
  /** min.insync.replicas as configured; roles bound it by the number of replicas. */
  readonly minIsr: number;
  /** `topic-3`, for messages to people. */
  readonly label: string;
  nextRequestId(): number;
  push(effect: PartitionEffect): void;
  /** The log's high watermark is new. */
  highWatermarkMoved(): void;
}
