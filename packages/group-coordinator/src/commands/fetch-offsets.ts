/**
 * OffsetFetch of one group. Without `requireStable` it reads what is committed; with it, the newest, and the answer waits until that is
 * committed (KIP-447, as far as there are no transactions). A group or an offset that does not exist is offset -1, never an error.
 */
import { errorCode, ZERO_UUID, type ErrorName, type Uuid } from "@vitrine/core";
import {
  newOffsetFetchResponseOffsetFetchResponseGroup as newGroup,
  newOffsetFetchResponseOffsetFetchResponsePartitions as newPartition,
  type OffsetCommitValue,
  type OffsetFetchResponseOffsetFetchResponsePartitions,
  type OffsetFetchResponseOffsetFetchResponseTopics,
} from "@vitrine/protocol/types";
import type { Command } from "../coordinator-types.ts";
import type { OffsetEntry } from "../durable-state.ts";
import { coordinatorErrorOf } from "../records.ts";
import type { Draft } from "../shard.ts";

type Value = (entry: OffsetEntry | undefined) => OffsetCommitValue | null | undefined;

export function fetchOffsets(draft: Draft, { token, group, requireStable }: Command<"fetchOffsets">): void {
  const value: Value = requireStable ? (entry) => entry?.latest : (entry) => entry?.committed;
  const { groupId } = group;
  const topics = group.topics === null ? allOffsets(draft, groupId, value) : askedOffsets(draft, group, value);
  const response = newGroup({ groupId, topics });
  if (!requireStable) return draft.answer(token, response);
  draft.afterWrites((later, error) =>
    later.answer(token, error ? newGroup({ groupId, errorCode: errorCode(fetchErrorOf(error)) }) : response),
  );
}

function askedOffsets(
  draft: Draft,
  { groupId, topics }: Command<"fetchOffsets">["group"],
  value: Value,
): OffsetFetchResponseOffsetFetchResponseTopics[] {
  return (topics ?? []).map(({ name, topicId, partitionIndexes }) => ({
    name,
    topicId,
    partitions: partitionIndexes.map((partitionIndex) => {
      const known = value(draft.shard.durable.offset(groupId, name, partitionIndex));
      const isOfThisTopic = known && isSameTopic(known.topicId, topicId);
      return isOfThisTopic
        ? partitionOf(partitionIndex, known)
        : newPartition({ partitionIndex, committedOffset: -1, metadata: "" });
    }),
  }));
}

function allOffsets(draft: Draft, groupId: string, value: Value): OffsetFetchResponseOffsetFetchResponseTopics[] {
  const topics = new Map<string, OffsetFetchResponseOffsetFetchResponsePartitions[]>();
  for (const entry of draft.shard.durable.offsetsOf(groupId)) {
    const known = value(entry);
    if (!known) continue;
    let partitions = topics.get(entry.topic);
    if (!partitions) topics.set(entry.topic, (partitions = []));
    partitions.push(partitionOf(entry.partition, known));
  }
  return [...topics].map(([name, partitions]) => ({ name, topicId: ZERO_UUID, partitions }));
}

function partitionOf(partitionIndex: number, { offset, leaderEpoch, metadata }: OffsetCommitValue) {
  return newPartition({ partitionIndex, committedOffset: offset, committedLeaderEpoch: leaderEpoch, metadata });
}

function isSameTopic(a: Uuid, b: Uuid): boolean {
  return a === ZERO_UUID || b === ZERO_UUID || a === b;
}

/** Clients before 3.9 do not ask again after COORDINATOR_NOT_AVAILABLE here, so they are sent to look the coordinator up. */
function fetchErrorOf(writeError: ErrorName): ErrorName {
  const error = coordinatorErrorOf(writeError);
  return error === "COORDINATOR_NOT_AVAILABLE" ? "NOT_COORDINATOR" : error;
}
