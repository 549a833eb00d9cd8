/** What a client does with a small cluster, in one line each. */
import { errorFromCode, ZERO_UUID, type NodeId } from "@vitrine/core";
import { buildBatch, readRecords, type BatchOptions, type RecordToWrite } from "@vitrine/protocol";
import { splitBatches } from "@vitrine/protocol/batch";
import {
  ApiKey,
  type ApiKeyNumber,
  newCreateTopicsRequest,
  newFetchRequest,
  newFetchRequestFetchPartition,
  newProduceRequest,
  type FetchRequest,
  type FetchRequestFetchPartition,
  type FetchResponsePartitionData,
  type ProduceResponsePartitionProduceResponse,
  type RequestOf,
  type ResponseOf,
} from "@vitrine/protocol/types";
import type { SmallCluster } from "./small-cluster.ts";

export interface TopicOptions {
  readonly partitions?: number;
  readonly configs?: Readonly<Record<string, string>>;
  /** Brokers of partition 0; then there is only that one. */
  readonly replicas?: readonly NodeId[];
}

export class TestClient {
  readonly cluster: SmallCluster;

  constructor(cluster: SmallCluster) {
    this.cluster = cluster;
  }

  /** Asks a broker; throws where the connection would end or no answer comes. */
  ask<K extends ApiKeyNumber>(
    to: NodeId,
    apiKey: K,
    apiVersion: number,
    body: RequestOf<K>,
    listener: "client" | "peer" | "local" = "client",
  ): ResponseOf<K> {
    const reply = this.cluster.call<ResponseOf<K>>(to, apiKey, body, apiVersion, listener);
    if (reply === null || reply === "close") throw new Error(`request ${apiKey} was answered with ${String(reply)}`);
    return reply;
  }

  createTopic(name: string, options: TopicOptions = {}): void {
    const { replicas, partitions = 1, configs = {} } = options;
    const topic = {
      name,
      numPartitions: replicas ? -1 : partitions,
      replicationFactor: -1,
      assignments: replicas ? [{ partitionIndex: 0, brokerIds: replicas }] : [],
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    };
    const request = newCreateTopicsRequest({ topics: [topic], timeoutMs: 5_000 });
    const { topics } = this.ask(this.#anyone(), ApiKey.CreateTopics, 7, request);
    if (topics[0]!.errorCode !== 0)
      throw new Error(`${errorFromCode(topics[0]!.errorCode).name}: ${topics[0]!.errorMessage}`);
    this.cluster.until(
      () => this.#alive().every((id) => this.cluster.broker(id).image.topicsByName.has(name)),
      `everybody to know ${name}`,
    );
  }

  /** -1 where nobody leads it, or nobody alive knows it yet. */
  leaderOf(name: string, partition = 0): NodeId {
    const topic = this.cluster.broker(this.#anyone()).image.topicsByName.get(name);
    return topic?.partitions.get(partition)?.leader ?? -1;
  }

  /** The leader's log. */
  logOf(name: string, at = this.leaderOf(name), partition = 0) {
    const logs = [...this.cluster.nodes.get(at)!.store.logs.values()];
    return logs.find((log) => log.descriptor.topicName === name && log.descriptor.partition === partition)!;
  }

  /** Writes a batch; the partition's answer. */
  produce(
    name: string,
    batch: Uint8Array | readonly RecordToWrite[],
    options: BatchOptions & { readonly acks?: number; readonly apiVersion?: number; readonly to?: NodeId } = {},
  ): { error: string; offset: number } & ProduceResponsePartitionProduceResponse {
    const records = batch instanceof Uint8Array ? batch : buildBatch(batch, options);
    const request = newProduceRequest({
      acks: options.acks ?? -1,
      timeoutMs: 2_000,
      topicData: [{ name, topicId: ZERO_UUID, partitionData: [{ index: 0, records }] }],
    });
    const to = options.to ?? this.leaderOf(name);
    const { responses } = this.ask(to, ApiKey.Produce, options.apiVersion ?? 9, request);
    const data = responses[0]!.partitionResponses[0]!;
    return { ...data, error: errorFromCode(data.errorCode).name, offset: data.baseOffset };
  }

  /** Fetches one partition without waiting, unless the request says otherwise. */
  fetch(
    name: string,
    partition: Partial<FetchRequestFetchPartition> = {},
    more: Partial<FetchRequest> & { readonly to?: NodeId; readonly apiVersion?: number } = {},
  ): { error: string } & FetchResponsePartitionData {
    const { to = this.leaderOf(name), apiVersion = 12, ...rest } = more;
    const asked = newFetchRequestFetchPartition({
      partition: 0,
      fetchOffset: 0,
      partitionMaxBytes: 1 << 20,
      ...partition,
    });
    const request = newFetchRequest({
      maxWaitMs: 0,
      topics: [{ topic: name, topicId: ZERO_UUID, partitions: [asked] }],
      ...rest,
    });
    const { responses } = this.ask(to, ApiKey.Fetch, apiVersion, request);
    const data = responses[0]!.partitions[0]!;
    return { ...data, error: errorFromCode(data.errorCode).name };
  }

  /** The values that a consumer reads from an offset to the end. */
  values(name: string, from = 0): string[] {
    const values: string[] = [];
    for (let at = from; ;) {
      const { batches } = splitBatches(this.fetch(name, { fetchOffset: at }).records ?? new Uint8Array());
      if (batches.length === 0) return values;
      for (const { bytes } of batches)
        for (const { offset, value } of readRecords(bytes))
          if (offset >= from) values.push(new TextDecoder().decode(value ?? new Uint8Array()));
      at = batches.at(-1)!.facts.lastOffset + 1;
    }
  }

  #alive(): NodeId[] {
    return [...this.cluster.nodes].filter(([, node]) => node.alive).map(([id]) => id);
  }

  #anyone(): NodeId {
    return this.#alive()[0]!;
  }
}
