/**
 * Memory that this thread and the storage thread both see. Views are cut from slabs one behind the other; a slab lives as long as somebody holds
 * a view of it, so one that is held long keeps one slab and nothing more. What bounds the sum is the store's bound on tails and uncommitted bytes.
 */
const SLAB_BYTES = 1024 * 1024;
/** Larger ones get memory of their own. */
const LARGE_BYTES = SLAB_BYTES / 4;
/** A batch that is kept keeps at most so many times its size alive, or one slab. */
const ADOPT_WASTE_MAX = 4;
const PRESSURE_EVERY_BYTES = 128 * SLAB_BYTES;
/** In a thread with a small heap, whose garbage is found quickly. */
export const SMALL_HEAP_PRESSURE_BYTES = 32 * SLAB_BYTES;
const PRESSURE_BYTES = 72 * SLAB_BYTES;

export class Slabs {
  readonly #pressure = new GarbagePressure();
  #slab: SharedArrayBuffer | null = null;
  #used = 0;

  allocate(sizeBytes: number): Uint8Array {
    if (sizeBytes > LARGE_BYTES) return new Uint8Array(this.#newSlab(sizeBytes));
    if (!this.#slab || this.#used + sizeBytes > SLAB_BYTES) {
      this.#slab = this.#newSlab(SLAB_BYTES);
      this.#used = 0;
    }
    const view = new Uint8Array(this.#slab, this.#used, sizeBytes);
    // Aligned, so that two threads never work on one word.
    this.#used += (sizeBytes + 7) & ~7;
    return view;
  }

  /** The bytes in shared memory: as they are, or a copy where they are not in it or would keep much more than themselves alive. */
  adopt(bytes: Uint8Array): Uint8Array {
    const { buffer, byteLength } = bytes;
    if (buffer instanceof SharedArrayBuffer && buffer.byteLength <= Math.max(SLAB_BYTES, byteLength * ADOPT_WASTE_MAX))
      return bytes;
    const copy = this.allocate(byteLength);
    copy.set(bytes);
    return copy;
  }

  #newSlab(sizeBytes: number): SharedArrayBuffer {
    this.#pressure.note(sizeBytes);
    return new SharedArrayBuffer(sizeBytes);
  }
}

/**
 * V8 does not count shared memory when it decides whether to collect garbage: dead slabs would pile up by the gigabyte in a thread that makes little
 * other garbage. So now and then a large piece of ordinary memory is taken and dropped: it is counted, and being never touched it costs nothing.
 */
export class GarbagePressure {
  readonly #everyBytes: number;
  #bytes = 0;

  constructor(everyBytes = PRESSURE_EVERY_BYTES) {
    this.#everyBytes = everyBytes;
  }

  /** Tells of shared memory that this thread has come to hold. */
  note(sizeBytes: number): void {
    this.#bytes += sizeBytes;
    if (this.#bytes < this.#everyBytes) return;
    // Zero again; the memory is what matters.
    this.#bytes = new ArrayBuffer(PRESSURE_BYTES).byteLength - PRESSURE_BYTES;
  }
}
