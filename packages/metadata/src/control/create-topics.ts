/** CreateTopics: names, numbers, assignments and settings are checked, replicas placed, records written, all or nothing per topic. */
import type { NodeId, PartitionIndex } from "@vitrine/core";
import { ZERO_UUID, checkTopicName, errorCode, metricTopicName, randomUuid } from "@vitrine/core";
import type { Command, ReplyOf } from "../controller-types.ts";
import { CONFIG_SOURCE_CODES, topicConfigEntries } from "../describe-configs.ts";
import type { MetadataImage, TopicImage } from "../image.ts";
import { placeReplicas } from "../placement.ts";
import type { MetadataRecord } from "../records.ts";
import { TOPIC_RESOURCE, configRecord, topicRecord } from "../records.ts";
import type {
  CreateTopicsRequestCreatableTopic,
  CreateTopicsResponseCreatableTopicResult,
} from "@vitrine/protocol/types";
import { checkAssignment, newPartitionRecord, placementBrokers } from "./assignments.ts";
import { checkNewTopicConfigs } from "./config-changes.ts";
import type { Control, Refusal } from "./draft.ts";
import { Draft, OVER_QUOTA, clusterConfigs, errorFields, refuse } from "./draft.ts";

/** Partitions one request may create: they are one batch of the metadata log. Beyond it the whole request is refused. */
export const NEW_PARTITIONS_MAX = 10_000;

const METADATA_TOPIC = "__cluster_metadata";

export function createTopics(
  control: Control,
  draft: Draft,
  { request, spend }: Command<"createTopics">,
): ReplyOf<"createTopics"> {
  // A request that only asks is decided on the side and thrown away, so that its topics are checked against each other too.
  const into = request.validateOnly ? new Draft(draft.image, draft.at, draft.image.epoch) : draft;
  const names = request.topics.map((topic) => topic.name);
  const tooMany = refuseTooMany(control, request.topics);
  const topics = request.topics.map((topic) => {
    const twice = names.indexOf(topic.name) !== names.lastIndexOf(topic.name);
    if (tooMany) return refused(topic.name, tooMany);
    return twice
      ? refused(topic.name, refuse("INVALID_REQUEST", "Duplicate topic name."))
      : createOne(control, into, topic, request.validateOnly ? undefined : spend);
  });
  return {
    throttleTimeMs: 0,
    topics: request.validateOnly ? topics.map((topic) => ({ ...topic, topicId: ZERO_UUID })) : topics,
  };
}

function refuseTooMany(control: Control, topics: readonly CreateTopicsRequestCreatableTopic[]): Refusal | null {
  let total = 0;
  for (const topic of topics)
    total +=
      topic.assignments.length > 0
        ? topic.assignments.length
        : topic.numPartitions === -1
          ? control.settings.numPartitions
          : Math.max(0, topic.numPartitions);
  return total > NEW_PARTITIONS_MAX
    ? refuse("POLICY_VIOLATION", "Excessively large number of partitions per request.")
    : null;
}

function createOne(
  control: Control,
  draft: Draft,
  wanted: CreateTopicsRequestCreatableTopic,
  spend: ((partitions: number) => boolean) | undefined,
): CreateTopicsResponseCreatableTopicResult {
  const refusal =
    refuseName(draft.image, wanted.name) ??
    refuseNumbers(wanted) ??
    checkNewTopicConfigs(draft.image, wanted, control.settings);
  if (refusal) return refused(wanted.name, refusal);
  const assigned = assign(control, draft.image, wanted);
  if ("error" in assigned) return refused(wanted.name, assigned);

  const topicId = randomUuid(control.random);
  const records: MetadataRecord[] = [topicRecord({ name: wanted.name, topicId })];
  for (const { name, value } of wanted.configs)
    records.push(configRecord({ resourceType: TOPIC_RESOURCE, resourceName: wanted.name, name, value }));
  for (const [partitionId, replicas] of assigned.entries()) {
    const record = newPartitionRecord(draft.image, topicId, partitionId, replicas);
    if (!record) return refused(wanted.name, refuseInactive(wanted, partitionId));
    records.push(record);
  }
  if (spend?.(assigned.length) === false) return refused(wanted.name, OVER_QUOTA);
  draft.add(records);
  return {
    name: wanted.name,
    topicId,
    ...errorFields(null),
    topicConfigErrorCode: 0,
    numPartitions: assigned.length,
    replicationFactor: assigned[0]?.length ?? 0,
    configs: resultConfigs(control, draft.image, wanted.name),
  };
}

