import { crc32c } from "@node-rs/crc32";
import { Offset } from "@vitrine/core";
import type { Batch } from "@vitrine/log";

/** Header of a record batch, format v2. */
const HEADER_BYTES = 61;
const LENGTH_AT = 8;
const CRC_AT = 17;
const CRC_FROM = 21;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

/** What is wrong with stored bytes, or null: they must be the batch of that offset, whole, and match their CRC32C. */
export function findDamage(bytes: Buffer, baseOffset: number): string | null {
  if (bytes.length < HEADER_BYTES) return `only ${bytes.length} bytes are left of it`;
  if (bytes.readInt32BE(LENGTH_AT) + 12 !== bytes.length) return `its header speaks of ${bytes.readInt32BE(LENGTH_AT) + 12} bytes, ${bytes.length} are stored`;
  if (Number(bytes.readBigInt64BE(0)) !== baseOffset) return `its header speaks of offset ${bytes.readBigInt64BE(0)}`;
  const crc = crc32c(bytes.subarray(CRC_FROM));
  const expected = bytes.readUInt32BE(CRC_AT);
  return crc === expected ? null : `its checksum is ${hex(crc)}, its header says ${hex(expected)}`;
}

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

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
