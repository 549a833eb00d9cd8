import { hash } from "node:crypto";
import type { BatchFacts } from "@vitrine/core";
import { ATTRIBUTE, BATCH_AT, BATCH_HEADER_BYTES, isBatchError, readBatchFacts } from "../batch.ts";
import { ProtocolError } from "../protocol-error.ts";
import { Reader } from "../reader.ts";
import { Writer } from "../writer.ts";
import { compress, compressionOf, decompress } from "./compression.ts";
import { sealBatch } from "./crc32c.ts";
import { varlongSize } from "./varlong-size.ts";

/** What compaction must know of a record. The key is a view on the batch, or on what it decompressed to. */
export interface KeyedRecord {
  readonly offset: number;
  readonly key: Uint8Array | null;
  /** False: a tombstone. */
  readonly hasValue: boolean;
}

/** A record as it lies in the payload, from after its length to its end. */
interface PlacedRecord extends KeyedRecord {
  readonly timestampMs: number;
  /** Where its length begins, where its attributes are, where what follows its timestamp begins, and its end. */
  readonly from: number;
  readonly attributesAt: number;
  readonly restAt: number;
  readonly end: number;
}

/** A batch whose records were looked at. */
export interface OpenedBatch {
  readonly records: readonly KeyedRecord[];
  /**
   * The batch with these of its records only (indices, ascending, at least one): offsets, timestamps, producer, sequence and codec stay.
   * `deleteHorizonMs`: until when its tombstones stay (KIP-534), kept where timestamps count from; null = as it was.
   */
  keep(kept: readonly number[], deleteHorizonMs: number | null): Uint8Array;
}

const DIGEST_BYTES = 16;
const NO_TIMESTAMP = -1n;
/** Filtering is synchronous and never nests, so one buffer serves all of it. */
const writer = new Writer();

/** The record format, as `packages/log` needs it to compact. Throws ProtocolError (CORRUPT_MESSAGE) where bytes are no records. */
export const recordFormat = { open, withoutRecords, facts, digest };

/** 16 bytes that stand for a key. Kafka takes MD5; nobody should be able to make two keys that share this. */
function digest(key: Uint8Array): Uint8Array {
  return hash("sha256", key, "buffer").subarray(0, DIGEST_BYTES);
}

function facts(batch: Uint8Array): BatchFacts {
  const read = readBatchFacts(batch);
  if (isBatchError(read)) throw new ProtocolError(read.message, "CORRUPT_MESSAGE");
  return read;
}

/** Reads keys and places of a batch's records. */
function open(batch: Uint8Array): OpenedBatch {
  const { attributes, sizeBytes, recordCount, baseOffset, baseTimestampMs } = facts(batch);
  const compression = compressionOf(attributes);
  if (compression === null)
    throw new ProtocolError(`compression ${attributes & 7} is not known`, "UNSUPPORTED_COMPRESSION_TYPE");
  const payload = decompress(compression, batch.subarray(BATCH_HEADER_BYTES, sizeBytes));
  const records = placeRecords(payload, recordCount, baseOffset, baseTimestampMs);
  return {
    records,
    keep: (kept, deleteHorizonMs) => {
      const chosen = kept.map((index) => records[index]!);
      const plain = deleteHorizonMs === null ? cutOut(payload, chosen) : rebase(payload, chosen, deleteHorizonMs);
      const packed = compress(compression, plain);
      const out = new Uint8Array(BATCH_HEADER_BYTES + packed.length);
      out.set(batch.subarray(0, BATCH_HEADER_BYTES));
      out.set(packed, BATCH_HEADER_BYTES);
      const view = new DataView(out.buffer);
      view.setInt32(BATCH_AT.batchLength, out.length - BATCH_AT.leaderEpoch);
      view.setInt32(BATCH_AT.recordCount, chosen.length);
      if (deleteHorizonMs !== null) {
        view.setInt16(BATCH_AT.attributes, attributes | ATTRIBUTE.deleteHorizon);
        view.setBigInt64(BATCH_AT.baseTimestamp, BigInt(deleteHorizonMs));
      }
      // Under LogAppendTime the header's time is the time of every record.
      if ((attributes & ATTRIBUTE.logAppendTime) === 0)
        view.setBigInt64(BATCH_AT.maxTimestamp, BigInt(newestOf(chosen)));
      sealBatch(out);
      return out;
    },
  };
}

/** Only the header, as Kafka keeps it where a producer's last sequence or the end of the log must not be forgotten. */
function withoutRecords(batch: Uint8Array): Uint8Array {
  const out = batch.slice(0, BATCH_HEADER_BYTES);
  const view = new DataView(out.buffer);
  view.setInt32(BATCH_AT.batchLength, BATCH_HEADER_BYTES - BATCH_AT.leaderEpoch);
  const dropped = ATTRIBUTE.compressionMask | ATTRIBUTE.deleteHorizon;
  view.setInt16(BATCH_AT.attributes, view.getInt16(BATCH_AT.attributes) & ~dropped);
  view.setBigInt64(BATCH_AT.baseTimestamp, NO_TIMESTAMP);
  view.setInt32(BATCH_AT.recordCount, 0);
  sealBatch(out);
  return out;
}

function placeRecords(
  payload: Uint8Array,
  recordCount: number,
  baseOffset: number,
  baseTimestampMs: number,
): PlacedRecord[] {
  const reader = new Reader(payload);
  const records: PlacedRecord[] = [];
  try {
    for (let count = 0; count < recordCount; count++) {
      const from = reader.at;
      const length = reader.varint();
      if (length < 0 || length > reader.remaining) throw new ProtocolError(`a record of ${length} bytes`);
      const attributesAt = reader.at;
      const end = attributesAt + length;
      reader.int8();
      const timestampMs = baseTimestampMs + reader.varlong();
      const restAt = reader.at;
      const offset = baseOffset + reader.varint();
      const keyLength = reader.varint();
      const key = keyLength < 0 ? null : reader.slice(keyLength);
      const hasValue = reader.varint() >= 0;
      if (reader.at > end) throw new ProtocolError("a record is longer than it states");
      reader.at = end;
      records.push({ offset, key, hasValue, timestampMs, from, attributesAt, restAt, end });
    }
    if (reader.remaining > 0) throw new ProtocolError(`${reader.remaining} bytes follow the last record`);
  } catch (error) {
    if (error instanceof ProtocolError) throw new ProtocolError(`broken record: ${error.message}`, "CORRUPT_MESSAGE");
    throw error;
  }
  return records;
}

/** Their bytes as they are, one behind the other. */
function cutOut(payload: Uint8Array, records: readonly PlacedRecord[]): Uint8Array {
  let size = 0;
  for (const { from, end } of records) size += end - from;
  const out = new Uint8Array(size);
  let at = 0;
  for (const { from, end } of records) {
    out.set(payload.subarray(from, end), at);
    at += end - from;
  }
  return out;
}

/** The same records with timestamps that count from another base. */
function rebase(payload: Uint8Array, records: readonly PlacedRecord[], baseTimestampMs: number): Uint8Array {
  writer.reset();
  for (const { timestampMs, attributesAt, restAt, end } of records) {
    const delta = timestampMs - baseTimestampMs;
    writer.varlong(1 + varlongSize(delta) + end - restAt);
    writer.raw(payload.subarray(attributesAt, attributesAt + 1));
    writer.varlong(delta);
    writer.raw(payload.subarray(restAt, end));
  }
  return writer.finish();
}

function newestOf(records: readonly PlacedRecord[]): number {
  let newest = -1;
  for (const { timestampMs } of records) if (timestampMs > newest) newest = timestampMs;
  return newest;
}
