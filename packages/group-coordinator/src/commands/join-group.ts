/** JoinGroup: who may come in, under which id, and whether the group must rebalance for it. */
import type { GroupMetadataValue, JoinGroupRequest } from "@vitrine/protocol/types";
import type { ClassicGroup } from "../classic-group.ts";
import { NO_ASSIGNMENT, saysTheSame, type ClassicMember, type MemberProtocol } from "../classic-member.ts";
import type { Client, Command, Token } from "../coordinator-types.ts";
import {
  answerJoin,
  answerSync,
  completeJoinIfAll,
  generationFor,
  generationRecord,
  membersOf,
  prepareRebalance,
  rebalanceOrComplete,
  refuseJoin,
} from "../rebalance.ts";
import { coordinatorErrorOf, groupMetadataRecord } from "../records.ts";
import type { Draft } from "../shard.ts";

/** Groups of one partition. At the bound no new ones are made (COORDINATOR_NOT_AVAILABLE): their members can still join others. */
const GROUPS_MAX = 200_000;
/** Members of one group that were given an id and have not used it. Beyond it newcomers are asked to come again later. */
const PENDING_JOINS_MAX = 20_000;
/** Kafka cuts a client's reason here. */
const REASON_MAX = 255;

interface Join {
  readonly token: Token;
  readonly request: JoinGroupRequest;
  readonly client: Client;
  readonly protocols: readonly MemberProtocol[];
  readonly rebalanceTimeoutMs: number;
  readonly reason: string;
}

export function joinGroup(draft: Draft, { token, request, client }: Command<"joinGroup">): void {
  const { groupId, memberId, sessionTimeoutMs } = request;
  const { settings, groups } = draft.shard;
  if (groupId === "") return draft.answer(token, refuseJoin("INVALID_GROUP_ID", memberId));
  if (sessionTimeoutMs < settings.minSessionTimeoutMs || sessionTimeoutMs > settings.maxSessionTimeoutMs)
    return draft.answer(token, refuseJoin("INVALID_SESSION_TIMEOUT", memberId));
  const known = groups.get(groupId);
  if (!known && memberId !== "") return draft.answer(token, refuseJoin("UNKNOWN_MEMBER_ID", memberId));
  if (!known && groups.size >= GROUPS_MAX)
    return draft.answer(token, refuseJoin("COORDINATOR_NOT_AVAILABLE", memberId));
  const group = known ?? draft.newGroup(groupId);
  const join: Join = {
    token,
    request,
    client,
    // The request's bytes are gone when its frame is; the group keeps them for as long as the member stays.
    protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: metadata.slice() })),
    // Version 0 has no rebalance timeout of its own.
    rebalanceTimeoutMs: client.apiVersion === 0 ? sessionTimeoutMs : request.rebalanceTimeoutMs,
    reason: (request.reason || "not provided").slice(0, REASON_MAX),
  };
  if (!mayJoin(draft, group, memberId)) {
    const member = group.members.get(memberId);
    group.remove(memberId);
    if (member) draft.memberLeft(group, member, "the group is larger than group.max.size");
    else draft.cancelSession(group, memberId);
    draft.answer(token, refuseJoin("GROUP_MAX_SIZE_REACHED", ""));
    // Perhaps it was the last one that the others waited for.
    completeJoinIfAll(draft, group);
  } else if (memberId === "") joinAsNewMember(draft, group, join);
  else joinAgain(draft, group, join);
  if (!known) writeNewGroup(draft, group);
}

/** `group.max.size`: while members join again those who wait count, so that the last ones stay outside if the limit was lowered. */
function mayJoin(draft: Draft, group: ClassicGroup, memberId: string): boolean {
  const { maxSize } = draft.shard.settings;
  const member = group.members.get(memberId);
  switch (group.state) {
    case "Empty":
    case "Dead":
      return true;
    case "PreparingRebalance":
      return (member !== undefined && member.awaitingJoin !== null) || group.awaitingJoinCount < maxSize;
    case "CompletingRebalance":
    case "Stable":
      return member !== undefined || group.members.size < maxSize;
  }
}

