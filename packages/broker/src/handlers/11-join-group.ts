/**
 * JoinGroup, versions 0 to 9: enters a group, or says that a member is still there when the group rebalances.
 *
 * - Only the group's coordinator. The answer waits until all members have joined, at most the longest rebalance timeout;
 *   the first generation of an empty group waits `group.initial.rebalance.delay.ms` for more members.
 * - v0: the session timeout is the rebalance timeout too. v4+: MEMBER_ID_REQUIRED (KIP-394). v5+: static members (KIP-345).
 *   v7+: the protocol's name may be null. v8+: a reason (KIP-800). v9+: a leader may be told to skip the assignment (KIP-814).
 */
import { errorCode } from "@vitrine/core";
import { newJoinGroupResponse, type JoinGroupRequest } from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";
import { groupClient } from "./group-client.ts";

export const joinGroup: Handler = (parts, request, from, reply) => {
  const body = request.body as JoinGroupRequest;
  const client = groupClient(request, from);
  const protocolName = client.apiVersion < 7 ? "" : null;
  if (parts.groups.partitionOf(body.groupId) === null) parts.groups.topic.createIfMissing();
  parts.groups.ask(
    body.groupId,
    { type: "joinGroup", request: body, client },
    (response) => reply({ ...response, protocolName: response.protocolName ?? protocolName }),
    (error) => reply(newJoinGroupResponse({ errorCode: errorCode(error), memberId: body.memberId, protocolName })),
  );
};
