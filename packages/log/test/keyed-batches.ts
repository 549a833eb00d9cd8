/** Batches with keys and values in a format of the tests' own (JSON): what compaction decides does not depend on how records are written. */
import { hash } from "node:crypto";
import { type BatchFacts, Offset } from "@vitrine/core";
import type { RecordFormat } from "../src/compaction.ts";
import type { Batch } from "../src/partition-log.ts";
import { testBatch } from "./batches.ts";

export interface TestRecord {
  readonly offset: number;
  readonly key: string | null;
  /** null: a tombstone. */
  readonly value: string | null;
}

export interface KeyedBatch {
  readonly baseOffset: number;
  readonly records: readonly Omit<TestRecord, "offset">[];
  readonly timestampMs?: number;
  readonly producerId?: number;
  readonly baseSequence?: number;
  readonly isControl?: boolean;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const HEADER_BYTES = 61;
const HORIZON = 0x40;

export function keyedBatch({ baseOffset, records, ...rest }: KeyedBatch): Batch {
  const payload = JSON.stringify(records.map((record, index) => ({ offset: baseOffset + index, ...record })));
  return testBatch({ baseOffset, records: records.length, payload, ...rest });
}

export function recordsOf(batch: Batch): TestRecord[] {
  if (batch.facts.recordCount === 0) return [];
  return JSON.parse(decoder.decode(batch.bytes.subarray(HEADER_BYTES))) as TestRecord[];
}

export function horizonOf({ facts }: Batch): number | null {
  return (facts.attributes & HORIZON) === 0 ? null : facts.baseTimestampMs;
}

function factsIn(bytes: Uint8Array): BatchFacts {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const attributes = view.getInt16(21);
  const baseOffset = Number(view.getBigInt64(0));
  return {
    baseOffset: Offset(baseOffset),
    lastOffset: Offset(baseOffset + view.getInt32(23)),
    leaderEpoch: view.getInt32(12),
    sizeBytes: bytes.length,
    crc: view.getUint32(17),
    attributes,
    baseTimestampMs: Number(view.getBigInt64(27)),
    maxTimestampMs: Number(view.getBigInt64(35)),
    producerId: Number(view.getBigInt64(43)),
    producerEpoch: view.getInt16(51),
    baseSequence: view.getInt32(53),
    recordCount: view.getInt32(57),
    isControl: (attributes & 0x20) !== 0,
    isTransactional: false,
  };
}

/** The batch with other records; the header says what is asked for. */
function rebuilt(batch: Uint8Array, records: readonly TestRecord[], horizonMs: number | null): Uint8Array {
  const payload = records.length === 0 ? new Uint8Array(0) : encoder.encode(JSON.stringify(records));
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  bytes.set(batch.subarray(0, HEADER_BYTES));
  bytes.set(payload, HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setInt32(8, bytes.length - 12);
  view.setInt32(57, records.length);
  if (horizonMs !== null) {
    view.setInt16(21, view.getInt16(21) | HORIZON);
    view.setBigInt64(27, BigInt(horizonMs));
  }
  return bytes;
}

export const jsonFormat: RecordFormat = {
  open: (batch) => {
    const records = recordsOf({ facts: factsIn(batch), bytes: batch });
    return {
      records: records.map(({ offset, key, value }) => ({
        offset,
        key: key === null ? null : encoder.encode(key),
        hasValue: value !== null,
      })),
      keep: (kept, horizonMs) =>
        rebuilt(
          batch,
          kept.map((index) => records[index]!),
          horizonMs,
        ),
    };
  },
  withoutRecords: (batch) => rebuilt(batch, [], null),
  facts: factsIn,
  digest: (key) => hash("sha256", key, "buffer").subarray(0, 16),
};
