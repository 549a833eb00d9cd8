/**
 * One log as the broker sees it: answers at once from memory, and queues what the disk must do.
 *
 * The durable end (T7): `diskEnd` is where the disk stood at the last ticket it reported. A truncation that is queued or under way bounds the
 * durable end from the moment it is asked for, so that an append which replaced what was cut off is never taken for durable too early.
 */
import { type BatchFacts, invariant, Offset } from "@vitrine/core";
import type { CleanRequest } from "./cleaning-run.ts";
import { EpochCache } from "./epoch-cache.ts";
import type { OffsetRange } from "./log-disk.ts";
import type { LoadedLog, LogOp, SizeReport } from "./log-op.ts";
import type { Batch, LogDescriptor, PartitionLog, ReadSpec, TailRead, Ticket } from "./partition-log.ts";
import { ProducerState } from "./producer-state.ts";
import { RecentBatches } from "./recent-batches.ts";
import type { SurveySpec } from "./virtual-segments.ts";

/** What a log needs of its store. */
export interface LogQueue {
  /** Queues an operation of this turn. */
  push(log: QueuedLog, op: LogOp): void;
  /** Side tables (epochs, producers) or the high watermark changed: they go out with the next hand-over. */
  markSide(log: QueuedLog): void;
  adopt(bytes: Uint8Array): Uint8Array;
  readCold(id: number, log: QueuedLog, spec: ReadSpec): void;
  findCold(id: number, log: QueuedLog, timestampMs: number, range: OffsetRange): void;
  findKept(id: number, log: QueuedLog, bytes: number): void;
  survey(id: number, log: QueuedLog, spec: SurveySpec): void;
  clean(id: number, log: QueuedLog, request: CleanRequest): void;
}

/** Where this log stood when a hand-over left. */
interface Mark {
  readonly ticket: Ticket;
  /** Lowest log end that the operations of this hand-over went through; Infinity = nothing was cut off. */
  readonly low: number;
  readonly end: number;
  readonly appendedBytes: number;
}

export class QueuedLog implements PartitionLog {
  readonly epochs: EpochCache;
  readonly producers: ProducerState;
  readonly tail: RecentBatches;
  epochsChanged = false;
  highWatermarkChanged = false;
  #descriptor: LogDescriptor;
  #logStart: Offset;
  #logEnd: Offset;
  #highWatermark: Offset;
  #diskEnd: number;
  #lowThisTurn = Infinity;
  readonly #marks: Mark[] = [];
  #sizeBytes: number;
  #appendedBytes = 0;
  #maxTimestampMs: number;
  #cleanedTo: Offset;
  #cleanings: number;
  #cuts = 0;
  readonly #queue: LogQueue;

  constructor(queue: LogQueue, loaded: LoadedLog) {
    this.#queue = queue;
    this.#descriptor = loaded.descriptor;
    this.#logStart = loaded.logStartOffset;
    this.#logEnd = loaded.logEndOffset;
    this.#diskEnd = loaded.logEndOffset;
    this.#highWatermark = loaded.highWatermark;
    this.#sizeBytes = loaded.sizeBytes;
    this.#maxTimestampMs = loaded.maxTimestampMs;
    this.#cleanedTo = loaded.cleanedTo;
    this.#cleanings = loaded.cleanings;
    this.tail = new RecentBatches(loaded.logEndOffset);
    this.epochs = new EpochCache(loaded.epochs, () => {
      this.epochsChanged = true;
      queue.markSide(this);
    });
    this.producers = new ProducerState(loaded.producers, () => queue.markSide(this));
  }

  get descriptor(): LogDescriptor {
    return this.#descriptor;
  }

  get logStartOffset(): Offset {
    return this.#logStart;
  }

  get logEndOffset(): Offset {
    return this.#logEnd;
  }

