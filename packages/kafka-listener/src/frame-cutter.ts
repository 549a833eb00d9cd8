/** The stream is no sequence of frames: the connection cannot go on. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** Frames up to here get their memory at once; it stays untouched until bytes arrive. */
const FIRST_CAPACITY = 1024 * 1024;
/** So much of a frame is shown to whom gives the memory: a request's key, or an answer's correlation id. */
const HEAD_BYTES = 4;
const EMPTY = new Uint8Array(0);

/** Memory for a frame, with whatever in it. `key` is the frame's first int16 (of a request: its API key), -1 where it is not there yet. */
export type FrameMemory = (sizeBytes: number, key: number) => Uint8Array;

const ordinaryMemory: FrameMemory = (sizeBytes) => Buffer.allocUnsafe(sizeBytes);

/**
 * Cuts a stream of chunks into frames: int32 length, then that many bytes. A frame is copied once, into memory of its own, so that chunks can be read
 * into one buffer again and again; where that memory is the log's, batches in it need no further copy. A stated length alone never takes memory for
 * more than four times what has arrived (1 MiB for small frames).
 */
export class FrameCutter {
  readonly #memory: FrameMemory;
  /** What has come and is not in a frame yet; the caller's until `keep`. */
  #chunk: Uint8Array = EMPTY;
  #at = 0;
  /** The frame that spans chunks, and how much of it is there. */
  #open: Uint8Array | null = null;
  #filled = 0;
  #needed = 0;
  #key = -1;
  /** Length and first bytes of a frame that begins at the end of a chunk. */
  readonly #head = Buffer.alloc(4 + HEAD_BYTES);
  #headFilled = 0;

  constructor(memory: FrameMemory = ordinaryMemory) {
    this.#memory = memory;
  }

  /** Adds a chunk. It may change after `keep`, or once `next` has given null. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.#at === this.#chunk.length) this.#chunk = chunk;
    else this.#chunk = Buffer.concat([this.#chunk.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /** What no frame has taken yet is copied: the last chunk may change from here on. */
  keep(): void {
    if (this.#at < this.#chunk.length) this.#chunk = Buffer.from(this.#chunk.subarray(this.#at));
    else this.#chunk = EMPTY;
    this.#at = 0;
  }

  /** Bytes held that belong to no frame yet given out. */
  get bufferedBytes(): number {
    return this.#chunk.length - this.#at + this.#filled + this.#headFilled;
  }

  /** The next whole frame without its length, or null. Throws FrameError when the length is negative or above `maxBytes`. */
  next(maxBytes: number): Uint8Array | null {
    if (this.#open === null && !this.#begin(maxBytes)) return null;
    return this.#fill();
  }

  /** Finds the length of the next frame and takes memory for it. False where too little has come. */
  #begin(maxBytes: number): boolean {
    const left = this.#chunk.length - this.#at;
    if (this.#headFilled === 0 && left >= 4 + HEAD_BYTES) {
      const { length, key } = readHead(this.#chunk, this.#at);
      this.#take(checkLength(length, maxBytes), key);
      this.#at += 4;
      return true;
    }
    // Rare: the chunk ends within the first bytes, which are gathered one by one; a frame may be as short as its length.
    while (this.#at < this.#chunk.length && !this.#isHeadWhole(maxBytes))
      this.#head[this.#headFilled++] = this.#chunk[this.#at++]!;
    if (!this.#isHeadWhole(maxBytes)) return false;
    const { length, key } = readHead(this.#head, 0);
    this.#take(length, length < 2 ? -1 : key);
    this.#filled = this.#headFilled - 4;
    this.#open!.set(this.#head.subarray(4, this.#headFilled));
    this.#headFilled = 0;
    return true;
  }

  #isHeadWhole(maxBytes: number): boolean {
    if (this.#headFilled < 4) return false;
    return this.#headFilled - 4 >= Math.min(HEAD_BYTES, checkLength(this.#head.readInt32BE(0), maxBytes));
  }

  #take(length: number, key: number): void {
    this.#open =
      length === 0 ? EMPTY : this.#memory(Math.min(length, Math.max(FIRST_CAPACITY, this.#chunk.length)), key);
    this.#filled = 0;
    this.#needed = length;
    this.#key = key;
  }

  /** Moves what the chunk holds of the open frame into it. */
  #fill(): Uint8Array | null {
    const from = this.#at;
    const end = Math.min(this.#chunk.length, from + this.#needed - this.#filled);
    const count = end - from;
    if (count > 0) {
      this.#reserve(this.#filled + count);
      this.#open!.set(
        from === 0 && end === this.#chunk.length ? this.#chunk : this.#chunk.subarray(from, end),
        this.#filled,
      );
      this.#filled += count;
      this.#at = end;
    }
    if (this.#filled < this.#needed) {
      this.#chunk = EMPTY;
      this.#at = 0;
      return null;
    }
    const frame = this.#open!;
    this.#open = null;
    this.#filled = 0;
    return frame;
  }

  #reserve(size: number): void {
    const open = this.#open!;
    if (size <= open.length) return;
    const larger = this.#memory(Math.min(this.#needed, Math.max(FIRST_CAPACITY, 4 * size)), this.#key);
    larger.set(open.subarray(0, this.#filled));
    this.#open = larger;
  }
}

function readHead(bytes: Uint8Array, at: number): { length: number; key: number } {
  const length = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return { length, key: (bytes[at + 4]! << 8) | bytes[at + 5]! };
}

function checkLength(length: number, maxBytes: number): number {
  if (length < 0) throw new FrameError(`a frame states a length of ${length} bytes`);
  if (length > maxBytes) throw new FrameError(`a frame of ${length} bytes: the most allowed here is ${maxBytes}`);
  return length;
}
