import { Offset } from "@vitrine/core";
import type { Batch } from "@vitrine/log";

/** Places in the header of a record batch, format v2. */
const CRC_AT = 17;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

/** Reads the header of a batch that was checked. */
export function batchOf(stored: Uint8Array): Batch {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const baseOffset = Number(bytes.readBigInt64BE(0));
  const attributes = bytes.readInt16BE(21);
  return {
    bytes: stored,
    facts: {
      baseOffset: Offset(baseOffset),
      lastOffset: Offset(baseOffset + bytes.readInt32BE(23)),
      leaderEpoch: bytes.readInt32BE(12),
      sizeBytes: bytes.length,
      crc: bytes.readUInt32BE(CRC_AT),
      attributes,
      baseTimestampMs: Number(bytes.readBigInt64BE(27)),
      maxTimestampMs: Number(bytes.readBigInt64BE(35)),
      producerId: Number(bytes.readBigInt64BE(43)),
      producerEpoch: bytes.readInt16BE(51),
      baseSequence: bytes.readInt32BE(53),
      recordCount: bytes.readInt32BE(57),
      isControl: (attributes & CONTROL) !== 0,
      isTransactional: (attributes & TRANSACTIONAL) !== 0,
    },
  };
}
