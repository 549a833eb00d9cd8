/** Cutting a log at either end: exact at once in the state; rows of sealed files stay and are dead, rows of the tail's file go when the end is cut. */
import { METADATA_FILE_NO } from "./file-names.ts";
import type { LogState, Segment } from "./log-state.ts";
import type { ShardFile } from "./shard-file.ts";
import type { Shards } from "./shards.ts";

/** Drops every batch that reaches offset. True when segments changed. The caller sets the log start. */
export function cutFrom(shards: Shards, file: ShardFile, log: LogState, offset: number): boolean {
  const { statements } = file;
  const first = floorOf(file, log.id, offset);
  let dropped = 0;
  for (const { size_bytes } of statements.truncateBatches.all(log.id, first, offset)) dropped += size_bytes;
  let changed = false;
  if (offset < log.tailFrom) {
    log.tailFrom = offset;
    log.tailBytes = 0;
    const kept: Segment[] = [];
    for (const segment of log.segments) {
      if (segment.untilOffset <= offset) kept.push(segment);
      else {
        changed = true;
        // Rows of segments that lie in the tail's own file were deleted above: what is left is what counts.
        if (segment.fromOffset < offset) kept.push(narrowed(shards, log, segment, segment.fromOffset, offset));
      }
    }
    log.segments = kept.filter((segment) => segment.sizeBytes > 0);
  } else log.tailBytes -= dropped;
  log.logEnd = offset;
  log.highWatermark = Math.min(log.highWatermark, offset);
  log.cleanedTo = Math.min(log.cleanedTo, offset);
  const tail = log.tailBytes === 0 ? null : rangeOf(file, log.id, log.tailFrom, offset);
  log.tailMaxTimestampMs = tail?.newest ?? -1;
  log.maxTimestampMs = newestOf(log);
  return changed;
}

/** Moves the log start. True when segments changed. */
export function cutBelow(shards: Shards, file: ShardFile, log: LogState, offset: number): boolean {
  log.logStart = Math.max(log.logStart, offset);
  let changed = false;
  const first = log.segments[0];
  if (first && first.fromOffset < offset) {
    changed = true;
    log.segments = log.segments
      .filter((segment) => segment.untilOffset > offset)
      .map((segment) =>
        segment.fromOffset < offset ? narrowed(shards, log, segment, offset, segment.untilOffset) : segment,
      )
      .filter((segment) => segment.sizeBytes > 0);
  }
  if (log.tailFrom < offset) {
    if (log.tailBytes > 0)
      log.tailBytes -= offset >= log.logEnd ? log.tailBytes : rangeOf(file, log.id, log.tailFrom, offset).bytes;
    log.tailFrom = Math.min(offset, log.logEnd);
    if (log.tailBytes === 0) log.tailMaxTimestampMs = -1;
  }
  // The metadata log is never rotated: its prefix is deleted, and the pages are used again.
  if (file.fileNo === METADATA_FILE_NO) file.statements.removeBatchesBelow.run(log.id, offset, offset);
  log.maxTimestampMs = newestOf(log);
  return changed;
}

/** Newest time of a log, as its state counts it. */
export function newestOf(log: LogState): number {
  return log.segments.reduce((newest, segment) => Math.max(newest, segment.maxTimestampMs), log.tailMaxTimestampMs);
}

function narrowed(shards: Shards, log: LogState, segment: Segment, fromOffset: number, untilOffset: number): Segment {
  const file = shards.file(segment.fileNo);
  if (!file) return { ...segment, fromOffset, untilOffset, sizeBytes: 0 };
  const live = rangeOf(file, log.id, fromOffset, untilOffset);
  return { ...segment, fromOffset, untilOffset, sizeBytes: live.bytes, maxTimestampMs: live.newest };
}

/** Bytes and newest timestamp of the batches with last offset in [from, until). */
export function rangeOf(file: ShardFile, id: number, from: number, until: number): { bytes: number; newest: number } {
  const row = file.statements.sumBytes.get(id, floorOf(file, id, from), from, until, until);
  return { bytes: row?.bytes ?? 0, newest: row?.newest ?? -1 };
}

/** Where to look from for batches that reach an offset. */
export function floorOf(file: ShardFile, id: number, offset: number): number {
  return file.statements.floorBatch.get(id, offset)?.base_offset ?? offset;
}
