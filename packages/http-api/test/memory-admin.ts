/** The half of the memory engine that changes and describes metadata. */
import { checkTopicName, errorCode } from "@vitrine/core";
import type { ErrorName, Uuid } from "@vitrine/core";
import type { PartitionInfo } from "@vitrine/engine";
import {
  newCreatePartitionsResponse,
  newCreateTopicsResponse,
  newDeleteRecordsResponse,
  newDeleteTopicsResponse,
  newDescribeConfigsResponse,
  newIncrementalAlterConfigsResponse,
  newMetadataResponse,
  newMetadataResponseMetadataResponseTopic,
} from "@vitrine/protocol/types";
import type {
  CreatePartitionsRequest,
  CreateTopicsRequest,
  DeleteRecordsRequest,
  DeleteTopicsRequest,
  DescribeConfigsRequest,
  IncrementalAlterConfigsRequest,
  MetadataRequest,
} from "@vitrine/protocol/types";

export interface Batch {
  readonly bytes: Uint8Array;
  readonly base: number;
  readonly last: number;
  readonly timestampMs: number;
}

export interface Log {
  start: number;
  end: number;
  batches: Batch[];
}

export interface Topic {
  readonly id: Uuid;
  readonly name: string;
  partitions: PartitionInfo[];
  logs: Log[];
  config: Map<string, string>;
}

/** What the two halves share. */
export interface MemoryState {
  readonly byName: Map<string, Topic>;
  readonly autoCreate: boolean;
  readonly quorum: boolean;
  create(name: string, partitions: number, config?: Record<string, string>): void;
  grow(topic: Topic, count: number): void;
  changed(): void;
}

const CONFIGS = [
  "auto.create.topics.enable",
  "cleanup.policy",
  "max.message.bytes",
  "min.insync.replicas",
  "retention.ms",
  "unclean.leader.election.enable",
];

function defaultOf(state: MemoryState, name: string): string {
  if (name === "auto.create.topics.enable") return String(state.autoCreate);
  return name === "min.insync.replicas" ? "2" : "";
}

/** The answer to an admin request, or undefined for other keys. */
export function answerAdmin(state: MemoryState, apiKey: number, body: unknown): unknown {
  switch (apiKey) {
    case 3:
      return metadata(state, body as MetadataRequest);
    case 19:
      return createTopics(state, body as CreateTopicsRequest);
    case 20:
      return deleteTopics(state, body as DeleteTopicsRequest);
    case 21:
      return deleteRecords(state, body as DeleteRecordsRequest);
    case 32:
      return describeConfigs(state, body as DescribeConfigsRequest);
    case 37:
      return createPartitions(state, body as CreatePartitionsRequest);
    case 44:
      return alterConfigs(state, body as IncrementalAlterConfigsRequest);
    default:
      return undefined;
  }
}

function metadata(state: MemoryState, request: MetadataRequest): unknown {
  const name = request.topics![0]!.name!;
  if (!state.byName.has(name) && request.allowAutoTopicCreation && state.autoCreate && state.quorum)
    setImmediate(() => state.create(name, 1));
  const known = state.byName.has(name);
  return newMetadataResponse({
    topics: [
      newMetadataResponseMetadataResponseTopic({
        name,
        errorCode: known ? 0 : errorCode("UNKNOWN_TOPIC_OR_PARTITION"),
      }),
    ],
  });
}

function createTopics(state: MemoryState, request: CreateTopicsRequest): unknown {
  const topic = request.topics[0]!;
  const fault = (error: ErrorName, errorMessage: string) =>
    newCreateTopicsResponse({ topics: [{ ...emptyCreated(topic.name), errorCode: errorCode(error), errorMessage }] });
  if (checkTopicName(topic.name) !== null) return fault("INVALID_TOPIC_EXCEPTION", "illegal name");
  if (state.byName.has(topic.name)) return fault("TOPIC_ALREADY_EXISTS", "it exists");
  if (topic.replicationFactor > 3)
    return fault(
      "INVALID_REPLICATION_FACTOR",
      `replication factor ${topic.replicationFactor} is above the 3 brokers there are`,
    );
  if (!request.validateOnly)
    state.create(
      topic.name,
      topic.numPartitions === -1 ? 1 : topic.numPartitions,
      Object.fromEntries(topic.configs.map(({ name, value }) => [name, value ?? ""])),
    );
  return newCreateTopicsResponse({ topics: [emptyCreated(topic.name)] });
}

