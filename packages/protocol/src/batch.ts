/**
 * The record batch, format v2 (KIP-98), seen from outside: its 61-byte header, read and patched without decoding a record. Pure: usable in
 * machines and in the browser. Entry `@vitrine/protocol/batch`.
 */
import { Offset, type BatchFacts } from "@vitrine/core";

/** Bytes of a batch before its first record. */
export const BATCH_HEADER_BYTES = 61;
/** Bytes before the part that `batchLength` counts. */
export const BATCH_PREFIX_BYTES = 12;

export const BATCH_AT = {
  baseOffset: 0,
  batchLength: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
} as const;

/** Bits of the attributes. */
export const ATTRIBUTE = {
  compressionMask: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  deleteHorizon: 0x40,
} as const;

/** Why bytes are not a batch. "truncated": they end before the batch does. */
export interface BatchError {
  readonly reason: "truncated" | "magic" | "length" | "number";
  readonly message: string;
}

/** Reads the header at `at`. The CRC is not checked here. */
export function readBatchFacts(bytes: Uint8Array, at = 0): BatchFacts | BatchError {
  const left = bytes.length - at;
  if (left < BATCH_PREFIX_BYTES) return truncated(left);
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, left);
  // The magic stands at the same place in all formats, so it is looked at first.
  if (left > BATCH_AT.magic && view.getInt8(BATCH_AT.magic) !== 2)
    return { reason: "magic", message: unknownFormat(view.getInt8(BATCH_AT.magic)) };
  const sizeBytes = BATCH_PREFIX_BYTES + view.getInt32(BATCH_AT.batchLength);
  if (sizeBytes < BATCH_HEADER_BYTES)
    return { reason: "length", message: `a batch states a length of ${sizeBytes} bytes, less than its header` };
  if (left < sizeBytes) return truncated(left, sizeBytes);
  const attributes = view.getInt16(BATCH_AT.attributes);
  const baseOffset = int64(view, BATCH_AT.baseOffset);
  const lastOffsetDelta = view.getInt32(BATCH_AT.lastOffsetDelta);
  const baseTimestampMs = int64(view, BATCH_AT.baseTimestamp);
  const maxTimestampMs = int64(view, BATCH_AT.maxTimestamp);
  const producerId = int64(view, BATCH_AT.producerId);
  const recordCount = view.getInt32(BATCH_AT.recordCount);
  const lastOffset = baseOffset + lastOffsetDelta;
  if (baseOffset < 0 || lastOffsetDelta < 0 || recordCount < 0 || !Number.isSafeInteger(lastOffset))
    return {
      reason: "number",
      message: `a batch of ${recordCount} records from offset ${baseOffset} to ${lastOffset}`,
    };
  if (
    !Number.isSafeInteger(baseTimestampMs) ||
    !Number.isSafeInteger(maxTimestampMs) ||
    !Number.isSafeInteger(producerId)
  )
    return { reason: "number", message: "a timestamp or producer id of the batch is beyond 2^53" };
  return {
    baseOffset: Offset(baseOffset),
    lastOffset: Offset(lastOffset),
    leaderEpoch: view.getInt32(BATCH_AT.leaderEpoch),
    sizeBytes,
    crc: view.getUint32(BATCH_AT.crc),
    attributes,
    baseTimestampMs,
    maxTimestampMs,
    producerId,
    producerEpoch: view.getInt16(BATCH_AT.producerEpoch),
    baseSequence: view.getInt32(BATCH_AT.baseSequence),
    recordCount,
    isControl: (attributes & ATTRIBUTE.control) !== 0,
    isTransactional: (attributes & ATTRIBUTE.transactional) !== 0,
  };
}

/** Tells the two results apart. */
export function isBatchError(result: BatchFacts | BatchError): result is BatchError {
  return "reason" in result;
}

/** Sets what a broker sets: both fields lie outside the CRC. */
export function patchBatch(bytes: Uint8Array, baseOffset: number, leaderEpoch: number, at = 0): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, BATCH_HEADER_BYTES);
  view.setInt32(BATCH_AT.baseOffset, Math.floor(baseOffset / 0x1_0000_0000));
  view.setUint32(BATCH_AT.baseOffset + 4, baseOffset >>> 0);
  view.setInt32(BATCH_AT.leaderEpoch, leaderEpoch);
}

/** The CRC-32C the batch states, of the bytes from `attributes` to its end. */
export function batchCrc(bytes: Uint8Array, at = 0): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(BATCH_AT.crc);
}

/** One batch of a records field, as a view. */
export interface BatchSlice {
  readonly bytes: Uint8Array;
  readonly facts: BatchFacts;
}

/**
 * The batches of a records field, in order. A last batch that is cut off is left out: a fetch that ends by size may end inside one.
 * Anything else that is no batch ends the walk with an error.
 */
export function splitBatches(bytes: Uint8Array): { readonly batches: BatchSlice[]; readonly error: BatchError | null } {
  const batches: BatchSlice[] = [];
  for (let at = 0; at < bytes.length;) {
    const facts = readBatchFacts(bytes, at);
    if (isBatchError(facts)) return { batches, error: facts.reason === "truncated" ? null : facts };
    batches.push({ bytes: bytes.subarray(at, at + facts.sizeBytes), facts });
    at += facts.sizeBytes;
  }
  return { batches, error: null };
}

function unknownFormat(magic: number): string {
  const age = magic === 0 || magic === 1 ? " (of before Kafka 0.11; use a client of 0.11 or newer)" : "";
  return `record format ${magic}${age} is not supported: only format 2 is`;
}

function truncated(left: number, whole?: number): BatchError {
  const of = whole === undefined ? "" : ` of ${whole}`;
  return { reason: "truncated", message: `the batch is cut off after ${left}${of} bytes` };
}

function int64(view: DataView, at: number): number {
  return view.getInt32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
}
