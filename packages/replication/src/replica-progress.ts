/**
 * What a leader knows of one follower, within one leader epoch. Begins unknown in each epoch, so that nothing a follower said to
 * somebody else, or before its last restart (KAFKA-15221), counts here.
 */
import type { NodeId, Offset } from "@vitrine/core";

export interface ProgressReport {
  readonly brokerEpoch: number;
  readonly fetchOffset: Offset;
  readonly durableEndOffset: Offset;
  readonly logStartOffset: Offset;
  /** The leader's log end when the report arrived. */
  readonly leaderEndOffset: Offset;
  readonly nowMs: number;
}

export class ReplicaProgress {
  readonly replicaId: NodeId;
  /** -1 until the first fetch of this leader epoch, or when the follower does not say. */
  brokerEpoch = -1;
  /** Whether a fetch of this leader epoch has passed the divergence check. */
  hasFetched = false;
  fetchOffset = 0;
  /** Invariant: durableEndOffset <= fetchOffset. Never decreases within one broker epoch. */
  durableEndOffset = 0;
  logStartOffset = 0;
  /** When it last had everything the leader had at some moment. -Infinity = never. */
  lastCaughtUpMs: number;
  lastFetchMs: number;
  /** The next mark to reach: once its disk has `end`, it was caught up at `atMs`. A mark stays until it is reached, so a slow disk under steady load is measured rightly. */
  private mark: { end: number; atMs: number } | null = null;

  constructor(replicaId: NodeId, lastCaughtUpMs: number) {
    this.replicaId = replicaId;
    this.lastCaughtUpMs = lastCaughtUpMs;
    this.lastFetchMs = Number.NEGATIVE_INFINITY;
  }

  /** Takes a report that passed the divergence check. Reports that overtook each other never lower it; a new broker epoch starts it anew. */
  record(report: ProgressReport): void {
    if (report.brokerEpoch > this.brokerEpoch && this.hasFetched) {
      this.fetchOffset = 0;
      this.durableEndOffset = 0;
      this.mark = null;
    }
    this.brokerEpoch = Math.max(this.brokerEpoch, report.brokerEpoch);
    this.hasFetched = true;
    this.fetchOffset = Math.max(this.fetchOffset, report.fetchOffset);
    this.durableEndOffset = Math.max(this.durableEndOffset, Math.min(report.durableEndOffset, report.fetchOffset));
    this.logStartOffset = Math.max(this.logStartOffset, report.logStartOffset);
    this.lastFetchMs = report.nowMs;
    this.measure(report.leaderEndOffset, report.nowMs);
  }

  /** Whether it has everything, or had everything at some moment less than `lagMaxMs` ago. */
  isCaughtUp({
    leaderEndOffset,
    nowMs,
    lagMaxMs,
  }: {
    leaderEndOffset: Offset;
    nowMs: number;
    lagMaxMs: number;
  }): boolean {
    return (this.hasFetched && this.durableEndOffset >= leaderEndOffset) || nowMs - this.lastCaughtUpMs <= lagMaxMs;
  }

  private measure(leaderEndOffset: number, nowMs: number): void {
    if (this.durableEndOffset >= leaderEndOffset) {
      this.lastCaughtUpMs = Math.max(this.lastCaughtUpMs, nowMs);
      this.mark = null;
      return;
    }
    if (this.mark && this.durableEndOffset >= this.mark.end) {
      this.lastCaughtUpMs = Math.max(this.lastCaughtUpMs, this.mark.atMs);
      this.mark = null;
    }
    this.mark ??= { end: leaderEndOffset, atMs: nowMs };
  }
}
