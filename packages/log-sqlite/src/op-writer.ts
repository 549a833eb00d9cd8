/** Turns operations into rows. State changes in memory first; the row of a log is written once per transaction, by `flush`. */
import { invariant, unreachable } from "@vitrine/core";
import type { LogDescriptor } from "@vitrine/log";
import { METADATA_FILE_NO } from "./file-names.ts";
import { cutBelow, cutFrom } from "./cut-log.ts";
import { producerBatchesText } from "./load-logs.ts";
import { type LogState, newLogState, type SideTables } from "./log-state.ts";
import {
  IS_HIGH_WATERMARK,
  type PostedHandOver,
  type PostedOp,
  ROW,
  ROW_COLUMNS,
  type SharedBytes,
} from "./messages.ts";
import { noteSurvivors, type Survivor, takeOut } from "./replace-batches.ts";
import type { ShardFile } from "./shard-file.ts";
import type { Shards } from "./shards.ts";

export class OpWriter {
  logs: Map<string, LogState>;
  nextPartitionId: number;
  /** Files with an open transaction. */
  readonly open = new Set<ShardFile>();
  /** Logs whose place or start changed: readers must hear of it. */
  readonly relocated = new Set<string>();
  readonly removed = new Set<string>();
  /** Files whose transaction of this group is committed already: what a retry must not do again. */
  readonly done = new Set<number>();
  readonly #dirty = new Set<LogState>();
  readonly #dirtySegments = new Set<LogState>();
  readonly #shards: Shards;

  constructor(shards: Shards, logs: Map<string, LogState>, nextPartitionId: number) {
    this.#shards = shards;
    this.logs = logs;
    this.nextPartitionId = nextPartitionId;
  }