function refuseName(image: MetadataImage, name: string): Refusal | null {
  const wrong = checkTopicName(name);
  if (wrong) return refuse("INVALID_TOPIC_EXCEPTION", wrong);
  if (name === METADATA_TOPIC)
    return refuse("TOPIC_AUTHORIZATION_FAILED", `Creation of internal topic ${METADATA_TOPIC} is prohibited.`);
  if (image.topicsByName.has(name)) return refuse("TOPIC_ALREADY_EXISTS", `Topic '${name}' already exists.`);
  const other = collidingTopic(image, name);
  return other && refuse("INVALID_TOPIC_EXCEPTION", `Topic '${name}' collides with existing topic: ${other.name}`);
}

/** `a.b` and `a_b` are one name to metrics. */
function collidingTopic(image: MetadataImage, name: string): TopicImage | null {
  const metricName = metricTopicName(name);
  if (metricName === name && !name.includes("_")) return null;
  for (const topic of image.topicsByName.values()) if (metricTopicName(topic.name) === metricName) return topic;
  return null;
}

function refuseNumbers(wanted: CreateTopicsRequestCreatableTopic): Refusal | null {
  if (wanted.assignments.length > 0) {
    if (wanted.replicationFactor !== -1)
      return refuse(
        "INVALID_REQUEST",
        "A manual partition assignment was specified, but replication factor was not set to -1.",
      );
    if (wanted.numPartitions !== -1)
      return refuse(
        "INVALID_REQUEST",
        "A manual partition assignment was specified, but numPartitions was not set to -1.",
      );
    return null;
  }
  if (wanted.replicationFactor < -1 || wanted.replicationFactor === 0)
    return refuse(
      "INVALID_REPLICATION_FACTOR",
      "Replication factor must be larger than 0, or -1 to use the default value.",
    );
  if (wanted.numPartitions < -1 || wanted.numPartitions === 0)
    return refuse("INVALID_PARTITIONS", "Number of partitions was set to an invalid non-positive value.");
  return null;
}

/** Replicas per partition, by hand or by placement. */
function assign(
  control: Control,
  image: MetadataImage,
  wanted: CreateTopicsRequestCreatableTopic,
): readonly (readonly NodeId[])[] | Refusal {
  if (wanted.assignments.length > 0) return manualAssignment(image, wanted);
  const partitions = wanted.numPartitions === -1 ? control.settings.numPartitions : wanted.numPartitions;
  const replicationFactor =
    wanted.replicationFactor === -1 ? control.settings.defaultReplicationFactor : wanted.replicationFactor;
  const placed = placeReplicas(placementBrokers(image), { partitions, replicationFactor }, control.random);
  if (placed.ok) return placed.assignments;
  return refuse(
    "INVALID_REPLICATION_FACTOR",
    `Unable to replicate the partition ${replicationFactor} time(s): ${placed.message}`,
  );
}

function manualAssignment(
  image: MetadataImage,
  wanted: CreateTopicsRequestCreatableTopic,
): readonly (readonly NodeId[])[] | Refusal {
  const sorted = [...wanted.assignments].sort((a, b) => a.partitionIndex - b.partitionIndex);
  for (const [at, { partitionIndex, brokerIds }] of sorted.entries()) {
    if (partitionIndex !== at)
      return refuse("INVALID_REPLICA_ASSIGNMENT", "partitions should be a consecutive 0-based integer sequence");
    const refusal = checkAssignment(image, brokerIds, at === 0 ? null : (sorted[0]?.brokerIds.length ?? null));
    if (refusal) return refusal;
  }
  return sorted.map((assignment) => assignment.brokerIds);
}

function refuseInactive(wanted: CreateTopicsRequestCreatableTopic, partitionId: PartitionIndex): Refusal {
  return wanted.assignments.length > 0
    ? refuse(
        "INVALID_REPLICA_ASSIGNMENT",
        `All brokers specified in the manual partition assignment for partition ${partitionId} are fenced or in controlled shutdown.`,
      )
    : refuse("INVALID_REPLICATION_FACTOR", "All brokers are currently fenced or in controlled shutdown.");
}

function resultConfigs(control: Control, image: MetadataImage, topicName: string) {
  return topicConfigEntries(image, topicName, clusterConfigs(control.settings)).map((one) => ({
    name: one.name,
    value: one.value,
    readOnly: one.readOnly,
    configSource: CONFIG_SOURCE_CODES[one.source],
    isSensitive: one.sensitive,
  }));
}

function refused(name: string, refusal: Refusal): CreateTopicsResponseCreatableTopicResult {
  return {
    name,
    topicId: ZERO_UUID,
    errorCode: errorCode(refusal.error),
    errorMessage: refusal.message,
    topicConfigErrorCode: 0,
    numPartitions: -1,
    replicationFactor: -1,
    configs: [],
  };
}
