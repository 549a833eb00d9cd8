/**
 * The in-sync replica set of one partition at its leader: what the controller has committed, and at most one proposal in flight.
 *
 *   committed --propose--> pending --ok / newer metadata--> committed'
 *                             |  definite refusal ------> committed (rolled back)
 *                             |  no answer, NOT_CONTROLLER -> pending, asked again with the same partition epoch
 *                             `- "you are behind" -------> pending, waits for metadata
 *
 * While a proposal is in flight the high watermark counts the maximal ISR: everybody who may be in it, whichever way the answer goes.
 * A proposal is rolled back only on a definite refusal; after "you are behind" an earlier copy of it may have been carried out.
 * Source: KIP-497, Partition.scala.
 */
import { type NodeId, invariant } from "@vitrine/core";
import type { AlterPartitionOutcome } from "./types.ts";

export interface PendingIsr {
  readonly requestId: number;
  readonly isr: readonly NodeId[];
  readonly change: "expand" | "shrink" | "recover";
  /** When to ask again; null = an answer or metadata will come. */
  retryAtMs: number | null;
  attempts: number;
}

/** What an answer meant for the ISR. */
export type IsrVerdict = "committed" | "rolled-back" | "retry" | "await-metadata" | "ignored";

export class IsrState {
  committed: readonly NodeId[];
  partitionEpoch: number;
  /** 1 until the controller knows that an unclean leader has recovered. */
  recoveryState: number;
  pending: PendingIsr | null = null;

  constructor(committed: readonly NodeId[], partitionEpoch: number, recoveryState: number) {
    this.committed = committed;
    this.partitionEpoch = partitionEpoch;
    this.recoveryState = recoveryState;
  }

  /** Committed and proposed together. */
  get maximal(): readonly NodeId[] {
    if (!this.pending || this.pending.change === "shrink") return this.committed;
    return this.pending.isr;
  }

  propose(requestId: number, isr: readonly NodeId[], change: PendingIsr["change"]): PendingIsr {
    invariant(this.pending === null, "one AlterPartition in flight");
    this.pending = { requestId, isr, change, retryAtMs: null, attempts: 1 };
    return this.pending;
  }

  /** Metadata has the last word; a partition epoch we know already is old news. Returns whether anything was taken. */
  applyMetadata(isr: readonly NodeId[], partitionEpoch: number, recoveryState: number): boolean {
    if (partitionEpoch <= this.partitionEpoch) return false;
    this.committed = isr;
    this.partitionEpoch = partitionEpoch;
    this.recoveryState = recoveryState;
    this.pending = null;
    return true;
  }

  answer(
    requestId: number,
    outcome: AlterPartitionOutcome,
    leaderEpoch: number,
    nowMs: number,
    retryMs: number,
  ): IsrVerdict {
    const pending = this.pending;
    if (!pending || pending.requestId !== requestId) return "ignored";
    if (outcome.ok) {
      if (outcome.leaderEpoch !== leaderEpoch || outcome.partitionEpoch < this.partitionEpoch) return "await-metadata";
      this.committed = outcome.isr;
      this.partitionEpoch = outcome.partitionEpoch;
      this.recoveryState = outcome.leaderRecoveryState;
      this.pending = null;
      return "committed";
    }
    switch (outcome.error) {
      case "INELIGIBLE_REPLICA":
      case "OPERATION_NOT_ATTEMPTED":
        this.pending = null;
        return "rolled-back";
      case "FENCED_LEADER_EPOCH":
      case "INVALID_UPDATE_VERSION":
      case "INVALID_REQUEST":
      case "UNKNOWN_TOPIC_OR_PARTITION":
      case "UNKNOWN_TOPIC_ID":
      case "NEW_LEADER_ELECTED":
        return "await-metadata";
      default:
        // Up to 32 times the first pause: without a quorum this would otherwise be asked twenty times a second for every partition.
        pending.retryAtMs = nowMs + retryMs * 2 ** Math.min(pending.attempts - 1, 5);
        return "retry";
    }
  }
}
