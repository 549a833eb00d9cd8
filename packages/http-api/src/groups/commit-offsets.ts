/** Writing and deleting offsets of a group from outside: only possible while it has no members, as with Kafka's own tools. */
import type { OffsetsByTopic } from "@vitrine/api";
import { errorFromCode } from "@vitrine/core";
import type { Engine } from "@vitrine/engine";
import {
  ApiKey,
  newOffsetCommitRequest,
  newOffsetCommitRequestOffsetCommitRequestPartition,
  newOffsetCommitRequestOffsetCommitRequestTopic,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
} from "@vitrine/protocol/types";
import { refuse } from "../error-reply.ts";
import { coordinatorCall, groupProblem, isPassing } from "./coordinator-call.ts";

/** An offset to commit: the next one to read. */
export interface OffsetToCommit {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Of the record before it; -1: not known. */
  readonly leaderEpoch: number;
  readonly metadata: string;
}

/** The topics of a commit request, by name (versions up to 9). */
export function commitTopics(offsets: readonly OffsetToCommit[]): OffsetCommitRequest["topics"] {
  return [...Map.groupBy(offsets, (row) => row.topic)].map(([name, rows]) =>
    newOffsetCommitRequestOffsetCommitRequestTopic({
      name,
      partitions: rows.map((row) =>
        newOffsetCommitRequestOffsetCommitRequestPartition({
          partitionIndex: row.partition,
          committedOffset: row.offset,
          committedLeaderEpoch: row.leaderEpoch,
          committedMetadata: row.metadata,
        }),
      ),
    }),
  );
}

/** Commits in the name of no member. Fails with 409 while the group has members. */
export async function commitFromOutside(
  engine: Engine,
  groupId: string,
  offsets: readonly OffsetToCommit[],
): Promise<OffsetsByTopic> {
  const { body } = await coordinatorCall<OffsetCommitResponse>(engine, groupId, {
    apiKey: ApiKey.OffsetCommit,
    body: newOffsetCommitRequest({ groupId, topics: commitTopics(offsets) }),
    errorOf: passingOf,
  });
  const failed = firstError(body);
  if (failed === null) return asOffsets(offsets);
  const { error, topic, partition } = failed;
  // A commit of nobody in a group with members is answered like one of a member that is not known.
  if (error === "UNKNOWN_MEMBER_ID" || error === "ILLEGAL_GENERATION" || error === "REBALANCE_IN_PROGRESS") {
    const detail = `group ${groupId} has live members, which commit by themselves: its offsets cannot be set from outside now`;
    refuse(groupProblem("NON_EMPTY_GROUP", groupId, detail));
  }
  return refuse({
    ...groupProblem(error, groupId, `${topic}-${partition} of group ${groupId}: ${errorFromCode(failed.code).message}`),
    topic,
    partition,
  });
}

/** The first partition that was refused; null: all were taken. */
export function firstError(body: OffsetCommitResponse) {
  for (const topic of body.topics) {
    for (const row of topic.partitions) {
      if (row.errorCode === 0) continue;
      const error = errorFromCode(row.errorCode).name;
      return { error, code: row.errorCode, topic: topic.name, partition: row.partitionIndex };
    }
  }
  return null;
}

/** The code of the first refusal that may pass, else 0. */
export function passingOf(body: OffsetCommitResponse): number {
  const codes = body.topics.flatMap((topic) => topic.partitions.map((row) => row.errorCode));
  return codes.find((code) => code !== 0 && isPassing(errorFromCode(code).name)) ?? 0;
}

/** Topic to partition to offset. */
export function asOffsets(
  rows: Iterable<{ readonly topic: string; readonly partition: number; readonly offset: number }>,
): OffsetsByTopic {
  const topics: OffsetsByTopic = {};
  for (const { topic, partition, offset } of rows) (topics[topic] ??= {})[String(partition)] = offset;
  return topics;
}
