/** What keeps the files few and small: rotation, moving a log between shards, emptying files that are mostly dead. */
import type { LogDescriptor } from "@vitrine/log";
import { loadSideTables, sideTablesOf } from "./load-logs.ts";
import { type LogState, mergeSegments, tailAsSegment } from "./log-state.ts";
import { type OpWriter, removeRows, saveWholeLog } from "./op-writer.ts";
import type { ShardFile } from "./shard-file.ts";
import type { FileEntry, Shards } from "./shards.ts";
import { prepareStatements } from "./statements.ts";

/** Bound on what one step of copying forward moves, so that no commit waits long behind it. */
const COPY_STEP_BYTES = 1024 * 1024;

/** Live bytes per file number. */
export function liveBytesByFile(logs: ReadonlyMap<string, LogState>): Map<number, number> {
  const live = new Map<number, number>();
  for (const log of logs.values()) {
    for (const { fileNo, sizeBytes } of log.segments) live.set(fileNo, (live.get(fileNo) ?? 0) + sizeBytes);
    live.set(log.fileNo, (live.get(log.fileNo) ?? 0) + log.tailBytes);
  }
  return live;
}

/** Begins the next file of a shard: it starts with a copy of everything known of the shard's logs, and from then on it tells the truth about them. */
export function rotate(shards: Shards, writer: OpWriter, old: ShardFile): void {
  const mine = [...writer.logs.values()].filter((log) => log.fileNo === old.fileNo);
  const side = loadSideTables(old);
  const moved = new Map<LogState, LogState>();
  shards.create(old.shard, writer.nextPartitionId, (db, fileNo) => {
    const statements = prepareStatements(db);
    for (const log of mine) {
      const next = inFile(log, fileNo);
      moved.set(log, next);
      saveWholeLog({ statements }, next, side.get(log.id) ?? { epochs: [], producers: [] });
    }
  });
  for (const [log, next] of moved) {
    Object.assign(log, next);
    writer.relocated.add(log.descriptor.key);
  }
}

/** Moves the truth about a log to the file of another shard; its batches stay where they are. A crash in between leaves two rows, of which the newer generation wins. */
export function moveLog(
  shards: Shards,
  writer: OpWriter,
  log: LogState,
  descriptor: LogDescriptor,
  target: ShardFile,
): void {
  const source = shards.truth(log.fileNo);
  const side = sideTablesOf(source, log.id);
  const next = { ...inFile(log, target.fileNo), descriptor };
  transact(shards, target, writer.nextPartitionId, () => {
    // Rows that were cut off while the log lived elsewhere must not come back to life in its tail.
    target.statements.truncateBatches.all(log.id, log.logEnd, log.logEnd);
    saveWholeLog(target, next, side);
  });
  transact(shards, source, writer.nextPartitionId, () => removeRows(source, log.id));
  Object.assign(log, next);
  writer.relocated.add(descriptor.key);
}

/** Copies up to COPY_STEP_BYTES of live batches out of the emptiest sealed file that is worth it. False when there is none. */
export function copyForwardStep(
  shards: Shards,
  writer: OpWriter,
  live: ReadonlyMap<number, number>,
  commit: () => void,
): boolean {
  const entry = mostlyDead(shards, live);
  if (!entry) return false;
  const source = shards.file(entry.fileNo);
  if (!source) return false;
  let budget = COPY_STEP_BYTES;
  let copied = false;
  writer.done.clear();
  for (const log of writer.logs.values()) {
    if (budget <= 0) break;
    const at = log.segments.findIndex((segment) => segment.fileNo === entry.fileNo);
    if (at === -1) continue;
    writer.markChanged(log);
    budget -= copySegment(shards, log, at, source, budget);
    copied = true;
  }
  writer.flush();
  commit();
  return copied;
}

interface BatchRow {
  readonly base_offset: number;
  readonly last_offset: number;
  readonly leader_epoch: number;
  readonly max_timestamp_ms: number;
  readonly record_count: number;
  readonly size_bytes: number;
  readonly crc: number;
  readonly bytes: Buffer;
}

/** Copies the beginning of a segment into the file of the log's tail, as much as the budget allows and at least one batch. */
function copySegment(shards: Shards, log: LogState, at: number, source: ShardFile, budget: number): number {
  const segment = log.segments[at]!;
  const target = shards.truth(log.fileNo);
  const rows = source.db.prepare<[number, number, number, number], BatchRow>(
    `SELECT base_offset, last_offset, leader_epoch, max_timestamp_ms, record_count, size_bytes, crc, bytes FROM batches
     WHERE partition_id = ? AND base_offset >= ? AND last_offset >= ? AND last_offset < ? ORDER BY base_offset`,
  );
  const floor = source.statements.floorBatch.get(log.id, segment.fromOffset)?.base_offset ?? segment.fromOffset;
  let copiedBytes = 0;
  let copiedUntil = segment.fromOffset;
  let newest = -1;
  let finished = true;
  for (const row of rows.iterate(log.id, floor, segment.fromOffset, segment.untilOffset)) {
    if (copiedBytes >= budget) {
      finished = false;
      break;
    }
    if (copiedBytes === 0) target.statements.removeBatchRange.run(log.id, row.base_offset, segment.untilOffset);
    target.statements.insertBatch.run(
      log.id,
      row.base_offset,
      row.last_offset,
      row.leader_epoch,
      row.max_timestamp_ms,
      row.record_count,
      row.size_bytes,
      row.crc,
      row.bytes,
    );
    copiedBytes += row.size_bytes;
    copiedUntil = row.last_offset + 1;
    newest = Math.max(newest, row.max_timestamp_ms);
  }
  const copy = { ...segment, fileNo: target.fileNo, sizeBytes: copiedBytes, maxTimestampMs: newest };
  const parts = finished
    ? [copy]
    : [
        { ...copy, untilOffset: copiedUntil },
        { ...segment, fromOffset: copiedUntil, sizeBytes: Math.max(0, segment.sizeBytes - copiedBytes) },
      ];
  log.segments = mergeSegments([
    ...log.segments.slice(0, at),
    ...parts.filter((part) => part.sizeBytes > 0),
    ...log.segments.slice(at + 1),
  ]);
  return copiedBytes;
}

function mostlyDead(shards: Shards, live: ReadonlyMap<number, number>): FileEntry | null {
  for (const entry of shards.sealedFiles) {
    const bytes = live.get(entry.fileNo) ?? 0;
    if (bytes > 0 && bytes < shards.sealedBytes(entry.fileNo) * shards.options.copyForwardBelow) return entry;
  }
  return null;
}

/** The log as another file will tell of it: what was its tail becomes a segment. */
function inFile(log: LogState, fileNo: number): LogState {
  return {
    ...log,
    fileNo,
    generation: log.generation + 1,
    segments: mergeSegments([...log.segments, ...tailAsSegment(log)]),
    tailFrom: log.logEnd,
    tailBytes: 0,
    tailMaxTimestampMs: -1,
  };
}

function transact(shards: Shards, file: ShardFile, nextPartitionId: number, work: () => void): void {
  file.begin();
  try {
    work();
    file.commit(nextPartitionId);
    shards.marker.note(file.fileNo, file.commits);
  } finally {
    file.rollback();
  }
}
