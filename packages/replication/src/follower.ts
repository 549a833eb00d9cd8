/**
 * The follower's side of a partition: asks its leader, truncates where histories differ, appends, follows the high watermark.
 *
 * Two positions (DESIGN 10.4): the log end is where it fetches, the log's durable end is what it vouches for. It fetches ahead while its
 * disk works. One question is in flight at a time, and only the answer to that very question, in the same leader epoch and at the same
 * position, is taken (KAFKA-13207).
 */
import { type NodeId, Offset, invariant } from "@vitrine/core";
import { readBatchFacts } from "@vitrine/protocol/batch";
import { endOfEpoch, latestEpoch } from "./log-epochs.ts";
import type { PartitionContext } from "./partition-context.ts";
import type { FetchedData, FetchOutcome, FollowerFetchPosition } from "./types.ts";

const RETRY_CORRUPT: FetchOutcome = { kind: "retry", error: "CORRUPT_MESSAGE" };

export class Follower {
  readonly role = "follower";
  readonly leader: NodeId;
  readonly leaderEpoch: number;
  /** The leader came from an unclean election: its history wins even over what was committed here. */
  readonly unclean: boolean;
  /** Set when following would lose what is committed here; only a new leader epoch clears it. */
  failedReason: string | null = null;
  private readonly context: PartitionContext;
  private inFlight: FollowerFetchPosition | null = null;
  /** The leader's high watermark as last heard; ours follows it as far as our disk goes. */
  private leaderHighWatermark = 0;
  private leaderLogStart = 0;

  constructor(context: PartitionContext, leader: NodeId, leaderEpoch: number, unclean: boolean) {
    this.context = context;
    this.leader = leader;
    this.leaderEpoch = leaderEpoch;
    this.unclean = unclean;
  }

  /** Where to go on. Becomes the question in flight; an earlier one is forgotten with its answer. Null: this partition has failed. */
  nextFetch(): FollowerFetchPosition | null {
    if (this.failedReason !== null) return null;
    const { log } = this.context;
    this.inFlight = {
      fetchOffset: log.logEndOffset,
      lastFetchedEpoch: latestEpoch(log),
      durableEndOffset: log.durableEndOffset,
      currentLeaderEpoch: this.leaderEpoch,
      logStartOffset: log.logStartOffset,
    };
    return this.inFlight;
  }

  /** The question will not be answered, or its answer must not count any more. */
  forgetFetch(): void {
    this.inFlight = null;
  }

  onFetchResponse(
    data: FetchedData,
    forFetch: FollowerFetchPosition,
    verifyCrc: (batch: Uint8Array) => boolean,
  ): FetchOutcome {
    if (this.inFlight !== forFetch || forFetch.fetchOffset !== this.context.log.logEndOffset) return { kind: "stale" };
    this.inFlight = null;
    if (data.error === "OFFSET_OUT_OF_RANGE") return this.restartAt(data.logStartOffset);
    if (data.error !== "NONE") return { kind: "retry", error: data.error };
    // Nothing else of a diverging answer counts: its high watermark speaks of records that we do not have (KAFKA-14704).
    if (data.divergingEpoch && data.divergingEpoch.epoch >= 0) {
      return this.truncate(data.divergingEpoch.epoch, data.divergingEpoch.endOffset);
    }
    const before = this.context.log.logEndOffset;
    const refused = data.records && data.records.length > 0 ? this.appendAll(data.records, verifyCrc) : null;
    if (this.failedReason !== null) return { kind: "failed", reason: this.failedReason };
    this.leaderHighWatermark = data.highWatermark;
    this.leaderLogStart = data.logStartOffset;
    this.followLeaderMarks();
    return refused ?? { kind: "applied", advanced: this.context.log.logEndOffset > before };
  }

  /** Our disk went on, so may our high watermark. */
  onCommitted(): void {
    this.followLeaderMarks();
  }

  /** Truncate to where our history and the leader's part: min(own end of that epoch, leader's end of it); repeated until they agree. */
  private truncate(epoch: number, leaderEndOffset: number): FetchOutcome {
    const { log } = this.context;
    const own = endOfEpoch(log, epoch);
    // Where we lack that epoch, our nearest older one ends where the histories may part.
    const target = Math.max(Math.min(own.endOffset, leaderEndOffset), log.logStartOffset);
    return this.truncateTo(Offset(target));
  }

