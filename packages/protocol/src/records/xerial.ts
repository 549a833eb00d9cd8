import { ProtocolError } from "../protocol-error.ts";

/** Framing of snappy blocks by the Java library (xerial): 8 bytes of magic, two versions, then length and block, repeated. */
const MAGIC = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00);
const HEADER_BYTES = 16;
const BLOCK_BYTES = 32 * 1024;

export function hasXerialHeader(bytes: Uint8Array): boolean {
  return bytes.length >= HEADER_BYTES && MAGIC.every((byte, at) => bytes[at] === byte);
}

/** The raw blocks, as views. */
export function splitXerial(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks: Uint8Array[] = [];
  for (let at = HEADER_BYTES; at < bytes.length;) {
    const length = bytes.length - at >= 4 ? view.getInt32(at) : -1;
    at += 4;
    if (length < 0 || length > bytes.length - at)
      throw new ProtocolError("a snappy block is cut off", "CORRUPT_MESSAGE");
    if (length > 0) blocks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return blocks;
}

/** Compresses in blocks of 32 KB, the Java library's size. */
export function wrapXerial(bytes: Uint8Array, compressBlock: (block: Uint8Array) => Uint8Array): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header.set(MAGIC);
  header[11] = 1;
  header[15] = 1;
  const parts: Uint8Array[] = [header];
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = compressBlock(bytes.subarray(at, at + BLOCK_BYTES));
    const length = Buffer.alloc(4);
    length.writeInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

/** The size a raw block states: a little-endian varint at its front. */
export function snappyBlockSize(block: Uint8Array): number {
  let size = 0;
  for (let at = 0; at < 5 && at < block.length; at++) {
    size += (block[at]! & 0x7f) * 2 ** (7 * at);
    if (block[at]! < 0x80) return size;
  }
  throw new ProtocolError("a snappy block has no size", "CORRUPT_MESSAGE");
}
