/** Record batches whose header and checksum are right; what is in them is noise. */
import { crc32c } from "@node-rs/crc32";
import type { Batch } from "@vitrine/log";
import { batchOf } from "../src/batch-header.ts";

export interface BatchWish {
  readonly baseOffset: number;
  readonly records?: number;
  /** Of the whole batch; at least its header. */
  readonly sizeBytes?: number;
  readonly epoch?: number;
  readonly timestampMs?: number;
  readonly producerId?: number;
  readonly baseSequence?: number;
}

const HEADER_BYTES = 61;

export function makeBatch(wish: BatchWish): Batch {
  const {
    baseOffset,
    records = 1,
    sizeBytes = 200,
    epoch = 0,
    timestampMs = 1_000_000 + baseOffset,
    producerId = -1,
  } = wish;
  const bytes = Buffer.alloc(Math.max(sizeBytes, HEADER_BYTES));
  for (let i = HEADER_BYTES, x = baseOffset + 1; i < bytes.length; i++) {
    x = (x * 75 + 74) % 65537;
    bytes[i] = x ^ (baseOffset * 37);
  }
  bytes.writeBigInt64BE(BigInt(baseOffset), 0);
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeInt32BE(epoch, 12);
  bytes[16] = 2;
  bytes.writeInt32BE(records - 1, 23);
  bytes.writeBigInt64BE(BigInt(timestampMs), 27);
  bytes.writeBigInt64BE(BigInt(timestampMs), 35);
  bytes.writeBigInt64BE(BigInt(producerId), 43);
  bytes.writeInt16BE(producerId < 0 ? -1 : 0, 51);
  bytes.writeInt32BE(producerId < 0 ? -1 : (wish.baseSequence ?? 0), 53);
  bytes.writeInt32BE(records, 57);
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17);
  return batchOf(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
}
