/** What an administrator and a producer do to the small cluster, in Kafka's requests. */
import { errorFromCode, ZERO_UUID, type NodeId } from "@vitrine/core";
import { buildBatch, readRecords } from "@vitrine/protocol";
import { splitBatches } from "@vitrine/protocol/batch";
import {
  ApiKey,
  newAlterPartitionReassignmentsRequest,
  newAlterPartitionReassignmentsRequestReassignablePartition,
  newCreateTopicsRequest,
  newCreateTopicsRequestCreatableTopic,
  newFetchRequest,
  newFetchRequestFetchPartition,
  newIncrementalAlterConfigsRequest,
  newListPartitionReassignmentsRequest,
  newProduceRequest,
  type RequestMap,
  type RequestOf,
  type ResponseOf,
} from "@vitrine/protocol/types";
import type { SmallCluster } from "./small-cluster.ts";

const SET = 0;
const TOPIC = 2;
const BROKER = 4;

/** Calls, and takes neither "close" nor silence for an answer. */
export function ask<K extends keyof RequestMap>(
  cluster: SmallCluster,
  to: NodeId,
  key: K,
  body: RequestOf<K>,
  version: number,
): ResponseOf<K> {
  const reply = cluster.call<ResponseOf<K>>(to, key, body, version);
  if (reply === null || reply === "close") throw new Error(`request ${key} was answered by ${String(reply)}`);
  return reply;
}

export class AdminClient {
  readonly #cluster: SmallCluster;
  readonly #broker: NodeId;

  /** `broker`: the one that is asked where nothing else is said. */
  constructor(cluster: SmallCluster, broker: NodeId = 1) {
    this.#cluster = cluster;
    this.#broker = broker;
  }

  createTopic(
    name: string,
    replicas: readonly (readonly NodeId[])[],
    configs: Readonly<Record<string, string>> = {},
  ): void {
    const topic = newCreateTopicsRequestCreatableTopic({
      name,
      numPartitions: -1,
      replicationFactor: -1,
      assignments: replicas.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds: [...brokerIds] })),
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    });
    const reply = ask(
      this.#cluster,
      this.#broker,
      ApiKey.CreateTopics,
      newCreateTopicsRequest({ topics: [topic], timeoutMs: 5_000 }),
      7,
    );
    const result = reply.topics[0]!;
    if (result.errorCode !== 0) throw new Error(`${name}: ${result.errorMessage}`);
    this.#cluster.until(
      () =>
        [...this.#cluster.nodes.values()].every(({ alive, broker }) => !alive || broker.image.topicsByName.has(name)),
      `everybody to know ${name}`,
    );
  }

  setOnTopic(name: string, configs: Readonly<Record<string, string>>): string {
    return this.set(TOPIC, name, configs);
  }

  /** The empty name: all brokers. */
  setOnBroker(name: string, configs: Readonly<Record<string, string>>): string {
    return this.set(BROKER, name, configs);
  }

  set(type: number, name: string, configs: Readonly<Record<string, string>>): string {
    const request = newIncrementalAlterConfigsRequest({
      resources: [
        {
          resourceType: type,
          resourceName: name,
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, configOperation: SET, value })),
        },
      ],
    });
    const reply = ask(this.#cluster, this.#broker, ApiKey.IncrementalAlterConfigs, request, 1);
    return errorFromCode(reply.responses[0]!.errorCode).name;
  }

  /** Asks for other replicas of partition 0; null cancels. */
  reassign(name: string, replicas: readonly NodeId[] | null, to: NodeId = this.#broker): string {
    const partition = newAlterPartitionReassignmentsRequestReassignablePartition({
      partitionIndex: 0,
      replicas: replicas === null ? null : [...replicas],
    });
    const request = newAlterPartitionReassignmentsRequest({ topics: [{ name, partitions: [partition] }] });
    const reply = ask(this.#cluster, to, ApiKey.AlterPartitionReassignments, request, 1);
    return errorFromCode(reply.responses[0]!.partitions[0]!.errorCode).name;
  }

  /** Topics of which something moves. */
  moving(to: NodeId = this.#broker) {
    return ask(this.#cluster, to, ApiKey.ListPartitionReassignments, newListPartitionReassignmentsRequest(), 0).topics;
  }

  partition(name: string, index = 0) {
    const alive = [...this.#cluster.nodes.values()].find((node) => node.alive)!;
    return alive.broker.image.topicsByName.get(name)!.partitions.get(index)!;
  }

  /** Writes one record with acks=all to partition 0; the offset, or the error's name. */
  produce(name: string, value: string): number | string {
    const { error, offset } = this.produceAnswer(name, value);
    return error === "NONE" ? offset : error;
  }

  /** The same, with all that the answer and the listener are told. */
  produceAnswer(name: string, value: string, acks = -1) {
    const records = buildBatch([{ key: null, value: new TextEncoder().encode(value), timestampMs: 1_700_000_000_000 }]);
    const request = newProduceRequest({
      acks,
      timeoutMs: 2_000,
      topicData: [{ name, topicId: ZERO_UUID, partitionData: [{ index: 0, records }] }],
    });
    const answer = this.#cluster.send<ResponseOf<typeof ApiKey.Produce>>(
      this.partition(name).leader,
      ApiKey.Produce,
      request,
      9,
    );
    this.#cluster.until(() => answer.done, "the answer to a write");
    const { muteMs } = answer;
    if (answer.body === "close") throw new Error("a write was answered by closing the connection");
    if (answer.body === null) return { error: "NONE", offset: -1, throttleTimeMs: 0, muteMs };
    const data = answer.body.responses[0]!.partitionResponses[0]!;
    const { throttleTimeMs } = answer.body;
    return { error: errorFromCode(data.errorCode).name, offset: Number(data.baseOffset), throttleTimeMs, muteMs };
  }

  /** The values of partition 0, from its leader. */
  read(name: string): string[] {
    const partition = newFetchRequestFetchPartition({ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 24 });
    const request = newFetchRequest({
      maxWaitMs: 0,
      maxBytes: 1 << 24,
      topics: [{ topic: name, topicId: ZERO_UUID, partitions: [partition] }],
    });
    const reply = ask(this.#cluster, this.partition(name).leader, ApiKey.Fetch, request, 12);
    return splitBatches(reply.responses[0]!.partitions[0]!.records!)
      .batches.flatMap((batch) => readRecords(batch.bytes))
      .map((record) => new TextDecoder().decode(record.value!));
  }

  /** Brokers whose disks hold a log of the topic. */
  holders(name: string): NodeId[] {
    return [...this.#cluster.nodes].flatMap(([id, { store }]) =>
      [...store.logs.values()].some((log) => log.descriptor.topicName === name) ? [id] : [],
    );
  }
}
