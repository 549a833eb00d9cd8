/** What of a log may be compacted now, and whether it is worth it (Kafka's LogCleanerManager): decided by its dirty segments alone. */
import type { Offset } from "@vitrine/core";
import type { VirtualSegment } from "./virtual-segments.ts";

export interface CleanableRules {
  /** `min.compaction.lag.ms` */
  readonly minLagMs: number;
  /** `max.compaction.lag.ms`; Infinity or beyond all time: none. */
  readonly maxLagMs: number;
  /** `min.cleanable.dirty.ratio` */
  readonly minDirtyRatio: number;
}

export interface CleanableState {
  /** From the first dirty offset on, the last of which is the active one. */
  readonly segments: readonly VirtualSegment[];
  /** Of the whole log. */
  readonly sizeBytes: number;
  /** Wall clock: record timestamps are compared with it. */
  readonly nowMs: number;
}

export interface Cleanable {
  /** Exclusive: the first offset that must stay as it is. */
  readonly upTo: Offset;
  readonly bytes: number;
  /** Bytes that would be compacted, of those and the clean ones: `max-dirty-percent` shows the largest. */
  readonly ratio: number;
  /** Whether it is time: by ratio, or because something has waited for `max.compaction.lag.ms`. */
  readonly isDue: boolean;
}

/** null: nothing may be compacted, because all that is dirty is in the active segment or too young. */
export function cleanableOf(state: CleanableState, rules: CleanableRules): Cleanable | null {
  const { segments, nowMs } = state;
  const closed = segments.slice(0, -1);
  const young = rules.minLagMs > 0 ? closed.findIndex((it) => it.largestTimestampMs > nowMs - rules.minLagMs) : -1;
  const cleanable = young === -1 ? closed : closed.slice(0, young);
  const last = cleanable.at(-1);
  if (!last) return null;
  const bytes = sum(cleanable);
  const cleanBytes = Math.max(0, state.sizeBytes - sum(segments));
  const ratio = bytes / (cleanBytes + bytes);
  const hasWaited = closed.some((it) => it.firstTimestampMs > 0 && it.firstTimestampMs < nowMs - rules.maxLagMs);
  // The next segment begins there, wherever the last record before it is.
  const upTo = segments[cleanable.length]!.baseOffset;
  return { upTo, bytes, ratio, isDue: hasWaited || ratio > rules.minDirtyRatio };
}

function sum(segments: readonly VirtualSegment[]): number {
  let bytes = 0;
  for (const { sizeBytes } of segments) bytes += sizeBytes;
  return bytes;
}
