import { BATCH_AT, BATCH_HEADER_BYTES } from "../batch.ts";
import { ProtocolError } from "../protocol-error.ts";
import { Reader } from "../reader.ts";
import { compress, compressionOf, COMPRESSIONS, decompress, type Compression } from "./compression.ts";
import { sealBatch } from "./crc32c.ts";

/**
 * The same records in another codec (a topic's `compression.type`): offsets, timestamps, producer and sequence stay; length, codec and CRC are new.
 * Throws ProtocolError: CORRUPT_MESSAGE where the payload is not `recordCount` records, MESSAGE_TOO_LARGE where it decompresses to more than `maxBytes`.
 */
export function recompressBatch(
  batch: Uint8Array,
  target: Compression,
  {
    recordCount,
    maxBytes,
    level,
  }: { readonly recordCount: number; readonly maxBytes: number; readonly level?: number },
): Uint8Array {
  const before = new DataView(batch.buffer, batch.byteOffset, BATCH_HEADER_BYTES);
  const attributes = before.getInt16(BATCH_AT.attributes);
  const source = compressionOf(attributes);
  if (source === null)
    throw new ProtocolError(`compression ${attributes & 7} is not known`, "UNSUPPORTED_COMPRESSION_TYPE");
  const plain = decompress(source, batch.subarray(BATCH_HEADER_BYTES), maxBytes);
  checkRecordLengths(plain, recordCount);
  const payload = compress(target, plain, level);
  const out = new Uint8Array(BATCH_HEADER_BYTES + payload.length);
  out.set(batch.subarray(0, BATCH_HEADER_BYTES));
  out.set(payload, BATCH_HEADER_BYTES);
  const view = new DataView(out.buffer);
  view.setInt32(BATCH_AT.batchLength, out.length - BATCH_AT.leaderEpoch);
  view.setInt16(BATCH_AT.attributes, (attributes & ~0x07) | COMPRESSIONS.indexOf(target));
  sealBatch(out);
  return out;
}

/** What is not what it states must not get a fresh CRC: nobody would ever find out. */
function checkRecordLengths(plain: Uint8Array, recordCount: number): void {
  const reader = new Reader(plain);
  let count = 0;
  try {
    for (; reader.remaining > 0; count++) reader.slice(Math.max(0, reader.varint()));
  } catch (error) {
    if (error instanceof ProtocolError) throw new ProtocolError(`broken record: ${error.message}`, "CORRUPT_MESSAGE");
    throw error;
  }
  if (count !== recordCount)
    throw new ProtocolError(`the batch states ${recordCount} records and holds ${count}`, "CORRUPT_MESSAGE");
}
