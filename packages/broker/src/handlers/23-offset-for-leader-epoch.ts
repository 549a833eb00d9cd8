/**
 * OffsetForLeaderEpoch, versions 2 to 4 (KIP-101, KIP-279, KIP-320): where a leader epoch ends, so that a consumer finds out whether the log it read
 * was cut. The largest epoch at or below the asked one, and its end; -1 and -1 for an epoch newer than all that the log knows. Only the leader answers.
 */
import { errorCode, type ErrorName } from "@vitrine/core";
import {
  newOffsetForLeaderEpochResponse,
  newOffsetForLeaderEpochResponseEpochEndOffset,
  type OffsetForLeaderEpochRequest,
} from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";

export const offsetForLeaderEpoch: Handler = (parts, request, _from, reply) => {
  const body = request.body as OffsetForLeaderEpochRequest;
  const topics = body.topics.map(({ topic, partitions }) => {
    const found = parts.image().topicsByName.get(topic);
    const answers = partitions.map((asked) => {
      const answer = newOffsetForLeaderEpochResponseEpochEndOffset({ partition: asked.partition });
      const refuse = (error: ErrorName) => ({ ...answer, errorCode: errorCode(error) });
      if (!found?.partitions.has(asked.partition)) return refuse("UNKNOWN_TOPIC_OR_PARTITION");
      const partition = parts.partitions.get(found.id, asked.partition);
      if (!partition) return refuse("NOT_LEADER_OR_FOLLOWER");
      const refused = partition.checkLeaderEpoch(asked.currentLeaderEpoch);
      if (refused) return refuse(refused);
      if (asked.leaderEpoch > partition.leaderEpoch) return answer;
      const { epoch, endOffset } = partition.endOffsetForEpoch(asked.leaderEpoch);
      return { ...answer, leaderEpoch: epoch, endOffset };
    });
    return { topic, partitions: answers };
  });
  reply(newOffsetForLeaderEpochResponse({ topics }));
};
