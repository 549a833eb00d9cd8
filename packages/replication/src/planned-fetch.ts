/** A fetch request as the plan wants it, before it is put into Kafka's message (fetch-messages.ts). */
import type { Brand, NodeId, PartitionIndex, Uuid } from "@vitrine/core";
import type { FollowerFetchPosition } from "./types.ts";

/** `<topicId>-<partition>`. */
export type PartitionKey = Brand<string, "PartitionKey">;

export function partitionKey({ topicId, index }: { topicId: Uuid; index: PartitionIndex }): PartitionKey {
  return `${topicId}-${index}` as PartitionKey;
}

export interface PlannedPartition extends FollowerFetchPosition {
  readonly topicId: Uuid;
  readonly topicName: string;
  readonly partitionIndex: PartitionIndex;
  readonly maxBytes: number;
}

export interface PlannedFetch {
  readonly leader: NodeId;
  /** Give it back with the answer. */
  readonly requestId: number;
  /** 0: answer at once. Above 0 the request may wait at the leader: send it on a connection that nothing waits behind (lane "poll"). */
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly partitions: readonly PlannedPartition[];
  readonly forgotten: readonly Pick<PlannedPartition, "topicId" | "topicName" | "partitionIndex">[];
}
