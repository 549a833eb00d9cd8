/**
 * The way from one generation to the next (`GroupMetadataManager`, classic protocol):
 *
 *   prepare: members are told to join again (REBALANCE_IN_PROGRESS), and their joins are parked
 *   complete: all have joined, or the longest rebalance timeout is over; the joins are answered, the leader gets the members
 *   sync: the leader's assignment is written; when it is committed the parked syncs are answered and the group is stable
 */
import { errorCode, type ErrorName } from "@vitrine/core";
import {
  newJoinGroupResponse,
  newSyncGroupResponse,
  type GroupMetadataValue,
  type JoinGroupResponse,
  type JoinGroupResponseJoinGroupResponseMember,
} from "@vitrine/protocol/types";
import type { ClassicGroup } from "./classic-group.ts";
import { metadataFor, NO_ASSIGNMENT, type ClassicMember } from "./classic-member.ts";
import { groupMetadataRecord } from "./records.ts";
import type { Draft } from "./shard.ts";

/** After a change of members or subscriptions. */
export function rebalanceOrComplete(draft: Draft, group: ClassicGroup, reason: string): void {
  if (group.canRebalance) prepareRebalance(draft, group, reason);
  else completeJoinIfAll(draft, group);
}

/** Tells the members to join again; those of an empty group get the initial delay to come together (KIP-134). */
export function prepareRebalance(draft: Draft, group: ClassicGroup, reason: string): void {
  const { initialRebalanceDelayMs } = draft.shard.settings;
  if (group.state === "CompletingRebalance") dropAssignments(draft, group, "REBALANCE_IN_PROGRESS");
  group.pendingSyncs.clear();
  draft.cancelPendingSync(group);
  const isInitial = group.state === "Empty";
  draft.transition(group, "PreparingRebalance", reason);
  if (isInitial) {
    const remainingMs = Math.max(group.rebalanceTimeoutMs - initialRebalanceDelayMs, 0);
    group.newMemberAdded = false;
    draft.scheduleInitialRebalance(group, initialRebalanceDelayMs, remainingMs);
  } else if (group.hasAllMembersJoined) completeJoin(draft, group);
  else draft.scheduleRebalance(group, group.rebalanceTimeoutMs);
}

/** The first generation has waited its delay: longer if members keep coming, but not beyond the rebalance timeout. */
export function initialDelayOver(draft: Draft, group: ClassicGroup, delayMs: number, remainingMs: number): void {
  if (!group.newMemberAdded || remainingMs === 0) return completeJoin(draft, group);
  group.newMemberAdded = false;
  const nextDelayMs = Math.min(draft.shard.settings.initialRebalanceDelayMs, remainingMs);
  draft.scheduleInitialRebalance(group, nextDelayMs, Math.max(remainingMs - delayMs, 0));
}

/** A first generation is not completed early: it waits for its delay. */
export function completeJoinIfAll(draft: Draft, group: ClassicGroup): void {
  if (group.state !== "PreparingRebalance" || group.previousState === "Empty" || !group.hasAllMembersJoined) return;
  completeJoin(draft, group);
}

/** The joins are over: dynamic members who did not join again are out, the others are the next generation and are told so. */
export function completeJoin(draft: Draft, group: ClassicGroup): void {
  draft.cancelRebalance(group);
  for (const member of group.members.values()) {
    if (member.awaitingJoin !== null || member.groupInstanceId !== null) continue;
    group.remove(member.memberId);
    draft.memberLeft(group, member, "did not join again within the rebalance timeout");
  }
  if (group.members.size > 0 && !group.electJoinedLeader()) {
    // Only static members, and none has come back: their sessions decide.
    draft.scheduleRebalance(group, group.rebalanceTimeoutMs);
    return;
  }
  const from = group.state;
  group.beginGeneration(draft.at.wallMs);
  draft.noteState(group, from, `generation ${group.generation}`);
  if (group.state === "Empty") {
    // A failure does no harm: the generation before it becomes the last one again, and its members time out.
    draft.write([generationRecord(group, new Map())], () => {});
    return;
  }
  for (const member of group.members.values()) {
    answerJoin(draft, member, generationFor(group, member));
    draft.scheduleSession(group, member.memberId, member.sessionTimeoutMs);
    member.isNew = false;
    group.pendingSyncs.add(member.memberId);
  }
  draft.schedulePendingSync(group);
}

/** Members of this generation who have not sent SyncGroup in time are removed (KAFKA-12890). */
export function pendingSyncOver(draft: Draft, group: ClassicGroup, generation: number): void {
  const isOfThis = group.state === "CompletingRebalance" || group.state === "Stable";
  if (generation !== group.generation || !isOfThis || group.pendingSyncs.size === 0) return;
  for (const memberId of group.pendingSyncs) {
    const member = group.members.get(memberId)!;
    group.remove(memberId);
    draft.memberLeft(group, member, "did not send SyncGroup within the rebalance timeout");
  }
  prepareRebalance(draft, group, "members did not send SyncGroup in time");
}

