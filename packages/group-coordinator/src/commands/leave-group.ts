/** LeaveGroup: members go by themselves, or an operator removes them by their instance id (KIP-345). */
import { errorCode, type ErrorName } from "@vitrine/core";
import {
  newLeaveGroupResponse,
  type LeaveGroupRequestMemberIdentity,
  type LeaveGroupResponseMemberResponse,
} from "@vitrine/protocol/types";
import type { ClassicGroup } from "../classic-group.ts";
import type { Command } from "../coordinator-types.ts";
import { completeJoinIfAll, rebalanceOrComplete, removeMember } from "../rebalance.ts";
import { coordinatorErrorOf } from "../records.ts";
import type { Draft } from "../shard.ts";

export function leaveGroup(draft: Draft, { token, groupId, members: leaving }: Command<"leaveGroup">): void {
  if (groupId === "") return draft.answer(token, newLeaveGroupResponse({ errorCode: errorCode("INVALID_GROUP_ID") }));
  const group = draft.shard.groups.get(groupId);
  const members = leaving.map((member): LeaveGroupResponseMemberResponse => {
    const error = group ? leave(draft, group, member) : "UNKNOWN_MEMBER_ID";
    return { memberId: member.memberId, groupInstanceId: member.groupInstanceId, errorCode: errorCode(error) };
  });
  const recordsBefore = draft.records.length;
  if (group && members.some((member) => member.errorCode === 0)) {
    if (group.state === "Stable" || group.state === "CompletingRebalance")
      rebalanceOrComplete(draft, group, "members left");
    else completeJoinIfAll(draft, group);
  }
  const respond = (later: Draft, error: ErrorName | null) =>
    later.answer(
      token,
      newLeaveGroupResponse(error ? { errorCode: errorCode(coordinatorErrorOf(error)) } : { members }),
    );
  if (draft.records.length > recordsBefore) draft.afterWrites(respond);
  else respond(draft, null);
}

function leave(draft: Draft, group: ClassicGroup, member: LeaveGroupRequestMemberIdentity): ErrorName {
  const { groupInstanceId } = member;
  const reason = `left; client reason: ${member.reason ?? "not provided"}`;
  if (member.memberId === "") {
    const memberId = groupInstanceId === null ? undefined : group.staticMembers.get(groupInstanceId);
    const found = memberId === undefined ? undefined : group.members.get(memberId);
    if (!found) return "UNKNOWN_MEMBER_ID";
    removeMember(draft, group, found, `removed by its group.instance.id; reason: ${member.reason ?? "not provided"}`);
    return "NONE";
  }
  if (group.pendingJoins.has(member.memberId)) {
    group.remove(member.memberId);
    draft.cancelSession(group, member.memberId);
    return "NONE";
  }
  const error = group.checkMember(member.memberId, groupInstanceId);
  if (error) return error;
  removeMember(draft, group, group.members.get(member.memberId)!, reason);
  return "NONE";
}
