import { type BatchFacts, Offset } from "@vitrine/core";
import type { Batch, ReadSpec } from "./partition-log.ts";

/** Numbers of a row, in order. */
const ROW = {
  baseOffset: 0,
  lastOffset: 1,
  leaderEpoch: 2,
  sizeBytes: 3,
  crc: 4,
  attributes: 5,
  baseTimestampMs: 6,
  maxTimestampMs: 7,
  producerId: 8,
  producerEpoch: 9,
  baseSequence: 10,
  recordCount: 11,
  isControl: 12,
  isTransactional: 13,
  /** Where the bytes begin in their buffer, and how many they are. */
  bytesAt: 14,
  bytesLength: 15,
} as const;
const COLUMNS = 16;
const CAPACITY_MIN = 16;

/**
 * The newest batches of one log, in memory: what followers and readers near the end are served from.
 *
 * Kept as rows of numbers beside the buffers that hold the bytes; a batch is made of its row when it is read. As objects they would all outlive the
 * young generation, and copying them there made the pauses that small acknowledged writes wait for.
 *
 * Invariant: covers [start, log end) without exception; what a queued write still touches is never evicted (T7).
 */
export class RecentBatches {
  #rows = new Float64Array(CAPACITY_MIN * COLUMNS);
  #buffers: (ArrayBufferLike | null)[] = Array.from({ length: CAPACITY_MIN }, () => null);
  /** Rows [head, end) are in use. */
  #head = 0;
  #end = 0;
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

