import { crc32c as native } from "@node-rs/crc32";
import { ATTRIBUTE, BATCH_AT } from "../batch.ts";

/** CRC-32C (Castagnoli) of the bytes, unsigned. */
export function crc32c(bytes: Uint8Array): number {
  return native(bytes);
}

/** The CRC a whole batch should state: over everything from its attributes on. */
export function computeBatchCrc(batch: Uint8Array): number {
  return native(batch.subarray(BATCH_AT.attributes));
}

/** Whether the batch's bytes are as they were when its CRC was made. */
export function verifyBatchCrc(batch: Uint8Array): boolean {
  const stated = new DataView(batch.buffer, batch.byteOffset).getUint32(BATCH_AT.crc);
  return stated === computeBatchCrc(batch);
}

/** Writes the CRC after something it covers has changed. */
export function sealBatch(batch: Uint8Array): void {
  new DataView(batch.buffer, batch.byteOffset).setUint32(BATCH_AT.crc, computeBatchCrc(batch));
}

/** Gives a batch the broker's time (`message.timestamp.type=LogAppendTime`): the one change that needs a new CRC. */
export function stampLogAppendTime(batch: Uint8Array, wallMs: number): void {
  const view = new DataView(batch.buffer, batch.byteOffset);
  view.setInt16(BATCH_AT.attributes, view.getInt16(BATCH_AT.attributes) | ATTRIBUTE.logAppendTime);
  view.setBigInt64(BATCH_AT.maxTimestamp, BigInt(wallMs));
  sealBatch(batch);
}