function deleteTopics(state: MemoryState, request: DeleteTopicsRequest): unknown {
  const name = request.topics[0]!.name!;
  const known = state.byName.delete(name);
  if (known) state.changed();
  return newDeleteTopicsResponse({
    responses: [
      {
        name,
        topicId: "AAAAAAAAAAAAAAAAAAAAAA" as Uuid,
        errorCode: known ? 0 : errorCode("UNKNOWN_TOPIC_OR_PARTITION"),
        errorMessage: null,
      },
    ],
  });
}

function deleteRecords(state: MemoryState, request: DeleteRecordsRequest): unknown {
  const { name, partitions } = request.topics[0]!;
  const { partitionIndex, offset } = partitions[0]!;
  const log = state.byName.get(name)!.logs[partitionIndex]!;
  const before = offset === -1 ? log.end : offset;
  if (before > log.end)
    return newDeleteRecordsResponse({
      topics: [
        { name, partitions: [{ partitionIndex, lowWatermark: -1, errorCode: errorCode("OFFSET_OUT_OF_RANGE") }] },
      ],
    });
  log.start = Math.max(log.start, before);
  log.batches = log.batches.filter((batch) => batch.last >= log.start);
  return newDeleteRecordsResponse({
    topics: [{ name, partitions: [{ partitionIndex, lowWatermark: log.start, errorCode: 0 }] }],
  });
}

function createPartitions(state: MemoryState, request: CreatePartitionsRequest): unknown {
  const { name, count } = request.topics[0]!;
  const topic = state.byName.get(name)!;
  if (count < topic.partitions.length)
    return newCreatePartitionsResponse({
      results: [
        {
          name,
          errorCode: errorCode("INVALID_PARTITIONS"),
          errorMessage: `${name} has ${topic.partitions.length} partitions: the count only grows`,
        },
      ],
    });
  if (!request.validateOnly) state.grow(topic, count);
  return newCreatePartitionsResponse({ results: [{ name, errorCode: 0, errorMessage: null }] });
}

function describeConfigs(state: MemoryState, request: DescribeConfigsRequest): unknown {
  const { resourceType, resourceName } = request.resources[0]!;
  const config = state.byName.get(resourceName)?.config ?? new Map<string, string>();
  return newDescribeConfigsResponse({
    results: [
      {
        errorCode: 0,
        errorMessage: null,
        resourceType,
        resourceName,
        configs: CONFIGS.map((name) => ({
          name,
          value: config.get(name) ?? defaultOf(state, name),
          readOnly: false,
          configSource: config.has(name) ? 1 : 5,
          isSensitive: false,
          synonyms: [],
          configType: 2,
          documentation: `what ${name} does`,
        })),
      },
    ],
  });
}

function alterConfigs(state: MemoryState, request: IncrementalAlterConfigsRequest): unknown {
  const { resourceType, resourceName, configs } = request.resources[0]!;
  const unknown = configs.find(({ name }) => !CONFIGS.includes(name));
  const topic = state.byName.get(resourceName)!;
  if (unknown === undefined && !request.validateOnly) {
    topic.config = new Map(topic.config);
    for (const { name, configOperation, value } of configs)
      if (configOperation === 1) topic.config.delete(name);
      else topic.config.set(name, value ?? "");
    state.changed();
  }
  return newIncrementalAlterConfigsResponse({
    responses: [
      {
        errorCode: unknown === undefined ? 0 : errorCode("INVALID_CONFIG"),
        errorMessage: unknown === undefined ? null : `Unknown topic config name: ${unknown.name}`,
        resourceType,
        resourceName,
      },
    ],
  });
}

function emptyCreated(name: string) {
  return {
    name,
    topicId: "AAAAAAAAAAAAAAAAAAAAAA" as Uuid,
    errorCode: 0,
    errorMessage: null,
    topicConfigErrorCode: 0,
    numPartitions: -1,
    replicationFactor: -1,
    configs: null,
  };
}
