/** The stream is no sequence of frames: the connection cannot go on. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** Frames up to here get their memory at once; it stays untouched until bytes arrive. */
const FIRST_CAPACITY = 1024 * 1024;
const EMPTY = Buffer.alloc(0);

/**
 * Cuts a stream of chunks into frames: int32 length, then that many bytes. A frame inside one chunk is a view on it; one that spans chunks is
 * copied once. A stated length alone never takes memory for more than four times what has arrived (1 MiB for small frames).
 */
export class FrameCutter {
  #chunk: Buffer = EMPTY;
  /** The frame that spans chunks, its length in front, and how much of it is there. */
  #open: Buffer | null = null;
  #filled = 0;
  #needed = 0;
  readonly #waiting: Buffer[] = [];

  /** Takes over a chunk; it must not change any more. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (this.#chunk.length === 0) this.#chunk = chunk;
    else this.#waiting.push(chunk);
  }

  /** Bytes held that belong to no frame yet given out. */
  get bufferedBytes(): number {
    let size = this.#chunk.length + this.#filled;
    for (const chunk of this.#waiting) size += chunk.length;
    return size;
  }

  /** The next whole frame without its length, or null. Throws FrameError when the length is negative or above `maxBytes`. */
  next(maxBytes: number): Uint8Array | null {
    for (;;) {
      if (this.#open !== null) {
        const frame = this.#fill(maxBytes);
        if (frame !== null || this.#chunk.length === 0) return frame;
        continue;
      }
      const chunk = this.#chunk;
      if (chunk.length === 0) return null;
      if (chunk.length < 4) {
        this.#begin(4);
        continue;
      }
      const end = 4 + checkLength(chunk.readInt32BE(0), maxBytes);
      if (chunk.length < end) {
        this.#begin(end);
        continue;
      }
      this.#advance(end);
      return chunk.subarray(4, end);
    }
  }

  #begin(needed: number): void {
    this.#open = Buffer.allocUnsafeSlow(Math.min(needed, FIRST_CAPACITY));
    this.#filled = 0;
    this.#needed = needed;
  }

  /** Moves what the chunk holds of the open frame into it. */
  #fill(maxBytes: number): Uint8Array | null {
    while (this.#chunk.length > 0) {
      const part = this.#chunk.subarray(0, this.#needed - this.#filled);
      this.#reserve(this.#filled + part.length);
      part.copy(this.#open!, this.#filled);
      this.#filled += part.length;
      this.#advance(part.length);
      if (this.#filled < this.#needed) continue;
      if (this.#needed === 4) {
        // Only now is the length known.
        this.#needed = 4 + checkLength(this.#open!.readInt32BE(0), maxBytes);
        if (this.#needed > 4) continue;
      }
      const frame = this.#open!.subarray(4, this.#needed);
      this.#open = null;
      this.#filled = 0;
      return frame;
    }
    return null;
  }

  #reserve(size: number): void {
    const open = this.#open!;
    if (size <= open.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.min(this.#needed, Math.max(FIRST_CAPACITY, 4 * size)));
    open.copy(larger, 0, 0, this.#filled);
    this.#open = larger;
  }

  #advance(count: number): void {
    this.#chunk = this.#chunk.subarray(count);
    if (this.#chunk.length === 0) this.#chunk = this.#waiting.shift() ?? EMPTY;
  }
}

function checkLength(length: number, maxBytes: number): number {
  if (length < 0) throw new FrameError(`a frame states a length of ${length} bytes`);
  if (length > maxBytes) throw new FrameError(`a frame of ${length} bytes: the most allowed here is ${maxBytes}`);
  return length;
}
