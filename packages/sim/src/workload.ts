/**
 * Clients: topics are created, producers write (acks=all and acks=1, idempotent or not), readers follow partitions. They believe whatever a
 * node they ask believes, go wrong, and try again, as clients do. What they were told goes into the history.
 */
import type { Checkers } from "./checkers/index.ts";
import type { Chance } from "./chance.ts";
import { createTopic, createTopicError, fetch, fetchOutcome, produce, produceOutcome } from "./client-requests.ts";
import type { Cluster } from "./cluster.ts";
import { Committer } from "./committers.ts";
import type { HistoryOp, SendOp } from "./history.ts";
import type { VirtualTime } from "./scheduler.ts";

export interface WorkloadOptions {
  readonly topics: number;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly writers: number;
  readonly readers: number;
  /** Between two writes of a writer. */
  readonly pauseMs: readonly [number, number];
  /** Share of writers that ask for acks=1. */
  readonly weakPercent: number;
  /** Groups with a consumer that commits offsets. */
  readonly committers: number;
  /** Topics are compacted, records have keys that come again. */
  readonly compacts: boolean;
}

interface Target {
  readonly topic: string;
  readonly partition: number;
}

const PRODUCE_TIMEOUT_MS = 800;
/** Segments end often, so that there is always something to compact. */
const COMPACTED = { "cleanup.policy": "compact", "segment.ms": "150", "min.cleanable.dirty.ratio": "0.05" };
const KEYS = 5;

