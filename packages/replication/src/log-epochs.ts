/** The two questions that replication asks of a log's epoch cache (KIP-101, KIP-279), in one place. */
import type { PartitionLog } from "@vitrine/log";
import type { DivergingEpoch } from "./types.ts";

/** Newest epoch in the log, -1 for none. It comes from the log, never from an answer, so an empty answer cannot reset it (KAFKA-15510). */
export function latestEpoch(log: PartitionLog): number {
  return log.epochs.latestEpoch;
}

/** The largest epoch at or below the asked one, and where it ends: where the next epoch begins, or the log ends. Both numbers are needed (KIP-279). */
export function endOfEpoch(log: PartitionLog, epoch: number): DivergingEpoch {
  return log.epochs.endOffsetFor(epoch, log.logEndOffset);
}
