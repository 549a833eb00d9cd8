/**
 * Carries records to the leaders. One Produce call per lane (topic, partition, acks, timeout) is in flight; what arrives meanwhile leaves together
 * as the next batch, so small requests share batches without waiting for each other and the order of a lane is the order of arrival.
 * Bound: `queueBytesMax` over all lanes; at it `room` waits.
 */
import type { Random } from "@vitrine/core";
import type { Problem } from "@vitrine/api";
import type { Engine, TopicInfo } from "@vitrine/engine";
import { StickyPartitioner } from "../sticky-partitioner.ts";
import { recordBytesMax } from "./new-record.ts";
import type { NewRecord } from "./new-record.ts";
import { sendBatch } from "./send-batch.ts";
import { notSentInTime } from "./why.ts";

export type Acks = "0" | "1" | "all";

export interface Delivery {
  readonly topic: TopicInfo;
  readonly partition: number;
  readonly acks: Acks;
  readonly timeoutMs: number;
}

export type ProduceOutcome =
  | {
      readonly ok: true;
      /** Offset of the job's first record; the others follow without a hole. */
      readonly firstOffset: number;
      /** Set where the topic stamps records itself (message.timestamp.type=LogAppendTime). */
      readonly logAppendTimeMs: number | null;
      readonly leader: number;
      readonly leaderEpoch: number;
    }
  | { readonly ok: false; readonly problem: Problem };

interface Job {
  readonly records: readonly NewRecord[];
  readonly bytes: number;
  readonly deadline: number;
  readonly done: (outcome: ProduceOutcome) => void;
  /** It shared a batch that was refused for its size or content: it goes alone. */
  alone: boolean;
}

interface Lane {
  readonly key: string;
  readonly delivery: Delivery;
  jobs: Job[];
  running: boolean;
}

/** Header of a batch, and a little air. */
const BATCH_OVERHEAD = 128;
const BATCH_BYTES_MAX = 1_048_588;
const BATCH_RECORDS_MAX = 20_000;
/** A refusal that may be the fault of one job among many that shared the batch. */
const FAULTS_OF_CONTENT = new Set([
  "MESSAGE_TOO_LARGE",
  "RECORD_LIST_TOO_LARGE",
  "INVALID_RECORD",
  "INVALID_TIMESTAMP",
  "CORRUPT_MESSAGE",
]);

export class Producer {
  readonly #engine: Engine;
  readonly #queueBytesMax: number;
  readonly #lanes = new Map<string, Lane>();
  readonly #queuedBytes = new Map<string, number>();
  readonly #sticky: StickyPartitioner;
  #bytes = 0;
  #waiters: (() => void)[] = [];

  constructor(options: { engine: Engine; queueBytesMax: number; random: Random }) {
    this.#engine = options.engine;
    this.#queueBytesMax = options.queueBytesMax;
    this.#sticky = new StickyPartitioner(options.random);
  }

  /** Bytes that wait or are in flight. */
  get queuedBytes(): number {
    return this.#bytes;
  }

  /** Resolves when the queue has room again; a body is read only then. */
  async room(): Promise<void> {
    while (this.#bytes >= this.#queueBytesMax) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** Partition for records without a key: sticky per batch, adaptive. */
  stickyPartition(topic: TopicInfo): number {
    return this.#sticky.choose(
      topic.topicId,
      topic.partitions,
      (partition) => this.#queuedBytes.get(`${topic.topicId}/${partition}`) ?? 0,
    );
  }

  /** Largest sum of record sizes that fits one batch of the topic. */
  batchRoom(topic: TopicInfo): number {
    const set = Number(topic.config.get("max.message.bytes") ?? BATCH_BYTES_MAX);
    return Math.max(1, Math.min(set, BATCH_BYTES_MAX) - BATCH_OVERHEAD);
  }

  /** Sends records as part of one batch: all of them are written, next to each other, or none. */
  send(delivery: Delivery, records: readonly NewRecord[]): Promise<ProduceOutcome> {
    const { topic, partition, acks, timeoutMs } = delivery;
    const key = `${topic.topicId}/${partition}/${acks}/${timeoutMs}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { key, delivery, jobs: [], running: false };
      this.#lanes.set(key, lane);
    }
    let bytes = 0;
    for (const record of records) bytes += recordBytesMax(record);
    this.#count(delivery, bytes);
    const { promise, resolve } = Promise.withResolvers<ProduceOutcome>();
    lane.jobs.push({ records, bytes, deadline: performance.now() + timeoutMs, done: resolve, alone: false });
    if (!lane.running) {
      lane.running = true;
      // One turn of the loop later: requests that arrived in the same poll phase share the batch.
      setImmediate(() => void this.#run(lane));
    }
    return promise;
  }

  async #run(lane: Lane): Promise<void> {
    while (lane.jobs.length > 0) {
      const jobs = this.#take(lane);
      if (jobs.length > 0) await this.#ship(lane, jobs);
    }
    lane.running = false;
    this.#lanes.delete(lane.key);
  }

  /** Jobs of the next batch; those whose time is over end here, without effect. */
  #take(lane: Lane): Job[] {
    const room = this.batchRoom(lane.delivery.topic);
    const now = performance.now();
    const jobs: Job[] = [];
    let bytes = 0;
    let records = 0;
    let taken = 0;
    for (const job of lane.jobs) {
      if (job.deadline <= now) {
        this.#end(lane, job, { ok: false, problem: notSentInTime(this.#engine, lane.delivery) });
      } else {
        const fits = bytes + job.bytes <= room && records + job.records.length <= BATCH_RECORDS_MAX && !job.alone;
        if (jobs.length > 0 && (!fits || jobs[0]!.alone)) break;
        jobs.push(job);
        bytes += job.bytes;
        records += job.records.length;
      }
      taken += 1;
    }
    lane.jobs.splice(0, taken);
    return jobs;
  }

  async #ship(lane: Lane, jobs: readonly Job[]): Promise<void> {
    const { topic, partition } = lane.delivery;
    this.#sticky.batchLeft(topic.topicId, partition);
    const records = jobs.length === 1 ? jobs[0]!.records : jobs.flatMap((job) => job.records);
    const outcome = await sendBatch(this.#engine, lane.delivery, records, jobs[0]!.deadline);
    if (!outcome.ok && jobs.length > 1 && FAULTS_OF_CONTENT.has(outcome.problem.kafka_error ?? "")) {
      // Nothing was written, and most of these jobs are innocent.
      for (const job of jobs) job.alone = true;
      lane.jobs.unshift(...jobs);
      return;
    }
    let index = 0;
    for (const job of jobs) {
      this.#end(lane, job, outcome.ok ? { ...outcome, firstOffset: outcome.firstOffset + index } : outcome);
      index += job.records.length;
    }
  }

  #end(lane: Lane, job: Job, outcome: ProduceOutcome): void {
    this.#count(lane.delivery, -job.bytes);
    job.done(outcome);
  }

  #count(delivery: Delivery, bytes: number): void {
    this.#bytes += bytes;
    const key = `${delivery.topic.topicId}/${delivery.partition}`;
    const queued = (this.#queuedBytes.get(key) ?? 0) + bytes;
    if (queued <= 0) this.#queuedBytes.delete(key);
    else this.#queuedBytes.set(key, queued);
    if (this.#bytes < this.#queueBytesMax && this.#waiters.length > 0) {
      const waiters = this.#waiters;
      this.#waiters = [];
      for (const waiter of waiters) waiter();
    }
  }
}
