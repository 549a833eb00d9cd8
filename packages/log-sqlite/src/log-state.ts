import type { EpochEntry, LogDescriptor, ProducerEntry } from "@vitrine/log";

/** Live batches of a log in one sealed (or foreign) file: those whose last offset lies in [fromOffset, untilOffset). */
export interface Segment {
  readonly fromOffset: number;
  readonly untilOffset: number;
  readonly fileNo: number;
  readonly sizeBytes: number;
  /** Upper bound. */
  readonly maxTimestampMs: number;
}

/** What the storage thread knows of a log: the row in `partitions` and its segments, changed in memory first and written once per transaction. */
export interface LogState {
  /** Row id, unique in the directory and never used twice. Changes when the log is restarted: the old rows are dead then. */
  id: number;
  descriptor: LogDescriptor;
  generation: number;
  logStart: number;
  logEnd: number;
  highWatermark: number;
  maxTimestampMs: number;
  /** Exclusive: where compaction has got to. */
  cleanedTo: number;
  /** Compactions that changed something. */
  cleanings: number;
  /** The file that holds the tail and tells the truth about this log. */
  fileNo: number;
  tailFrom: number;
  tailBytes: number;
  tailMaxTimestampMs: number;
  /** In offset order, all below tailFrom. */
  segments: Segment[];
}

/** Side tables that the storage thread does not keep in memory. */
export interface SideTables {
  readonly epochs: readonly EpochEntry[];
  readonly producers: readonly ProducerEntry[];
}

export function newLogState(id: number, descriptor: LogDescriptor, fileNo: number, generation: number): LogState {
  const offsets = { logStart: 0, logEnd: 0, highWatermark: 0, maxTimestampMs: -1 };
  return {
    id,
    descriptor,
    fileNo,
    generation,
    ...offsets,
    cleanedTo: 0,
    cleanings: 0,
    tailFrom: 0,
    tailBytes: 0,
    tailMaxTimestampMs: -1,
    segments: [],
  };
}

/** Stored bytes in [logStart, logEnd). */
export function sizeOf(log: LogState): number {
  let size = log.tailBytes;
  for (const segment of log.segments) size += segment.sizeBytes;
  return size;
}

/** The tail as a segment, which it becomes when the log's truth moves to another file. Empty tails give nothing. */
export function tailAsSegment(log: LogState): Segment[] {
  if (log.tailBytes === 0) return [];
  return [
    {
      fromOffset: log.tailFrom,
      untilOffset: log.logEnd,
      fileNo: log.fileNo,
      sizeBytes: log.tailBytes,
      maxTimestampMs: log.tailMaxTimestampMs,
    },
  ];
}

/** Joins neighbours that lie in one file. */
export function mergeSegments(segments: readonly Segment[]): Segment[] {
  const merged: Segment[] = [];
  for (const segment of segments) {
    const last = merged.at(-1);
    if (last && last.fileNo === segment.fileNo && last.untilOffset === segment.fromOffset) {
      merged[merged.length - 1] = {
        ...last,
        untilOffset: segment.untilOffset,
        sizeBytes: last.sizeBytes + segment.sizeBytes,
        maxTimestampMs: Math.max(last.maxTimestampMs, segment.maxTimestampMs),
      };
    } else merged.push(segment);
  }
  return merged;
}
