import type { Offset } from "@vitrine/core";
import type { Batch, ReadSpec } from "./partition-log.ts";

/**
 * The newest batches of one log, in memory: what followers and readers near the end are served from.
 *
 * Invariant: covers [start, log end) without exception; what a queued write still touches is never evicted (T7).
 */
export class RecentBatches {
  #batches: Batch[] = [];
  /** Index of the first batch that is still here: dropping from the front is amortised. */
  #head = 0;
  #start: Offset;
  #bytes = 0;

  constructor(start: Offset) {
    this.#start = start;
  }

  /** Offset from which memory answers; below it reads are cold. */
  get start(): Offset {
    return this.#start;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(batch: Batch): void {
    this.#batches.push(batch);
    this.#bytes += batch.bytes.byteLength;
  }

  /** Drops every batch that reaches offset. Says how many bytes went, and where the log ends now: below offset if that lay inside a batch. */
  truncateTo(offset: Offset): { readonly bytes: number; readonly end: Offset } {
    let bytes = 0;
    let end = offset;
    for (let last = this.#last(); last && last.facts.lastOffset >= offset; last = this.#last()) {
      this.#batches.pop();
      bytes += last.bytes.byteLength;
      if (last.facts.baseOffset < end) end = last.facts.baseOffset;
    }
    this.#bytes -= bytes;
    if (this.#start > end) this.#start = end;
    return { bytes, end };
  }

  /** Drops everything; begins anew at offset. */
  restart(offset: Offset): void {
    this.#batches = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#start = offset;
  }

  /** Drops batches that lie wholly below offset. Returns the bytes dropped. */
  dropBelow(offset: Offset): number {
    let dropped = 0;
    for (
      let first = this.#batches[this.#head];
      first && first.facts.lastOffset < offset;
      first = this.#batches[this.#head]
    )
      dropped += this.#dropFirst(first);
    return dropped;
  }

  /** Drops the oldest batch if it lies wholly below offset. Returns the bytes dropped, 0 if nothing could go. */
  evictOne(below: Offset): number {
    const first = this.#batches[this.#head];
    return first && first.facts.lastOffset < below ? this.#dropFirst(first) : 0;
  }

  /** Whole batches from the one that contains `from` (or the next after it); `from` is at or above `start`. */
  read(spec: ReadSpec): Batch[] {
    const found: Batch[] = [];
    let bytes = 0;
    for (let i = this.#indexOf(spec.from); i < this.#batches.length; i++) {
      const batch = this.#batches[i]!;
      if (batch.facts.lastOffset >= spec.upTo) break;
      bytes += batch.bytes.byteLength;
      if (found.length > 0 && bytes > spec.maxBytes) break;
      found.push(batch);
    }
    return found;
  }

  /** First batch whose newest record is at or after a time, in [from, upTo); null = none here. */
  findTimestamp(timestampMs: number, from: Offset, upTo: Offset): Batch | null {
    for (let i = this.#indexOf(from); i < this.#batches.length; i++) {
      const batch = this.#batches[i]!;
      if (batch.facts.lastOffset >= upTo) return null;
      if (batch.facts.maxTimestampMs >= timestampMs) return batch;
    }
    return null;
  }

  /** Newest time of all; -1 = none says any. Looks at each. */
  newestTimestamp(): number {
    let newest = -1;
    for (let i = this.#head; i < this.#batches.length; i++)
      newest = Math.max(newest, this.#batches[i]!.facts.maxTimestampMs);
    return newest;
  }

  #dropFirst(first: Batch): number {
    this.#head += 1;
    this.#bytes -= first.bytes.byteLength;
    const next = (first.facts.lastOffset + 1) as Offset;
    if (next > this.#start) this.#start = next;
    if (this.#head > 256 && this.#head * 2 > this.#batches.length) {
      this.#batches.splice(0, this.#head);
      this.#head = 0;
    }
    return first.bytes.byteLength;
  }

  #last(): Batch | undefined {
    return this.#batches.length > this.#head ? this.#batches.at(-1) : undefined;
  }

  /** Index of the first batch whose last offset is at or above. */
  #indexOf(offset: Offset): number {
    let low = this.#head;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#batches[middle]!.facts.lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
