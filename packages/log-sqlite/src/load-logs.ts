/** Reads the side tables of the files that are written: all that must be known at start. No batch is touched, whatever the size of the log. */
import { Offset, Uuid } from "@vitrine/core";
import type { EpochEntry, LogKey, ProducerBatch, ProducerEntry } from "@vitrine/log";
import type { LogState, Segment, SideTables } from "./log-state.ts";
import type { ShardFile } from "./shard-file.ts";
import type { Shards } from "./shards.ts";
import type { PartitionRow, ProducerRow, SegmentRow } from "./statements.ts";

export interface LoadedStates {
  readonly logs: Map<string, LogState>;
  /** Rows that a newer file contradicts (a move between shards that was cut short): to be removed from that file. */
  readonly stale: readonly { readonly file: ShardFile; readonly id: number }[];
  readonly nextPartitionId: number;
}

/** The state of every log, from the file that tells the truth about it. */
export function loadStates(shards: Shards): LoadedStates {
  const logs = new Map<string, LogState>();
  const stale: { file: ShardFile; id: number }[] = [];
  let nextPartitionId = 1;
  for (const file of shards.active) {
    nextPartitionId = Math.max(nextPartitionId, file.nextPartitionId);
    const segments = segmentsOf(file);
    for (const row of file.db.prepare<[], PartitionRow>("SELECT * FROM partitions").iterate()) {
      const state = stateOf(row, file.fileNo, segments.get(row.id) ?? []);
      const other = logs.get(row.log_key);
      if (other && other.generation > state.generation) stale.push({ file, id: state.id });
      else {
        if (other) stale.push({ file: shards.truth(other.fileNo), id: other.id });
        logs.set(row.log_key, state);
      }
    }
  }
  return { logs, stale, nextPartitionId };
}

/** Epochs and producers of every partition in a file, by partition id. */
export function loadSideTables(file: ShardFile): Map<number, { epochs: EpochEntry[]; producers: ProducerEntry[] }> {
  const tables = new Map<number, { epochs: EpochEntry[]; producers: ProducerEntry[] }>();
  const of = (id: number) => {
    let table = tables.get(id);
    if (!table) tables.set(id, (table = { epochs: [], producers: [] }));
    return table;
  };
  const epochs = file.db.prepare<[], { partition_id: number; epoch: number; start_offset: number }>(
    "SELECT partition_id, epoch, start_offset FROM leader_epochs ORDER BY partition_id, epoch",
  );
  for (const row of epochs.iterate())
    of(row.partition_id).epochs.push({ epoch: row.epoch, startOffset: Offset(row.start_offset) });
  const producers = file.db.prepare<[], ProducerRow>("SELECT * FROM producers ORDER BY partition_id, producer_id");
  for (const row of producers.iterate()) of(row.partition_id).producers.push(producerOf(row));
  return tables;
}

/** Side tables of one partition. */
export function sideTablesOf(file: ShardFile, id: number): SideTables {
  const epochs = file.db
    .prepare<[number], { epoch: number; start_offset: number }>(
      "SELECT epoch, start_offset FROM leader_epochs WHERE partition_id = ? ORDER BY epoch",
    )
    .all(id);
  const producers = file.db.prepare<[number], ProducerRow>("SELECT * FROM producers WHERE partition_id = ?").all(id);
  return {
    epochs: epochs.map((row) => ({ epoch: row.epoch, startOffset: Offset(row.start_offset) })),
    producers: producers.map(producerOf),
  };
}

/** Text of `producers.batches`. */
export function producerBatchesText(batches: readonly ProducerBatch[]): string {
  return JSON.stringify(
    batches.map((batch) => [
      batch.producerEpoch,
      batch.baseSequence,
      batch.lastSequence,
      batch.baseOffset,
      batch.lastOffset,
      batch.timestampMs,
    ]),
  );
}

function producerOf(row: ProducerRow): ProducerEntry {
  const rows: unknown = JSON.parse(row.batches);
  const batches: ProducerBatch[] = [];
  for (const item of Array.isArray(rows) ? rows : []) {
    const numbers: number[] = Array.isArray(item) ? item.map(Number) : [];
    const [producerEpoch = 0, baseSequence = 0, lastSequence = 0, baseOffset = 0, lastOffset = 0, timestampMs = -1] =
      numbers;
    batches.push({
      producerEpoch,
      baseSequence,
      lastSequence,
      timestampMs,
      baseOffset: Offset(baseOffset),
      lastOffset: Offset(lastOffset),
    });
  }
  return { producerId: row.producer_id, producerEpoch: row.producer_epoch, lastSeenMs: row.last_seen_ms, batches };
}

function segmentsOf(file: ShardFile): Map<number, Segment[]> {
  const found = new Map<number, Segment[]>();
  const rows = file.db.prepare<[], SegmentRow>("SELECT * FROM segments ORDER BY partition_id, from_offset");
  for (const row of rows.iterate()) {
    const segment: Segment = {
      fromOffset: row.from_offset,
      untilOffset: row.until_offset,
      fileNo: row.file_no,
      sizeBytes: row.size_bytes,
      maxTimestampMs: row.max_timestamp_ms,
    };
    const list = found.get(row.partition_id);
    if (list) list.push(segment);
    else found.set(row.partition_id, [segment]);
  }
  return found;
}

function stateOf(row: PartitionRow, fileNo: number, segments: Segment[]): LogState {
  return {
    id: row.id,
    descriptor: {
      key: row.log_key as LogKey,
      topicId: Uuid(row.topic_id),
      partition: row.partition,
      topicName: row.topic_name,
      retentionClass: row.retention_class,
    },
    generation: row.generation,
    logStart: row.log_start,
    logEnd: row.log_end,
    highWatermark: row.high_watermark,
    maxTimestampMs: row.max_timestamp_ms,
    fileNo,
    segments,
    tailFrom: row.tail_from,
    tailBytes: row.tail_bytes,
    tailMaxTimestampMs: row.tail_max_timestamp_ms,
    cleanedTo: row.cleaned_to,
    cleanings: row.cleanings,
  };
}
