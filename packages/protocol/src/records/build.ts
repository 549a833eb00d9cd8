import { ATTRIBUTE, BATCH_AT, BATCH_HEADER_BYTES, patchBatch } from "../batch.ts";
import { Writer } from "../writer.ts";
import { compress, COMPRESSIONS, type Compression } from "./compression.ts";
import { sealBatch } from "./crc32c.ts";
import { varlongSize } from "./varlong-size.ts";

export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** A record before it has an offset. */
export interface RecordToWrite {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers?: readonly RecordHeader[];
  readonly timestampMs: number;
}

export interface BatchOptions {
  readonly baseOffset?: number;
  readonly leaderEpoch?: number;
  readonly compression?: Compression;
  /** -1, the default: not idempotent. */
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly isTransactional?: boolean;
  readonly isControl?: boolean;
}

/** Building is synchronous and never nests, so one buffer serves all of it. */
const writer = new Writer();

/** One batch of format v2 with its CRC. There must be at least one record; offsets follow each other without gaps. */
export function buildBatch(records: readonly RecordToWrite[], options: BatchOptions = {}): Uint8Array {
  const first = records[0];
  if (first === undefined) throw new RangeError("a batch holds at least one record");
  const compression = options.compression ?? "none";
  const baseTimestampMs = first.timestampMs;
  let maxTimestampMs = baseTimestampMs;
  writer.reset();
  writer.take(BATCH_HEADER_BYTES);
  for (let index = 0; index < records.length; index++) {
    const record = records[index]!;
    if (record.timestampMs > maxTimestampMs) maxTimestampMs = record.timestampMs;
    writeRecord(writer, record, record.timestampMs - baseTimestampMs, index);
  }
  let batch = writer.finish();
  if (compression !== "none") {
    const payload = compress(compression, batch.subarray(BATCH_HEADER_BYTES));
    batch = new Uint8Array(BATCH_HEADER_BYTES + payload.length);
    batch.set(payload, BATCH_HEADER_BYTES);
  }
  const view = new DataView(batch.buffer, batch.byteOffset, BATCH_HEADER_BYTES);
  patchBatch(batch, options.baseOffset ?? 0, options.leaderEpoch ?? -1);
  view.setInt32(BATCH_AT.batchLength, batch.length - BATCH_AT.leaderEpoch);
  view.setInt8(BATCH_AT.magic, 2);
  view.setInt16(
    BATCH_AT.attributes,
    COMPRESSIONS.indexOf(compression) |
      (options.isTransactional ? ATTRIBUTE.transactional : 0) |
      (options.isControl ? ATTRIBUTE.control : 0),
  );
  view.setInt32(BATCH_AT.lastOffsetDelta, records.length - 1);
  view.setBigInt64(BATCH_AT.baseTimestamp, BigInt(baseTimestampMs));
  view.setBigInt64(BATCH_AT.maxTimestamp, BigInt(maxTimestampMs));
  view.setBigInt64(BATCH_AT.producerId, BigInt(options.producerId ?? -1));
  view.setInt16(BATCH_AT.producerEpoch, options.producerEpoch ?? -1);
  view.setInt32(BATCH_AT.baseSequence, options.baseSequence ?? -1);
  view.setInt32(BATCH_AT.recordCount, records.length);
  sealBatch(batch);
  return batch;
}

function writeRecord(out: Writer, record: RecordToWrite, timestampDelta: number, offsetDelta: number): void {
  const { key, value } = record;
  const headers = record.headers ?? [];
  let size = 1 + varlongSize(timestampDelta) + varlongSize(offsetDelta);
  size += key === null ? 1 : varlongSize(key.length) + key.length;
  size += value === null ? 1 : varlongSize(value.length) + value.length;
  size += varlongSize(headers.length);
  for (const header of headers) {
    const keyLength = Buffer.byteLength(header.key);
    size += varlongSize(keyLength) + keyLength;
    size += header.value === null ? 1 : varlongSize(header.value.length) + header.value.length;
  }
  out.varlong(size);
  out.int8(0);
  out.varlong(timestampDelta);
  out.varlong(offsetDelta);
  writeNullable(out, key);
  writeNullable(out, value);
  out.varlong(headers.length);
  for (const header of headers) {
    writeNullable(out, Buffer.from(header.key));
    writeNullable(out, header.value);
  }
}

function writeNullable(out: Writer, bytes: Uint8Array | null): void {
  out.varlong(bytes === null ? -1 : bytes.length);
  if (bytes !== null) out.raw(bytes);
}
