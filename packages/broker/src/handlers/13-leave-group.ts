/**
 * LeaveGroup, versions 0 to 5: members leave, or are removed by an operator.
 *
 * - Only the group's coordinator. v0 to v2: one member, its error is that of the whole answer. v3+: a list, members also by instance id
 *   (KIP-345). v5+: a reason (KIP-800).
 */
import { errorCode } from "@vitrine/core";
import {
  newLeaveGroupRequestMemberIdentity as newMember,
  newLeaveGroupResponse,
  type LeaveGroupRequest,
} from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";

export const leaveGroup: Handler = (parts, request, _from, reply) => {
  const body = request.body as LeaveGroupRequest;
  const isSingle = request.apiVersion >= 0 && request.apiVersion < 3;
  const members = isSingle ? [newMember({ memberId: body.memberId })] : body.members;
  parts.groups.ask(
    body.groupId,
    { type: "leaveGroup", groupId: body.groupId, members },
    (response) => {
      const own = response.members[0]?.errorCode ?? 0;
      reply(isSingle ? newLeaveGroupResponse({ errorCode: response.errorCode || own }) : response);
    },
    (error) => reply(newLeaveGroupResponse({ errorCode: errorCode(error) })),
  );
};
