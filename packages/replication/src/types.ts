/** Words shared by the files of this package: what goes into a partition and what comes out of it. */
import type { BatchFacts, ErrorName, NodeId, Offset, PartitionIndex, Uuid } from "@vitrine/core";

/** What the metadata image says about one partition (PartitionRegistration in Kafka). */
export interface PartitionAssignment {
  /** -1: no leader. */
  readonly leader: NodeId;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  readonly replicas: readonly NodeId[];
  readonly isr: readonly NodeId[];
  /** Eligible leader replicas (KIP-966). */
  readonly elr: readonly NodeId[];
  /** 0 = recovered, 1 = recovering from an unclean election. */
  readonly leaderRecoveryState: number;
}

/** What the metadata image says about one broker; decides who may join an ISR (KIP-841, KIP-903). */
export interface BrokerLiveness {
  readonly epoch: number;
  readonly fenced: boolean;
  readonly shuttingDown: boolean;
}

export type Liveness = ReadonlyMap<NodeId, BrokerLiveness>;

/** -1 all, 0 none, 1 leader. */
export type Acks = -1 | 0 | 1;

/** One item of an AlterPartition request; the broker adds its own id and epoch and groups items by topic. */
export interface AlterPartitionItem {
  readonly topicId: Uuid;
  readonly partitionIndex: PartitionIndex;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  /** Proposed ISR. Broker epoch -1 skips the controller's check (used where the epoch is not known). */
  readonly newIsrWithEpochs: readonly { readonly brokerId: NodeId; readonly brokerEpoch: number }[];
  readonly leaderRecoveryState: number;
}

/** The controller's answer to one AlterPartitionItem, or why there is none. */
export type AlterPartitionOutcome =
  | {
      readonly ok: true;
      readonly leaderId: NodeId;
      readonly leaderEpoch: number;
      readonly isr: readonly NodeId[];
      readonly partitionEpoch: number;
      readonly leaderRecoveryState: number;
    }
  /** An error of the controller (top level or of the partition), or "no-answer" when the request was lost, refused or timed out. */
  | { readonly ok: false; readonly error: ErrorName | "no-answer" };

export interface LeaderAppend {
  /** One whole batch. Base offset and leader epoch are patched in place. */
  readonly bytes: Uint8Array;
  /** Read from the header; the caller has checked the CRC, the size and the records. */
  readonly facts: BatchFacts;
  readonly acks: Acks;
  /** Refuses unless the partition is still in this leader epoch; absent = any. */
  readonly expectedLeaderEpoch?: number;
  readonly nowMs: number;
}

export type AppendResult =
  | {
      readonly ok: true;
      readonly baseOffset: Offset;
      /** Inclusive. */
      readonly lastOffset: Offset;
      /** acks=all is satisfied once the high watermark is at or above this. */
      readonly requiredOffset: Offset;
      readonly leaderEpoch: number;
      /** The batch was in the log already (idempotent producer); nothing was appended, the offsets are the original ones. */
      readonly duplicate: boolean;
      /** The newest timestamp of the batch as it stands in the log: for a duplicate, what it got when it was written. */
      readonly maxTimestampMs: number;
    }
  | { readonly ok: false; readonly error: ErrorName; readonly message: string };

/** Where a parked acks=all produce stands. */
export type ProduceStatus =
  | { readonly kind: "waiting" }
  | { readonly kind: "done" }
  | { readonly kind: "error"; readonly error: ErrorName };

/** A follower's fetch of one partition, as the leader sees it. */
export interface FollowerFetch {
  readonly replicaId: NodeId;
  /** Epoch of the follower's registration; -1 when the sender does not say. */
  readonly brokerEpoch: number;
  readonly fetchOffset: Offset;
  /** Everything below is on the follower's disk; absent = as Kafka has it, the fetch offset. */
  readonly durableEndOffset?: Offset;
  /** Epoch of the last record below fetchOffset; -1 = empty log. */
  readonly lastFetchedEpoch: number;
  /** -1 = not checked. */
  readonly currentLeaderEpoch: number;
  readonly logStartOffset: Offset;
}

/** A leader epoch and where it ends, exclusive; both -1 when the log knows of no epoch. */
export interface DivergingEpoch {
  readonly epoch: number;
  readonly endOffset: number;
}

export type FetchCheck =
  /** Read from fetchOffset up to `readableEnd`. */
  | { readonly kind: "ok"; readonly readableEnd: Offset }
  | { readonly kind: "diverging"; readonly diverging: DivergingEpoch }
  | { readonly kind: "error"; readonly error: ErrorName };

/** What a follower asks its leader for, one partition. */
export interface FollowerFetchPosition {
  readonly fetchOffset: Offset;
  readonly lastFetchedEpoch: number;
  readonly durableEndOffset: Offset;
  readonly currentLeaderEpoch: number;
  readonly logStartOffset: Offset;
}

/** One partition of a fetch answer, as the follower takes it. */
export interface FetchedData {
  readonly error: ErrorName;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  /** Null or epoch -1: not diverging. */
  readonly divergingEpoch: { readonly epoch: number; readonly endOffset: number } | null;
  /** Whole batches one after another; null or empty = none. */
  readonly records: Uint8Array | null;
}

/** What a follower did with an answer. */
export type FetchOutcome =
  /** `advanced`: batches were appended, so more may wait at the leader. */
  | { readonly kind: "applied"; readonly advanced: boolean }
  /** Position changed by truncation; fetch again at once. */
  | { readonly kind: "truncated" }
  /** It answers a question of another time (epoch, position or role have moved on); nothing was done. */
  | { readonly kind: "stale" }
  /** Fetch again after a back-off; the error says why. */
  | { readonly kind: "retry"; readonly error: ErrorName }
  /** The partition cannot follow any more without losing what was committed; see the `failed` effect. */
  | { readonly kind: "failed"; readonly reason: string };
