import {
  type CreditFrame,
  type Problem,
  type SeekFrame,
  type SubId,
  type SubRecordsFrame,
  WS_LIMITS,
  httpProblem,
} from "@vitrine/api";
import { ProblemError, refuse } from "../error-reply.ts";
import type { RecordTail, TailOptions, TailStart } from "../record-tail.ts";
import { CreditWindow } from "./credit-window.ts";
import { recordFilter } from "./record-filter.ts";
import type { LogBounds, RecordSource } from "./record-source.ts";
import { type PumpHost, RecordPump } from "./record-pump.ts";
import { badFromProblem, cursorText, offsetsText, parseFrom } from "./tail-start.ts";

/** The socket as a record subscription sees it. */
export interface RecordSocket {
  send(text: string): void;
  /** Too much waits in the socket, or in all sockets together. */
  blocked(): boolean;
  /** The subscription ended by itself. */
  ended(id: SubId, problem: Problem): void;
}

const DEFAULT_MAX_WAIT_MS = 20;

/** One `sub` to records: a tail per topic, one window of credits for all of them. */
export class RecordSubscription {
  readonly id: SubId;
  readonly #frame: SubRecordsFrame;
  readonly #socket: RecordSocket;
  readonly #pumps = new Map<string, RecordPump>();
  readonly #window: CreditWindow;
  #gen: number | undefined;
  #paused = false;
  #closed = false;

  private constructor(frame: SubRecordsFrame, socket: RecordSocket) {
    this.id = frame.id;
    this.#frame = frame;
    this.#socket = socket;
    this.#window = new CreditWindow(frame.credit);
  }

  /** Checks the frame and makes the subscription; the tails are opened by `open`. Throws a ProblemError. */
  static from(frame: SubRecordsFrame, socket: RecordSocket): RecordSubscription {
    if (frame.mode === "sample" && frame.max_rate === undefined) {
      const detail = "mode sample needs max_rate, in records a second";
      refuse(httpProblem({ status: 422, slug: "invalid-frame", title: "Invalid subscription", detail }));
    }
    startsOf(frame.topics, frame.from);
    return new RecordSubscription(frame, socket);
  }

  /** Opens the tails and gives the `subbed` frame; records flow after `start`. Rejects with a ProblemError. */
  async open(source: RecordSource): Promise<string> {
    const { topics } = this.#frame;
    const starts = startsOf(topics, this.#frame.from);
    try {
      for (const topic of topics) {
        if (this.#pumps.has(topic)) continue;
        const tail = await source.openTail(this.#tailOptions(topic, starts.get(topic)!));
        this.#pumps.set(topic, new RecordPump(tail, this.#host(topic)));
        if (this.#closed) this.close();
      }
      this.#checkPartitions();
    } catch (error) {
      this.close();
      throw error;
    }
    const bounds = new Map<string, LogBounds>();
    for (const [topic, { tail }] of this.#pumps) {
      bounds.set(topic, await source.bounds(topic, [...tail.positions().keys()], this.#frame.isolation ?? "committed"));
    }
    return JSON.stringify({
      t: "subbed",
      id: this.id,
      start: this.#vectors((_topic, tail) => cursorText(tail.positions())),
      end: this.#vectors((topic) => offsetsText(bounds.get(topic)!.end)),
      log_start: this.#vectors((topic) => offsetsText(bounds.get(topic)!.start)),
      topic_ids: Object.fromEntries(Array.from(this.#pumps, ([topic, { tail }]) => [topic, tail.topicId])),
    });
  }

  /** One value for the only topic, else an object by topic. */
  #vectors(of: (topic: string, tail: RecordTail) => string): string | Record<string, string> {
    const pairs = [...this.#pumps].map(([topic, { tail }]) => [topic, of(topic, tail)] as const);
    return this.#frame.topics.length === 1 ? pairs[0]![1] : Object.fromEntries(pairs);
  }

  /** Lets records flow; resolves when all tails have ended. */
  async start(): Promise<void> {
    await Promise.all(Array.from(this.#pumps.values(), (pump) => pump.run()));
  }

  get closed(): boolean {
    return this.#closed;
  }

  credit(frame: CreditFrame): void {
    this.#window.add(frame);
    this.wake();
  }

  /** Throws a ProblemError when `from` is no position. */
  seek(frame: SeekFrame): void {
    const starts = startsOf(this.#frame.topics, frame.from);
    this.#gen = frame.gen;
    for (const [topic, pump] of this.#pumps) pump.seek(starts.get(topic)!);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.wake();
  }

  wake(): void {
    for (const pump of this.#pumps.values()) pump.wake();
  }

  close(_grace = false): void {
    this.#closed = true;
    for (const pump of this.#pumps.values()) pump.close();
  }

  #tailOptions(topic: string, start: TailStart): TailOptions {
    const { partitions, isolation } = this.#frame;
    return {
      topic,
      start,
      isolation: isolation ?? "committed",
      fetchBytes: FETCH_BYTES,
      ...(partitions === undefined ? {} : { partitions }),
    };
  }

  #checkPartitions(): void {
    let partitions = 0;
    for (const pump of this.#pumps.values()) partitions += pump.tail.positions().size;
    if (partitions <= WS_LIMITS.partitions) return;
    const detail = `the subscription covers ${partitions} partitions, at most ${WS_LIMITS.partitions} are possible: name fewer topics or partitions`;
    refuse(httpProblem({ status: 422, slug: "too-many-partitions", title: "Too many partitions", detail }));
  }

  #host(topic: string): PumpHost {
    const frame = this.#frame;
    return {
      id: frame.id,
      topic: frame.topics.length === 1 ? null : topic,
      maxWaitMs: frame.max_wait_ms ?? DEFAULT_MAX_WAIT_MS,
      previewBytes: frame.preview ?? Number.POSITIVE_INFINITY,
      filter: recordFilter(frame.filter),
      maxRate: frame.mode === "sample" ? (frame.max_rate ?? null) : null,
      gen: () => this.#gen,
      roomChars: () => this.#window.bytes,
      room: () => (this.#paused || this.#socket.blocked() ? 0 : this.#window.records),
      send: (frames, records) => {
        const text = frames.length === 1 ? frames[0]! : `[${frames.join(",")}]`;
        this.#window.take(records, text.length);
        this.#socket.send(text);
      },
      sendFree: (text) => this.#socket.send(text),
      failed: (problem) => {
        if (this.#closed) return;
        this.close();
        this.#socket.ended(this.id, problem);
      },
    };
  }
}

/** Small, because each subscription may hold one fetch per leader while it is starved. */
const FETCH_BYTES = 256 * 1024;

/** Where each topic begins. Throws a ProblemError. */
function startsOf(topics: readonly string[], from: SubRecordsFrame["from"]): Map<string, TailStart> {
  const starts = new Map<string, TailStart>();
  for (const topic of topics) {
    const text = typeof from === "object" ? from[topic] : from;
    const start = parseFrom(text);
    if (start === null) throw new ProblemError(badFromProblem(text ?? ""));
    starts.set(topic, start);
  }
  return starts;
}