/** Nothing was appended: the same batch may be sent again by anybody. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  "UNKNOWN_TOPIC_OR_PARTITION",
  "NOT_ENOUGH_REPLICAS",
  "KAFKA_STORAGE_ERROR",
  "LEADER_NOT_AVAILABLE",
]);

export class Workload {
  readonly history: HistoryOp[] = [];
  readonly targets: Target[] = [];
  readonly #options: WorkloadOptions;
  readonly #cluster: Cluster;
  readonly #time: VirtualTime;
  readonly #chance: Chance;
  readonly #checkers: Checkers;
  readonly #onBroken: (error: unknown) => void;
  readonly #committers: readonly Committer[];
  #topicsMade = 0;
  #writing = true;
  #reading = true;
  #busyWriters = 0;
  #nextProducerId = 1000;
  acknowledged = 0;
  /** Since `countFrom` was called. */
  acknowledgedSince = 0;

  constructor(
    options: WorkloadOptions,
    ports: {
      cluster: Cluster;
      time: VirtualTime;
      chance: Chance;
      checkers: Checkers;
      onBroken: (error: unknown) => void;
    },
  ) {
    this.#options = options;
    this.#cluster = ports.cluster;
    this.#time = ports.time;
    this.#chance = ports.chance.stream("workload");
    this.#checkers = ports.checkers;
    this.#onBroken = ports.onBroken;
    const committing = {
      ...ports,
      // A stream of their own: writers and readers do the same whether there are committers or not.
      chance: ports.chance.stream("committers"),
      world: ports.checkers.world,
      pauseMs: [5, 120] as const,
      topic: () => this.targets[0]?.topic ?? null,
      isActive: () => this.#writing,
      broken: ports.onBroken,
    };
    this.#committers = Array.from({ length: options.committers }, (_, at) => new Committer(committing, `g${at}`));
  }

  start(): void {
    for (let topic = 0; topic < this.#options.topics; topic++) this.#makeTopic(`t${topic}`);
  }

  /** No new writes; those under way end. */
  stopWriting(): void {
    this.#writing = false;
  }

  stopReading(): void {
    this.#reading = false;
  }

  /** Commits that were acknowledged. */
  get commits(): number {
    return this.#committers.reduce((sum, { commits }) => sum + commits, 0);
  }

  get isWriting(): boolean {
    return this.#busyWriters > 0;
  }

  get hasAllTopics(): boolean {
    return this.#topicsMade === this.#options.topics;
  }

  #makeTopic(name: string): void {
    const { partitions, replicationFactor } = this.#options;
    const node = this.#chance.pick(this.#cluster.brokers);
    this.#cluster.call(
      node.id,
      createTopic(name, partitions, replicationFactor, this.#options.compacts ? COMPACTED : {}),
      1500,
      (result) => {
        const error = result.ok ? createTopicError(result.body) : result.reason;
        if (error !== "NONE" && error !== "TOPIC_ALREADY_EXISTS")
          return void this.#time.after(60, () => this.#makeTopic(name));
        this.#topicsMade += 1;
        for (let partition = 0; partition < partitions; partition++) this.targets.push({ topic: name, partition });
        if (this.#topicsMade === this.#options.topics) this.#startClients();
      },
    );
  }

  #startClients(): void {
    for (let writer = 0; writer < this.#options.writers; writer++) new Writer(this.#ports(), `w${writer}`).next();
    for (let reader = 0; reader < this.#options.readers; reader++) {
      const target = this.#chance.pick(this.targets);
      new Reader(this.#ports(), `r${reader}`, target).next();
    }
    for (const committer of this.#committers) committer.next();
  }

  /** Reads every partition from its start to its end with a process of its own, and every committed offset; calls back when all are through. */
  readEverything(onDone: () => void): void {
    let left = this.targets.length + this.#committers.length;
    const through = () => {
      left -= 1;
      if (left === 0) onDone();
    };
    for (const target of this.targets)
      new Reader(this.#ports(), `final-${target.topic}-${target.partition}`, target, through).next();
    for (const committer of this.#committers) committer.readBack(through);
  }

  #ports(): ClientPorts {
    return {
      cluster: this.#cluster,
      time: this.#time,
      chance: this.#chance,
      history: this.history,
      options: this.#options,
      targets: this.targets,
      broken: this.#onBroken,
      isWriting: () => this.#writing,
      isReading: () => this.#reading,
      newProducerId: () => ++this.#nextProducerId,
      busy: (by) => void (this.#busyWriters += by),
      acknowledged: (target, baseOffset, values, strong) => {
        this.acknowledged += values.length;
        this.acknowledgedSince += values.length;
        const topicId = this.#checkers.world.newest?.topicsByName.get(target.topic)?.id;
        if (strong && topicId)
          this.#checkers.acknowledged({ topicId, partition: target.partition, baseOffset, values });
      },
      believedLeader: (target) => this.#believedLeader(target),
      isTrueLeader: ({ topic, partition }, nodeId) =>
        this.#checkers.world.newest?.topicsByName.get(topic)?.partitions.get(partition)?.leader === nodeId,
    };
  }

  /** What a node that happens to be asked believes; now and then any broker at all. */
  #believedLeader(target: Target): number {
    const up = this.#cluster.brokers.filter((node) => node.isUp && !node.isPaused);
    if (up.length === 0) return this.#chance.pick(this.#cluster.brokers).id;
    const image = this.#chance.pick(up).broker?.image;
    const leader = image?.topicsByName.get(target.topic)?.partitions.get(target.partition)?.leader ?? -1;
    return leader >= 0 ? leader : this.#chance.pick(up).id;
  }
}

interface ClientPorts {
  readonly cluster: Cluster;
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly history: HistoryOp[];
  readonly options: WorkloadOptions;
  readonly targets: readonly Target[];
  isWriting(): boolean;
  isReading(): boolean;
  broken(error: unknown): void;
  newProducerId(): number;
  busy(by: number): void;
  acknowledged(target: Target, baseOffset: number, values: readonly string[], strong: boolean): void;
  believedLeader(target: Target): number;
  isTrueLeader(target: Target, nodeId: number): boolean;
}

/** One producer on one partition, one batch at a time. */
class Writer {
  readonly #ports: ClientPorts;
  readonly #name: string;
  readonly #target: Target;
  readonly #acks: -1 | 1;
  readonly #isIdempotent: boolean;
  readonly #producerId: number;
  #sequence = 0;
  #count = 0;
  #processes = 0;

  constructor(ports: ClientPorts, name: string) {
    this.#ports = ports;
    this.#name = name;
    this.#target = ports.chance.pick(ports.targets);
    this.#acks = ports.chance.percent(ports.options.weakPercent) ? 1 : -1;
    this.#isIdempotent = this.#acks === -1 && ports.chance.percent(60);
    this.#producerId = this.#isIdempotent ? ports.newProducerId() : -1;
  }

  next(): void {
    const { time, chance, options } = this.#ports;
    time.after(chance.between(options.pauseMs[0], options.pauseMs[1]), () => {
      if (!this.#ports.isWriting()) return;
      this.#ports.busy(1);
      const values = Array.from({ length: 1 + chance.below(3) }, () => `${this.#name}-${++this.#count}`);
      this.#attempt(values, false);
    });
  }

  /** `mayBeThere`: an earlier try may have been carried out. */
  #attempt(values: readonly string[], mayBeThere: boolean): void {
    const { cluster, time } = this.#ports;
    const producer = { producerId: this.#producerId, sequence: this.#sequence };
    const batch = {
      values,
      // A value that is sent again has the same key.
      keys: this.#ports.options.compacts ? values.map((value) => `k${keyNumber(value)}`) : null,
      producer,
      acks: this.#acks,
      timestampMs: Math.floor(1_700_000_000_000 + time.nowMs),
      timeoutMs: PRODUCE_TIMEOUT_MS,
    };
    const leader = this.#ports.believedLeader(this.#target);
    cluster.call(leader, produce(this.#target, batch), PRODUCE_TIMEOUT_MS + 300, (result) => {
      const { error, baseOffset } = result.ok ? produceOutcome(result.body) : { error: result.reason, baseOffset: -1 };
      if (error === "NONE") return this.#done(values, baseOffset);
      if (error === "refused" || WITHOUT_EFFECT.has(error)) return this.#again(values, mayBeThere);
      const isOutOfOrder = error === "OUT_OF_ORDER_SEQUENCE_NUMBER" || error === "INVALID_PRODUCER_EPOCH";
      // A deposed leader that has not heard of it may lack what was written since; the true one may not.
      if (isOutOfOrder && this.#ports.isTrueLeader(this.#target, leader))
        return this.#ports.broken(
          new Error(
            `C3 ${this.#name} was told ${error} for sequence ${this.#sequence}, though it sends one batch at a time`,
          ),
        );
      // The leader may have appended it and lost its office: with sequences it is safe to try again, without nobody knows.
      if (this.#isIdempotent) this.#again(values, true);
      else this.#end(values, "info", null);
    });
  }

  #again(values: readonly string[], mayBeThere: boolean): void {
    const { time, chance } = this.#ports;
    time.after(chance.between(5, 60), () => {
      if (this.#ports.isWriting()) this.#attempt(values, mayBeThere);
      else this.#end(values, mayBeThere ? "info" : "fail", null);
    });
  }

  #done(values: readonly string[], baseOffset: number): void {
    try {
      this.#ports.acknowledged(this.#target, baseOffset, values, this.#acks === -1);
    } catch (error) {
      return this.#ports.broken(error);
    }
    this.#end(values, "ok", baseOffset);
  }

  #end(values: readonly string[], outcome: SendOp["outcome"], baseOffset: number | null): void {
    const { history } = this.#ports;
    const process = `${this.#name}.${this.#processes}`;
    values.forEach((value, at) =>
      history.push({
        f: "send",
        process,
        key: `${this.#target.topic}-${this.#target.partition}`,
        value,
        outcome,
        offset: baseOffset === null ? null : baseOffset + at,
        acks: this.#acks === -1 ? "all" : "1",
        idempotent: this.#isIdempotent,
      }),
    );
    if (outcome === "info") this.#processes += 1;
    this.#sequence += values.length;
    this.#ports.busy(-1);
    this.next();
  }
}

function keyNumber(value: string): number {
  return Number(value.slice(value.indexOf("-") + 1)) % KEYS;
}

/** One consumer of one partition from its start. */
class Reader {
  readonly #ports: ClientPorts;
  readonly #name: string;
  readonly #target: Target;
  readonly #onEnd: (() => void) | null;
  #offset = 0;

  constructor(ports: ClientPorts, name: string, target: Target, onEnd: (() => void) | null = null) {
    this.#ports = ports;
    this.#name = name;
    this.#target = target;
    this.#onEnd = onEnd;
    ports.history.push({ f: "assign", process: name, key: `${target.topic}-${target.partition}`, offset: 0 });
  }

  next(): void {
    const { cluster, time, chance } = this.#ports;
    if (!this.#onEnd && !this.#ports.isReading()) return;
    const leader = this.#ports.believedLeader(this.#target);
    const at = this.#offset;
    cluster.call(leader, fetch(this.#target, at, this.#onEnd ? 0 : 150), 1200, (result) => {
      if (!result.ok) return void time.after(chance.between(5, 80), () => this.next());
      const { error, highWatermark, records } = fetchOutcome(result.body, at);
      this.#took(records);
      const isThrough = this.#onEnd && error === "NONE" && records.length === 0 && this.#offset >= highWatermark;
      if (isThrough) this.#onEnd?.();
      else time.after(records.length > 0 ? chance.between(0, 5) : chance.between(5, 60), () => this.next());
    });
  }

  #took(records: readonly { readonly offset: number; readonly value: string }[]): void {
    const last = records.at(-1);
    if (!last) return;
    const key = `${this.#target.topic}-${this.#target.partition}`;
    this.#ports.history.push({
      f: "poll",
      process: this.#name,
      records: records.map((record) => ({ key, ...record })),
    });
    this.#offset = last.offset + 1;
  }
}
