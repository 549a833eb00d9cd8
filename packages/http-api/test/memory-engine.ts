/**
 * The engine port over plain maps, for tests of this package: real batches, real offsets, one log per partition, leaders that can be taken away.
 * No replication: what a partition's `fault` says is what its leader answers.
 */
import { errorCode, randomUuid, seededRandom } from "@vitrine/core";
import type { ErrorName, Uuid } from "@vitrine/core";
import type { BrokerInfo, CallFailure, CallOptions, CallResult, Engine, QuotaState, TopicInfo } from "@vitrine/engine";
import { patchBatch, splitBatches } from "@vitrine/protocol";
import {
  newFetchResponse,
  newFetchResponsePartitionData,
  newListOffsetsResponse,
  newProduceResponse,
  newProduceResponsePartitionProduceResponse,
} from "@vitrine/protocol/types";
import type {
  FetchRequest,
  FetchRequestFetchPartition,
  ListOffsetsRequest,
  ProduceRequest,
} from "@vitrine/protocol/types";
import { answerAdmin } from "./memory-admin.ts";
import type { MemoryState, Topic } from "./memory-admin.ts";

export type Fault =
  | { readonly error: ErrorName; readonly message?: string; readonly appended?: boolean; readonly times?: number }
  | { readonly lost: CallFailure; readonly append?: boolean; readonly times?: number };

export class MemoryEngine implements Engine, MemoryState {
  readonly selfId = null;
  readonly clusterId = "MemoryClusterOfTests00";
  autoCreate = true;
  quorum = true;
  controller = 1;
  /** Topic-partition to what its leader answers to Produce. */
  readonly faults = new Map<string, Fault>();
  /** Every call, for tests that count them. */
  readonly calls: { readonly apiKey: number; readonly body: unknown }[] = [];
  /** Topic-partition to the offset of a batch whose checksum is wrong. */
  readonly damaged = new Map<string, number>();
  /** Topic-partition to a promise that Produce waits for. */
  readonly holds = new Map<string, Promise<void>>();
  readonly quotas = new Map<"produce" | "fetch", QuotaState>();
  readonly #random = seededRandom(7);
  readonly byName = new Map<string, Topic>();
  readonly #listeners = new Set<() => void>();
  readonly #appendListeners = new Set<() => void>();
  #offset = 1;

  topic(name: string): TopicInfo | undefined {
    const topic = this.byName.get(name);
    return (
      topic && {
        topicId: topic.id,
        name,
        internal: name.startsWith("__"),
        partitions: topic.partitions,
        config: topic.config,
      }
    );
  }

  topicById(id: Uuid): TopicInfo | undefined {
    for (const topic of this.byName.values()) if (topic.id === id) return this.topic(topic.name);
    return undefined;
  }

  *topics(): Iterable<TopicInfo> {
    for (const name of this.byName.keys()) yield this.topic(name)!;
  }

  broker(id: number): BrokerInfo | undefined {
    return this.brokers().find((broker) => broker.id === id);
  }

  brokers(): readonly BrokerInfo[] {
    return [1, 2, 3].map((id) => ({
      id,
      epoch: 10 + id,
      host: "127.0.0.1",
      kafkaPort: 9091 + id,
      peerPort: 9191 + id,
      httpPort: 8091 + id,
      rack: null,
      fenced: false,
      inControlledShutdown: false,
    }));
  }

  controllerId(): number {
    return this.quorum ? this.controller : -1;
  }

  hasQuorum(): boolean {
    return this.quorum;
  }

