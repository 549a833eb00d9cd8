/**
 * OffsetDelete, version 0: single offsets of a group.
 *
 * - Only the group's coordinator. GROUP_SUBSCRIBED_TO_TOPIC where a member reads the topic; NON_EMPTY_GROUP where it is not known what
 *   members read. A topic or partition that does not exist is UNKNOWN_TOPIC_OR_PARTITION for itself.
 */
import { errorCode } from "@vitrine/core";
import { newOffsetDeleteResponse, type OffsetDeleteRequest, type OffsetDeleteResponse } from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";

export const offsetDelete: Handler = (parts, request, _from, reply) => {
  const body = request.body as OffsetDeleteRequest;
  const { topicsByName } = parts.image();
  const exists = (name: string, partition: number) => topicsByName.get(name)?.partitions.has(partition) === true;
  const topics = body.topics.flatMap(({ name, partitions }) => {
    const known = partitions.filter(({ partitionIndex }) => exists(name, partitionIndex));
    return known.length > 0 ? [{ name, partitions: known }] : [];
  });
  const merge = (answered: OffsetDeleteResponse) => {
    if (answered.errorCode !== 0) return reply(answered);
    const codes = new Map(
      answered.topics.flatMap(({ name, partitions }) =>
        partitions.map((partition) => [`${name} ${partition.partitionIndex}`, partition.errorCode] as const),
      ),
    );
    const unknown = errorCode("UNKNOWN_TOPIC_OR_PARTITION");
    const merged = body.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: codes.get(`${name} ${partitionIndex}`) ?? unknown,
      })),
    }));
    reply(newOffsetDeleteResponse({ topics: merged }));
  };
  parts.groups.ask(body.groupId, { type: "deleteOffsets", request: { ...body, topics } }, merge, (error) =>
    reply(newOffsetDeleteResponse({ errorCode: errorCode(error) })),
  );
};
