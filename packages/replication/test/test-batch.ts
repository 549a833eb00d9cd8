/** Batches for tests: a real v2 header, a payload of our choice, and a checksum in the CRC's place that `isSound` checks. */
import { type BatchFacts, Offset } from "@vitrine/core";
import { BATCH_AT, BATCH_HEADER_BYTES, isBatchError, patchBatch, readBatchFacts } from "@vitrine/protocol/batch";

export interface BatchSpec {
  readonly value: number;
  readonly records?: number;
  readonly producerId?: number;
  readonly baseSequence?: number;
  readonly baseOffset?: number;
  readonly leaderEpoch?: number;
  /** Payload; 4 bytes unless told. */
  readonly sizeBytes?: number;
}

/** A batch whose payload is one number, so that histories can be compared. */
export function makeBatch(spec: BatchSpec): { bytes: Uint8Array; facts: BatchFacts } {
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + (spec.sizeBytes ?? 4));
  const view = new DataView(bytes.buffer);
  const records = spec.records ?? 1;
  view.setInt32(BATCH_AT.batchLength, bytes.length - 12);
  view.setInt8(BATCH_AT.magic, 2);
  view.setInt32(BATCH_AT.lastOffsetDelta, records - 1);
  view.setInt32(BATCH_AT.recordCount, records);
  view.setInt32(BATCH_AT.producerId, (spec.producerId ?? -1) < 0 ? -1 : 0);
  view.setInt32(BATCH_AT.producerId + 4, spec.producerId ?? -1);
  view.setInt16(BATCH_AT.producerEpoch, spec.producerId === undefined ? -1 : 0);
  view.setInt32(BATCH_AT.baseSequence, spec.baseSequence ?? -1);
  view.setInt32(BATCH_HEADER_BYTES, spec.value);
  view.setUint32(BATCH_AT.crc, checksum(bytes));
  patchBatch(bytes, Offset(spec.baseOffset ?? 0), spec.leaderEpoch ?? -1);
  const facts = readBatchFacts(bytes);
  if (isBatchError(facts)) throw new Error(facts.message);
  return { bytes, facts };
}

export function isSound(batch: Uint8Array): boolean {
  return new DataView(batch.buffer, batch.byteOffset).getUint32(BATCH_AT.crc) === checksum(batch);
}

export function valueOf(batch: Uint8Array): number {
  return new DataView(batch.buffer, batch.byteOffset).getInt32(BATCH_HEADER_BYTES);
}

function checksum(bytes: Uint8Array): number {
  let sum = 17;
  for (let at = BATCH_AT.attributes; at < bytes.length; at++) sum = (Math.imul(sum, 31) + bytes[at]!) >>> 0;
  return sum;
}
