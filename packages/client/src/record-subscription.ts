import {
  type ClientFrame,
  type CaughtUpFrame,
  type Cursor,
  formatCursor,
  type GapFrame,
  mergeCursor,
  parseCursor,
  type Problem,
  type SubbedFrame,
  type SubId,
} from "@vitrine/api";
import { CreditAccount } from "./credit-account.ts";
import type { RecordsHandlers, RecordsRequest } from "./live-types.ts";
import { handlerFailed } from "./problem-error.ts";
import type { SubscriptionLine } from "./subscription-line.ts";
import type { RecordBatch } from "./tail-record.ts";
import { WorkQueue } from "./work-queue.ts";

/**
 * One record subscription on the line. Its cursor moves when a batch was processed, so after a reconnect it goes on with the first record
 * that was not; batches that wait to be processed are bounded by the window that was granted.
 */
export class RecordSubscription {
  id: SubId = 0;
  readonly #request: RecordsRequest;
  readonly #handlers: RecordsHandlers;
  readonly #line: SubscriptionLine;
  readonly #cursors = new Map<string, Cursor>();
  readonly #credit: CreditAccount;
  readonly #queue: WorkQueue;
  #from: string | undefined;
  #gen = 0;
  /** Number that frames of the present connection carry; null: no seek was asked for on it. */
  #lineGen: number | null = null;
  #paused = false;

  constructor(request: RecordsRequest, handlers: RecordsHandlers, line: SubscriptionLine) {
    this.#request = request;
    this.#handlers = handlers;
    this.#line = line;
    this.#credit = new CreditAccount(request);
    this.#queue = new WorkQueue((error) => {
      this.#line.send({ t: "unsub", id: this.id });
      this.#line.ended();
      this.fail(handlerFailed(error, "the cursor stands before it"));
    });
    this.#from = request.from;
  }

  cursors(): ReadonlyMap<string, string> {
    return new Map([...this.#cursors].map(([topic, cursor]) => [topic, formatCursor(cursor)]));
  }

  subFrame(id: SubId): ClientFrame {
    this.id = id;
    this.#queue.restart();
    this.#lineGen = null;
    this.#credit.restart();
    const { topics, partitions, isolation, maxWaitMs, sampleRate, preview, filter } = this.#request;
    const from = this.#resumeFrom();
    return {
      t: "sub",
      id,
      topics: [...topics],
      credit: { ...this.#credit.window },
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
    if (this.#paused) this.#line.send({ t: "pause", id: this.id });
    this.#handlers.opened?.(this.cursors());
  }

  onRecords(batch: RecordBatch, chars: number): void {
    if (batch.gen !== this.#lineGen) return;
    const topic = batch.topic ?? this.#request.topics[0]!;
    const { partition, records, highWatermark, lag } = batch;
    this.#queue.add(async (stands) => {
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
    this.#queue.add(() => {
      this.#handlers.gap?.({ topic, partition: p, from, to, reason });
      if (next !== undefined) this.#moveTo(topic, next);
    });
  }

  onCaughtUp(frame: CaughtUpFrame): void {
    if ((frame.gen ?? null) !== this.#lineGen) return;
    const topic = frame.topic ?? this.#request.topics[0]!;
    this.#queue.add(() => {
      this.#moveTo(topic, frame.next);
      this.#handlers.caughtUp?.(topic);
    });
  }

  fail(problem: Problem): void {
    if (!this.#queue.isClosed) this.#handlers.failed?.(problem);
    this.#queue.close();
  }

  credit(records: number, bytes: number): void {
    this.#line.send({ t: "credit", id: this.id, records, bytes });
  }

  seek(from: string): void {
    this.#queue.restart();
    this.#gen++;
    this.#lineGen = this.#gen;
    this.#from = from;
    this.#cursors.clear();
    this.#line.send({ t: "seek", id: this.id, from, gen: this.#gen });
  }

  pause(): void {
    this.#paused = true;
    this.#line.send({ t: "pause", id: this.id });
  }

  resume(): void {
    this.#paused = false;
    this.#line.send({ t: "resume", id: this.id });
  }

  close(): void {
    this.#queue.close();
    this.#line.send({ t: "unsub", id: this.id });
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
    const due = this.#credit.processed(records, bytes);
    if (due !== null) this.#line.send({ t: "credit", id: this.id, ...due });
  }
}