/** A member was not heard of in its time, or did not come back with the id that it was given (KIP-394). */
export function sessionOver(draft: Draft, group: ClassicGroup, memberId: string): void {
  if (group.pendingJoins.has(memberId)) {
    group.remove(memberId);
    if (group.state === "PreparingRebalance" && group.hasAllMembersJoined) completeJoin(draft, group);
    return;
  }
  const member = group.members.get(memberId);
  // Whoever waits for the others is alive as far as can be known; only the first join has a time limit of its own.
  if (!member || (!member.isNew && (member.awaitingJoin !== null || member.awaitingSync !== null))) return;
  removeMember(
    draft,
    group,
    member,
    member.isNew ? "its first join took too long" : "no heartbeat within its session timeout",
  );
  if (group.state === "Stable" || group.state === "CompletingRebalance")
    rebalanceOrComplete(draft, group, `the session of member ${memberId} is over`);
  else if (group.state === "PreparingRebalance" && group.hasAllMembersJoined) completeJoin(draft, group);
}

/** Its parked requests are answered first: a member that is still there joins anew. */
export function removeMember(draft: Draft, group: ClassicGroup, member: ClassicMember, reason: string): void {
  answerJoin(draft, member, refuseJoin("UNKNOWN_MEMBER_ID", ""));
  answerSync(draft, member, "UNKNOWN_MEMBER_ID");
  group.remove(member.memberId);
  draft.memberLeft(group, member, reason);
}

/** The leader's assignment is committed. */
export function spreadAssignment(draft: Draft, group: ClassicGroup, assignment: ReadonlyMap<string, Uint8Array>): void {
  for (const member of group.members.values()) member.assignment = assignment.get(member.memberId) ?? NO_ASSIGNMENT;
  for (const member of group.members.values()) {
    if (member.awaitingSync === null) continue;
    draft.answer(member.awaitingSync, assignmentFor(group, member));
    member.awaitingSync = null;
    // While it waited its session was not counted.
    draft.scheduleSession(group, member.memberId, member.sessionTimeoutMs);
  }
}

/** The generation comes to nothing; those who wait for their assignment are told why. */
export function dropAssignments(draft: Draft, group: ClassicGroup, error: ErrorName): void {
  for (const member of group.members.values()) {
    member.assignment = NO_ASSIGNMENT;
    if (member.awaitingSync === null) continue;
    answerSync(draft, member, error);
    draft.scheduleSession(group, member.memberId, member.sessionTimeoutMs);
  }
}

/** The answer to a SyncGroup: what the member has in the present generation. */
export function assignmentFor(group: ClassicGroup, member: ClassicMember) {
  const { protocolType, protocolName } = group;
  return newSyncGroupResponse({ protocolType, protocolName, assignment: member.assignment });
}

/** What a member learns of the present generation; the leader also who is in it. */
export function generationFor(group: ClassicGroup, member: ClassicMember): JoinGroupResponse {
  const { generation: generationId, protocolType, protocolName, leaderId } = group;
  const { memberId } = member;
  const members = leaderId === memberId ? membersOf(group) : [];
  return newJoinGroupResponse({ generationId, protocolType, protocolName, leader: leaderId ?? "", memberId, members });
}

/** The members as the leader needs them to assign: ids, and what each said of itself under the chosen protocol. */
export function membersOf(group: ClassicGroup): JoinGroupResponseJoinGroupResponseMember[] {
  return [...group.members.values()].map((member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    metadata: metadataFor(member, group.protocolName),
  }));
}

/** The answer to a JoinGroup that fails; `memberId`: the id to join with the next time, or "". */
export function refuseJoin(error: ErrorName, memberId: string): JoinGroupResponse {
  return newJoinGroupResponse({ errorCode: errorCode(error), memberId, protocolName: null });
}

/** Answers the member's parked join, if there is one. */
export function answerJoin(draft: Draft, member: ClassicMember, response: JoinGroupResponse): void {
  if (member.awaitingJoin === null) return;
  draft.answer(member.awaitingJoin, response);
  member.awaitingJoin = null;
}

/** Answers the member's parked sync with an error, if there is one. */
export function answerSync(draft: Draft, member: ClassicMember, error: ErrorName): void {
  if (member.awaitingSync === null) return;
  draft.answer(member.awaitingSync, newSyncGroupResponse({ errorCode: errorCode(error) }));
  member.awaitingSync = null;
}

/** The record of a generation. */
export function generationRecord(group: ClassicGroup, assignment: ReadonlyMap<string, Uint8Array>) {
  const value: GroupMetadataValue = {
    protocolType: group.protocolType ?? "",
    generation: group.generation,
    protocol: group.protocolName,
    leader: group.leaderId,
    currentStateTimestamp: group.stateSinceMs ?? -1,
    members: [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription: metadataFor(member, group.protocolName),
      assignment: assignment.get(member.memberId) ?? NO_ASSIGNMENT,
    })),
  };
  return groupMetadataRecord(group.groupId, value);
}
