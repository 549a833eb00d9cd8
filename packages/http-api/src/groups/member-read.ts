/** One read for a member: the next records of its partitions, over all topics, waiting for the first of them. */
import type { Position } from "@vitrine/api";
import type { NodeId } from "@vitrine/core";
import type { Engine } from "@vitrine/engine";
import { type FetchTopic, fetchTopicsFromLeader, type PartitionChunk } from "../read/fetch-leader.ts";
import { EARLIEST, LATEST, listOffsets } from "../read/list-offsets.ts";
import type { LogRecord } from "../read/log-record.ts";
import { nextMetadata } from "../metadata-wait.ts";
import type { MemberPosition } from "./member-positions.ts";

export interface MemberReadOptions {
  readonly limit: number;
  readonly bytes: number;
  readonly waitMs: number;
  readonly from: "earliest" | "latest";
  readonly isolation: "committed" | "uncommitted";
  readonly signal: AbortSignal;
}

export interface DeliveredRecord {
  readonly topic: string;
  readonly partition: number;
  readonly record: LogRecord;
}

export interface MemberReadResult {
  readonly records: readonly DeliveredRecord[];
  /** Positions of all partitions afterwards. */
  readonly positions: readonly MemberPosition[];
  /** Records beyond the positions, as far as leaders told. */
  readonly lag: number;
}

const RETRY_MS = 100;
const FETCH_BYTES_MIN = 64 * 1024;

export async function readForMember(
  engine: Engine,
  from: readonly MemberPosition[],
  options: MemberReadOptions,
): Promise<MemberReadResult> {
  const read = new MemberRead(engine, from, options);
  await read.run();
  return read.result();
}

interface Part {
  readonly topic: string;
  readonly partition: number;
  next: Position;
  /** -1: its leader has not told yet. */
  end: number;
}

class MemberRead {
  readonly #engine: Engine;
  readonly #options: MemberReadOptions;
  readonly #parts: Part[];
  readonly #records: DeliveredRecord[] = [];
  #bytes = 0;

  constructor(engine: Engine, from: readonly MemberPosition[], options: MemberReadOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#parts = from.map(({ topic, partition, next }) => ({ topic, partition, next, end: -1 }));
  }

  /** What is there at once; where nothing is, the first that comes. */
  async run(): Promise<void> {
    const deadline = performance.now() + this.#options.waitMs;
    for (let waitMs = 0; !this.#options.signal.aborted; waitMs = deadline - performance.now()) {
      const failed = await this.#round(Math.max(0, Math.ceil(waitMs)));
      if (this.#records.length > 0 || performance.now() >= deadline || this.#parts.length === 0) return;
      if (failed) await nextMetadata(this.#engine, Math.min(RETRY_MS, deadline - performance.now()));
    }
  }

  result(): MemberReadResult {
    return {
      records: this.#records,
      positions: this.#parts.map(({ topic, partition, next }) => ({ topic, partition, next })),
      lag: this.#parts.reduce((sum, part) => sum + Math.max(0, part.end - part.next.offset), 0),
    };
  }

  /** One fetch per leader, in parallel; with a wait, the first that has something ends it for all. True: a leader did not answer. */
  async #round(waitMs: number): Promise<boolean> {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#options.signal]);
    const asks = this.#asks();
    const unwatch = this.#engine.onMetadata(() => {
      if (asks.some((ask) => this.#hasMoved(ask))) stop.abort();
    });
    let failed = asks.length === 0;
    const answers = await Promise.all(
      asks.map(async ({ leader, parts }) => {
        const outcome = await fetchTopicsFromLeader(this.#engine, {
          leader,
          topics: this.#topicsOf(parts),
          waitMs,
          bytes: Math.max(FETCH_BYTES_MIN, this.#options.bytes),
          isolation: this.#options.isolation,
          recordsMax: this.#options.limit,
          signal,
        });
        const topics = outcome.ok ? outcome.topics : [];
        const hasNews = topics.some(({ chunks }) => chunks.some((chunk) => chunk.records.length > 0));
        if (waitMs > 0 && hasNews) stop.abort();
        if (!outcome.ok && !(waitMs > 0 && outcome.reason === "timeout")) failed = true;
        return { parts, topics };
      }),
    );
    unwatch();
    for (const { parts, topics } of answers) {
      for (const { topic, chunks } of topics) {
        for (const chunk of chunks) {
          const part = parts.find((row) => row.topic === topic && row.partition === chunk.partition);
          if (part !== undefined && !(await this.#take(part, chunk))) failed = true;
        }
      }
    }
    return failed;
  }

  /** Partitions by leader; those without one are left out. */
  #asks(): { readonly leader: NodeId; readonly parts: readonly Part[] }[] {
    const byLeader = Map.groupBy(
      this.#parts,
      (part) => this.#engine.topic(part.topic)?.partitions[part.partition]?.leader ?? -1,
    );
    byLeader.delete(-1);
    return Array.from(byLeader, ([leader, parts]) => ({ leader, parts }));
  }

  #topicsOf(parts: readonly Part[]): FetchTopic[] {
    return [...Map.groupBy(parts, (part) => part.topic)].flatMap(([name, rows]) => {
      const topic = this.#engine.topic(name);
      const positions = new Map(rows.map((part) => [part.partition, part.next]));
      return topic === undefined ? [] : [{ topic, positions }];
    });
  }

  #hasMoved({ leader, parts }: { readonly leader: NodeId; readonly parts: readonly Part[] }): boolean {
    return parts.some((part) => this.#engine.topic(part.topic)?.partitions[part.partition]?.leader !== leader);
  }

  /** False where the leader could not give records. */
  async #take(part: Part, chunk: PartitionChunk): Promise<boolean> {
    if (chunk.divergesAt !== null) {
      part.next = { offset: chunk.divergesAt, epoch: -1 };
      return true;
    }
    if (chunk.error === "OFFSET_OUT_OF_RANGE") return this.#reset(part);
    if (chunk.error !== "NONE") return false;
    part.end = chunk.end;
    const { limit, bytes } = this.#options;
    for (const record of chunk.records) {
      const size = (record.value?.length ?? 0) + (record.key?.length ?? 0);
      const full = this.#records.length >= limit || (this.#records.length > 0 && this.#bytes + size > bytes);
      if (full) return true;
      this.#records.push({ topic: part.topic, partition: part.partition, record });
      part.next = { offset: record.offset + 1, epoch: chunk.next.epoch };
      this.#bytes += size;
    }
    part.next = chunk.next;
    return true;
  }

  /** The position is outside the log: as `auto.offset.reset` says. */
  async #reset(part: Part): Promise<boolean> {
    const topic = this.#engine.topic(part.topic);
    if (topic === undefined) return false;
    const timestamp = this.#options.from === "earliest" ? EARLIEST : LATEST;
    const ask = { partitions: [part.partition], timestamp, isolation: this.#options.isolation, timeoutMs: 2_000 };
    const found = (await listOffsets(this.#engine, topic, ask)).get(part.partition);
    if (found?.error !== "NONE") return false;
    part.next = { offset: found.offset, epoch: -1 };
    return true;
  }
}
