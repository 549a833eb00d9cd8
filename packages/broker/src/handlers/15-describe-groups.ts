/**
 * DescribeGroups, versions 0 to 6: state and members of groups.
 *
 * - Only their coordinator; each group has its own error. A group that does not exist is "Dead"; v6+: GROUP_ID_NOT_FOUND as well (KIP-1043).
 * - v3+: what the client may do with the group, on request: everything, as there is no authorizer. v4+: instance ids.
 */
import { errorCode, type ErrorName } from "@vitrine/core";
import {
  newDescribeGroupsResponse,
  newDescribeGroupsResponseDescribedGroup as newDescribed,
  type DescribeGroupsRequest,
} from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";
import { groupClient } from "./group-client.ts";

/** READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS and ALTER_CONFIGS as bits: all that can be done with a group. */
const ALL_OPERATIONS = [3, 6, 8, 10, 11].reduce((bits, operation) => bits | (1 << operation), 0);

export const describeGroups: Handler = (parts, request, from, reply) => {
  const body = request.body as DescribeGroupsRequest;
  const client = groupClient(request, from);
  const groups = body.groups.map((groupId) => {
    let described = newDescribed({ groupId });
    const refuse = (error: ErrorName) => {
      described = newDescribed({ groupId, errorCode: errorCode(error) });
    };
    // Describing reads what is in memory: the answer is there at once.
    parts.groups.ask(
      groupId,
      { type: "describeGroups", groupIds: [groupId], client },
      ([found]) => {
        if (found) described = found;
      },
      refuse,
    );
    const tellsOperations = client.apiVersion >= 3 && body.includeAuthorizedOperations && described.errorCode === 0;
    return tellsOperations ? { ...described, authorizedOperations: ALL_OPERATIONS } : described;
  });
  reply(newDescribeGroupsResponse({ groups }));
};
