/** One request's place in the order of answers. */
export interface Slot {
  readonly frameBytes: number;
  readonly isFetch: boolean;
  done: boolean;
  /** The answer in pieces; none when none goes out. */
  frame: readonly Uint8Array[];
  /** The connection ends here. */
  close: boolean;
}

const NO_FRAME: readonly Uint8Array[] = [];

/** Requests are handled together and answered in the order in which they came: Kafka's clients match answers by position. */
export class ReplyQueue {
  readonly #slots: Slot[] = [];
  /** Bytes of the requests that are not answered. */
  frameBytes = 0;
  fetches = 0;

  get length(): number {
    return this.#slots.length;
  }

  open(frameBytes: number, isFetch: boolean): Slot {
    const slot: Slot = { frameBytes, isFetch, done: false, frame: NO_FRAME, close: false };
    this.#slots.push(slot);
    this.frameBytes += frameBytes;
    if (isFetch) this.fetches += 1;
    return slot;
  }

  /** The next answer whose turn has come. */
  take(): Slot | null {
    const slot = this.#slots[0];
    if (slot === undefined || !slot.done) return null;
    this.#slots.shift();
    this.frameBytes -= slot.frameBytes;
    if (slot.isFetch) this.fetches -= 1;
    return slot;
  }
}
