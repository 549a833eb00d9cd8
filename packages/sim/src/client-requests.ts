/** The few requests that simulated clients make, and what they want to know of the answers. */
import type { ApiRequest } from "@vitrine/broker";
import { errorFromCode, type ErrorName } from "@vitrine/core";
import {
  ApiKey,
  buildBatch,
  newAlterPartitionReassignmentsRequest,
  newAlterPartitionReassignmentsRequestReassignablePartition,
  newCreateTopicsRequest,
  newCreateTopicsRequestCreatableTopic,
  newFetchRequest,
  newFetchRequestFetchPartition,
  newFetchRequestFetchTopic,
  newFindCoordinatorRequest,
  newOffsetCommitRequest,
  newOffsetCommitRequestOffsetCommitRequestPartition,
  newOffsetFetchRequest,
  newOffsetFetchRequestOffsetFetchRequestGroup,
  newProduceRequest,
  readRecords,
  splitBatches,
  type CreateTopicsResponse,
  type FetchResponse,
  type FindCoordinatorResponse,
  type OffsetCommitResponse,
  type OffsetFetchResponse,
  type ProduceResponse,
} from "@vitrine/protocol";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface ReadRecord {
  readonly offset: number;
  readonly value: string;
}

export interface Producer {
  /** -1: not idempotent. */
  readonly producerId: number;
  readonly sequence: number;
}

function request(apiKey: number, body: unknown): ApiRequest {
  return { apiKey, apiVersion: -1, clientId: "sim-client", body };
}

export function createTopic(
  name: string,
  partitions: number,
  replicationFactor: number,
  settings: Readonly<Record<string, string>> = {},
): ApiRequest {
  const configs = Object.entries(settings).map(([key, value]) => ({ name: key, value }));
  const topic = newCreateTopicsRequestCreatableTopic({ name, numPartitions: partitions, replicationFactor, configs });
  return request(ApiKey.CreateTopics, newCreateTopicsRequest({ topics: [topic], timeoutMs: 1000 }));
}

export function reassign(name: string, partitionIndex: number, replicas: readonly number[] | null): ApiRequest {
  const partition = newAlterPartitionReassignmentsRequestReassignablePartition({
    partitionIndex,
    replicas: replicas === null ? null : [...replicas],
  });
  const body = newAlterPartitionReassignmentsRequest({ topics: [{ name, partitions: [partition] }], timeoutMs: 1_000 });
  return request(ApiKey.AlterPartitionReassignments, body);
}

export function createTopicError(body: unknown): ErrorName {
  return errorFromCode((body as CreateTopicsResponse).topics[0]?.errorCode ?? -1).name;
}

export function produce(
  to: { topic: string; partition: number },
  batch: {
    values: readonly string[];
    keys: readonly string[] | null;
    producer: Producer;
    acks: -1 | 1;
    timestampMs: number;
    timeoutMs: number;
  },
): ApiRequest {
  const { producerId, sequence } = batch.producer;
  const records = buildBatch(
    batch.values.map((value, at) => ({
      key: batch.keys === null ? null : encoder.encode(batch.keys[at]),
      value: encoder.encode(value),
      timestampMs: batch.timestampMs,
    })),
    producerId < 0 ? {} : { producerId, producerEpoch: 0, baseSequence: sequence },
  );
  const partitionData = [{ index: to.partition, records }];
  const body = newProduceRequest({
    acks: batch.acks,
    timeoutMs: batch.timeoutMs,
    topicData: [{ name: to.topic, topicId: NO_TOPIC_ID, partitionData }],
  });
  return request(ApiKey.Produce, body);
}

const NO_TOPIC_ID = newFetchRequestFetchTopic().topicId;

export function produceOutcome(body: unknown): { error: ErrorName; baseOffset: number } {
  const partition = (body as ProduceResponse).responses[0]?.partitionResponses[0];
  return { error: errorFromCode(partition?.errorCode ?? -1).name, baseOffset: partition?.baseOffset ?? -1 };
}

export function fetch(from: { topic: string; partition: number }, fetchOffset: number, maxWaitMs: number): ApiRequest {
  const partition = newFetchRequestFetchPartition({ partition: from.partition, fetchOffset, partitionMaxBytes: 4000 });
  const topic = newFetchRequestFetchTopic({ topic: from.topic, partitions: [partition] });
  return request(ApiKey.Fetch, newFetchRequest({ maxWaitMs, minBytes: 1, maxBytes: 100_000, topics: [topic] }));
}

/** Records from the asked offset on: a batch may begin before it. */
export function fetchOutcome(
  body: unknown,
  fetchOffset: number,
): { error: ErrorName; highWatermark: number; records: ReadRecord[] } {
  const partition = (body as FetchResponse).responses[0]?.partitions[0];
  const error = errorFromCode(partition?.errorCode ?? -1).name;
  const records: ReadRecord[] = [];
  if (partition?.records && error === "NONE")
    for (const { bytes } of splitBatches(partition.records).batches)
      for (const record of readRecords(bytes))
        if (record.offset >= fetchOffset)
          records.push({ offset: record.offset, value: decoder.decode(record.value ?? new Uint8Array(0)) });
  return { error, highWatermark: partition?.highWatermark ?? -1, records };
}

export function findCoordinator(groupId: string): ApiRequest {
  return request(ApiKey.FindCoordinator, newFindCoordinatorRequest({ keyType: 0, coordinatorKeys: [groupId] }));
}

/** -1: there is none at the moment. */
export function coordinatorOutcome(body: unknown): number {
  return (body as FindCoordinatorResponse).coordinators[0]?.nodeId ?? -1;
}

/** A commit of a consumer that is in no group, for partition 0. */
export function commitOffset(groupId: string, topic: string, committedOffset: number): ApiRequest {
  const partition = newOffsetCommitRequestOffsetCommitRequestPartition({ partitionIndex: 0, committedOffset });
  const topics = [{ name: topic, topicId: NO_TOPIC_ID, partitions: [partition] }];
  return request(ApiKey.OffsetCommit, newOffsetCommitRequest({ groupId, topics }));
}

export function commitOutcome(body: unknown): ErrorName {
  return errorFromCode((body as OffsetCommitResponse).topics[0]?.partitions[0]?.errorCode ?? -1).name;
}

export function committedOffset(groupId: string, topic: string, requireStable: boolean): ApiRequest {
  const topics = [{ name: topic, topicId: NO_TOPIC_ID, partitionIndexes: [0] }];
  const groups = [newOffsetFetchRequestOffsetFetchRequestGroup({ groupId, topics })];
  return request(ApiKey.OffsetFetch, newOffsetFetchRequest({ groups, requireStable }));
}

export function committedOutcome(body: unknown): { error: ErrorName; offset: number } {
  const group = (body as OffsetFetchResponse).groups[0];
  const partition = group?.topics[0]?.partitions[0];
  const error = errorFromCode(group?.errorCode || (partition?.errorCode ?? 0)).name;
  return { error, offset: partition?.committedOffset ?? -1 };
}
