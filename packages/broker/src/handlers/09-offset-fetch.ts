/**
 * OffsetFetch, versions 1 to 9 (10 is understood, and offered to nobody): how far groups have read.
 *
 * - Only the group's coordinator. An offset that is not there is -1, also where the group or the topic does not exist.
 * - v2+: all topics of the group (null), and errors of the whole group. v7+: `requireStable`. v8+: several groups in one request.
 * - v10: topic ids; unknown ones are UNKNOWN_TOPIC_ID, and offsets of topics without an id are left out of "all topics".
 */
import { errorCode, ZERO_UUID, type ErrorName } from "@vitrine/core";
import type { TopicImage } from "@vitrine/metadata";
import {
  newOffsetFetchRequestOffsetFetchRequestGroup as newAskedGroup,
  newOffsetFetchResponse,
  newOffsetFetchResponseOffsetFetchResponseGroup as newGroup,
  newOffsetFetchResponseOffsetFetchResponsePartitions as newPartition,
  type OffsetFetchRequest,
  type OffsetFetchRequestOffsetFetchRequestGroup as AskedGroup,
  type OffsetFetchResponseOffsetFetchResponseGroup as Group,
  type OffsetFetchResponseOffsetFetchResponseTopics as Topic,
} from "@vitrine/protocol/types";
import type { BrokerParts, Handler } from "../request.ts";

/** From here on topics are named by id. */
const TOPIC_IDS_SINCE = 10;

export const offsetFetch: Handler = (parts, request, _from, reply) => {
  const body = request.body as OffsetFetchRequest;
  const version = request.apiVersion < 0 ? Infinity : request.apiVersion;
  const asked = version >= 8 ? body.groups : [oneGroup(body)];
  const answers: (Group | null)[] = asked.map(() => null);
  let open = asked.length;
  const respond = () =>
    reply(version >= 8 ? newOffsetFetchResponse({ groups: answers as Group[] }) : single(answers[0]!));
  if (open === 0) return respond();
  asked.forEach((group, at) => {
    const answer = (response: Group) => {
      answers[at] = response;
      if (--open === 0) respond();
    };
    const { known, unknown } = group.topics === null ? EVERYTHING : resolve(parts, group.topics, version);
    parts.groups.ask(
      group.groupId,
      { type: "fetchOffsets", group: { ...group, topics: known }, requireStable: body.requireStable },
      (response) => {
        const topics = group.topics === null ? withIds(parts, response.topics, version) : response.topics;
        answer({ ...response, topics: [...topics, ...unknown] });
      },
      (error) => answer(groupError(group, error, version)),
    );
  });
};

const EVERYTHING = { known: null, unknown: [] };

function oneGroup({ groupId, topics }: OffsetFetchRequest): AskedGroup {
  const asked = topics?.map(({ name, partitionIndexes }) => ({ name, topicId: ZERO_UUID, partitionIndexes })) ?? null;
  return newAskedGroup({ groupId, topics: asked });
}

/** The form before version 8. */
function single({ topics, errorCode: code }: Group): object {
  return newOffsetFetchResponse({
    topics: topics.map(({ name, partitions }) => ({ name, partitions })),
    errorCode: code,
  });
}

function resolve(parts: BrokerParts, topics: NonNullable<AskedGroup["topics"]>, version: number) {
  const known: NonNullable<AskedGroup["topics"]>[number][] = [];
  const unknown: Topic[] = [];
  for (const topic of topics) {
    const found =
      topic.topicId === ZERO_UUID ? undefined : parts.image().topicsById.get(topic.topicId as TopicImage["id"]);
    const name = found?.name ?? topic.name;
    if (name !== "" || version < TOPIC_IDS_SINCE) known.push({ ...topic, name });
    else unknown.push({ ...topic, name, partitions: refuse(topic.partitionIndexes, "UNKNOWN_TOPIC_ID") });
  }
  return { known, unknown };
}

function withIds(parts: BrokerParts, topics: readonly Topic[], version: number): Topic[] {
  if (version < TOPIC_IDS_SINCE) return [...topics];
  return topics.flatMap((topic) => {
    const topicId = parts.image().topicsByName.get(topic.name)?.id;
    return topicId ? [{ ...topic, topicId }] : [];
  });
}

function groupError({ groupId, topics }: AskedGroup, error: ErrorName, version: number): Group {
  if (version >= 2) return newGroup({ groupId, errorCode: errorCode(error) });
  const refused = (topics ?? []).map(({ name, topicId, partitionIndexes }) => ({
    name,
    topicId,
    partitions: refuse(partitionIndexes, error),
  }));
  return newGroup({ groupId, topics: refused });
}

function refuse(partitions: readonly number[], error: ErrorName) {
  return partitions.map((partitionIndex) =>
    newPartition({ partitionIndex, committedOffset: -1, metadata: "", errorCode: errorCode(error) }),
  );
}
