/** What a partition asks of its broker. Effects are pushed to one list that all partitions of a broker share; the broker empties it each turn. */
import type { NodeId, Offset } from "@vitrine/core";
import type { Partition } from "./partition.ts";
import type { AlterPartitionItem } from "./types.ts";

export type ReplicationEffect =
  /** The high watermark moved: settle parked produces and fetches of this partition. */
  | { readonly type: "highWatermark"; readonly partition: Partition; readonly highWatermark: Offset }
  /** Ask the controller to change the ISR; give the answer to `partition.onAlterPartition(requestId, outcome, now)`, exactly once. */
  | {
      readonly type: "alterPartition";
      readonly partition: Partition;
      readonly requestId: number;
      readonly item: AlterPartitionItem;
    }
  /** The ISR that counts (committed) has changed, or an attempt began or ended: parked produces must be looked at, the console told. */
  | {
      readonly type: "isrChanged";
      readonly partition: Partition;
      readonly isr: readonly NodeId[];
      readonly maximalIsr: readonly NodeId[];
      readonly added: readonly NodeId[];
      readonly removed: readonly NodeId[];
    }
  /** Leader, follower or offline, in a new leader epoch. Parked work of the old epoch must be answered NOT_LEADER_OR_FOLLOWER. */
  | {
      readonly type: "roleChanged";
      readonly partition: Partition;
      readonly role: "leader" | "follower" | "offline";
      readonly leader: NodeId;
      readonly leaderEpoch: number;
    }
  /** A follower dropped its records from `to` on, because its leader's history differs there. */
  | { readonly type: "truncated"; readonly partition: Partition; readonly from: Offset; readonly to: Offset }
  /** The follower's log start moved with its leader's, or a DeleteRecords took place here. */
  | { readonly type: "logStart"; readonly partition: Partition; readonly logStartOffset: Offset }
  /** This replica stopped following: its leader's history contradicts what is committed here. Needs a person. */
  | { readonly type: "failed"; readonly partition: Partition; readonly reason: string };

/** Where partitions push. A plain array will do. */
export interface EffectSink {
  push(effect: ReplicationEffect): unknown;
}
