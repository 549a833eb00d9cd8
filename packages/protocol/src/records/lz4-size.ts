import { ProtocolError } from "../protocol-error.ts";

const FRAME_MAGIC = 0x184d2204;

/**
 * How many bytes LZ4 frames decompress to, found by walking the sequences without writing any: the native decoder takes no limit, and a few
 * kilobytes can hold gigabytes. (LZ4 frame format 1.6.1; several frames may follow each other.)
 */
export function lz4FrameSize(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let total = 0;
  let at = 0;
  const need = (count: number) => {
    if (count > bytes.length - at) throw new ProtocolError("the lz4 frame is cut off", "CORRUPT_MESSAGE");
  };
  do {
    need(7);
    if (view.getUint32(at, true) !== FRAME_MAGIC) throw new ProtocolError("not an lz4 frame", "CORRUPT_MESSAGE");
    const flags = bytes[at + 4]!;
    // Magic, flags, block descriptor, header checksum; content size and dictionary id are optional.
    at += 7 + (flags & 0x08 ? 8 : 0) + (flags & 0x01 ? 4 : 0);
    for (;;) {
      need(4);
      const word = view.getUint32(at, true);
      at += 4;
      if (word === 0) break;
      const size = word & 0x7fff_ffff;
      need(size);
      total += word >= 0x8000_0000 ? size : lz4BlockSize(bytes, at, at + size);
      at += size + (flags & 0x10 ? 4 : 0);
    }
    at += flags & 0x04 ? 4 : 0;
  } while (at < bytes.length);
  return total;
}

/** Sum of literals and matches of one block. */
function lz4BlockSize(bytes: Uint8Array, start: number, end: number): number {
  let size = 0;
  let at = start;
  /** A length of 15 goes on in the bytes that follow, as long as they are 255. */
  const extended = (first: number) => {
    let length = first;
    if (first !== 15) return length;
    let more = 255;
    while (more === 255) {
      if (at >= end) throw new ProtocolError("an lz4 block is cut off", "CORRUPT_MESSAGE");
      more = bytes[at++]!;
      length += more;
    }
    return length;
  };
  while (at < end) {
    const token = bytes[at++]!;
    const literals = extended(token >> 4);
    size += literals;
    at += literals;
    if (at >= end) break;
    at += 2;
    size += extended(token & 15) + 4;
  }
  return size;
}
