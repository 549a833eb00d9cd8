import { crc32c } from "@node-rs/crc32";

/** Header of a record batch, format v2. */
const HEADER_BYTES = 61;
const LENGTH_AT = 8;
const CRC_AT = 17;
const CRC_FROM = 21;

/** What is wrong with stored bytes, or null: they must be the batch of that offset, whole, and match their CRC32C. */
export function findDamage(bytes: Buffer, baseOffset: number): string | null {
  if (bytes.length < HEADER_BYTES) return `only ${bytes.length} bytes are left of it`;
  if (bytes.readInt32BE(LENGTH_AT) + 12 !== bytes.length)
    return `its header speaks of ${bytes.readInt32BE(LENGTH_AT) + 12} bytes, ${bytes.length} are stored`;
  if (Number(bytes.readBigInt64BE(0)) !== baseOffset) return `its header speaks of offset ${bytes.readBigInt64BE(0)}`;
  const crc = crc32c(bytes.subarray(CRC_FROM));
  const expected = bytes.readUInt32BE(CRC_AT);
  return crc === expected ? null : `its checksum is ${hex(crc)}, its header says ${hex(expected)}`;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
