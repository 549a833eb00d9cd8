import { ATTRIBUTE, BATCH_HEADER_BYTES, isBatchError, readBatchFacts } from "../batch.ts";
import { ProtocolError } from "../protocol-error.ts";
import { Reader } from "../reader.ts";
import type { RecordHeader } from "./build.ts";
import { compressionOf, decompress, MAX_DECOMPRESSED_BYTES } from "./compression.ts";

/** A record as it stands in the log; key, value and header values are views on the batch (or on its decompressed payload). */
export interface StoredRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

const NO_HEADERS: readonly RecordHeader[] = [];

/** The records of one batch, in order; decompression happens at the first. Throws ProtocolError (CORRUPT_MESSAGE) where the bytes lie. */
export function* iterateRecords(batch: Uint8Array, maxBytes = MAX_DECOMPRESSED_BYTES): Generator<StoredRecord, void> {
  const facts = readBatchFacts(batch);
  if (isBatchError(facts)) throw new ProtocolError(facts.message, "CORRUPT_MESSAGE");
  const compression = compressionOf(facts.attributes);
  if (compression === null)
    throw new ProtocolError(`compression ${facts.attributes & 7} is not known`, "UNSUPPORTED_COMPRESSION_TYPE");
  const payload = decompress(compression, batch.subarray(BATCH_HEADER_BYTES, facts.sizeBytes), maxBytes);
  const reader = new Reader(payload);
  const stampMs = facts.attributes & ATTRIBUTE.logAppendTime ? facts.maxTimestampMs : null;
  for (let count = 0; count < facts.recordCount; count++)
    yield readRecord(reader, facts.baseOffset, facts.baseTimestampMs, stampMs);
  if (reader.remaining > 0)
    throw new ProtocolError(`${reader.remaining} bytes follow the last record`, "CORRUPT_MESSAGE");
}

/** All records of one batch. */
export function readRecords(batch: Uint8Array, maxBytes = MAX_DECOMPRESSED_BYTES): StoredRecord[] {
  return [...iterateRecords(batch, maxBytes)];
}

function readRecord(reader: Reader, baseOffset: number, baseTimestampMs: number, stampMs: number | null): StoredRecord {
  try {
    const length = reader.varint();
    const end = reader.at + length;
    if (length < 0 || length > reader.remaining) throw new ProtocolError(`a record of ${length} bytes`);
    reader.int8();
    const timestampMs = baseTimestampMs + reader.varlong();
    const offset = baseOffset + reader.varint();
    const key = nullable(reader);
    const value = nullable(reader);
    const headers = readHeaders(reader);
    reader.tagDone(end);
    return { offset, timestampMs: stampMs ?? timestampMs, key, value, headers };
  } catch (error) {
    if (error instanceof ProtocolError) throw new ProtocolError(`broken record: ${error.message}`, "CORRUPT_MESSAGE");
    throw error;
  }
}

function readHeaders(reader: Reader): readonly RecordHeader[] {
  const count = reader.varint();
  if (count === 0) return NO_HEADERS;
  // Each header takes two bytes at least.
  if (count < 0 || count * 2 > reader.remaining) throw new ProtocolError(`a record with ${count} headers`);
  const headers: RecordHeader[] = [];
  for (let i = 0; i < count; i++) {
    const key = nullable(reader);
    if (key === null) throw new ProtocolError("a record header without a key");
    headers.push({
      key: Buffer.from(key.buffer, key.byteOffset, key.length).toString("utf8"),
      value: nullable(reader),
    });
  }
  return headers;
}

function nullable(reader: Reader): Uint8Array | null {
  const length = reader.varint();
  if (length === -1) return null;
  if (length < 0) throw new ProtocolError(`a field of ${length} bytes`);
  return reader.slice(length);
}
