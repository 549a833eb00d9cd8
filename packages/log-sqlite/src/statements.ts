import type { Database, Statement } from "better-sqlite3";

/** Bound values; better-sqlite3 takes Buffers over shared memory as blobs. */
export type Value = number | string | Uint8Array | null;

export interface PartitionRow {
  readonly id: number;
  readonly log_key: string;
  readonly topic_name: string;
  readonly topic_id: string;
  readonly partition: number;
  readonly retention_class: string;
  readonly generation: number;
  readonly log_start: number;
  readonly log_end: number;
  readonly high_watermark: number;
  readonly max_timestamp_ms: number;
  readonly tail_from: number;
  readonly tail_bytes: number;
  readonly tail_max_timestamp_ms: number;
  readonly cleaned_to: number;
  readonly cleanings: number;
}

export interface SegmentRow {
  readonly partition_id: number;
  readonly from_offset: number;
  readonly until_offset: number;
  readonly file_no: number;
  readonly size_bytes: number;
  readonly max_timestamp_ms: number;
}

export interface ProducerRow {
  readonly partition_id: number;
  readonly producer_id: number;
  readonly producer_epoch: number;
  readonly last_seen_ms: number | null;
  readonly batches: string;
}

/** Everything the storage thread says to one data file, prepared once. */
export interface Statements {
  readonly insertBatch: Statement<Value[]>;
  readonly savePartition: Statement<Value[]>;
  readonly updatePartition: Statement<Value[]>;
  readonly removePartition: Statement<[number]>;
  readonly insertSegment: Statement<Value[]>;
  readonly removeSegments: Statement<[number]>;
  readonly insertEpoch: Statement<[number, number, number]>;
  readonly removeEpochs: Statement<[number]>;
  readonly saveProducer: Statement<Value[]>;
  readonly removeProducer: Statement<[number, number]>;
  readonly removeProducers: Statement<[number]>;
  readonly countCommit: Statement<[number]>;
  readonly truncateBatches: Statement<[number, number, number], { size_bytes: number }>;
  readonly floorBatch: Statement<[number, number], { base_offset: number; last_offset: number }>;
  readonly sumBytes: Statement<
    [number, number, number, number, number],
    { bytes: number | null; newest: number | null }
  >;
  readonly replaceBatches: Statement<
    [number, number, number, number],
    { last_offset: number; size_bytes: number; max_timestamp_ms: number }
  >;
  readonly findNewest: Statement<[number, number, number, number, number], { max_timestamp_ms: number }>;
  readonly removeBatchesBelow: Statement<[number, number, number]>;
  readonly removeBatchRange: Statement<[number, number, number]>;
  readonly saveQuorumState: Statement<Value[]>;
  readonly saveSnapshot: Statement<Value[]>;
  readonly removeSnapshots: Statement<[]>;
}

/** Prepares the statements of one file. */
export function prepareStatements(db: Database): Statements {
  return {
    insertBatch: db.prepare(
      `INSERT INTO batches (partition_id, base_offset, last_offset, leader_epoch, max_timestamp_ms, record_count, size_bytes, crc, bytes)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    savePartition: db.prepare(
      `INSERT OR REPLACE INTO partitions (id, log_key, topic_name, topic_id, partition, retention_class, generation, log_start, log_end,
       high_watermark, max_timestamp_ms, tail_from, tail_bytes, tail_max_timestamp_ms, cleaned_to, cleanings)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    updatePartition: db.prepare(
      `UPDATE partitions SET log_start = ?, log_end = ?, high_watermark = ?, max_timestamp_ms = ?, tail_from = ?, tail_bytes = ?,
       tail_max_timestamp_ms = ?, cleaned_to = ?, cleanings = ? WHERE id = ?`,
    ),
    removePartition: db.prepare("DELETE FROM partitions WHERE id = ?"),
    insertSegment: db.prepare(
      `INSERT INTO segments (partition_id, from_offset, until_offset, file_no, size_bytes, max_timestamp_ms) VALUES (?, ?, ?, ?, ?, ?)`,
    ),
    removeSegments: db.prepare("DELETE FROM segments WHERE partition_id = ?"),
    insertEpoch: db.prepare("INSERT INTO leader_epochs (partition_id, epoch, start_offset) VALUES (?, ?, ?)"),
    removeEpochs: db.prepare("DELETE FROM leader_epochs WHERE partition_id = ?"),
    saveProducer: db.prepare(
      "INSERT OR REPLACE INTO producers (partition_id, producer_id, producer_epoch, last_seen_ms, batches) VALUES (?, ?, ?, ?, ?)",
    ),
    removeProducer: db.prepare("DELETE FROM producers WHERE partition_id = ? AND producer_id = ?"),
    removeProducers: db.prepare("DELETE FROM producers WHERE partition_id = ?"),
    countCommit: db.prepare("UPDATE meta SET commits = commits + 1, next_partition_id = max(next_partition_id, ?)"),
    truncateBatches: db.prepare(
      "DELETE FROM batches WHERE partition_id = ? AND base_offset >= ? AND last_offset >= ? RETURNING size_bytes",
    ),
    floorBatch: db.prepare(
      "SELECT base_offset, last_offset FROM batches WHERE partition_id = ? AND base_offset <= ? ORDER BY base_offset DESC LIMIT 1",
    ),
    // Live batches of a range: those whose last offset lies in [third, fourth), looked for from base offset second on.
    sumBytes: db.prepare(
      `SELECT sum(size_bytes) AS bytes, max(max_timestamp_ms) AS newest FROM batches
       WHERE partition_id = ? AND base_offset >= ? AND last_offset >= ? AND last_offset < ? AND base_offset < ?`,
    ),
    replaceBatches: db.prepare(
      `DELETE FROM batches WHERE partition_id = ? AND base_offset >= ? AND last_offset >= ? AND last_offset < ?
       RETURNING last_offset, size_bytes, max_timestamp_ms`,
    ),
    findNewest: db.prepare(
      `SELECT max_timestamp_ms FROM batches WHERE partition_id = ? AND base_offset >= ? AND last_offset >= ? AND last_offset < ?
       AND max_timestamp_ms >= ? LIMIT 1`,
    ),
    removeBatchesBelow: db.prepare(
      "DELETE FROM batches WHERE partition_id = ? AND base_offset < ? AND last_offset < ?",
    ),
    removeBatchRange: db.prepare("DELETE FROM batches WHERE partition_id = ? AND base_offset >= ? AND base_offset < ?"),
    saveQuorumState: db.prepare(
      "INSERT OR REPLACE INTO quorum_state (id, leader_epoch, leader_id, voted_id, voted_directory_id) VALUES (1, ?, ?, ?, ?)",
    ),
    saveSnapshot: db.prepare("INSERT OR REPLACE INTO snapshots (end_offset, epoch, bytes) VALUES (?, ?, ?)"),
    removeSnapshots: db.prepare("DELETE FROM snapshots"),
  };
}
