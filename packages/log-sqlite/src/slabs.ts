/**
 * Memory that this thread and the storage thread both see. Views are cut from slabs one behind the other; a slab lives as long as somebody holds
 * a view of it, so one that is held long keeps one slab and nothing more. What bounds the sum is the store's bound on tails and uncommitted bytes.
 */
const SLAB_BYTES = 1024 * 1024;
/** Larger ones get memory of their own. */
const LARGE_BYTES = SLAB_BYTES / 4;

export class Slabs {
  #slab: SharedArrayBuffer | null = null;
  #used = 0;

  allocate(sizeBytes: number): Uint8Array {
    if (sizeBytes > LARGE_BYTES) return new Uint8Array(new SharedArrayBuffer(sizeBytes));
    if (!this.#slab || this.#used + sizeBytes > SLAB_BYTES) {
      this.#slab = new SharedArrayBuffer(SLAB_BYTES);
      this.#used = 0;
    }
    const view = new Uint8Array(this.#slab, this.#used, sizeBytes);
    // Aligned, so that two threads never work on one word.
    this.#used += (sizeBytes + 7) & ~7;
    return view;
  }
}
