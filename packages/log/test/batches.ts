import { type BatchFacts, Offset } from "@vitrine/core";
import type { Batch } from "../src/partition-log.ts";

/** Sizes of the header of a record batch, format v2; and where its CRC begins to count. */
const HEADER_BYTES = 61;
const CRC_FROM = 21;

export interface BatchOptions {
  readonly baseOffset: number;
  /** Default 1. */
  readonly records?: number;
  /** Default 0. */
  readonly epoch?: number;
  readonly payload?: string;
  readonly timestampMs?: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly isControl?: boolean;
}

/** A batch with a true header and CRC32C, so that stores which check what they read back accept it. The payload is no real record. */
export function testBatch(options: BatchOptions): Batch {
  const payload = new TextEncoder().encode(options.payload ?? `payload of ${options.baseOffset}`);
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  bytes.set(payload, HEADER_BYTES);
  const facts = factsOf(options, bytes.length);
  writeHeader(bytes, facts);
  const crc = crc32c(bytes.subarray(CRC_FROM));
  new DataView(bytes.buffer).setUint32(17, crc);
  return { facts: { ...facts, crc }, bytes };
}

function factsOf(options: BatchOptions, sizeBytes: number): BatchFacts {
  const records = options.records ?? 1;
  const isControl = options.isControl ?? false;
  return {
    baseOffset: Offset(options.baseOffset),
    lastOffset: Offset(options.baseOffset + records - 1),
    leaderEpoch: options.epoch ?? 0,
    sizeBytes,
    crc: 0,
    attributes: isControl ? 0x20 : 0,
    baseTimestampMs: options.timestampMs ?? 1000,
    maxTimestampMs: options.timestampMs ?? 1000,
    producerId: options.producerId ?? -1,
    producerEpoch: options.producerEpoch ?? (options.producerId === undefined ? -1 : 0),
    baseSequence: options.baseSequence ?? -1,
    recordCount: records,
    isControl,
    isTransactional: false,
  };
}

function writeHeader(bytes: Uint8Array, facts: BatchFacts): void {
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, BigInt(facts.baseOffset));
  view.setInt32(8, bytes.length - 12);
  view.setInt32(12, facts.leaderEpoch);
  view.setInt8(16, 2);
  view.setInt16(21, facts.attributes);
  view.setInt32(23, facts.lastOffset - facts.baseOffset);
  view.setBigInt64(27, BigInt(facts.baseTimestampMs));
  view.setBigInt64(35, BigInt(facts.maxTimestampMs));
  view.setBigInt64(43, BigInt(facts.producerId));
  view.setInt16(51, facts.producerEpoch);
  view.setInt32(53, facts.baseSequence);
  view.setInt32(57, facts.recordCount);
}

/** Castagnoli, reflected, a byte at a time: slow and obviously right. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}
