/** The engine of a RecordTail: one long poll per leader in flight, its result held until it is taken, then the next. */
import { kafkaProblem, offsetOutOfRange } from "@vitrine/api";
import type { Position, Problem } from "@vitrine/api";
import type { Uuid } from "@vitrine/core";
import type { Engine, TopicInfo } from "@vitrine/engine";
import { refuse } from "../error-reply.ts";
import { nextMetadata } from "../metadata-wait.ts";
import type { HttpContext } from "../options.ts";
import type { GapReason, RecordTail, TailEvent, TailOptions, TailStart, TailVector } from "../record-tail.ts";
import { findTopic } from "../topic-lookup.ts";
import { fetchFromLeader } from "./fetch-leader.ts";
import type { PartitionChunk } from "./fetch-leader.ts";
import { EARLIEST, listOffsets } from "./list-offsets.ts";
import { startPositions, unreadable } from "./start-position.ts";

const FETCH_BYTES = 1024 * 1024;
/** Long polls are this long: short enough to notice new partitions, long enough to cost nothing. */
const POLL_MS = 20_000;
const START_MS = 10_000;
const RETRY_MS = 100;

export async function startTail(
  context: Pick<HttpContext, "engine" | "closing">,
  options: TailOptions,
): Promise<RecordTail> {
  const tail = new TailLoop(context, options, await findTopic(context.engine, options.topic));
  await tail.seek(options.start);
  return tail;
}

/** A leader that is being asked, or whose answer waits to be taken. */
interface Poll {
  readonly partitions: readonly number[];
  readonly abort: AbortController;
}

class TailLoop implements RecordTail {
  readonly #engine: Engine;
  readonly #closing: AbortSignal;
  readonly #options: TailOptions;
  #topic: TopicInfo;
  /** As taken by the reader. */
  #taken = new Map<number, Position>();
  /** As fetched; equals taken for partitions with nothing at hand. */
  #fetched = new Map<number, Position>();
  readonly #ends = new Map<number, number>();
  readonly #highWatermarks = new Map<number, number>();
  readonly #logStarts = new Map<number, number>();
  #polls = new Map<number, Poll>();
  /** Leaders that failed; they rest until the time. */
  readonly #resting = new Set<number>();
  #events: TailEvent[] = [];
  #caughtUp = false;
  #closed = false;
  /** Rises with each seek: answers of polls of an earlier run are dropped. */
  #run = 0;
  #wake: (() => void) | null = null;
  readonly #onClosing = () => this.close();

  constructor(context: Pick<HttpContext, "engine" | "closing">, options: TailOptions, topic: TopicInfo) {
    this.#engine = context.engine;
    this.#closing = context.closing;
    this.#options = options;
    this.#topic = topic;
    for (const partition of options.partitions ?? [])
      if (topic.partitions[partition] === undefined) refuse(noPartition(topic, partition));
    this.#closing.addEventListener("abort", this.#onClosing, { once: true });
  }

  get topicId(): Uuid {
    return this.#topic.topicId;
  }

  positions(): TailVector {
    return this.#taken;
  }

  highWatermarks(): ReadonlyMap<number, number> {
    return this.#highWatermarks;
  }

  logStarts(): ReadonlyMap<number, number> {
    return this.#logStarts;
  }

  async seek(start: TailStart): Promise<void> {
    this.#run += 1;
    for (const poll of this.#polls.values()) poll.abort.abort();
    this.#polls = new Map();
    this.#events = [];
    this.#caughtUp = false;
    const partitions = this.#wanted();
    const positions = await startPositions(this.#engine, {
      topic: this.#topic,
      partitions,
      start,
      isolation: this.#options.isolation,
      deadline: performance.now() + START_MS,
    });
    this.#taken = new Map(positions);
    this.#fetched = new Map(positions);
  }

  poll(): TailEvent | null {
    const event = this.#events.shift();
    if (event === undefined) return null;
    if (event.type === "records" || event.type === "gap") this.#taken.set(event.partition, event.next);
    if (event.type === "error") this.close();
    return event;
  }

