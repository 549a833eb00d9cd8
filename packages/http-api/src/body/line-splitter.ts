/**
 * Cuts a stream of chunks into records: LF separates and a CR before it stays with the record; a last line without LF counts. The same cutter
 * serves RFC 7464 (json-seq), where RS begins a record. Holds at most one unfinished record; one over the limit ends the cutting.
 */
export type SplitMode = "lines" | "json-seq";

const LF = 0x0a;
const RS = 0x1e;

export class RecordSplitter {
  readonly #separator: number;
  readonly #recordBytesMax: number;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #seenAny = false;
  #overflow = false;

  constructor(mode: SplitMode, recordBytesMax: number) {
    this.#separator = mode === "lines" ? LF : RS;
    this.#recordBytesMax = recordBytesMax;
  }

  /** A record was longer than the limit: nothing after it is cut. */
  get overflow(): boolean {
    return this.#overflow;
  }

  /** Records that the chunk completes, up to one over the limit. They are views on the chunk where they can be. */
  push(chunk: Uint8Array): Uint8Array[] {
    const records: Uint8Array[] = [];
    if (this.#overflow) return records;
    let start = 0;
    for (let at = chunk.indexOf(this.#separator); at !== -1; at = chunk.indexOf(this.#separator, start)) {
      if (this.#heldBytes + at - start > this.#recordBytesMax) return this.#stop(records);
      const record = this.#finish(chunk.subarray(start, at));
      // What stands before the first RS of a sequence is nothing.
      if (this.#separator === LF || this.#seenAny || record.length > 0) records.push(record);
      this.#seenAny = true;
      start = at + 1;
    }
    if (this.#heldBytes + chunk.length - start > this.#recordBytesMax) return this.#stop(records);
    if (start < chunk.length) this.#hold(chunk.subarray(start));
    return records;
  }

  /** The last record, when the stream ended without a separator; null when nothing is left. */
  end(): Uint8Array | null {
    return this.#heldBytes === 0 || this.#overflow ? null : this.#finish(new Uint8Array(0));
  }

  #stop(records: Uint8Array[]): Uint8Array[] {
    this.#overflow = true;
    this.#held = [];
    return records;
  }

  #hold(part: Uint8Array): void {
    this.#heldBytes += part.length;
    this.#held.push(part);
  }

  #finish(last: Uint8Array): Uint8Array {
    if (this.#heldBytes === 0) return last;
    const record = Buffer.concat([...this.#held, last]);
    this.#held = [];
    this.#heldBytes = 0;
    return record;
  }
}
