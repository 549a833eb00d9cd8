import { formatPosition, type Problem, type SubId } from "@vitrine/api";
import { toProblem } from "../error-reply.ts";
import type { RecordTail, TailEvent, TailPosition, TailStart } from "../record-tail.ts";
import { Latch } from "./latch.ts";
import type { RecordFilter } from "./record-filter.ts";
import { Sampler } from "./sampler.ts";
import { cursorText } from "./tail-start.ts";
import { wireRecord } from "./wire-record.ts";

type RecordsEvent = Extract<TailEvent, { type: "records" }>;

/** What a pump needs of its subscription: the window, the socket, the settings. */
export interface PumpHost {
  readonly id: SubId;
  /** null where the subscription has one topic only. */
  readonly topic: string | null;
  readonly maxWaitMs: number;
  readonly previewBytes: number;
  readonly filter: RecordFilter | null;
  /** Records a second, mode sample. */
  readonly maxRate: number | null;
  /** Number of the client's last seek; undefined before the first. */
  gen(): number | undefined;
  /** Records that may be sent now; 0 while starved, paused or blocked. */
  room(): number;
  /** Text that may be sent now, in characters; the record that goes beyond it is the last one. */
  roomChars(): number;
  /** Sends frames of this subscription as one message, and takes records and the message's length off the window. */
  send(frames: readonly string[], records: number): void;
  /** Sends a frame that costs no credit. */
  sendFree(frame: string): void;
  /** What a frame that is about to be sent leaves behind it: a reader that goes on there misses nothing. */
  moved?(partition: number, next: TailPosition): void;
  /** The tail cannot go on. */
  failed(problem: Problem): void;
}

/** Text of one message at most, so that a socket never holds much more than its limit. */
const MESSAGE_CHARS = 128 * 1024;

/**
 * Carries one topic's tail to a subscription: takes a batch only when there is room for it, cuts it to the window, and holds at most one batch.
 * While there is no room nothing is read from the log, so a subscriber that never reads costs one batch and the socket's limit.
 */
export class RecordPump {
  readonly #tail: RecordTail;
  readonly #host: PumpHost;
  readonly #wake = new Latch();
  readonly #sampler: Sampler | null;
  #interrupt = new AbortController();
  #seek: TailStart | null = null;
  #held: TailEvent | null = null;
  #heldAt = 0;
  #closed = false;
  #lastSentMs = 0;
  /** There is more than messages hold: waiting to gather would only cap the rate. */
  #backlog = false;

  constructor(tail: RecordTail, host: PumpHost) {
    this.#tail = tail;
    this.#host = host;
    this.#sampler = host.maxRate === null ? null : new Sampler(host.maxRate);
  }

  get tail(): RecordTail {
    return this.#tail;
  }

  /** Something changed: credit, pause, the socket drained. */
  wake(): void {
    this.#wake.open();
  }

  seek(start: TailStart): void {
    this.#seek = start;
    this.#held = null;
    this.#interrupt.abort();
    this.wake();
  }

  close(): void {
    this.#closed = true;
    this.#held = null;
    this.#interrupt.abort();
    this.#tail.close();
    this.wake();
  }