  get durableEndOffset(): Offset {
    let end = Math.min(this.#diskEnd, this.#lowThisTurn);
    for (const mark of this.#marks) end = Math.min(end, mark.low);
    return Offset(Math.max(end, this.#logStart));
  }

  get highWatermark(): Offset {
    return this.#highWatermark;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get maxTimestampMs(): number {
    return this.#maxTimestampMs;
  }

  get cleanedTo(): Offset {
    return this.#cleanedTo;
  }

  get cleanings(): number {
    return this.#cleanings;
  }

  get cuts(): number {
    return this.#cuts;
  }

  describe(descriptor: LogDescriptor): void {
    this.#descriptor = descriptor;
  }

  append(batch: Batch): void {
    const { facts } = batch;
    const { key } = this.#descriptor;
    invariant(
      facts.baseOffset >= this.#logEnd,
      `append to ${key} at ${facts.baseOffset}, below its end ${this.#logEnd}`,
    );
    invariant(facts.lastOffset >= facts.baseOffset, `append to ${key}: the batch ends before it begins`);
    const latestEpoch = this.epochs.latestEpoch;
    invariant(facts.leaderEpoch >= latestEpoch, `append to ${key} in epoch ${facts.leaderEpoch}, below ${latestEpoch}`);
    const bytes = this.#queue.adopt(batch.bytes);
    const stored = { facts: this.#withTime(facts), bytes };
    this.tail.push(stored);
    this.#logEnd = Offset(facts.lastOffset + 1);
    this.#sizeBytes += bytes.byteLength;
    this.#appendedBytes += bytes.byteLength;
    if (facts.maxTimestampMs > this.#maxTimestampMs) this.#maxTimestampMs = facts.maxTimestampMs;
    if (facts.leaderEpoch > latestEpoch) this.epochs.assign(facts.leaderEpoch, facts.baseOffset);
    this.producers.append(facts, this.#highWatermark);
    this.#queue.push(this, { type: "append", key, batch: stored });
  }

  /** A batch that says no time is taken to be as old as the newest before it: retention must not take it for ancient. */
  #withTime(facts: BatchFacts): BatchFacts {
    return facts.maxTimestampMs < 0 && this.#maxTimestampMs >= 0
      ? { ...facts, maxTimestampMs: this.#maxTimestampMs }
      : facts;
  }

  truncateTo(offset: Offset, options: { unclean?: boolean } = {}): void {
    const { key } = this.#descriptor;
    invariant(
      options.unclean === true || offset >= this.#highWatermark,
      `truncation of ${key} to ${offset}, below its high watermark ${this.#highWatermark}`,
    );
    // Also where no record goes: an epoch entry at the end that the leader does not know would be asked about for ever (KAFKA-10706).
    this.epochs.truncateFromEnd(offset < this.#logEnd ? offset : this.#logEnd);
    if (offset >= this.#logEnd) return;
    const { bytes, end } = this.tail.truncateTo(offset);
    this.#sizeBytes -= bytes;
    this.producers.truncateFromEnd(end);
    this.#logEnd = end;
    if (this.#logStart > end) this.#logStart = end;
    if (this.#highWatermark > end) this.#highWatermark = end;
    this.#cutAt(end);
    this.#lowThisTurn = Math.min(this.#lowThisTurn, end);
    this.#queue.push(this, { type: "truncate", key, offset: end, logStartOffset: this.#logStart });
  }

  truncateFullyAndStartAt(offset: Offset): void {
    this.epochs.clear();
    this.producers.clear();
    this.tail.restart(offset);
    this.#logStart = offset;
    this.#logEnd = offset;
    this.#highWatermark = offset;
    this.#sizeBytes = 0;
    this.#maxTimestampMs = -1;
    this.#cutAt(offset);
    this.#lowThisTurn = Math.min(this.#lowThisTurn, offset);
    this.#queue.push(this, { type: "restart", key: this.#descriptor.key, offset });
  }

  #cutAt(end: Offset): void {
    this.#cuts++;
    if (this.#cleanedTo > end) this.#cleanedTo = end;
  }

  setHighWatermark(offset: Offset): void {
    if (offset === this.#highWatermark) return;
    const { key } = this.#descriptor;
    invariant(offset <= this.#logEnd, `high watermark ${offset} of ${key} beyond its end ${this.#logEnd}`);
    invariant(offset > this.#highWatermark, `high watermark of ${key} from ${this.#highWatermark} back to ${offset}`);
    this.#highWatermark = offset;
    this.highWatermarkChanged = true;
    this.#queue.markSide(this);
  }

  setLogStartOffset(offset: Offset): void {
    if (offset <= this.#logStart) return;
    const { key } = this.#descriptor;
    invariant(
      offset <= this.#highWatermark,
      `log start ${offset} of ${key} above its high watermark ${this.#highWatermark}`,
    );
    this.#logStart = offset;
    this.#sizeBytes -= this.tail.dropBelow(offset);
    this.epochs.truncateFromStart(offset);
    this.#queue.push(this, { type: "log-start", key, offset });
  }

  assignEpochStart(leaderEpoch: number, startOffset: Offset): void {
    this.epochs.assign(leaderEpoch, startOffset);
  }

  readTail(spec: ReadSpec): TailRead {
    if (spec.from < this.#logStart || spec.from > this.#logEnd)
      return { kind: "out-of-range", logStartOffset: this.#logStart, logEndOffset: this.#logEnd };
    if (spec.from >= this.tail.start || spec.from >= spec.upTo)
      return { kind: "batches", batches: this.tail.read(spec) };
    return { kind: "cold" };
  }

  readCold(id: number, spec: ReadSpec): void {
    this.#queue.readCold(id, this, spec);
  }

  findTimestamp(id: number, timestampMs: number, upTo: Offset, from = this.#logStart): void {
    this.#queue.findCold(id, this, timestampMs, { from: from > this.#logStart ? from : this.#logStart, upTo });
  }

  findKept(id: number, bytes: number): void {
    this.#queue.findKept(id, this, bytes);
  }

  survey(id: number, spec: SurveySpec): void {
    this.#queue.survey(id, this, spec);
  }

  clean(id: number, request: CleanRequest): void {
    this.#queue.clean(id, this, request);
  }

  replace(from: Offset, upTo: Offset, batches: readonly Batch[]): void {
    const { key } = this.#descriptor;
    const settled = Math.min(this.#highWatermark, this.durableEndOffset);
    invariant(upTo <= settled, `compaction of ${key} up to ${upTo}, where only what lies below ${settled} is settled`);
    let before = from - 1;
    for (const { facts } of batches) {
      const isInside = facts.lastOffset >= from && facts.lastOffset < upTo && facts.lastOffset >= facts.baseOffset;
      invariant(isInside && facts.lastOffset > before, `compaction of [${from}, ${upTo}) of ${key} out of order`);
      before = facts.lastOffset;
    }
    if (upTo <= this.#logStart) return;
    const start = from > this.#logStart ? from : this.#logStart;
    const kept = batches
      .filter(({ facts }) => facts.lastOffset >= start)
      .map(({ facts, bytes }) => ({ facts, bytes: this.#queue.adopt(bytes) }));
    // Memory holds what was there before: from now on the disk is asked, which has the one or the other.
    this.tail.dropBelow(upTo);
    this.#queue.push(this, { type: "replace", key, from: start, upTo, batches: kept });
  }

  setCleanedTo(offset: Offset, changed: boolean): void {
    if (offset === this.#cleanedTo && !changed) return;
    const { key } = this.#descriptor;
    invariant(offset <= this.#logEnd, `${key} compacted up to ${offset}, beyond its end ${this.#logEnd}`);
    this.#cleanedTo = offset;
    if (changed) this.#cleanings++;
    this.#queue.push(this, { type: "cleaned-to", key, offset, cleanings: this.#cleanings });
  }

  /** The hand-over of this turn leaves with this log's operations in it. */
  handedOver(ticket: Ticket): void {
    this.#marks.push({ ticket, low: this.#lowThisTurn, end: this.#logEnd, appendedBytes: this.#appendedBytes });
    this.#lowThisTurn = Infinity;
  }

  /** The disk has reported the ticket; `counted` where it counted anew. */
  committed(ticket: Ticket, counted: Pick<SizeReport, "sizeBytes" | "maxTimestampMs"> | null): void {
    for (let mark = this.#marks[0]; mark && mark.ticket <= ticket; mark = this.#marks[0]) {
      this.#marks.shift();
      this.#diskEnd = mark.end;
      if (counted === null || mark.ticket !== ticket) continue;
      this.#sizeBytes = counted.sizeBytes + (this.#appendedBytes - mark.appendedBytes);
      // What is not on disk yet is in memory.
      if (counted.maxTimestampMs < this.#maxTimestampMs)
        this.#maxTimestampMs = Math.max(counted.maxTimestampMs, this.tail.newestTimestamp());
    }
  }

  /** Everything below may leave memory: it is on disk, and no queued truncation reaches it. */
  get evictableBelow(): Offset {
    return this.durableEndOffset;
  }
}