  async next(signal?: AbortSignal): Promise<TailEvent | null> {
    for (;;) {
      const event = this.poll();
      if (event !== null) return event;
      if (this.#closed || signal?.aborted === true) return null;
      this.#ask();
      if (this.#events.length > 0) continue;
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = () => resolve();
      this.#wake = wake;
      signal?.addEventListener("abort", wake, { once: true });
      await promise;
      signal?.removeEventListener("abort", wake);
      this.#wake = null;
    }
  }

  close(): void {
    this.#closed = true;
    this.#closing.removeEventListener("abort", this.#onClosing);
    for (const poll of this.#polls.values()) poll.abort.abort();
    this.#polls.clear();
    this.#wake?.();
  }

  #wanted(): readonly number[] {
    return this.#options.partitions ?? this.#topic.partitions.map((partition) => partition.partition);
  }

  /** Asks every leader that is not being asked. Called only when nothing is at hand: that is the back-pressure. */
  #ask(): void {
    if (!this.#refresh()) return;
    const busy = new Set([...this.#polls.values()].flatMap((poll) => poll.partitions));
    const open = this.#wanted().filter((partition) => this.#fetched.has(partition) && !busy.has(partition));
    for (const [leader, partitions] of Map.groupBy(
      open,
      (partition) => this.#topic.partitions[partition]?.leader ?? -1,
    )) {
      if (this.#resting.has(leader)) continue;
      if (leader === -1) this.#rest(leader);
      else if (!this.#polls.has(leader)) void this.#pollLeader(leader, partitions);
    }
  }

  /** Takes new metadata in; false when the topic is gone (an error event is at hand then). */
  #refresh(): boolean {
    const now = this.#engine.topic(this.#topic.name);
    if (now === undefined || now.topicId !== this.#topic.topicId) {
      // A gateway that just lost its brokers still has its last metadata, so absence means deletion.
      this.#fail(
        kafkaProblem(
          "UNKNOWN_TOPIC_OR_PARTITION",
          now === undefined
            ? `the topic ${this.#topic.name} was deleted`
            : `the topic ${this.#topic.name} was deleted and created again`,
          { topic: this.#topic.name },
        ),
      );
      return false;
    }
    this.#topic = now;
    for (const partition of this.#wanted())
      if (!this.#fetched.has(partition)) {
        // A partition that was added while we read: all of it is news.
        this.#fetched.set(partition, { offset: 0, epoch: -1 });
        this.#taken.set(partition, { offset: 0, epoch: -1 });
      }
    return true;
  }

  async #pollLeader(leader: number, partitions: readonly number[]): Promise<void> {
    const run = this.#run;
    const poll: Poll = { partitions, abort: new AbortController() };
    this.#polls.set(leader, poll);
    // Until the end was seen once, answers are wanted now, not after a wait.
    const behind = partitions.some(
      (partition) => (this.#ends.get(partition) ?? Number.POSITIVE_INFINITY) > this.#fetched.get(partition)!.offset,
    );
    const stop = this.#engine.onMetadata(() => {
      const now = this.#engine.topic(this.#topic.name)?.partitions;
      const moved = partitions.some((partition) => now?.[partition]?.leader !== leader);
      if (moved || now?.length !== this.#topic.partitions.length) poll.abort.abort();
    });
    const outcome = await fetchFromLeader(this.#engine, {
      topic: this.#topic,
      leader,
      positions: new Map(partitions.map((partition) => [partition, this.#fetched.get(partition)!])),
      waitMs: behind ? 0 : POLL_MS,
      bytes: this.#options.fetchBytes ?? FETCH_BYTES,
      isolation: this.#options.isolation,
      signal: poll.abort.signal,
    });
    stop();
    if (run !== this.#run || this.#closed) return;
    this.#polls.delete(leader);
    if (outcome.ok) {
      let failed = false;
      for (const chunk of outcome.chunks) failed = (await this.#take(chunk, leader)) || failed;
      if (failed) this.#rest(leader);
      this.#sayCaughtUp();
    } else if (!(outcome.reason === "timeout" && poll.abort.signal.aborted)) this.#rest(leader);
    this.#wake?.();
  }

  /** Turns an answer into events; true when the partition must rest before it is asked again. */
  async #take(chunk: PartitionChunk, leader: number): Promise<boolean> {
    const { partition } = chunk;
    const from = this.#fetched.get(partition)!;
    if (chunk.divergesAt !== null) {
      this.#gap(partition, from.offset, { offset: chunk.divergesAt, epoch: -1 }, "truncated");
      return false;
    }
    if (chunk.error === "OFFSET_OUT_OF_RANGE") return this.#outOfRange(partition, from);
    if (chunk.error === "CORRUPT_MESSAGE") {
      this.#fail(unreadable(this.#engine, this.#topic.name, partition, chunk.error, from.offset));
      return true;
    }
    // Leadership, epochs, storage: all of them pass, or metadata tells.
    if (chunk.error !== "NONE") return true;
    this.#ends.set(partition, chunk.end);
    this.#highWatermarks.set(partition, chunk.highWatermark);
    this.#logStarts.set(partition, chunk.logStart);
    this.#fetched.set(partition, chunk.next);
    if (chunk.records.length > 0) {
      this.#caughtUp = false;
      const { records, next, highWatermark, logStart } = chunk;
      this.#events.push({ type: "records", partition, records, next, highWatermark, logStart, leader });
    } else if (!this.#events.some((event) => "partition" in event && event.partition === partition))
      this.#taken.set(partition, chunk.next);
    return false;
  }

  /** Below the start: retention was faster than the reader. Beyond the end: the log was cut, or the reader asked for the future. */
  async #outOfRange(partition: number, from: Position): Promise<boolean> {
    const ask = { partitions: [partition], isolation: this.#options.isolation, timeoutMs: 2_000 };
    const first = (await listOffsets(this.#engine, this.#topic, { ...ask, timestamp: EARLIEST })).get(partition)!;
    const last = (await listOffsets(this.#engine, this.#topic, { ...ask, timestamp: -1 })).get(partition)!;
    if (first.error !== "NONE" || last.error !== "NONE") return true;
    if (from.offset >= first.offset && from.offset <= last.offset) return false;
    if (from.offset < first.offset) this.#gap(partition, from.offset, { offset: first.offset, epoch: -1 }, "retention");
    else if (from.epoch >= 0) this.#gap(partition, from.offset, { offset: last.offset, epoch: -1 }, "truncated");
    else
      this.#fail(
        offsetOutOfRange({
          topic: this.#topic.name,
          partition,
          offset: from.offset,
          logStart: first.offset,
          end: last.offset,
        }),
      );
    return false;
  }

  #gap(partition: number, from: number, next: Position, reason: GapReason): void {
    this.#fetched.set(partition, next);
    this.#ends.delete(partition);
    this.#events.push({ type: "gap", partition, from, to: next.offset, reason, next });
  }

  #fail(problem: Problem): void {
    this.#events.push({ type: "error", problem });
    this.#wake?.();
  }

  #sayCaughtUp(): void {
    const wanted = this.#wanted();
    const all = wanted.every(
      (partition) => (this.#ends.get(partition) ?? Number.POSITIVE_INFINITY) <= this.#fetched.get(partition)!.offset,
    );
    if (all && !this.#caughtUp) {
      this.#caughtUp = true;
      this.#events.push({ type: "caught-up" });
    }
  }

  /** Leaves a leader alone until metadata changes or a moment has passed. */
  #rest(leader: number): void {
    this.#resting.add(leader);
    void nextMetadata(this.#engine, RETRY_MS).then(() => {
      this.#resting.delete(leader);
      this.#wake?.();
    });
  }
}

/** 404 for a partition that the topic does not have. */
export function noPartition(topic: TopicInfo, partition: number): Problem {
  const count = topic.partitions.length;
  return kafkaProblem(
    "UNKNOWN_TOPIC_OR_PARTITION",
    `${topic.name} has no partition ${partition}: it has ${count}, numbered 0 to ${count - 1}`,
    { topic: topic.name, partition, partitions: count, retriable: false },
  );
}
