/** DeleteGroups, expiry and deleted topics: the ways in which groups and offsets come to their end. */
import { errorCode, ZERO_UUID, type ErrorName } from "@vitrine/core";
import type { DeleteGroupsResponseDeletableGroupResult, GroupRecord, OffsetCommitValue } from "@vitrine/protocol/types";
import type { ClassicGroup } from "../classic-group.ts";
import type { Command, DeletedTopic } from "../coordinator-types.ts";
import { coordinatorErrorOf, groupTombstone, offsetTombstone } from "../records.ts";
import type { Draft } from "../shard.ts";

export function deleteGroups(draft: Draft, { token, groupIds }: Command<"deleteGroups">): void {
  const records: GroupRecord[] = [];
  const deleted: ClassicGroup[] = [];
  const results = groupIds.map((groupId): DeleteGroupsResponseDeletableGroupResult => {
    const group = draft.shard.groups.get(groupId);
    const error = checkDelete(group);
    if (group && !error && !deleted.includes(group)) {
      for (const { topic, partition, latest } of draft.shard.durable.offsetsOf(groupId))
        if (latest) records.push(offsetTombstone(groupId, topic, partition));
      records.push(groupTombstone(groupId));
      deleted.push(group);
    }
    return { groupId, errorCode: errorCode(error ?? "NONE") };
  });
  writeDeletion(draft, records, deleted, "deleted on request", (later, failed) => {
    const told = failed && errorCode(coordinatorErrorOf(failed));
    later.answer(
      token,
      results.map((result) => (told !== null && result.errorCode === 0 ? { ...result, errorCode: told } : result)),
    );
  });
}

function checkDelete(group: ClassicGroup | undefined): ErrorName | null {
  if (!group || group.state === "Dead") return "GROUP_ID_NOT_FOUND";
  return group.state === "Empty" ? null : "NON_EMPTY_GROUP";
}

/**
 * Every `offsets.retention.check.interval.ms`: offsets that are old enough go, and groups that have nothing left. Never while a group
 * rebalances (KAFKA-13636), and counted by the wall clock of the records, not from when they were loaded (KAFKA-8069).
 */
export function expireOffsets(draft: Draft): void {
  const records: GroupRecord[] = [];
  const deleted: ClassicGroup[] = [];
  for (const group of draft.shard.groups.values()) {
    const isAllGone = expireOffsetsOf(draft, group, records);
    if (!isAllGone || group.state !== "Empty" || group.pendingJoins.size > 0) continue;
    records.push(groupTombstone(group.groupId));
    deleted.push(group);
  }
  draft.scheduleRetention();
  if (draft.at.writeError === null) writeDeletion(draft, records, deleted, "its offsets have expired", () => {});
}

/** Returns whether the group has no offsets left. */
function expireOffsetsOf(draft: Draft, group: ClassicGroup, records: GroupRecord[]): boolean {
  const { durable, settings } = draft.shard;
  if (!durable.hasOffsets(group.groupId)) return true;
  const since = retentionBegin(group);
  if (!since) return false;
  let isAllGone = true;
  for (const { topic, partition, latest } of durable.offsetsOf(group.groupId)) {
    if (!latest) continue;
    const hasOwnTime = latest.expireTimestamp >= 0;
    const isOver = hasOwnTime
      ? draft.at.wallMs >= latest.expireTimestamp
      : draft.at.wallMs - since(latest) >= settings.offsetsRetentionMs;
    if (isOver && !group.isSubscribedTo(topic)) records.push(offsetTombstone(group.groupId, topic, partition));
    else isAllGone = false;
  }
  return isAllGone;
}

/** From when an offset's retention counts; null = nothing expires in this state. */
function retentionBegin(group: ClassicGroup): ((value: OffsetCommitValue) => number) | null {
  const ofCommit = (value: OffsetCommitValue) => value.commitTimestamp;
  if (group.protocolType === null) return ofCommit;
  if (group.state === "Empty") return (value) => group.stateSinceMs ?? value.commitTimestamp;
  return group.state === "Stable" && group.isConsumerGroup && group.knowsSubscriptions ? ofCommit : null;
}

/** The offsets of topics that are gone. An offset that names another topic id is of a topic that was made anew, and stays. */
export function forgetTopics(draft: Draft, topics: readonly DeletedTopic[]): void {
  const records: GroupRecord[] = [];
  for (const { id, name } of topics)
    for (const { groupId, topic, partition, latest } of draft.shard.durable.offsetsOfTopic(name))
      if (latest && (id === null || latest.topicId === id || latest.topicId === ZERO_UUID))
        records.push(offsetTombstone(groupId, topic, partition));
  draft.write(records, () => {});
}

function writeDeletion(
  draft: Draft,
  records: readonly GroupRecord[],
  deleted: readonly ClassicGroup[],
  reason: string,
  settle: (draft: Draft, error: ErrorName | null) => void,
): void {
  const { leaving } = draft.shard;
  if (draft.at.writeError === null)
    for (const group of deleted) {
      if (group.isVisible) leaving.set(group.groupId, group);
      draft.dropGroup(group);
    }
  draft.write(records, (later, error) => {
    if (!error)
      for (const group of deleted) {
        if (leaving.get(group.groupId) === group) leaving.delete(group.groupId);
        later.note({ type: "groupDeleted", groupId: group.groupId, reason });
      }
    settle(later, error);
  });
}
