/** One closed read: fetches from the leaders until the limit, the end of the log, or (long poll) the first record that comes. */
import { kafkaProblem, offsetOutOfRange } from "@vitrine/api";
import type { Position, Problem } from "@vitrine/api";
import type { ErrorName } from "@vitrine/core";
import type { CallFailure, Engine, TopicInfo } from "@vitrine/engine";
import { refuse } from "../error-reply.ts";
import { nextMetadata } from "../metadata-wait.ts";
import { fetchFromLeader } from "./fetch-leader.ts";
import type { PartitionChunk } from "./fetch-leader.ts";
import { EARLIEST, LATEST, listOffsets } from "./list-offsets.ts";
import type { LogRecord } from "./log-record.ts";
import type { ReadOptions } from "./read-options.ts";
import { startPositions, unreadable } from "./start-position.ts";

/** How long a read waits for leaders that do not answer: one partition may be worth waiting for, one of many is reported instead. */
const PATIENCE_ONE_MS = 5_000;
const PATIENCE_MANY_MS = 1_000;
const FETCH_BYTES_MIN = 64 * 1024;

export interface PartRead {
  readonly partition: number;
  readonly records: LogRecord[];
  start: Position;
  next: Position;
  /** Readers may read below it; -1: not learnt. */
  end: number;
  highWatermark: number;
  logStart: number;
}

export interface ReadResult {
  /** In the order asked for. */
  readonly parts: readonly PartRead[];
  readonly upToDate: boolean;
  /** Partitions whose leader does not answer; their cursor stays. */
  readonly unavailable: readonly { readonly partition: number; readonly problem: Problem }[];
}

export async function readRecords(
  engine: Engine,
  topic: TopicInfo,
  options: ReadOptions,
  signal: AbortSignal,
): Promise<ReadResult> {
  const patienceMs = options.partitions.length === 1 ? PATIENCE_ONE_MS : PATIENCE_MANY_MS;
  const positions = await startPositions(engine, {
    topic,
    partitions: options.partitions,
    start: options.start,
    isolation: options.isolation,
    deadline: performance.now() + patienceMs,
  });
  const read = new ClosedRead(engine, topic, options, positions, signal);
  await read.run(patienceMs);
  return read.result();
}

class ClosedRead {
  readonly #engine: Engine;
  readonly #topic: TopicInfo;
  readonly #options: ReadOptions;
  readonly #signal: AbortSignal;
  readonly #parts: Map<number, PartRead>;
  readonly #failed = new Map<number, ErrorName | CallFailure>();
  #count = 0;
  #bytes = 0;