  /** Runs until the tail ends or is closed. Rejects never. */
  async run(): Promise<void> {
    try {
      while (!this.#closed) await this.#step();
    } catch (error) {
      if (!this.#closed) this.#host.failed(toProblem(error));
    }
  }

  async #step(): Promise<void> {
    if (this.#seek !== null) await this.#carryOutSeek();
    else if (this.#host.room() > 0) {
      if (this.#held !== null || (await this.#take())) await this.#sendHeld();
    } else if (this.#held === null || this.#held.type === "records") await this.#wake.wait(WAIT_MS);
    // What is no record costs no credit.
    else await this.#sendHeld();
  }

  async #carryOutSeek(): Promise<void> {
    const start = this.#seek;
    this.#seek = null;
    this.#held = null;
    this.#interrupt = new AbortController();
    if (start !== null) await this.#tail.seek(start);
  }

  /** Gets the next event into hand; false where there is none now. */
  async #take(): Promise<boolean> {
    const event = this.#tail.poll() ?? (await this.#tail.next(this.#interrupt.signal));
    if (event === null) {
      if (this.#seek === null) this.#closed = true;
      return false;
    }
    if (this.#closed || this.#seek !== null) return false;
    this.#held = event;
    this.#heldAt = 0;
    return true;
  }

  async #sendHeld(): Promise<void> {
    if (this.#held?.type === "records" && !this.#backlog) {
      const waitMs = this.#lastSentMs + this.#host.maxWaitMs - performance.now();
      if (waitMs >= 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    const frames: string[] = [];
    const charsMax = Math.min(MESSAGE_CHARS, this.#host.roomChars());
    let [records, chars] = [0, 0];
    // Several batches that are at hand go as one message.
    while (this.#held !== null && !this.#closed && this.#seek === null) {
      const event = this.#held;
      if (event.type !== "records") {
        if (frames.length > 0) break;
        this.#held = null;
        this.#sendOther(event);
        return;
      }
      const cut = this.#cut(event, this.#host.room() - records, charsMax - chars);
      if (cut === null) break;
      if (cut.frame !== null) frames.push(cut.frame);
      records += cut.records;
      chars += cut.frame?.length ?? 0;
      this.#held ??= this.#tail.poll();
    }
    if (frames.length === 0) return;
    this.#lastSentMs = performance.now();
    this.#backlog = this.#held !== null || chars >= MESSAGE_CHARS / 2;
    this.#host.send(frames, records);
  }

  /** Takes records off the held batch as far as the room goes; null where there is none. */
  #cut(event: RecordsEvent, room: number, chars: number): { frame: string | null; records: number } | null {
    if (room <= 0 || chars <= 0) return null;
    const texts: string[] = [];
    let used = 0;
    let at = this.#heldAt;
    const from = at;
    let skippedFrom = -1;
    for (; at < event.records.length && texts.length < room && used < chars; at++) {
      const record = event.records[at]!;
      if (this.#host.filter !== null && !this.#host.filter(record)) continue;
      if (this.#sampler !== null && !this.#sampler.take(performance.now())) {
        if (skippedFrom < 0) skippedFrom = record.offset;
        continue;
      }
      const text = wireRecord(record, this.#host.previewBytes);
      texts.push(text);
      used += text.length;
    }
    const done = at >= event.records.length;
    const next = done ? event.next : this.#positionAfter(event, at);
    if (skippedFrom >= 0) this.#sendSampledGap(event.partition, skippedFrom, next);
    this.#heldAt = at;
    if (done) {
      this.#held = null;
      this.#heldAt = 0;
    }
    // Records that the filter left out move the cursor once in a while, so that a resume does not read them all again.
    const quiet = texts.length === 0 && (at === from || performance.now() - this.#lastSentMs < QUIET_MS);
    return { frame: quiet ? null : this.#recordsFrame(event, texts, next), records: texts.length };
  }

  /** The epoch of the whole batch's end: never earlier than the record's own, so it cannot make a later check see a truncation that was none. */
  #positionAfter(event: RecordsEvent, at: number): TailPosition {
    return { offset: event.records[at]!.offset, epoch: event.next.epoch };
  }

  #recordsFrame(event: RecordsEvent, texts: readonly string[], next: TailPosition): string {
    const position = formatPosition(event.partition, next);
    this.#host.moved?.(event.partition, next);
    const lag = Math.max(0, event.highWatermark - next.offset);
    return `{"t":"records",${this.#head()}"p":${event.partition},"r":[${texts.join(",")}],"next":"${position}","hw":${event.highWatermark},"lag":${lag}${this.#gen()}}`;
  }

  #sendSampledGap(partition: number, from: number, next: TailPosition): void {
    this.#host.sendFree(
      `{"t":"gap",${this.#head()}"p":${partition},"from":${from},"to":${next.offset},"reason":"sampled","next":"${formatPosition(partition, next)}"${this.#gen()}}`,
    );
  }

  #sendOther(event: Exclude<TailEvent, RecordsEvent>): void {
    switch (event.type) {
      case "gap": {
        const { partition, from, to, reason } = event;
        const next = formatPosition(partition, event.next);
        this.#host.moved?.(partition, event.next);
        this.#host.sendFree(
          `{"t":"gap",${this.#head()}"p":${partition},"from":${from},"to":${to},"reason":"${reason}","next":"${next}"${this.#gen()}}`,
        );
        return;
      }
      case "caught-up":
        this.#host.sendFree(
          `{"t":"caught_up",${this.#head()}"next":"${cursorText(this.#tail.positions())}"${this.#gen()}}`,
        );
        return;
      case "error":
        this.#closed = true;
        this.#host.failed(event.problem);
    }
  }

  #head(): string {
    const topic = this.#host.topic === null ? "" : `"topic":${JSON.stringify(this.#host.topic)},`;
    return `"id":${JSON.stringify(this.#host.id)},${topic}`;
  }

  #gen(): string {
    const gen = this.#host.gen();
    return gen === undefined ? "" : `,"gen":${gen}`;
  }
}

/** While there is no room it is looked at again now and then: the limit of the whole process tells nobody when it falls. */
const WAIT_MS = 100;
const QUIET_MS = 1_000;
