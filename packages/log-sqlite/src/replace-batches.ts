/**
 * Compaction: other batches in place of a range. Rows of the file that is written go and come; in files that are not written any more the old rows
 * stay and are dead, because `segments` says where else the range lies now. One transaction, whose cost is that of the range.
 */
import { floorOf, newestOf, rangeOf } from "./cut-log.ts";
import { type LogState, mergeSegments, type Segment } from "./log-state.ts";
import type { ShardFile } from "./shard-file.ts";
import type { Shards } from "./shards.ts";

export interface OffsetSpan {
  readonly from: number;
  /** Exclusive. */
  readonly upTo: number;
}

export interface Survivor {
  readonly lastOffset: number;
  readonly sizeBytes: number;
  readonly maxTimestampMs: number;
}

/** Takes everything with last offset in the span out of the log. The survivors' rows are put in afterwards, and `noteSurvivors` counts them. */
export function takeOut(shards: Shards, file: ShardFile, log: LogState, { from, upTo }: OffsetSpan): void {
  const segments: Segment[] = [];
  // Before the rows go: a segment may lie in the file that is written.
  for (const segment of log.segments) segments.push(...without(shards, log, segment, from, upTo));
  let newestGone = -1;
  for (const row of file.statements.replaceBatches.all(log.id, floorOf(file, log.id, from), from, upTo)) {
    if (row.last_offset < log.tailFrom) continue;
    log.tailBytes -= row.size_bytes;
    newestGone = Math.max(newestGone, row.max_timestamp_ms);
  }
  log.segments = segments;
  if (log.tailBytes === 0) log.tailMaxTimestampMs = -1;
  else if (newestGone >= log.tailMaxTimestampMs)
    log.tailMaxTimestampMs = newestIn(file, log, log.tailFrom, log.logEnd, newestGone);
}

/** Counts what was put into the file that is written: below the tail it is a segment there. */
export function noteSurvivors(
  file: ShardFile,
  log: LogState,
  { from, upTo }: OffsetSpan,
  survivors: readonly Survivor[],
): void {
  let sizeBytes = 0;
  let maxTimestampMs = -1;
  for (const survivor of survivors) {
    if (survivor.lastOffset >= log.tailFrom) {
      log.tailBytes += survivor.sizeBytes;
      log.tailMaxTimestampMs = Math.max(log.tailMaxTimestampMs, survivor.maxTimestampMs);
    } else {
      sizeBytes += survivor.sizeBytes;
      maxTimestampMs = Math.max(maxTimestampMs, survivor.maxTimestampMs);
    }
  }
  const untilOffset = Math.min(upTo, log.tailFrom);
  if (sizeBytes > 0) {
    const segment = { fromOffset: from, untilOffset, fileNo: file.fileNo, sizeBytes, maxTimestampMs };
    log.segments = mergeSegments([...log.segments, segment].toSorted((a, b) => a.fromOffset - b.fromOffset));
  }
  log.maxTimestampMs = newestOf(log);
}

/** What is left of a segment on both sides of a span, counted without looking at what lies behind it. */
function without(shards: Shards, log: LogState, segment: Segment, from: number, upTo: number): Segment[] {
  const { fromOffset, untilOffset, fileNo } = segment;
  if (untilOffset <= from || fromOffset >= upTo) return [segment];
  const file = shards.file(fileNo);
  if (!file) return [];
  const gone = rangeOf(file, log.id, Math.max(fromOffset, from), Math.min(untilOffset, upTo));
  const left = fromOffset < from ? rangeOf(file, log.id, fromOffset, from) : null;
  const rightBytes = segment.sizeBytes - gone.bytes - (left?.bytes ?? 0);
  const parts: Segment[] = [];
  if (left) parts.push({ ...segment, untilOffset: from, sizeBytes: left.bytes, maxTimestampMs: left.newest });
  if (untilOffset > upTo) {
    const hasNewest = gone.newest < segment.maxTimestampMs && (left?.newest ?? -1) < segment.maxTimestampMs;
    const maxTimestampMs = hasNewest
      ? segment.maxTimestampMs
      : newestIn(file, log, upTo, untilOffset, segment.maxTimestampMs);
    parts.push({ ...segment, fromOffset: upTo, sizeBytes: rightBytes, maxTimestampMs });
  }
  return parts.filter(({ sizeBytes }) => sizeBytes > 0);
}

/** Newest time in a range; mostly something there is as new as what was known. */
function newestIn(file: ShardFile, log: LogState, from: number, until: number, known: number): number {
  const row = file.statements.findNewest.get(log.id, floorOf(file, log.id, from), from, until, known);
  return row ? row.max_timestamp_ms : rangeOf(file, log.id, from, until).newest;
}
