/**
 * OffsetCommit, versions 2 to 9 (10 is understood, and offered to nobody): stores how far a group has read.
 *
 * - Only the group's coordinator; the answer leaves when the offsets are committed on the in-sync replicas.
 * - A topic or partition that does not exist is UNKNOWN_TOPIC_OR_PARTITION for itself; the others are stored.
 * - v2 to v4: an offset may have a retention of its own. v7+: static members. v9+: GROUP_ID_NOT_FOUND for a group that does not exist.
 * - v10: topic ids; unknown ones are UNKNOWN_TOPIC_ID.
 */
import { errorCode, ZERO_UUID, type ErrorName } from "@vitrine/core";
import { commitRefusal } from "@vitrine/group-coordinator";
import type { TopicImage } from "@vitrine/metadata";
import {
  newOffsetCommitResponse,
  type OffsetCommitRequest,
  type OffsetCommitRequestOffsetCommitRequestTopic as RequestTopic,
  type OffsetCommitResponse,
} from "@vitrine/protocol/types";
import type { BrokerParts, Handler } from "../request.ts";
import { groupClient } from "./group-client.ts";

export const offsetCommit: Handler = (parts, request, from, reply) => {
  const body = request.body as OffsetCommitRequest;
  const errors = new Map<string, ErrorName>();
  const known: RequestTopic[] = [];
  for (const topic of body.topics) {
    const found = find(parts, topic);
    const partitions = topic.partitions.filter(({ partitionIndex }) => {
      const missing: ErrorName = topic.topicId !== ZERO_UUID ? "UNKNOWN_TOPIC_ID" : "UNKNOWN_TOPIC_OR_PARTITION";
      const error = found ? (found.partitions.has(partitionIndex) ? null : "UNKNOWN_TOPIC_OR_PARTITION") : missing;
      if (error) errors.set(keyOf(topic, partitionIndex), error);
      return error === null;
    });
    if (found && partitions.length > 0) known.push({ ...topic, name: found.name, topicId: found.id, partitions });
  }
  const merge = (answered: OffsetCommitResponse) => {
    for (const topic of answered.topics)
      for (const { partitionIndex, errorCode: code } of topic.partitions) codes.set(keyOf(topic, partitionIndex), code);
    reply(newOffsetCommitResponse({ topics: body.topics.map((topic) => answerOf(parts, topic, errors, codes)) }));
  };
  const codes = new Map<string, number>();
  if (known.length === 0) return merge(newOffsetCommitResponse());
  const ask = { ...body, topics: known };
  parts.groups.ask(
    body.groupId,
    { type: "commitOffsets", request: ask, client: groupClient(request, from) },
    merge,
    (error) => merge(commitRefusal(ask, error)),
  );
};

function find(parts: BrokerParts, { name, topicId }: { readonly name: string; readonly topicId: string }) {
  const { topicsById, topicsByName } = parts.image();
  return topicId !== ZERO_UUID ? topicsById.get(topicId as TopicImage["id"]) : topicsByName.get(name);
}

function answerOf(
  parts: BrokerParts,
  topic: RequestTopic,
  errors: ReadonlyMap<string, ErrorName>,
  codes: ReadonlyMap<string, number>,
) {
  const found = find(parts, topic);
  const name = found?.name ?? topic.name;
  const partitions = topic.partitions.map(({ partitionIndex }) => {
    const error = errors.get(keyOf(topic, partitionIndex));
    const code = error ? errorCode(error) : codes.get(keyOf({ name }, partitionIndex));
    return { partitionIndex, errorCode: code ?? errorCode("UNKNOWN_TOPIC_OR_PARTITION") };
  });
  return { name, topicId: found?.id ?? topic.topicId, partitions };
}

/** Topic names hold no space. */
function keyOf({ name }: { readonly name: string }, partition: number): string {
  return `${name} ${partition}`;
}
