/**
 * Segments of a partition as Kafka would have cut them. Here many partitions share a file, so they exist only as rules: what lies in the newest one
 * (the active segment) is never compacted, and the lags of compaction count by segment.
 */
import type { Offset } from "@vitrine/core";

export interface SegmentRules {
  /** `segment.bytes` */
  readonly segmentBytes: number;
  /** `segment.ms`, or `max.compaction.lag.ms` where that is shorter. */
  readonly segmentMs: number;
}

export interface VirtualSegment {
  readonly baseOffset: Offset;
  /** Exclusive. */
  readonly endOffset: Offset;
  readonly sizeBytes: number;
  /** Newest time of its first batch: what its age counts from; -1 = that batch says none. */
  readonly firstTimestampMs: number;
  readonly largestTimestampMs: number;
}

/** What cutting must know of a batch. */
export interface BatchPlace {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly sizeBytes: number;
  readonly maxTimestampMs: number;
}

/** Which batches to look at: those with last offset in [from, upTo). `last` is the segment that ended at `from` and may go on. */
export interface SurveySpec {
  readonly from: Offset;
  readonly upTo: Offset;
  readonly rules: SegmentRules;
  readonly last: VirtualSegment | null;
}

/** Segments in order, the first of which replaces `last`. */
export interface Survey {
  readonly segments: readonly VirtualSegment[];
  /** How far was looked: below what was asked where there are very many segments. */
  readonly upTo: Offset;
}

/** Segments that one survey gives at most. */
const SEGMENTS_MAX = 1_000;

/** Cuts batches into segments as Kafka rolls: before the batch that would make one too large, or comes too long after its first. */
export class SegmentCutter {
  readonly #spec: SurveySpec;
  readonly #segments: VirtualSegment[] = [];
  #open: VirtualSegment | null;
  #isFull = false;

  constructor(spec: SurveySpec) {
    this.#spec = spec;
    this.#open = spec.last;
  }

  /** Takes the next batch. False: nothing more is taken. */
  add(batch: BatchPlace): boolean {
    const open = this.#open;
    if (open && !this.#rolls(open, batch)) {
      this.#open = {
        ...open,
        endOffset: (batch.lastOffset + 1) as Offset,
        sizeBytes: open.sizeBytes + batch.sizeBytes,
        largestTimestampMs: Math.max(open.largestTimestampMs, batch.maxTimestampMs),
      };
      return true;
    }
    if (open) this.#segments.push(open);
    this.#isFull = this.#segments.length >= SEGMENTS_MAX;
    if (this.#isFull) {
      this.#open = null;
      return false;
    }
    this.#open = {
      baseOffset: batch.baseOffset as Offset,
      endOffset: (batch.lastOffset + 1) as Offset,
      sizeBytes: batch.sizeBytes,
      firstTimestampMs: batch.maxTimestampMs,
      largestTimestampMs: batch.maxTimestampMs,
    };
    return true;
  }

  result(): Survey {
    const segments = this.#open ? [...this.#segments, this.#open] : this.#segments;
    return { segments, upTo: this.#isFull ? segments.at(-1)!.endOffset : this.#spec.upTo };
  }

  #rolls(open: VirtualSegment, batch: BatchPlace): boolean {
    const { segmentBytes, segmentMs } = this.#spec.rules;
    if (open.sizeBytes + batch.sizeBytes > segmentBytes) return true;
    return open.firstTimestampMs >= 0 && batch.maxTimestampMs - open.firstTimestampMs > segmentMs;
  }
}
