/** SyncGroup: the leader brings the assignment, everybody fetches theirs. */
import { errorCode, type ErrorName } from "@vitrine/core";
import { newSyncGroupResponse, type SyncGroupRequest } from "@vitrine/protocol/types";
import type { ClassicGroup } from "../classic-group.ts";
import type { Command } from "../coordinator-types.ts";
import {
  answerSync,
  assignmentFor,
  dropAssignments,
  generationRecord,
  rebalanceOrComplete,
  spreadAssignment,
} from "../rebalance.ts";
import { coordinatorErrorOf } from "../records.ts";
import type { Draft } from "../shard.ts";

export function syncGroup(draft: Draft, { token, request }: Command<"syncGroup">): void {
  const refuse = (error: ErrorName) => draft.answer(token, newSyncGroupResponse({ errorCode: errorCode(error) }));
  if (request.groupId === "") return refuse("INVALID_GROUP_ID");
  const group = draft.shard.groups.get(request.groupId);
  if (!group || group.state === "Empty") return refuse("UNKNOWN_MEMBER_ID");
  const error = checkSync(group, request);
  if (error) return refuse(error);
  const member = group.members.get(request.memberId)!;
  switch (group.state) {
    case "PreparingRebalance":
      return refuse("REBALANCE_IN_PROGRESS");
    case "CompletingRebalance":
      // The same member asks twice: the earlier request must not stay without an answer.
      answerSync(draft, member, "REBALANCE_IN_PROGRESS");
      member.awaitingSync = token;
      hasSynced(draft, group, member.memberId);
      if (group.leaderId === member.memberId) writeAssignment(draft, group, request);
      return;
    case "Stable":
      hasSynced(draft, group, member.memberId);
      return draft.answer(token, assignmentFor(group, member));
    default:
      return refuse("COORDINATOR_NOT_AVAILABLE");
  }
}

function checkSync(group: ClassicGroup, request: SyncGroupRequest): ErrorName | null {
  const error = group.checkMember(request.memberId, request.groupInstanceId);
  if (error) return error;
  if (request.generationId !== group.generation) return "ILLEGAL_GENERATION";
  const differs = (said: string | null, known: string | null) => said !== null && known !== null && said !== known;
  return differs(request.protocolType, group.protocolType) || differs(request.protocolName, group.protocolName)
    ? "INCONSISTENT_GROUP_PROTOCOL"
    : null;
}

function hasSynced(draft: Draft, group: ClassicGroup, memberId: string): void {
  group.pendingSyncs.delete(memberId);
  if (group.pendingSyncs.size === 0) draft.cancelPendingSync(group);
}

/** The generation is written with everybody's assignment; nobody hears of it before it is committed. */
function writeAssignment(draft: Draft, group: ClassicGroup, request: SyncGroupRequest): void {
  const { generation } = group;
  const assignment = new Map(request.assignments.map((item) => [item.memberId, item.assignment.slice()]));
  draft.write([generationRecord(group, assignment)], (later, error) => {
    // Members may have come or gone meanwhile: then this generation is over.
    if (group.state !== "CompletingRebalance" || group.generation !== generation) return;
    if (error) {
      const told = coordinatorErrorOf(error);
      dropAssignments(later, group, told);
      rebalanceOrComplete(later, group, `the assignment could not be written: ${told}`);
      return;
    }
    group.isVisible = true;
    spreadAssignment(later, group, assignment);
    later.transition(group, "Stable", `the leader's assignment of generation ${generation} is committed`);
  });
}
