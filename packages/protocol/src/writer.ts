import { uuidToBytes, type Uuid } from "@vitrine/core";
import { ProtocolError } from "./protocol-error.ts";
import type { UnknownTag } from "./tags.ts";

const FIRST_CAPACITY = 4096;
/** Up to here a finished message is copied out, so that the buffer can be used again; beyond it the buffer itself is handed over. */
const COPY_OUT_BELOW = 16_384;
/** In a message that goes out in parts, longer fields are not copied but sent from where they lie. */
const PART_FROM = 4096;

/** Typed writes into a growing buffer that is used again and again. Throws ProtocolError when a value does not fit its type. */
export class Writer {
  #buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  #view: DataView = viewOf(this.#buffer);
  at = 0;
  /** Fields that stand by themselves, in order: each goes out behind the first `at` bytes of the buffer. null = the message is one piece. */
  #parts: { readonly at: number; readonly bytes: Uint8Array }[] | null = null;
  #partBytes = 0;
  #openTags = 0;

  /** Begins a new message. `inParts`: it ends with finishParts. */
  reset(inParts = false): void {
    this.at = 0;
    this.#parts = inParts ? [] : null;
    this.#partBytes = 0;
    this.#openTags = 0;
  }

  /** Bytes of the message so far. */
  get sizeBytes(): number {
    return this.at + this.#partBytes;
  }

  /** What was written since reset(true). Long fields are the very bytes that were given: they must not change until the message is sent. */
  finishParts(): Uint8Array[] {
    const parts = this.#parts ?? [];
    this.#parts = null;
    if (parts.length === 0) return [this.finish()];
    const small = this.finish();
    const out: Uint8Array[] = [];
    let at = 0;
    for (const part of parts) {
      if (part.at > at) out.push(small.subarray(at, part.at));
      out.push(part.bytes);
      at = part.at;
    }
    if (small.length > at) out.push(small.subarray(at));
    return out;
  }