  /** Applies one operation of a hand-over. `slabs` are those of its message. */
  apply(op: PostedOp, { keys, rows }: Pick<PostedHandOver, "keys" | "rows">, slabs: readonly Buffer[]): void {
    switch (op.type) {
      case "rows":
        for (let row = op.from; row < op.until; row++) this.#row(keys, rows, row * ROW_COLUMNS, slabs);
        return;
      case "create":
        this.#create(op.descriptor);
        return;
      case "remove":
        this.#remove(op.key);
        return;
      case "quorum-state": {
        const file = this.#touch(this.#shards.metadata);
        const { leaderEpoch, leaderId, votedId, votedDirectoryId } = op.state;
        if (file) file.statements.saveQuorumState.run(leaderEpoch, leaderId, votedId, votedDirectoryId);
        return;
      }
      case "snapshot": {
        const file = this.#touch(this.#shards.metadata);
        if (!file) return;
        file.statements.removeSnapshots.run();
        file.statements.saveSnapshot.run(op.endOffset, op.epoch, bytesOf(op.bytes, slabs));
        return;
      }
      case "truncate":
        this.#with(op.key, (log, file) => {
          if (cutFrom(this.#shards, file, log, op.offset)) this.#segmentsChanged(log);
          log.logStart = op.logStartOffset;
        });
        return;
      case "restart":
        this.#with(op.key, (log, file) => this.#restart(log, file, op.offset));
        return;
      case "log-start":
        this.#with(op.key, (log, file) => {
          if (cutBelow(this.#shards, file, log, op.offset)) this.#segmentsChanged(log);
          this.relocated.add(log.descriptor.key);
        });
        return;
      case "replace":
        this.#with(op.key, (log, file) => {
          takeOut(this.#shards, file, log, op);
          const survivors: Survivor[] = [];
          for (let row = op.fromRow; row < op.untilRow; row++)
            survivors.push(insertBatch(file, log, rows, row * ROW_COLUMNS, slabs));
          noteSurvivors(file, log, op, survivors);
          this.#segmentsChanged(log);
        });
        return;
      case "cleaned-to":
        this.#with(op.key, (log) => {
          log.cleanedTo = op.offset;
          log.cleanings = op.cleanings;
        });
        return;
      case "epochs":
        this.#with(op.key, (log, { statements }) => {
          statements.removeEpochs.run(log.id);
          for (const entry of op.entries) statements.insertEpoch.run(log.id, entry.epoch, entry.startOffset);
        });
        return;
      case "producers":
        this.#with(op.key, (log, { statements }) => {
          for (const producerId of op.removed) statements.removeProducer.run(log.id, producerId);
          for (const { producerId, producerEpoch, lastSeenMs, batches } of op.changed)
            statements.saveProducer.run(log.id, producerId, producerEpoch, lastSeenMs, producerBatchesText(batches));
        });
        return;
      default:
        unreachable(op);
    }
  }

  /** Writes the rows of logs that changed. Before the commit. */
  flush(): void {
    for (const log of this.#dirtySegments) {
      const { statements } = this.#shards.truth(log.fileNo);
      statements.removeSegments.run(log.id);
      insertSegments(statements, log);
    }
    this.#dirtySegments.clear();
    for (const log of this.#dirty) {
      this.#shards
        .truth(log.fileNo)
        .statements.updatePartition.run(
          log.logStart,
          log.logEnd,
          log.highWatermark,
          log.maxTimestampMs,
          log.tailFrom,
          log.tailBytes,
          log.tailMaxTimestampMs,
          log.cleanedTo,
          log.cleanings,
          log.id,
        );
    }
    this.#dirty.clear();
  }

  /** Forgets what was not flushed: the states are loaded anew. */
  forgetChanges(): void {
    this.#dirty.clear();
    this.#dirtySegments.clear();
    this.open.clear();
  }

  /** Notes that a log's row must be written although no operation named it. */
  markChanged(log: LogState): void {
    this.#touch(this.#shards.truth(log.fileNo));
    this.#dirty.add(log);
    this.#segmentsChanged(log);
  }

  /** Removes the rows of a log that another file tells the truth about. */
  removeStale(file: ShardFile, id: number): void {
    if (this.#touch(file)) removeRows(file, id);
  }

  #row(keys: readonly string[], rows: Float64Array, at: number, slabs: readonly Buffer[]): void {
    const key = keys[rows[at + ROW.key]!]!;
    const log = this.logs.get(key);
    // A log removed in the same turn may still have operations behind it.
    if (!log) return;
    const file = this.#touch(this.#shards.truth(log.fileNo));
    if (!file) return;
    this.#dirty.add(log);
    const offset = rows[at + ROW.offset]!;
    const length = rows[at + ROW.length]!;
    if (length === IS_HIGH_WATERMARK) {
      log.highWatermark = offset;
      return;
    }
    invariant(offset >= log.logEnd, `a batch of ${key} at ${offset} came after the log had reached ${log.logEnd}`);
    const { lastOffset, maxTimestampMs } = insertBatch(file, log, rows, at, slabs);
    log.logEnd = lastOffset + 1;
    log.tailBytes += length;
    if (maxTimestampMs > log.tailMaxTimestampMs) log.tailMaxTimestampMs = maxTimestampMs;
    if (maxTimestampMs > log.maxTimestampMs) log.maxTimestampMs = maxTimestampMs;
  }

  #create(descriptor: LogDescriptor): void {
    const known = this.logs.get(descriptor.key);
    if (known) {
      // A change of shard was made before this group began; here only words change.
      const file = this.#touch(this.#shards.truth(known.fileNo));
      known.descriptor = descriptor;
      if (file) savePartition(file, known);
      return;
    }
    const shard = this.#shards.shardFor(descriptor.key, descriptor.retentionClass);
    const file = this.#touch(this.#shards.writable(shard, this.nextPartitionId));
    if (!file) return;
    const log = newLogState(this.nextPartitionId++, descriptor, file.fileNo, 1);
    this.logs.set(descriptor.key, log);
    this.removed.delete(descriptor.key);
    this.relocated.add(descriptor.key);
    savePartition(file, log);
  }

  #remove(key: string): void {
    const log = this.logs.get(key);
    if (!log) return;
    const file = this.#touch(this.#shards.truth(log.fileNo));
    if (!file) return;
    removeRows(file, log.id);
    if (file.fileNo === METADATA_FILE_NO)
      file.statements.removeBatchesBelow.run(log.id, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    this.logs.delete(key);
    this.#dirty.delete(log);
    this.#dirtySegments.delete(log);
    this.relocated.delete(key);
    this.removed.add(key);
  }

  #restart(log: LogState, file: ShardFile, offset: number): void {
    removeRows(file, log.id);
    if (file.fileNo === METADATA_FILE_NO)
      file.statements.removeBatchesBelow.run(log.id, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    const fresh = newLogState(this.nextPartitionId++, log.descriptor, log.fileNo, log.generation);
    const cleaned = { cleanedTo: Math.min(log.cleanedTo, offset), cleanings: log.cleanings };
    const offsets = { logStart: offset, logEnd: offset, highWatermark: offset, tailFrom: offset };
    Object.assign(log, fresh, offsets, cleaned);
    this.#dirtySegments.delete(log);
    savePartition(file, log);
    this.relocated.add(log.descriptor.key);
  }

  #segmentsChanged(log: LogState): void {
    this.#dirtySegments.add(log);
    this.relocated.add(log.descriptor.key);
  }

  #with(key: string, change: (log: LogState, file: ShardFile) => void): void {
    const log = this.logs.get(key);
    if (!log) return;
    const file = this.#touch(this.#shards.truth(log.fileNo));
    if (!file) return;
    this.#dirty.add(log);
    change(log, file);
  }

  /** The file with a transaction open, or null when its part of this group is committed already. */
  #touch(file: ShardFile): ShardFile | null {
    if (this.open.has(file)) return file;
    if (this.done.has(file.fileNo)) return null;
    file.begin();
    this.open.add(file);
    return file;
  }
}

