import { uuidFromBytes, type Uuid } from "@vitrine/core";
import { ProtocolError } from "./protocol-error.ts";
import type { UnknownTag } from "./tags.ts";

/**
 * Typed reads over a view of the bytes. Every read is checked against the end of the view, so nothing is ever allocated by a stated size;
 * bytes and records come out as views, not copies. Throws ProtocolError and nothing else.
 */
export class Reader {
  readonly source: Uint8Array;
  readonly view: DataView;
  /** Made when the first text is read. */
  #text: Buffer | null = null;
  readonly end: number;
  at: number;
  /** Array elements and unknown tags that may still come, all together: an object weighs far more than the two bytes that can ask for it. */
  elementsLeft = Infinity;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.source = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
    this.end = end;
  }

  /** Claims the next bytes; the offset they begin at. */
  take(length: number): number {
    const at = this.at;
    if (length > this.end - at)
      throw new ProtocolError(`${length} bytes are needed at byte ${at}, ${this.end - at} are left`);
    this.at = at + length;
    return at;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  /** Of answers, which our own nodes send: the message must fill its frame, or the version was misunderstood. */
  finish(): void {
    if (this.at !== this.end) throw new ProtocolError(`${this.end - this.at} bytes are left over after the message`);
  }

  bool(): boolean {
    return this.view.getInt8(this.take(1)) !== 0;
  }
  int8(): number {
    return this.view.getInt8(this.take(1));
  }
  int16(): number {
    return this.view.getInt16(this.take(2));
  }
  uint16(): number {
    return this.view.getUint16(this.take(2));
  }
  int32(): number {
    return this.view.getInt32(this.take(4));
  }
  uint32(): number {
    return this.view.getUint32(this.take(4));
  }
  float64(): number {
    return this.view.getFloat64(this.take(8));
  }
  bigint64(): bigint {
    return this.view.getBigInt64(this.take(8));
  }

  /** An int64 that must be a safe integer: offsets, epochs, times. */
  int64(): number {
    const at = this.take(8);
    const value = this.view.getInt32(at) * 0x1_0000_0000 + this.view.getUint32(at + 4);
    if (!Number.isSafeInteger(value)) throw new ProtocolError(`the 64-bit number at byte ${at} is beyond 2^53`);
    return value;
  }

  uuid(): Uuid {
    return uuidFromBytes(this.source, this.take(16));
  }

  /** Unsigned varint of at most five bytes. */
  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.source[this.take(1)]!;
      // Multiplication, because a shift by 28 would make the number negative.
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value > 0xffff_ffff) break;
        return value;
      }
    }
    throw new ProtocolError(`the variable-length number before byte ${this.at} is longer than 32 bits`);
  }

  /** Zig-zag varint of 32 bits. */
  varint(): number {
    const raw = this.uvarint();
    return (raw >>> 1) ^ -(raw & 1);
  }

  /** Zig-zag varint of 64 bits; the value must be a safe integer. */
  varlong(): number {
    const start = this.at;
    let low = 0;
    let scale = 1;
    for (let count = 0; count < 8; count++) {
      const byte = this.source[this.take(1)]!;
      low += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) {
        if (low > Number.MAX_SAFE_INTEGER) break;
        return low % 2 === 0 ? low / 2 : -(low + 1) / 2;
      }
    }
    throw new ProtocolError(`the variable-length number at byte ${start} is beyond 2^53`);
  }

  /** Number of elements of an array that is not null; each takes at least `leastSize` bytes, so a wild count is refused here. */
  arrayLength(flexible: boolean, leastSize: number): number {
    const count = this.nullableArrayLength(flexible, leastSize);
    if (count < 0) throw new ProtocolError(`an array that must not be null is null at byte ${this.at}`);
    return count;
  }

  /** The same; -1 for null. */
  nullableArrayLength(flexible: boolean, leastSize: number): number {
    const count = flexible ? this.uvarint() - 1 : this.int32();
    if (count < -1 || count * leastSize > this.end - this.at)
      throw new ProtocolError(`an array of ${count} elements does not fit the ${this.end - this.at} bytes left`);
    this.#spend(count);
    return count;
  }

  #spend(elements: number): void {
    this.elementsLeft -= elements;
    if (this.elementsLeft < 0) throw new ProtocolError(`the message holds more array elements than are allowed`);
  }

  string(flexible: boolean): string {
    const value = this.nullableString(flexible);
    if (value === null) throw new ProtocolError(`a string that must not be null is null at byte ${this.at}`);
    return value;
  }

  nullableString(flexible: boolean): string | null {
    const length = flexible ? this.uvarint() - 1 : this.int16();
    if (length < 0) {
      if (length === -1) return null;
      throw new ProtocolError(`a string of ${length} bytes at byte ${this.at}`);
    }
    if (length > 0x7fff) throw new ProtocolError(`a string of ${length} bytes: the longest allowed is 32767`);
    const at = this.take(length);
    if (length === 0) return "";
    this.#text ??= bufferOf(this.source);
    return this.#text.toString("utf8", at, at + length);
  }

  bytes(flexible: boolean): Uint8Array {
    const value = this.nullableBytes(flexible);
    if (value === null) throw new ProtocolError(`bytes that must not be null are null at byte ${this.at}`);
    return value;
  }

  nullableBytes(flexible: boolean): Uint8Array | null {
    const length = flexible ? this.uvarint() - 1 : this.int32();
    if (length < 0) {
      if (length === -1) return null;
      throw new ProtocolError(`a field of ${length} bytes at byte ${this.at}`);
    }
    return this.slice(length);
  }

  /** The next bytes as a view. */
  slice(length: number): Uint8Array {
    const at = this.take(length);
    return this.source.subarray(at, at + length);
  }

  /** Number of the next tag; tags ascend. */
  tag(previous: number): number {
    const tag = this.uvarint();
    if (tag <= previous) throw new ProtocolError(`tag ${tag} follows tag ${previous}: tags must ascend`);
    return tag;
  }

  /** Where the tag's bytes end. */
  tagEnd(): number {
    const size = this.uvarint();
    if (size > this.end - this.at) throw new ProtocolError(`a tag of ${size} bytes, ${this.end - this.at} are left`);
    return this.at + size;
  }

  /** A known tag must fill the size it states. */
  tagDone(end: number): void {
    if (this.at !== end) throw new ProtocolError(`a tag ends at byte ${this.at} and states byte ${end}`);
  }

  /** The tag section of a struct of which no tag is known. */
  unknownTags(): UnknownTag[] | undefined {
    let count = this.uvarint();
    if (count === 0) return undefined;
    if (count * 2 > this.end - this.at)
      throw new ProtocolError(`${count} tags do not fit the ${this.end - this.at} bytes left`);
    this.#spend(count);
    const tags: UnknownTag[] = [];
    for (let previous = -1; count > 0; count--) {
      previous = this.tag(previous);
      tags.push({ tag: previous, data: this.slice(this.tagEnd() - this.at) });
    }
    return tags;
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
