import zlib from "node:zlib";
import { compressFrameSync, decompressFrameSync } from "lz4-napi";
import { compressSync as snappyCompress, uncompressSync as snappyUncompress } from "snappy";
import { ProtocolError } from "../protocol-error.ts";
import { lz4FrameSize } from "./lz4-size.ts";
import { hasXerialHeader, snappyBlockSize, splitXerial, wrapXerial } from "./xerial.ts";

/** By their number in the attributes of a batch. */
export const COMPRESSIONS = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** More than this is not decompressed for a reader; `message.max.bytes` is far below, but a small batch may state a huge size. */
export const MAX_DECOMPRESSED_BYTES = 128 * 1024 * 1024;

/** Name of the codec in a batch's attributes; null for numbers nobody uses. */
export function compressionOf(attributes: number): Compression | null {
  return COMPRESSIONS[attributes & 0x07] ?? null;
}

/**
 * Compresses as the Java client does, so that every client can read it (snappy with xerial's framing). `level`: of gzip (-1 to 9) and zstd; lz4 has
 * only the fast one here, snappy none.
 */
export function compress(compression: Compression, bytes: Uint8Array, level?: number): Uint8Array {
  switch (compression) {
    case "none":
      return bytes;
    case "gzip":
      return zlib.gzipSync(bytes, level === undefined ? {} : { level });
    case "snappy":
      return wrapXerial(bytes, (block) => snappyCompress(asBuffer(block)));
    case "lz4":
      return compressFrameSync(asBuffer(bytes));
    case "zstd":
      return zlib.zstdCompressSync(
        bytes,
        level === undefined ? {} : { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } },
      );
  }
}

/**
 * Decompresses the payload of a batch. Sizes are checked before memory is taken. Throws ProtocolError: CORRUPT_MESSAGE when the bytes are
 * not what the codec makes, MESSAGE_TOO_LARGE beyond `maxBytes`.
 */
export function decompress(compression: Compression, bytes: Uint8Array, maxBytes = MAX_DECOMPRESSED_BYTES): Uint8Array {
  try {
    switch (compression) {
      case "none":
        return bytes;
      case "gzip":
        return zlib.gunzipSync(bytes, { maxOutputLength: maxBytes });
      case "zstd":
        return zlib.zstdDecompressSync(bytes, { maxOutputLength: maxBytes });
      case "snappy":
        return unsnappy(bytes, maxBytes);
      case "lz4": {
        const size = lz4FrameSize(bytes);
        if (size > maxBytes) throw tooLarge(size, maxBytes);
        return decompressFrameSync(asBuffer(bytes));
      }
    }
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    if (error instanceof RangeError) throw tooLarge(null, maxBytes);
    const why = error instanceof Error ? error.message : String(error);
    throw new ProtocolError(`the ${compression} payload cannot be decompressed: ${why}`, "CORRUPT_MESSAGE");
  }
}

/** librdkafka and franz-go write one raw block, the Java client xerial's framing: the magic tells. */
function unsnappy(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const blocks = hasXerialHeader(bytes) ? splitXerial(bytes) : [bytes];
  let size = 0;
  for (const block of blocks) size += snappyBlockSize(block);
  if (size > maxBytes) throw tooLarge(size, maxBytes);
  const parts = blocks.map((block) => snappyUncompress(asBuffer(block), { asBuffer: true }) as Buffer);
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

function tooLarge(size: number | null, maxBytes: number): ProtocolError {
  const what = size === null ? "more" : `${size} bytes`;
  return new ProtocolError(
    `the batch decompresses to ${what}; the most allowed is ${maxBytes} bytes`,
    "MESSAGE_TOO_LARGE",
  );
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
