import { errorCode, type ErrorName } from "@vitrine/core";
import { newHeartbeatResponse, type HeartbeatRequest } from "@vitrine/protocol/types";
import type { Command } from "../coordinator-types.ts";
import type { Draft } from "../shard.ts";

/** A member is alive; it learns here that the group rebalances. */
export function heartbeat(draft: Draft, { token, request }: Command<"heartbeat">): void {
  draft.answer(token, newHeartbeatResponse({ errorCode: errorCode(beat(draft, request)) }));
}

function beat(draft: Draft, request: HeartbeatRequest): ErrorName {
  if (request.groupId === "") return "INVALID_GROUP_ID";
  const group = draft.shard.groups.get(request.groupId);
  if (!group) return "UNKNOWN_MEMBER_ID";
  const error = group.checkMember(request.memberId, request.groupInstanceId);
  if (error) return error;
  if (request.generationId !== group.generation) return "ILLEGAL_GENERATION";
  if (group.state === "Empty" || group.state === "Dead") return "UNKNOWN_MEMBER_ID";
  draft.scheduleSession(group, request.memberId, group.members.get(request.memberId)!.sessionTimeoutMs);
  return group.state === "PreparingRebalance" ? "REBALANCE_IN_PROGRESS" : "NONE";
}
