import { invariant } from "@vitrine/core";

/** 32-bit words of a slot: four of the digest, then the offset plus one, high and low half; all zero = free. */
const SLOT_WORDS = 6;
/** Bytes of a slot, as Kafka counts them for `log.cleaner.dedupe.buffer.size`. */
export const KEY_SLOT_BYTES = SLOT_WORDS * 4;
const DIGEST_BYTES = 16;
const FIRST_SLOTS = 1024;
/** So full a table is before it grows: probing stays short. */
const FULLNESS_MAX = 0.75;

/**
 * The newest offset of each key: a hash table of digests in one piece of memory, because five million keys as objects would be half a gigabyte.
 * It begins small and doubles; `keysMax` is where it says that it is full.
 */
export class KeyOffsets {
  readonly #keysMax: number;
  #words: Uint32Array;
  #slots = FIRST_SLOTS;
  #size = 0;

  constructor(keysMax: number) {
    invariant(keysMax >= 1, "a map of keys holds at least one");
    this.#keysMax = keysMax;
    this.#words = new Uint32Array(FIRST_SLOTS * SLOT_WORDS);
  }

  get size(): number {
    return this.#size;
  }

  /** Whether so many keys more may not fit. */
  isFullWith(more: number): boolean {
    return this.#size + more > this.#keysMax;
  }

  /** Notes that the key with this digest was written at an offset; offsets come in ascending order. */
  set(digest: Uint8Array, offset: number): void {
    if ((this.#size + 1) / this.#slots > FULLNESS_MAX) this.#grow();
    const key = wordsOf(digest);
    const at = this.#find(key);
    if (!this.#isUsed(at)) {
      this.#words.set(key, at);
      this.#size++;
    }
    this.#words[at + 4] = Math.floor((offset + 1) / 0x1_0000_0000);
    this.#words[at + 5] = (offset + 1) >>> 0;
  }

  /** -1: the key is not in it. */
  get(digest: Uint8Array): number {
    const at = this.#find(wordsOf(digest));
    return this.#words[at + 4]! * 0x1_0000_0000 + this.#words[at + 5]! - 1;
  }

  #isUsed(at: number): boolean {
    return this.#words[at + 4] !== 0 || this.#words[at + 5] !== 0;
  }

  /** The slot of the key, or the free one where it would go. There is always a free one. */
  #find(key: Uint32Array): number {
    const words = this.#words;
    for (let slot = key[0]! % this.#slots; ; slot = (slot + 1) % this.#slots) {
      const at = slot * SLOT_WORDS;
      if (!this.#isUsed(at)) return at;
      if (words[at] === key[0] && words[at + 1] === key[1] && words[at + 2] === key[2] && words[at + 3] === key[3])
        return at;
    }
  }

  #grow(): void {
    const before = this.#words;
    this.#slots *= 2;
    this.#words = new Uint32Array(this.#slots * SLOT_WORDS);
    for (let at = 0; at < before.length; at += SLOT_WORDS) {
      const slot = before.subarray(at, at + SLOT_WORDS);
      if (slot[4] !== 0 || slot[5] !== 0) this.#words.set(slot, this.#find(slot));
    }
  }
}

function wordsOf(digest: Uint8Array): Uint32Array {
  const view = new DataView(digest.buffer, digest.byteOffset, DIGEST_BYTES);
  return Uint32Array.of(view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12));
}