function joinAsNewMember(draft: Draft, group: ClassicGroup, join: Join): void {
  const { token, request, client } = join;
  if (!group.supports(request.protocolType, join.protocols))
    return draft.answer(token, refuseJoin("INCONSISTENT_GROUP_PROTOCOL", ""));
  const newMemberId = draft.shard.newMemberId(group, request.groupInstanceId ?? client.clientId);
  if (request.groupInstanceId !== null) {
    const oldMemberId = group.staticMembers.get(request.groupInstanceId);
    const old = oldMemberId === undefined ? undefined : group.members.get(oldMemberId);
    if (old) replaceStaticMember(draft, group, old, newMemberId, join);
    else addMember(draft, group, newMemberId, join);
  } else if (client.apiVersion >= 4) {
    if (group.pendingJoins.size >= PENDING_JOINS_MAX)
      return draft.answer(token, refuseJoin("COORDINATOR_NOT_AVAILABLE", ""));
    group.pendingJoins.add(newMemberId);
    draft.scheduleSession(group, newMemberId, request.sessionTimeoutMs);
    draft.answer(token, refuseJoin("MEMBER_ID_REQUIRED", newMemberId));
  } else addMember(draft, group, newMemberId, join);
}

function joinAgain(draft: Draft, group: ClassicGroup, join: Join): void {
  const { token, request } = join;
  const { memberId, groupInstanceId } = request;
  if (!group.supports(request.protocolType, join.protocols))
    return draft.answer(token, refuseJoin("INCONSISTENT_GROUP_PROTOCOL", memberId));
  // An id that was given to a dynamic member; a static one that uses it is unknown.
  if (group.pendingJoins.has(memberId) && groupInstanceId === null) return addMember(draft, group, memberId, join);
  const error = group.checkMember(memberId, groupInstanceId);
  if (error) return draft.answer(token, refuseJoin(error, memberId));
  const member = group.members.get(memberId)!;
  const saysNothingNew = saysTheSame(member, join.protocols);
  switch (group.state) {
    case "CompletingRebalance":
      // Perhaps the answer to its join was lost.
      if (saysNothingNew) return draft.answer(token, generationFor(group, member));
      break;
    case "Stable":
      // A leader that joins again has seen something that the others have not, such as more partitions.
      if (saysNothingNew && group.leaderId !== memberId)
        return draft.answer(token, { ...generationFor(group, member), members: [] });
      break;
    case "PreparingRebalance":
      break;
    default:
      return draft.answer(token, refuseJoin("UNKNOWN_MEMBER_ID", memberId));
  }
  updateMember(draft, member, join);
  const who = group.leaderId === memberId ? "leader" : "member";
  rebalanceOrComplete(draft, group, `${who} ${memberId} joined again; client reason: ${join.reason}`);
}

function addMember(draft: Draft, group: ClassicGroup, memberId: string, join: Join): void {
  const { request, client, token, protocols, rebalanceTimeoutMs, reason } = join;
  const { groupInstanceId, sessionTimeoutMs, protocolType } = request;
  if (group.state === "PreparingRebalance" && group.previousState === "Empty") group.newMemberAdded = true;
  group.add({
    memberId,
    groupInstanceId,
    clientId: client.clientId,
    clientHost: client.clientHost,
    protocolType,
    rebalanceTimeoutMs,
    sessionTimeoutMs,
    protocols,
    assignment: NO_ASSIGNMENT,
    awaitingJoin: token,
    awaitingSync: null,
    isNew: true,
  });
  draft.note({
    type: "memberJoined",
    groupId: group.groupId,
    memberId,
    groupInstanceId,
    clientId: client.clientId,
    clientHost: client.clientHost,
    reason,
  });
  // It has no heartbeats before it is answered; if it went away in between, nothing else would tell.
  draft.scheduleSession(group, memberId, draft.shard.settings.newMemberJoinTimeoutMs);
  rebalanceOrComplete(draft, group, `new member ${memberId}; client reason: ${reason}`);
}