  private truncateTo(offset: Offset): FetchOutcome {
    const { log } = this.context;
    if (offset < log.highWatermark && !this.unclean) {
      return this.fail(
        `leader ${this.leader} (epoch ${this.leaderEpoch}) differs from this replica from offset ${offset} on, ` +
          `but everything below ${log.highWatermark} is committed here`,
      );
    }
    const from = log.logEndOffset;
    // Also when the offset is our log end: epochs noted there without records must go (KAFKA-10706).
    log.truncateTo(offset, { unclean: this.unclean });
    this.context.push({ type: "truncated", from, to: offset });
    return { kind: "truncated" };
  }

  /** Our position lies outside the leader's log. */
  private restartAt(leaderLogStart: number): FetchOutcome {
    const { log } = this.context;
    const belowLeader = log.logEndOffset < leaderLogStart;
    const empty = log.logStartOffset === log.logEndOffset;
    if (leaderLogStart < 0) return { kind: "retry", error: "OFFSET_OUT_OF_RANGE" };
    if (!belowLeader && !empty && !this.unclean) {
      return this.fail(`leader ${this.leader} (epoch ${this.leaderEpoch}) ends before our log end ${log.logEndOffset}`);
    }
    return this.startAnewAt(Offset(leaderLogStart));
  }

  private startAnewAt(offset: Offset): FetchOutcome {
    const { log } = this.context;
    const from = log.logEndOffset;
    log.truncateFullyAndStartAt(offset);
    this.context.push({ type: "truncated", from, to: offset });
    this.context.push({ type: "logStart", logStartOffset: offset });
    return { kind: "truncated" };
  }

  /** Takes whole batches in order; stops at the first that is not sound. Returns why it stopped, or null. */
  private appendAll(records: Uint8Array, verifyCrc: (batch: Uint8Array) => boolean): FetchOutcome | null {
    const { log } = this.context;
    let at = 0;
    while (at < records.length) {
      const facts = readBatchFacts(records, at);
      // A batch that was cut at the end of an answer comes again with the next one.
      if ("reason" in facts) return facts.reason === "truncated" ? null : RETRY_CORRUPT;
      const bytes = records.subarray(at, at + facts.sizeBytes);
      at += facts.sizeBytes;
      if (!verifyCrc(bytes)) return RETRY_CORRUPT;
      if (facts.leaderEpoch < latestEpoch(log)) this.forgetEmptyEpochs();
      if (facts.leaderEpoch > this.leaderEpoch || facts.leaderEpoch < latestEpoch(log)) return RETRY_CORRUPT;
      if (facts.lastOffset < log.logEndOffset) continue;
      if (facts.baseOffset < log.logEndOffset) {
        // The leader's log starts inside its first batch (DeleteRecords): an empty log takes that batch whole.
        if (log.logStartOffset < log.logEndOffset) return RETRY_CORRUPT;
        this.startAnewAt(facts.baseOffset);
      }
      log.append({ facts, bytes });
    }
    return null;
  }

  /** An epoch noted at our log end has no records here; the leader's records say that it began later, or never. */
  private forgetEmptyEpochs(): void {
    this.context.log.truncateTo(this.context.log.logEndOffset);
  }

  /** High watermark and log start follow the leader's, as far as our own log has come. */
  private followLeaderMarks(): void {
    const { log } = this.context;
    const mark = Math.min(this.leaderHighWatermark, log.durableEndOffset);
    if (mark > log.highWatermark) {
      log.setHighWatermark(Offset(mark));
      this.context.highWatermarkMoved();
    }
    const start = Math.min(this.leaderLogStart, log.highWatermark);
    if (start > log.logStartOffset) {
      log.setLogStartOffset(Offset(start));
      this.context.push({ type: "logStart", logStartOffset: Offset(start) });
    }
    invariant(log.highWatermark <= log.logEndOffset, `high watermark past the log end in ${this.context.label}`);
  }

  private fail(reason: string): FetchOutcome {
    this.failedReason = reason;
    this.context.push({ type: "failed", reason });
    return { kind: "failed", reason };
  }
}