  /** What was written since reset, in memory of its own. */
  finish(): Uint8Array {
    const end = this.at;
    this.at = 0;
    if (end < COPY_OUT_BELOW) return Buffer.from(this.#buffer.subarray(0, end));
    const out = this.#buffer.subarray(0, end);
    this.#buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
    this.#view = viewOf(this.#buffer);
    return out;
  }

  /** Room for that many bytes; the offset they begin at. */
  take(length: number): number {
    const at = this.at;
    this.at = at + length;
    if (this.at > this.#buffer.length) this.#grow(at);
    return at;
  }

  #grow(used: number): void {
    const next = Buffer.allocUnsafeSlow(Math.max(this.at, this.#buffer.length * 2));
    this.#buffer.copy(next, 0, 0, used);
    this.#buffer = next;
    this.#view = viewOf(next);
  }

  bool(value: boolean): void {
    const at = this.take(1);
    this.#buffer[at] = value ? 1 : 0;
  }
  int8(value: number): void {
    if ((value << 24) >> 24 !== value) outOfRange("int8", value);
    const at = this.take(1);
    this.#view.setInt8(at, value);
  }
  int16(value: number): void {
    if ((value << 16) >> 16 !== value) outOfRange("int16", value);
    const at = this.take(2);
    this.#view.setInt16(at, value);
  }
  uint16(value: number): void {
    if ((value & 0xffff) !== value) outOfRange("uint16", value);
    const at = this.take(2);
    this.#view.setUint16(at, value);
  }
  int32(value: number): void {
    if ((value | 0) !== value) outOfRange("int32", value);
    const at = this.take(4);
    this.#view.setInt32(at, value);
  }
  uint32(value: number): void {
    if (value >>> 0 !== value) outOfRange("uint32", value);
    const at = this.take(4);
    this.#view.setUint32(at, value);
  }
  int64(value: number): void {
    if (!Number.isSafeInteger(value)) outOfRange("int64", value);
    const at = this.take(8);
    this.#view.setInt32(at, Math.floor(value / 0x1_0000_0000));
    this.#view.setUint32(at + 4, value >>> 0);
  }
  bigint64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) outOfRange("int64", value);
    const at = this.take(8);
    this.#view.setBigInt64(at, value);
  }
  float64(value: number): void {
    const at = this.take(8);
    this.#view.setFloat64(at, value);
  }
  uuid(value: Uuid): void {
    this.raw(uuidToBytes(value));
  }

  uvarint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      const at = this.take(1);
      this.#buffer[at] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 128);
    }
    const at = this.take(1);
    this.#buffer[at] = rest;
  }

  /** Zig-zag varint of 32 bits. */
  varint(value: number): void {
    this.uvarint(((value << 1) ^ (value >> 31)) >>> 0);
  }

  /** Zig-zag varint of 64 bits, for safe integers below 2^52. */
  varlong(value: number): void {
    if (!Number.isSafeInteger(value * 2)) outOfRange("varlong", value);
    this.uvarint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** Bytes as they are, without a length. */
  raw(bytes: Uint8Array): void {
    if (this.#parts !== null && bytes.length >= PART_FROM && this.#openTags === 0) {
      this.#parts.push({ at: this.at, bytes });
      this.#partBytes += bytes.length;
      return;
    }
    const at = this.take(bytes.length);
    this.#buffer.set(bytes, at);
  }

  arrayLength(count: number, flexible: boolean): void {
    if (flexible) this.uvarint(count + 1);
    else this.int32(count);
  }

  nullArray(flexible: boolean): void {
    if (flexible) this.uvarint(0);
    else this.int32(-1);
  }

  string(value: string | null, flexible: boolean): void {
    if (value === null) throw new ProtocolError("a string is null where this version does not allow it");
    const length = Buffer.byteLength(value);
    if (length > 0x7fff) throw new ProtocolError(`a string of ${length} bytes: the longest allowed is 32767`);
    if (flexible) this.uvarint(length + 1);
    else this.int16(length);
    const at = this.take(length);
    this.#buffer.write(value, at, length, "utf8");
  }

  nullableString(value: string | null, flexible: boolean): void {
    if (value !== null) this.string(value, flexible);
    else if (flexible) this.uvarint(0);
    else this.int16(-1);
  }

  bytes(value: Uint8Array | null, flexible: boolean): void {
    if (value === null) throw new ProtocolError("bytes are null where this version does not allow it");
    if (flexible) this.uvarint(value.length + 1);
    else this.int32(value.length);
    this.raw(value);
  }

  nullableBytes(value: Uint8Array | null, flexible: boolean): void {
    if (value !== null) this.bytes(value, flexible);
    else if (flexible) this.uvarint(0);
    else this.int32(-1);
  }

  /** Begins a tag; the mark goes to endTag once its bytes are written. */
  beginTag(tag: number): number {
    this.uvarint(tag);
    this.#openTags += 1;
    return this.take(1);
  }

  /** Writes the size of the tag in front of its bytes. One byte was kept free for it; a longer size moves the bytes. */
  endTag(mark: number): void {
    const size = this.at - mark - 1;
    this.#openTags -= 1;
    if (size < 0x80) {
      this.#buffer[mark] = size;
      return;
    }
    const extra = size < 0x4000 ? 1 : size < 0x20_0000 ? 2 : size < 0x1000_0000 ? 3 : 4;
    const end = this.at;
    this.take(extra);
    this.#buffer.copyWithin(mark + 1 + extra, mark + 1, end);
    const after = this.at;
    this.at = mark;
    this.uvarint(size);
    this.at = after;
  }

  /** Writes the unknown tags from `from` on that come before the known tag `below`; where to go on. */
  unknownTags(tags: readonly UnknownTag[] | undefined, from: number, below: number): number {
    if (tags === undefined) return 0;
    let next = from;
    for (; next < tags.length; next++) {
      const { tag, data } = tags[next]!;
      if (tag >= below) break;
      if (next > 0 && tags[next - 1]!.tag >= tag) throw new ProtocolError(`unknown tag ${tag} is out of order`);
      this.uvarint(tag);
      this.uvarint(data.length);
      this.raw(data);
    }
    if (next < tags.length && tags[next]!.tag === below)
      throw new ProtocolError(`tag ${below} has a name in this version`);
    return next;
  }

  /** Overwrites four bytes written earlier: lengths that are known late. */
  patchInt32(at: number, value: number): void {
    this.#view.setInt32(at, value);
  }
}

/** A value stands in a field that the version does not have and that may not be dropped. */
export function absent(field: string, version: number): never {
  throw new ProtocolError(
    `version ${version} has no ${field}, and its value may not be dropped`,
    "UNSUPPORTED_VERSION",
  );
}

/** Null where the version does not allow it. */
export function notNull(field: string, version: number): never {
  throw new ProtocolError(`${field} may not be null in version ${version}`);
}

function outOfRange(type: string, value: number | bigint): never {
  throw new ProtocolError(`${value} does not fit ${type}`);
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
