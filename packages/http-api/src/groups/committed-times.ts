/**
 * The time of the record at a committed offset: what waits longest in a partition. Read once per offset, for an offset's record never changes;
 * kept for the offsets last asked for. Where the record is gone (compacted, a marker), the next one that is there counts.
 */
import type { NodeId } from "@vitrine/core";
import type { Engine, TopicInfo } from "@vitrine/engine";
import { fetchFromLeader } from "../read/fetch-leader.ts";

/** One question: when was the record written that stands at this offset? */
export interface TimeQuestion {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Partitions of one topic asked of a leader in one fetch. */
const PARTITIONS_MAX = 50;
/** Enough for the first batch of each; where it is larger, the partition is asked for by itself, and Kafka then gives one batch at least. */
const PARTITION_BYTES = 64 * 1024;
/** A group of so many partitions is kept whole; at the bound what was asked for longest ago goes. */
const KEPT_MAX = 20_000;

export class CommittedTimes {
  readonly #engine: Engine;
  /** Topic id, partition and offset to milliseconds since 1970; null: its batch has no time. Oldest question first. */
  readonly #kept = new Map<string, number | null>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** What is known already; undefined where it must be read. */
  known(question: TimeQuestion): number | null | undefined {
    const key = this.#key(question);
    const time = key === null ? undefined : this.#kept.get(key);
    if (key !== null && time !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, time);
    }
    return time;
  }

  /** Reads those that are not known. Rejects never: what cannot be read now stays unknown. */
  async read(questions: readonly TimeQuestion[]): Promise<void> {
    const open = questions.filter((question) => this.known(question) === undefined);
    const groups = new Map<string, { topic: TopicInfo; leader: NodeId; asked: TimeQuestion[] }>();
    for (const question of open) {
      const topic = this.#engine.topic(question.topic);
      const leader = topic?.partitions[question.partition]?.leader ?? -1;
      if (topic === undefined || leader < 0) continue;
      const key = `${leader}/${question.topic}`;
      const group = groups.get(key) ?? { topic, leader, asked: [] };
      group.asked.push(question);
      groups.set(key, group);
    }
    await Promise.all(
      Array.from(groups.values(), async ({ topic, leader, asked }) => {
        for (let at = 0; at < asked.length; at += PARTITIONS_MAX) {
          const missed = await this.#fetch(topic, leader, asked.slice(at, at + PARTITIONS_MAX));
          for (const question of missed) await this.#fetch(topic, leader, [question]);
        }
      }),
    );
  }

  /** Those whose first batch did not fit. */
  async #fetch(topic: TopicInfo, leader: NodeId, asked: readonly TimeQuestion[]): Promise<TimeQuestion[]> {
    const outcome = await fetchFromLeader(this.#engine, {
      topic,
      leader,
      positions: new Map(asked.map(({ partition, offset }) => [partition, { offset, epoch: -1 }])),
      waitMs: 0,
      bytes: asked.length * PARTITION_BYTES,
      partitionBytes: PARTITION_BYTES,
      isolation: "uncommitted",
      recordsMax: 1,
    });
    if (!outcome.ok) return [];
    const missed: TimeQuestion[] = [];
    for (const question of asked) {
      const chunk = outcome.chunks.find((row) => row.partition === question.partition);
      if (chunk === undefined || chunk.error !== "NONE") continue;
      const record = chunk.records[0];
      if (record !== undefined) this.#keep(question, record.timestampMs < 0 ? null : record.timestampMs);
      else if (chunk.end > question.offset && asked.length > 1) missed.push(question);
    }
    return missed;
  }

  #keep(question: TimeQuestion, time: number | null): void {
    const key = this.#key(question);
    if (key === null) return;
    this.#kept.set(key, time);
    if (this.#kept.size > KEPT_MAX) for (const oldest of this.#kept.keys()) if (this.#kept.delete(oldest)) break;
  }

  /** By topic id: a topic that is deleted and made again has other records. */
  #key({ topic, partition, offset }: TimeQuestion): string | null {
    const id = this.#engine.topic(topic)?.topicId;
    return id === undefined ? null : `${id}/${partition}/${offset}`;
  }
}
