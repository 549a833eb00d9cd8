/**
 * DescribeTopicPartitions, version 0 (KIP-966): topics page by page, with their eligible leader replicas.
 *
 * - Topics come in order of name; no names ask for all. An answer carries at most so many partitions (`max.request.partition.size.limit`, or fewer when
 *   the client says so); where it ends, a cursor says how to go on.
 * - A cursor begins at its topic and partition; a topic that is gone meanwhile is passed over when all were asked for.
 */
import { checkTopicName, errorCode, isInternalTopic, ZERO_UUID, type ErrorName } from "@vitrine/core";
import type { MetadataImage, PartitionImage, TopicImage } from "@vitrine/metadata";
import {
  newDescribeTopicPartitionsResponse,
  newDescribeTopicPartitionsResponseDescribeTopicPartitionsResponsePartition as newPartition,
  newDescribeTopicPartitionsResponseDescribeTopicPartitionsResponseTopic as newTopic,
  type DescribeTopicPartitionsRequest,
  type DescribeTopicPartitionsResponseDescribeTopicPartitionsResponseTopic as TopicAnswer,
} from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";
import { TOPIC_OPERATIONS } from "./authorized-operations.ts";

interface Cursor {
  readonly topicName: string;
  readonly partitionIndex: number;
}

export const describeTopicPartitions: Handler = (parts, request, _from, reply) => {
  const body = request.body as DescribeTopicPartitionsRequest;
  const image = parts.image();
  const { cursor } = body;
  const wantsAll = body.topics.length === 0;
  const asked = wantsAll ? [...image.topicsByName.keys()] : body.topics.map(({ name }) => name);
  const names = [...new Set(asked)].filter((name) => name >= (cursor?.topicName ?? "")).toSorted(byName);
  const isCursorAsked = cursor === null || wantsAll || names.includes(cursor.topicName);
  if (!isCursorAsked || (cursor !== null && cursor.partitionIndex < 0)) {
    // Kafka's answer has no field for an error of the whole: each topic carries it.
    const topics = asked.map((name) => newTopic({ name, errorCode: errorCode("INVALID_REQUEST") }));
    reply(newDescribeTopicPartitionsResponse({ topics }));
    return;
  }
  const most = parts.runtime.settings.requestPartitionsMax;
  const limit = Math.max(1, Math.min(body.responsePartitionLimit, most));
  reply(newDescribeTopicPartitionsResponse(pageOf(image, names, { cursor, limit, wantsAll })));
};

function pageOf(
  image: MetadataImage,
  names: readonly string[],
  { cursor, limit, wantsAll }: { cursor: Cursor | null; limit: number; wantsAll: boolean },
): { topics: TopicAnswer[]; nextCursor: Cursor | null } {
  const topics: TopicAnswer[] = [];
  let left = limit;
  for (const name of names) {
    if (left <= 0) return { topics, nextCursor: { topicName: name, partitionIndex: 0 } };
    const topic = image.topicsByName.get(name);
    if (!topic) {
      if (!wantsAll) topics.push(unknownTopic(name));
      continue;
    }
    const from = name === cursor?.topicName ? cursor.partitionIndex : 0;
    const end = Math.min(topic.partitions.size, from + left);
    topics.push(topicAnswer(image, topic, from, end));
    if (end < topic.partitions.size) return { topics, nextCursor: { topicName: name, partitionIndex: end } };
    left -= Math.max(0, end - from);
  }
  return { topics, nextCursor: null };
}

/** Partitions [from, end) of a topic. */
function topicAnswer(image: MetadataImage, topic: TopicImage, from: number, end: number): TopicAnswer {
  const partitions = [];
  for (let index = from; index < end; index++)
    partitions.push(partitionAnswer(image, index, topic.partitions.get(index)!));
  return newTopic({
    name: topic.name,
    topicId: topic.id,
    isInternal: isInternalTopic(topic.name),
    partitions,
    topicAuthorizedOperations: TOPIC_OPERATIONS,
  });
}

function partitionAnswer(image: MetadataImage, partitionIndex: number, partition: PartitionImage) {
  return newPartition({
    partitionIndex,
    leaderId: partition.leader,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: partition.replicas,
    isrNodes: partition.isr,
    eligibleLeaderReplicas: partition.elr,
    lastKnownElr: partition.lastKnownElr,
    offlineReplicas: partition.replicas.filter((id) => image.brokers.get(id)?.fenced !== false),
  });
}

function unknownTopic(name: string): TopicAnswer {
  const error: ErrorName = checkTopicName(name) === null ? "UNKNOWN_TOPIC_OR_PARTITION" : "INVALID_TOPIC_EXCEPTION";
  const isInternal = isInternalTopic(name);
  return newTopic({ name, topicId: ZERO_UUID, errorCode: errorCode(error), isInternal });
}

/** By code unit, as Java compares strings: not by locale. */
function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
