import {
  type ClientFrame,
  type CaughtUpFrame,
  type Cursor,
  formatCursor,
  type GapFrame,
  httpProblem,
  mergeCursor,
  parseCursor,
  type Problem,
  type SubbedFrame,
  type SubId,
} from "@vitrine/api";
import type { RecordsHandlers, RecordsRequest } from "./live-types.ts";
import type { RecordBatch } from "./tail-record.ts";

const DEFAULT_CREDIT = { records: 500, bytes: 1_048_576 };

/**
 * One record subscription on the line. Its cursor moves when a batch was processed, so after a reconnect it goes on with the first record
 * that was not; batches that wait to be processed are bounded by the window that was granted.
 */
export class RecordSubscription {
  id: SubId = 0;
  readonly #request: RecordsRequest;
  readonly #handlers: RecordsHandlers;
  readonly #send: (frame: ClientFrame) => void;
  readonly #cursors = new Map<string, Cursor>();
  readonly #window: { readonly records: number; readonly bytes: number };
  /** Processed and not yet given back. */
  #owed = { records: 0, bytes: 0 };
  #from: string | undefined;
  #gen = 0;
  /** Number that frames of the present connection carry; null: no seek was asked for on it. */
  #lineGen: number | null = null;
  #paused = false;
  #closed = false;
  /** Rises with each connection: what was queued on an earlier one is not processed. */
  #run = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(request: RecordsRequest, handlers: RecordsHandlers, send: (frame: ClientFrame) => void) {
    this.#request = request;
    this.#handlers = handlers;
    this.#send = send;
    this.#window = request.credit ?? DEFAULT_CREDIT;
    this.#from = request.from;
  }

  cursors(): ReadonlyMap<string, string> {
    return new Map([...this.#cursors].map(([topic, cursor]) => [topic, formatCursor(cursor)]));
  }

  subFrame(id: SubId): ClientFrame {
    this.id = id;
    this.#run++;
    this.#lineGen = null;
    this.#owed = { records: 0, bytes: 0 };
    const { topics, partitions, isolation, maxWaitMs, sampleRate, preview, filter } = this.#request;
    const from = this.#resumeFrom();
    return {
      t: "sub",
      id,
      topics: [...topics],
      credit: { ...this.#window },
      ...(partitions === undefined ? {} : { partitions: [...partitions] }),
      ...(from === undefined ? {} : { from }),
      ...(isolation === undefined ? {} : { isolation }),
      ...(maxWaitMs === undefined ? {} : { max_wait_ms: maxWaitMs }),
      ...(sampleRate === undefined ? {} : { mode: "sample" as const, max_rate: sampleRate }),
      ...(preview === undefined ? {} : { preview }),
      ...(filter === undefined ? {} : { filter }),
    };
  }

  /** Frames to send after `subbed`: what the new connection cannot know. */
  onSubbed(frame: SubbedFrame): void {
    for (const [topic, text] of this.#perTopic(frame.start)) {
      const start = parseCursor(text);
      const held = this.#cursors.get(topic);
      if (start !== null) this.#cursors.set(topic, held === undefined ? start : mergeCursor(start, held));
    }
    if (this.#paused) this.#send({ t: "pause", id: this.id });
    this.#handlers.opened?.(this.cursors());
  }

  onRecords(batch: RecordBatch, chars: number): void {
    if (batch.gen !== this.#lineGen) return;
    const topic = batch.topic ?? this.#request.topics[0]!;
    const { partition, records, highWatermark, lag } = batch;
    this.#enqueue(async (stands) => {
      await this.#handlers.records({ topic, partition, records, highWatermark, lag, bytes: chars });
      if (!stands()) return;
      this.#moveTo(topic, batch.next);
      this.#giveBack(records.length, chars);
    });
  }

  onGap(frame: GapFrame): void {
    if ((frame.gen ?? null) !== this.#lineGen) return;
    const topic = frame.topic ?? this.#request.topics[0]!;
    const { p = 0, from = 0, to = 0, reason, next } = frame;
    this.#enqueue(() => {
      this.#handlers.gap?.({ topic, partition: p, from, to, reason });
      if (next !== undefined) this.#moveTo(topic, next);
    });
  }

  onCaughtUp(frame: CaughtUpFrame): void {
    if ((frame.gen ?? null) !== this.#lineGen) return;
    const topic = frame.topic ?? this.#request.topics[0]!;
    this.#enqueue(() => {
      this.#moveTo(topic, frame.next);
      this.#handlers.caughtUp?.(topic);
    });
  }

  fail(problem: Problem): void {
    if (!this.#closed) this.#handlers.failed?.(problem);
    this.#closed = true;
  }

  credit(records: number, bytes: number): void {
    this.#send({ t: "credit", id: this.id, records, bytes });
  }

  seek(from: string): void {
    this.#gen++;
    this.#lineGen = this.#gen;
    this.#from = from;
    this.#cursors.clear();
    this.#send({ t: "seek", id: this.id, from, gen: this.#gen });
  }

  pause(): void {
    this.#paused = true;
    this.#send({ t: "pause", id: this.id });
  }

  resume(): void {
    this.#paused = false;
    this.#send({ t: "resume", id: this.id });
  }

  close(): void {
    this.#closed = true;
    this.#send({ t: "unsub", id: this.id });
  }

  /** One after the other, in order of arrival: "undo from here" must not overtake the records before it. */
  #enqueue(work: (stands: () => boolean) => void | Promise<void>): void {
    const run = this.#run;
    const gen = this.#gen;
    const stands = () => !this.#closed && run === this.#run && gen === this.#gen;
    this.#queue = this.#queue
      .then(() => (stands() ? work(stands) : undefined))
      .catch((error: unknown) => {
        this.#send({ t: "unsub", id: this.id });
        this.fail(handlerFailed(error));
      });
  }

  #resumeFrom(): string | Record<string, string> | undefined {
    const cursors = this.cursors();
    if (cursors.size < this.#request.topics.length) return this.#from;
    return this.#request.topics.length === 1 ? cursors.get(this.#request.topics[0]!) : Object.fromEntries(cursors);
  }

  #perTopic(value: string | Record<string, string> | undefined): [string, string][] {
    if (value === undefined) return [];
    return typeof value === "string" ? [[this.#request.topics[0]!, value]] : Object.entries(value);
  }

  #moveTo(topic: string, next: string): void {
    const moved = parseCursor(next);
    if (moved !== null) this.#cursors.set(topic, mergeCursor(this.#cursors.get(topic) ?? new Map(), moved));
  }

  #giveBack(records: number, bytes: number): void {
    if (this.#request.autoCredit === false) return;
    this.#owed.records += records;
    this.#owed.bytes += bytes;
    const due = this.#owed.records * 2 >= this.#window.records || this.#owed.bytes * 2 >= this.#window.bytes;
    if (!due) return;
    this.#send({ t: "credit", id: this.id, ...this.#owed });
    this.#owed = { records: 0, bytes: 0 };
  }
}

function handlerFailed(error: unknown): Problem {
  return httpProblem({
    status: 0,
    slug: "handler-failed",
    title: "Processing failed",
    detail: `a batch could not be processed: ${error instanceof Error ? error.message : String(error)}; the cursor stands before it`,
  });
}
