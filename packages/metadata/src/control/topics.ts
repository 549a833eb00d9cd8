/** DeleteTopics and CreatePartitions. */
import type { NodeId } from "@vitrine/core";
import { ZERO_UUID } from "@vitrine/core";
import type {
  CreatePartitionsRequestCreatePartitionsTopic,
  DeleteTopicsRequestDeleteTopicState,
  DeleteTopicsResponseDeletableTopicResult,
} from "@vitrine/protocol/types";
import type { Command, ReplyOf } from "../controller-types.ts";
import type { MetadataImage, TopicImage } from "../image.ts";
import { placeReplicas } from "../placement.ts";
import type { MetadataRecord } from "../records.ts";
import { removeTopicRecord } from "../records.ts";
import { checkAssignment, newPartitionRecord, placementBrokers } from "./assignments.ts";
import { NEW_PARTITIONS_MAX } from "./create-topics.ts";
import type { Control, Refusal } from "./draft.ts";
import { Draft, OVER_QUOTA, errorFields, refuse } from "./draft.ts";

export function deleteTopics(
  control: Control,
  draft: Draft,
  { request, spend }: Command<"deleteTopics">,
): ReplyOf<"deleteTopics"> {
  const states = [
    ...request.topics,
    ...request.topicNames.map((name): DeleteTopicsRequestDeleteTopicState => ({ name, topicId: ZERO_UUID })),
  ];
  const targets = states.map((state) => findTopic(draft.image, state));
  const responses = states.map((state, at): DeleteTopicsResponseDeletableTopicResult => {
    const target = targets[at] ?? refuse("INVALID_REQUEST", "You may not specify both topic name and topic id.");
    const twice = !("error" in target) && targets.filter((other) => other === target).length > 1;
    const refusal = !control.settings.deleteTopicEnable
      ? refuse("TOPIC_DELETION_DISABLED", "Topic deletion is switched off by delete.topic.enable.")
      : "error" in target
        ? target
        : twice
          ? refuse("INVALID_REQUEST", `Topic ${target.name} is named more than once in the request.`)
          : spend?.(target.partitions.size) === false
            ? OVER_QUOTA
            : null;
    if (!refusal && !("error" in target)) draft.add([removeTopicRecord({ topicId: target.id })]);
    return {
      name: "error" in target ? state.name : target.name,
      topicId: "error" in target ? state.topicId : target.id,
      ...errorFields(refusal),
    };
  });
  return { throttleTimeMs: 0, responses };
}

function findTopic(image: MetadataImage, state: DeleteTopicsRequestDeleteTopicState): TopicImage | Refusal {
  const { name, topicId } = state;
  if (name !== null && topicId !== ZERO_UUID)
    return refuse("INVALID_REQUEST", "You may not specify both topic name and topic id.");
  if (name !== null)
    return image.topicsByName.get(name) ?? refuse("UNKNOWN_TOPIC_OR_PARTITION", `Topic ${name} does not exist.`);
  if (topicId === ZERO_UUID) return refuse("INVALID_REQUEST", "Neither topic name nor id were specified.");
  return image.topicsById.get(topicId) ?? refuse("UNKNOWN_TOPIC_ID", `No topic has the id ${topicId}.`);
}

/** More partitions for topics (CreatePartitions); each topic is refused or grown by itself. */
export function createPartitions(
  control: Control,
  draft: Draft,
  { request, spend }: Command<"createPartitions">,
): ReplyOf<"createPartitions"> {
  const into = request.validateOnly ? new Draft(draft.image, draft.at, draft.image.epoch) : draft;
  const names = request.topics.map((topic) => topic.name);
  return {
    throttleTimeMs: 0,
    results: request.topics.map((topic) => {
      const twice = names.indexOf(topic.name) !== names.lastIndexOf(topic.name);
      const refusal = twice
        ? refuse("INVALID_REQUEST", "Duplicate topic name.")
        : growTopic(control, into, topic, request.validateOnly ? undefined : spend);
      return { name: topic.name, ...errorFields(refusal) };
    }),
  };
}

function growTopic(
  control: Control,
  draft: Draft,
  wanted: CreatePartitionsRequestCreatePartitionsTopic,
  spend: ((partitions: number) => boolean) | undefined,
): Refusal | null {
  const topic = draft.image.topicsByName.get(wanted.name);
  if (!topic) return refuse("UNKNOWN_TOPIC_OR_PARTITION", `Topic ${wanted.name} does not exist.`);
  const present = topic.partitions.size;
  if (wanted.count === present) return refuse("INVALID_PARTITIONS", `Topic already has ${present} partition(s).`);
  if (wanted.count < present)
    return refuse(
      "INVALID_PARTITIONS",
      `The topic ${topic.name} currently has ${present} partition(s); ${wanted.count} would not be an increase.`,
    );
  if (wanted.count - present > NEW_PARTITIONS_MAX)
    return refuse("INVALID_PARTITIONS", `At most ${NEW_PARTITIONS_MAX} partitions can be added at a time.`);
  const assigned = assignNew(control, draft.image, topic, wanted);
  if ("error" in assigned) return assigned;
  const records: MetadataRecord[] = [];
  for (const [at, replicas] of assigned.entries()) {
    const record = newPartitionRecord(draft.image, topic.id, present + at, replicas);
    if (!record)
      return refuse(
        "INVALID_REPLICA_ASSIGNMENT",
        `All brokers specified in the assignment for partition ${present + at} are fenced or in controlled shutdown.`,
      );
    records.push(record);
  }
  if (spend?.(records.length) === false) return OVER_QUOTA;
  draft.add(records);
  return null;
}

function assignNew(
  control: Control,
  image: MetadataImage,
  topic: TopicImage,
  wanted: CreatePartitionsRequestCreatePartitionsTopic,
): readonly (readonly NodeId[])[] | Refusal {
  const partitions = wanted.count - topic.partitions.size;
  const first = topic.partitions.get(0);
  // While partition 0 is on the move it has more replicas than the topic is meant to have.
  const replicationFactor = first
    ? first.replicas.length - first.removingReplicas.length
    : control.settings.defaultReplicationFactor;
  if (wanted.assignments === null) {
    const placed = placeReplicas(placementBrokers(image), { partitions, replicationFactor }, control.random);
    if (placed.ok) return placed.assignments;
    return refuse(
      "INVALID_REPLICATION_FACTOR",
      `Unable to replicate the partition ${replicationFactor} time(s): ${placed.message}`,
    );
  }
  if (wanted.assignments.length !== partitions)
    return refuse(
      "INVALID_REPLICA_ASSIGNMENT",
      `Attempted to add ${partitions} additional partition(s), but ${wanted.assignments.length} assignment(s) were specified.`,
    );
  for (const { brokerIds } of wanted.assignments) {
    const refusal = checkAssignment(image, brokerIds, replicationFactor);
    if (refusal) return refusal;
  }
  return wanted.assignments.map((assignment) => assignment.brokerIds);
}