function updateMember(draft: Draft, member: ClassicMember, join: Join): void {
  member.protocols = join.protocols;
  member.rebalanceTimeoutMs = join.rebalanceTimeoutMs;
  member.sessionTimeoutMs = join.request.sessionTimeoutMs;
  // The same member asks twice: the earlier request must not stay without an answer.
  answerJoin(draft, member, refuseJoin("REBALANCE_IN_PROGRESS", member.memberId));
  member.awaitingJoin = join.token;
}

/** A static member came back without its member id: it gets a new one and keeps its assignment, without a rebalance where that is possible. */
function replaceStaticMember(
  draft: Draft,
  group: ClassicGroup,
  old: ClassicMember,
  newMemberId: string,
  join: Join,
): void {
  const { writeError } = draft.at;
  if (group.state === "Stable" && writeError !== null)
    return draft.answer(join.token, refuseJoin(coordinatorErrorOf(writeError), ""));
  const leaderBefore = group.leaderId;
  // Whoever still waits under the old id is another process with the same instance id.
  answerJoin(draft, old, refuseJoin("FENCED_INSTANCE_ID", old.memberId));
  answerSync(draft, old, "FENCED_INSTANCE_ID");
  draft.memberLeft(group, old, "its group.instance.id joined anew");
  const member = group.replaceStaticMember(old, newMemberId);
  updateMember(draft, member, join);
  draft.scheduleSession(group, newMemberId, member.sessionTimeoutMs);
  const { groupId } = group;
  const { groupInstanceId, clientId, clientHost } = member;
  draft.note({
    type: "memberJoined",
    groupId,
    memberId: newMemberId,
    groupInstanceId,
    clientId,
    clientHost,
    reason: join.reason,
  });
  const why = `static member ${groupInstanceId} joined again; client reason: ${join.reason}`;
  switch (group.state) {
    case "Stable":
      if (group.protocolName !== group.selectProtocol()) return rebalanceOrComplete(draft, group, why);
      return keepGeneration(draft, group, member, leaderBefore, join);
    case "CompletingRebalance":
      // The leader may be assigning to the old id at this moment.
      return prepareRebalance(draft, group, why);
    default:
      return completeJoinIfAll(draft, group);
  }
}

function keepGeneration(
  draft: Draft,
  group: ClassicGroup,
  member: ClassicMember,
  leaderBefore: string | null,
  join: Join,
): void {
  const assignment = new Map([...group.members.values()].map(({ memberId, assignment: bytes }) => [memberId, bytes]));
  const { memberId } = member;
  draft.write([generationRecord(group, assignment)], (later, error) => {
    if (member.awaitingJoin !== join.token) return;
    if (error) return answerJoin(later, member, refuseJoin(coordinatorErrorOf(error), ""));
    if (group.state !== "Stable") return;
    const known = generationFor(group, member);
    const isLeader = group.leaderId === memberId;
    // Since version 9 a leader that came back can be told that there is nothing to assign (KIP-814); before, that somebody else leads.
    if (join.client.apiVersion >= 9)
      answerJoin(later, member, { ...known, members: isLeader ? membersOf(group) : [], skipAssignment: isLeader });
    else answerJoin(later, member, { ...known, members: [], leader: leaderBefore ?? "" });
  });
}

/** A group that has no generation yet is known to the log as well, so that its end is. */
function writeNewGroup(draft: Draft, group: ClassicGroup): void {
  const value: GroupMetadataValue = {
    protocolType: "",
    generation: 0,
    protocol: null,
    leader: null,
    currentStateTimestamp: group.stateSinceMs ?? -1,
    members: [],
  };
  draft.write([groupMetadataRecord(group.groupId, value)], (later, error) => {
    // A record that takes too long is in the log all the same.
    if (!error || error === "REQUEST_TIMED_OUT") {
      group.isVisible = true;
      later.shard.touch(group.groupId);
      return;
    }
    if (group.generation > 0) return;
    for (const member of group.members.values()) answerJoin(later, member, refuseJoin(coordinatorErrorOf(error), ""));
    later.dropGroup(group);
  });
}