/** Writes the whole row of a log. */
export function savePartition(file: Pick<ShardFile, "statements">, log: LogState): void {
  const { key, topicName, topicId, partition, retentionClass } = log.descriptor;
  file.statements.savePartition.run(
    log.id,
    key,
    topicName,
    topicId,
    partition,
    retentionClass,
    log.generation,
    log.logStart,
    log.logEnd,
    log.highWatermark,
    log.maxTimestampMs,
    log.tailFrom,
    log.tailBytes,
    log.tailMaxTimestampMs,
    log.cleanedTo,
    log.cleanings,
  );
}

/** Writes everything a file must know of a log but its batches. */
export function saveWholeLog(file: Pick<ShardFile, "statements">, log: LogState, side: SideTables): void {
  savePartition(file, log);
  insertSegments(file.statements, log);
  for (const entry of side.epochs) file.statements.insertEpoch.run(log.id, entry.epoch, entry.startOffset);
  for (const { producerId, producerEpoch, lastSeenMs, batches } of side.producers)
    file.statements.saveProducer.run(log.id, producerId, producerEpoch, lastSeenMs, producerBatchesText(batches));
}

/** Removes everything a file knows of a log but its batches, which are dead then. */
export function removeRows({ statements }: Pick<ShardFile, "statements">, id: number): void {
  statements.removePartition.run(id);
  statements.removeSegments.run(id);
  statements.removeEpochs.run(id);
  statements.removeProducers.run(id);
}

function insertSegments(statements: ShardFile["statements"], log: LogState): void {
  for (const segment of log.segments) {
    const { fromOffset, untilOffset, fileNo, sizeBytes, maxTimestampMs } = segment;
    statements.insertSegment.run(log.id, fromOffset, untilOffset, fileNo, sizeBytes, maxTimestampMs);
  }
}

/** Puts a batch that crossed as a row of numbers into the file that is written. */
function insertBatch(
  file: ShardFile,
  log: LogState,
  rows: Float64Array,
  at: number,
  slabs: readonly Buffer[],
): Survivor {
  const sizeBytes = rows[at + ROW.length]!;
  const lastOffset = rows[at + ROW.lastOffset]!;
  const maxTimestampMs = rows[at + ROW.maxTimestampMs]!;
  file.statements.insertBatch.run(
    log.id,
    rows[at + ROW.offset]!,
    lastOffset,
    rows[at + ROW.leaderEpoch]!,
    maxTimestampMs,
    rows[at + ROW.recordCount]!,
    sizeBytes,
    rows[at + ROW.crc]!,
    bytesOf({ slab: rows[at + ROW.slab]!, at: rows[at + ROW.at]!, length: sizeBytes }, slabs),
  );
  file.noteBatch(sizeBytes);
  return { lastOffset, sizeBytes, maxTimestampMs };
}

function bytesOf(place: SharedBytes, slabs: readonly Buffer[]): Buffer {
  const slab = slabs[place.slab];
  invariant(slab, "the message carries the slab it names");
  return slab.subarray(place.at, place.at + place.length);
}