  push({ facts, bytes }: Batch): void {
    if (this.#end === this.#buffers.length) this.#makeRoom();
    const rows = this.#rows;
    const at = this.#end * COLUMNS;
    rows[at + ROW.baseOffset] = facts.baseOffset;
    rows[at + ROW.lastOffset] = facts.lastOffset;
    rows[at + ROW.leaderEpoch] = facts.leaderEpoch;
    rows[at + ROW.sizeBytes] = facts.sizeBytes;
    rows[at + ROW.crc] = facts.crc;
    rows[at + ROW.attributes] = facts.attributes;
    rows[at + ROW.baseTimestampMs] = facts.baseTimestampMs;
    rows[at + ROW.maxTimestampMs] = facts.maxTimestampMs;
    rows[at + ROW.producerId] = facts.producerId;
    rows[at + ROW.producerEpoch] = facts.producerEpoch;
    rows[at + ROW.baseSequence] = facts.baseSequence;
    rows[at + ROW.recordCount] = facts.recordCount;
    rows[at + ROW.isControl] = facts.isControl ? 1 : 0;
    rows[at + ROW.isTransactional] = facts.isTransactional ? 1 : 0;
    rows[at + ROW.bytesAt] = bytes.byteOffset;
    rows[at + ROW.bytesLength] = bytes.byteLength;
    this.#buffers[this.#end++] = bytes.buffer;
    this.#bytes += bytes.byteLength;
  }

  /** Drops every batch that reaches offset. Says how many bytes went, and where the log ends now: below offset if that lay inside a batch. */
  truncateTo(offset: Offset): { readonly bytes: number; readonly end: Offset } {
    let bytes = 0;
    let end: number = offset;
    while (this.#end > this.#head && this.#number(this.#end - 1, ROW.lastOffset) >= offset) {
      const last = --this.#end;
      this.#buffers[last] = null;
      bytes += this.#number(last, ROW.bytesLength);
      end = Math.min(end, this.#number(last, ROW.baseOffset));
    }
    this.#bytes -= bytes;
    if (this.#start > end) this.#start = Offset(end);
    return { bytes, end: Offset(end) };
  }

  /** Drops everything; begins anew at offset. */
  restart(offset: Offset): void {
    this.#buffers.fill(null);
    this.#head = 0;
    this.#end = 0;
    this.#bytes = 0;
    this.#start = offset;
  }

  /** Drops batches that lie wholly below offset. Returns the bytes dropped. */
  dropBelow(offset: Offset): number {
    let dropped = 0;
    while (this.#end > this.#head && this.#number(this.#head, ROW.lastOffset) < offset) dropped += this.#dropFirst();
    return dropped;
  }

  /** Drops the oldest batch if it lies wholly below offset. Returns the bytes dropped, 0 if nothing could go. */
  evictOne(below: Offset): number {
    return this.#end > this.#head && this.#number(this.#head, ROW.lastOffset) < below ? this.#dropFirst() : 0;
  }

  /** Whole batches from the one that contains `from` (or the next after it); `from` is at or above `start`. */
  read(spec: ReadSpec): Batch[] {
    const found: Batch[] = [];
    let bytes = 0;
    for (let i = this.#indexOf(spec.from); i < this.#end; i++) {
      if (this.#number(i, ROW.lastOffset) >= spec.upTo) break;
      bytes += this.#number(i, ROW.bytesLength);
      if (found.length > 0 && bytes > spec.maxBytes) break;
      found.push(this.#batch(i));
    }
    return found;
  }

  /** First batch whose newest record is at or after a time, in [from, upTo); null = none here. */
  findTimestamp(timestampMs: number, from: Offset, upTo: Offset): Batch | null {
    for (let i = this.#indexOf(from); i < this.#end; i++) {
      if (this.#number(i, ROW.lastOffset) >= upTo) return null;
      if (this.#number(i, ROW.maxTimestampMs) >= timestampMs) return this.#batch(i);
    }
    return null;
  }

  /** Newest time of all; -1 = none says any. Looks at each. */
  newestTimestamp(): number {
    let newest = -1;
    for (let i = this.#head; i < this.#end; i++) newest = Math.max(newest, this.#number(i, ROW.maxTimestampMs));
    return newest;
  }

  #number(index: number, column: number): number {
    return this.#rows[index * COLUMNS + column]!;
  }

  #batch(index: number): Batch {
    const rows = this.#rows;
    const at = index * COLUMNS;
    const facts: BatchFacts = {
      baseOffset: rows[at + ROW.baseOffset] as Offset,
      lastOffset: rows[at + ROW.lastOffset] as Offset,
      leaderEpoch: rows[at + ROW.leaderEpoch]!,
      sizeBytes: rows[at + ROW.sizeBytes]!,
      crc: rows[at + ROW.crc]!,
      attributes: rows[at + ROW.attributes]!,
      baseTimestampMs: rows[at + ROW.baseTimestampMs]!,
      maxTimestampMs: rows[at + ROW.maxTimestampMs]!,
      producerId: rows[at + ROW.producerId]!,
      producerEpoch: rows[at + ROW.producerEpoch]!,
      baseSequence: rows[at + ROW.baseSequence]!,
      recordCount: rows[at + ROW.recordCount]!,
      isControl: rows[at + ROW.isControl] === 1,
      isTransactional: rows[at + ROW.isTransactional] === 1,
    };
    return {
      facts,
      bytes: new Uint8Array(this.#buffers[index]!, rows[at + ROW.bytesAt], rows[at + ROW.bytesLength]),
    };
  }

  #dropFirst(): number {
    const first = this.#head++;
    const bytes = this.#number(first, ROW.bytesLength);
    this.#buffers[first] = null;
    this.#bytes -= bytes;
    const next = this.#number(first, ROW.lastOffset) + 1;
    if (next > this.#start) this.#start = Offset(next);
    return bytes;
  }

  /** Moves what is there to the front, into as much room as it needs twice over: so the cost of a push stays bounded on average. */
  #makeRoom(): void {
    const count = this.#end - this.#head;
    const capacity = Math.max(CAPACITY_MIN, count * 2);
    const rows = this.#rows.subarray(this.#head * COLUMNS, this.#end * COLUMNS);
    const buffers = this.#buffers.slice(this.#head, this.#end);
    this.#rows = new Float64Array(capacity * COLUMNS);
    this.#rows.set(rows);
    this.#buffers = Array.from({ length: capacity }, (_, i) => buffers[i] ?? null);
    this.#head = 0;
    this.#end = count;
  }

  /** Index of the first batch whose last offset is at or above. */
  #indexOf(offset: Offset): number {
    let low = this.#head;
    let high = this.#end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#number(middle, ROW.lastOffset) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