  constructor(
    engine: Engine,
    topic: TopicInfo,
    options: ReadOptions,
    positions: ReadonlyMap<number, Position>,
    signal: AbortSignal,
  ) {
    this.#engine = engine;
    this.#topic = topic;
    this.#options = options;
    this.#signal = signal;
    this.#parts = new Map(
      options.partitions.map((partition) => {
        const position = positions.get(partition)!;
        return [
          partition,
          { partition, records: [], start: position, next: position, end: -1, highWatermark: -1, logStart: 0 },
        ];
      }),
    );
  }

  async run(patienceMs: number): Promise<void> {
    const patient = performance.now() + patienceMs;
    const waitUntil = performance.now() + this.#options.waitMs;
    while (!this.#signal.aborted && !this.#full()) {
      const open = this.#open();
      if (open.length === 0) {
        const leftMs = waitUntil - performance.now();
        if (this.#count > 0 || leftMs <= 0 || this.#waitable().length === 0) break;
        await this.#round(this.#waitable(), Math.ceil(leftMs));
      } else {
        await this.#round(open, 0);
        if (this.#failed.size > 0) {
          // What is damaged stays so.
          const hopeless = [...this.#failed.values()].every((error) => error === "CORRUPT_MESSAGE");
          if (hopeless || performance.now() >= patient || this.#count > 0) break;
          await nextMetadata(this.#engine, Math.min(100, patient - performance.now()));
        }
      }
    }
  }

  result(): ReadResult {
    const unavailable = [...this.#failed].map(([partition, error]) => ({
      partition,
      problem: unreadable(this.#engine, this.#topic.name, partition, error, this.#parts.get(partition)!.next.offset),
    }));
    const parts = [...this.#parts.values()];
    if (unavailable.length === parts.length && this.#count === 0) refuse(unavailable[0]!.problem);
    return {
      parts,
      unavailable,
      upToDate: unavailable.length === 0 && parts.every((part) => part.next.offset >= part.end),
    };
  }

  #full(): boolean {
    return this.#count >= this.#options.limit || this.#bytes >= this.#options.bytes;
  }

  /** Partitions with something left to read, as far as is known. */
  #open(): PartRead[] {
    return [...this.#parts.values()].filter(
      (part) => !this.#done(part) && (part.end === -1 || part.next.offset < part.end),
    );
  }

  #waitable(): PartRead[] {
    return [...this.#parts.values()].filter((part) => !this.#done(part) && !this.#failed.has(part.partition));
  }

  #done(part: PartRead): boolean {
    return this.#options.until !== null && part.next.offset >= this.#options.until && part.end !== -1;
  }

  /** One fetch per leader, in parallel. With a wait, the first leader that has something ends it for all. */
  async #round(parts: readonly PartRead[], waitMs: number): Promise<void> {
    const topic = this.#engine.topicById(this.#topic.topicId);
    if (topic === undefined)
      refuse(
        kafkaProblem("UNKNOWN_TOPIC_OR_PARTITION", `the topic ${this.#topic.name} was deleted`, {
          topic: this.#topic.name,
          retriable: false,
        }),
      );
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#signal]);
    const unwatch = this.#engine.onMetadata(() => {
      const now = this.#engine.topicById(topic.topicId);
      if (parts.some((part) => now?.partitions[part.partition]?.leader !== topic.partitions[part.partition]?.leader))
        stop.abort();
    });
    const missing = this.#options.limit - this.#count;
    const bytes = Math.min(this.#options.bytes - this.#bytes, Math.max(FETCH_BYTES_MIN, missing * 2_048));
    const groups = Map.groupBy(parts, (part) => topic.partitions[part.partition]?.leader ?? -1);
    const answers = await Promise.all(
      [...groups].map(async ([leader, group]) => {
        if (leader === -1) return { group, outcome: { ok: false as const, reason: "LEADER_NOT_AVAILABLE" as const } };
        const outcome = await fetchFromLeader(this.#engine, {
          topic,
          leader,
          positions: new Map(group.map((part) => [part.partition, part.next])),
          waitMs,
          bytes,
          isolation: this.#options.isolation,
          signal,
          recordsMax: missing,
        });
        const hasNews =
          outcome.ok && outcome.chunks.some((chunk) => chunk.records.length > 0 || chunk.error !== "NONE");
        if (waitMs > 0 && hasNews) stop.abort();
        return { group, outcome };
      }),
    );
    unwatch();
    for (const { group, outcome } of answers) {
      if (outcome.ok) for (const chunk of outcome.chunks) await this.#take(chunk);
      else if (!(waitMs > 0 && outcome.reason === "timeout"))
        for (const part of group) this.#failed.set(part.partition, outcome.reason);
    }
  }

  async #take(chunk: PartitionChunk): Promise<void> {
    const part = this.#parts.get(chunk.partition)!;
    if (chunk.divergesAt !== null) return this.#diverged(part, chunk.divergesAt);
    if (chunk.error === "OFFSET_OUT_OF_RANGE") return this.#outOfRange(part);
    if (chunk.error !== "NONE") {
      this.#failed.set(part.partition, chunk.error);
      return;
    }
    this.#failed.delete(part.partition);
    const { until, limit, bytes } = this.#options;
    part.end = chunk.end;
    part.highWatermark = chunk.highWatermark;
    part.logStart = chunk.logStart;
    if (part.next.offset > chunk.end && this.#options.strict && part.records.length === 0)
      refuse(
        offsetOutOfRange({
          topic: this.#topic.name,
          partition: part.partition,
          offset: part.next.offset,
          logStart: chunk.logStart,
          end: chunk.end,
        }),
      );
    for (const record of chunk.records) {
      if (until !== null && record.offset >= until) {
        part.next = { offset: until, epoch: chunk.next.epoch };
        return;
      }
      const size = (record.value?.length ?? 0) + (record.key?.length ?? 0);
      if (this.#count >= limit || (this.#count > 0 && this.#bytes + size > bytes)) {
        this.#bytes = Math.max(this.#bytes, bytes);
        return;
      }
      part.records.push(record);
      part.next = { offset: record.offset + 1, epoch: chunk.next.epoch };
      this.#count += 1;
      this.#bytes += size;
    }
    part.next = chunk.next;
  }

  #diverged(part: PartRead, at: number): void {
    if (!this.#options.strict) {
      part.next = { offset: at, epoch: -1 };
      return;
    }
    refuse(
      kafkaProblem(
        "OFFSET_OUT_OF_RANGE",
        `the log of ${this.#topic.name}-${part.partition} was cut at offset ${at}, below the cursor ${part.next.offset}@${part.next.epoch}: what was read from ${at} on is not in the log any more`,
        {
          status: 410,
          partition: part.partition,
          truncated_to: at,
          hint: `undo what was read from offset ${at} on and read from there, or add clamp=1`,
        },
      ),
    );
  }

  async #outOfRange(part: PartRead): Promise<void> {
    const ask = { partitions: [part.partition], isolation: this.#options.isolation, timeoutMs: 2_000 };
    const [first, last] = await Promise.all([
      listOffsets(this.#engine, this.#topic, { ...ask, timestamp: EARLIEST }),
      listOffsets(this.#engine, this.#topic, { ...ask, timestamp: LATEST }),
    ]);
    const logStart = first.get(part.partition)!;
    const end = last.get(part.partition)!;
    const error = logStart.error === "NONE" ? end.error : logStart.error;
    if (error !== "NONE") {
      this.#failed.set(part.partition, error);
      return;
    }
    const { offset } = part.next;
    if (this.#options.strict && (offset < logStart.offset || offset > end.offset))
      refuse(
        offsetOutOfRange({
          topic: this.#topic.name,
          partition: part.partition,
          offset,
          logStart: logStart.offset,
          end: end.offset,
        }),
      );
    part.next = { offset: Math.min(Math.max(offset, logStart.offset), end.offset), epoch: -1 };
  }
}