  metadataPosition() {
    return { offset: this.#offset as ReturnType<Engine["metadataPosition"]>["offset"], epoch: 1 };
  }

  quota(of: "produce" | "fetch"): QuotaState | null {
    return this.quotas.get(of) ?? null;
  }

  onMetadata(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  ages(): ReadonlyMap<number, number> {
    return new Map([1, 2, 3].map((id) => [id, 5]));
  }

  async call<Body>(apiKey: number, body: unknown, options: CallOptions): Promise<CallResult<Body>> {
    this.calls.push({ apiKey, body });
    await Promise.resolve();
    if (options.to === "controller" && !this.quorum) return { ok: false, reason: "no-controller" };
    const answer = await this.#answer(apiKey, body, options);
    if (typeof answer === "object" && answer !== null && "lost" in answer)
      return { ok: false, reason: answer.lost as CallFailure };
    return { ok: true, body: answer as Body, servedBy: 1 };
  }

  #answer(apiKey: number, body: unknown, options: CallOptions): unknown {
    switch (apiKey) {
      case 0:
        return this.#produce(body as ProduceRequest, options);
      case 1:
        return this.#fetch(body as FetchRequest, options);
      case 2:
        return this.#listOffsets(body as ListOffsetsRequest);
      default: {
        const answer = answerAdmin(this, apiKey, body);
        if (answer === undefined) throw new Error(`the memory engine has no API ${apiKey}`);
        return answer;
      }
    }
  }

  create(name: string, partitions = 1, config: Record<string, string> = {}): void {
    const id = randomUuid(this.#random);
    this.byName.set(name, { id, name, config: new Map(Object.entries(config)), partitions: [], logs: [] });
    this.grow(this.byName.get(name)!, partitions);
  }

  setLeader(name: string, partition: number, leader: number): void {
    const topic = this.byName.get(name)!;
    topic.partitions = topic.partitions.map((row) =>
      row.partition === partition ? { ...row, leader, leaderEpoch: row.leaderEpoch + 1 } : row,
    );
    this.changed();
  }

  setIsr(name: string, partition: number, isr: readonly number[]): void {
    const topic = this.byName.get(name)!;
    topic.partitions = topic.partitions.map((row) => (row.partition === partition ? { ...row, isr } : row));
    this.changed();
  }

  /** Bytes of every batch of a partition, in order. */
  batches(name: string, partition = 0): readonly Uint8Array[] {
    return this.byName.get(name)!.logs[partition]!.batches.map((batch) => batch.bytes);
  }

  grow(topic: Topic, count: number): void {
    for (let partition = topic.partitions.length; partition < count; partition++) {
      const replicas = [1, 2, 3].map((_, i) => ((partition + i) % 3) + 1);
      topic.partitions = [
        ...topic.partitions,
        { partition, leader: replicas[0]!, leaderEpoch: 0, partitionEpoch: 0, replicas, isr: replicas, elr: [] },
      ];
      topic.logs.push({ start: 0, end: 0, batches: [] });
    }
    this.changed();
  }

  changed(): void {
    this.#offset += 1;
    for (const listener of this.#listeners) listener();
    for (const listener of this.#appendListeners) listener();
  }

  async #produce(request: ProduceRequest, options: CallOptions): Promise<unknown> {
    const { name, partitionData } = request.topicData[0]!;
    const { index, records } = partitionData[0]!;
    const place = `${name}-${index}`;
    await Promise.race([this.holds.get(place), aborted(options.signal)]);
    if (options.signal?.aborted === true) return { lost: "timeout" };
    const fault = this.faults.get(place);
    if (fault !== undefined) {
      if (fault.times === 1) this.faults.delete(place);
      else if (fault.times !== undefined) this.faults.set(place, { ...fault, times: fault.times - 1 });
    }
    const topic = this.byName.get(name);
    const reply = (row: Parameters<typeof newProduceResponsePartitionProduceResponse>[0]) =>
      newProduceResponse({
        responses: [
          {
            name,
            topicId: topic?.id ?? ("" as Uuid),
            partitionResponses: [newProduceResponsePartitionProduceResponse({ index, baseOffset: -1, ...row })],
          },
        ],
      });
    if (fault !== undefined && "error" in fault)
      return reply({
        errorCode: errorCode(fault.error),
        errorMessage: fault.message ?? null,
        ...(fault.appended === true ? {} : { currentLeader: { leaderId: -1, leaderEpoch: 3 } }),
      });
    if (topic === undefined) return reply({ errorCode: errorCode("UNKNOWN_TOPIC_OR_PARTITION") });
    if (records!.length > Number(topic.config.get("max.message.bytes") ?? 1_048_588))
      return reply({ errorCode: errorCode("MESSAGE_TOO_LARGE") });
    if (fault !== undefined && "lost" in fault && fault.append !== true) return { lost: fault.lost };
    const log = topic.logs[index]!;
    const bytes = Uint8Array.from(records!);
    patchBatch(bytes, log.end, topic.partitions[index]!.leaderEpoch);
    const { facts } = splitBatches(bytes).batches[0]!;
    const base = log.end;
    log.end = facts.lastOffset + 1;
    log.batches.push({ bytes, base, last: facts.lastOffset, timestampMs: facts.maxTimestampMs });
    for (const listener of this.#appendListeners) listener();
    if (fault !== undefined && "lost" in fault) return { lost: fault.lost };
    return reply({ baseOffset: base });
  }

  async #fetch(request: FetchRequest, options: CallOptions): Promise<unknown> {
    const asked = request.topics[0]!;
    const topic = [...this.byName.values()].find((row) => row.id === asked.topicId);
    const deadline = performance.now() + request.maxWaitMs;
    for (;;) {
      const partitions = asked.partitions.map((partition) => this.#read(topic, partition, request.maxBytes));
      const something = partitions.some((row) => row.errorCode !== 0 || (row.records?.length ?? 0) > 0);
      if (something || performance.now() >= deadline || options.signal?.aborted === true) {
        if (options.signal?.aborted === true && !something) return { lost: "timeout" };
        return newFetchResponse({ responses: [{ topic: asked.topic, topicId: asked.topicId, partitions }] });
      }
      await this.#append(deadline - performance.now(), options.signal);
    }
  }

  #append(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const finish = () => {
      clearTimeout(timer);
      this.#appendListeners.delete(finish);
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, waitMs);
    this.#appendListeners.add(finish);
    signal?.addEventListener("abort", finish, { once: true });
    return promise;
  }

  #read(topic: Topic | undefined, asked: FetchRequestFetchPartition, maxBytes: number) {
    const log = topic?.logs[asked.partition];
    const row = newFetchResponsePartitionData({ partitionIndex: asked.partition });
    if (log === undefined) return { ...row, errorCode: errorCode("UNKNOWN_TOPIC_ID") };
    const positions = { highWatermark: log.end, lastStableOffset: log.end, logStartOffset: log.start };
    if (asked.fetchOffset < log.start || asked.fetchOffset > log.end)
      return { ...row, ...positions, errorCode: errorCode("OFFSET_OUT_OF_RANGE") };
    const chosen: Uint8Array[] = [];
    let bytes = 0;
    const damagedAt = this.damaged.get(`${topic!.name}-${asked.partition}`);
    for (const batch of log.batches) {
      if (batch.last < asked.fetchOffset) continue;
      if (batch.base === damagedAt) {
        if (chosen.length === 0) return { ...row, ...positions, errorCode: errorCode("CORRUPT_MESSAGE") };
        break;
      }
      if (chosen.length > 0 && bytes + batch.bytes.length > Math.min(maxBytes, asked.partitionMaxBytes)) break;
      chosen.push(batch.bytes);
      bytes += batch.bytes.length;
    }
    return { ...row, ...positions, records: Buffer.concat(chosen) };
  }

  #listOffsets(request: ListOffsetsRequest): unknown {
    return newListOffsetsResponse({
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, timestamp }) => {
          const log = this.byName.get(name)?.logs[partitionIndex];
          const found = log?.batches.find((batch) => batch.timestampMs >= timestamp && batch.last >= log.start);
          const offset =
            log === undefined
              ? -1
              : timestamp === -2
                ? log.start
                : timestamp === -1
                  ? log.end
                  : found === undefined
                    ? -1
                    : Math.max(found.base, log.start);
          return {
            partitionIndex,
            errorCode: log === undefined ? errorCode("UNKNOWN_TOPIC_OR_PARTITION") : 0,
            timestamp: -1,
            offset,
            leaderEpoch: 0,
          };
        }),
      })),
    });
  }
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal?.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}
