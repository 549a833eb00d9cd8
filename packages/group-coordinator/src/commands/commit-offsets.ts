/** OffsetCommit: of a member in its generation, or of somebody outside every group ("simple" consumer, admin tool) while the group is empty. */
import { errorCode, type ErrorName, type Uuid } from "@vitrine/core";
import {
  newOffsetCommitResponse,
  type GroupRecord,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
} from "@vitrine/protocol/types";
import type { ClassicGroup } from "../classic-group.ts";
import type { Command } from "../coordinator-types.ts";
import { coordinatorErrorOf, offsetCommitRecord } from "../records.ts";
import type { Draft } from "../shard.ts";

export function commitOffsets(draft: Draft, { token, request, client }: Command<"commitOffsets">): void {
  const known = draft.shard.groups.get(request.groupId);
  const error = known ? checkCommit(known, request) : checkWithoutGroup(request, client.apiVersion);
  if (error) return draft.answer(token, commitRefusal(request, error));
  const group = known ?? draft.newGroup(request.groupId);
  // A commit is a sign of life.
  if ((group.state === "Stable" || group.state === "PreparingRebalance") && group.members.has(request.memberId))
    draft.scheduleSession(group, request.memberId, group.members.get(request.memberId)!.sessionTimeoutMs);
  const records: GroupRecord[] = [];
  const response = newOffsetCommitResponse({
    topics: request.topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map((partition) => {
        const metadata = partition.committedMetadata ?? "";
        const tooLong = metadata.length > draft.shard.settings.offsetMetadataMaxLength;
        if (!tooLong)
          records.push(
            offsetCommitRecord(request.groupId, name, partition.partitionIndex, {
              offset: partition.committedOffset,
              leaderEpoch: partition.committedLeaderEpoch,
              metadata,
              commitTimestamp: draft.at.wallMs,
              expireTimestamp: request.retentionTimeMs < 0 ? -1 : draft.at.wallMs + request.retentionTimeMs,
              topicId,
            }),
          );
        const told = tooLong ? "OFFSET_METADATA_TOO_LARGE" : "NONE";
        return { partitionIndex: partition.partitionIndex, errorCode: errorCode(told) };
      }),
    })),
  });
  draft.write(records, (later, failed) => {
    if (!failed && records.length > 0) group.isVisible = true;
    // A group that was made for a commit that did not take place leaves nothing behind.
    else if (
      !known &&
      !later.shard.durable.hasOffsets(group.groupId) &&
      group.members.size === 0 &&
      group.pendingJoins.size === 0
    )
      later.dropGroup(group);
    later.answer(token, failed ? commitRefusal(request, coordinatorErrorOf(failed)) : response);
  });
}

function checkWithoutGroup(request: OffsetCommitRequest, apiVersion: number): ErrorName | null {
  if (request.generationIdOrMemberEpoch < 0) return null;
  return apiVersion >= 9 ? "GROUP_ID_NOT_FOUND" : "ILLEGAL_GENERATION";
}

function checkCommit(group: ClassicGroup, request: OffsetCommitRequest): ErrorName | null {
  const { memberId, groupInstanceId, generationIdOrMemberEpoch: generation } = request;
  if (generation < 0 && group.state === "Empty") return null;
  if (generation < 0 && memberId === "" && groupInstanceId === null) return "UNKNOWN_MEMBER_ID";
  const error = group.checkMember(memberId, groupInstanceId);
  if (error) return error;
  if (generation !== group.generation) return "ILLEGAL_GENERATION";
  // It knows the new generation but not yet what it owns in it.
  return group.state === "CompletingRebalance" ? "REBALANCE_IN_PROGRESS" : null;
}

/** The same error for every partition. */
export function commitRefusal(
  request: {
    readonly topics: readonly {
      readonly name: string;
      readonly topicId: Uuid;
      readonly partitions: readonly { readonly partitionIndex: number }[];
    }[];
  },
  error: ErrorName,
): OffsetCommitResponse {
  const topics = request.topics.map(({ name, topicId, partitions }) => ({
    name,
    topicId,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: errorCode(error) })),
  }));
  return newOffsetCommitResponse({ topics });
}
