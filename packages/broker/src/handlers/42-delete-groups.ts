/**
 * DeleteGroups, versions 0 to 2: groups without members, with their offsets.
 *
 * - Only their coordinator; each group has its own error: GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP. A name that is given twice counts once.
 * - The answer leaves when the deletions are committed.
 */
import { errorCode } from "@vitrine/core";
import {
  newDeleteGroupsResponse,
  type DeleteGroupsRequest,
  type DeleteGroupsResponseDeletableGroupResult as Result,
} from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";

export const deleteGroups: Handler = (parts, request, _from, reply) => {
  const groupIds = [...new Set((request.body as DeleteGroupsRequest).groupsNames)];
  const results = new Map<string, Result>();
  let open = groupIds.length;
  const answer = (result: Result) => {
    results.set(result.groupId, result);
    if (--open === 0) respond();
  };
  const respond = () => reply(newDeleteGroupsResponse({ results: groupIds.map((groupId) => results.get(groupId)!) }));
  if (open === 0) return respond();
  for (const groupId of groupIds)
    parts.groups.ask(
      groupId,
      { type: "deleteGroups", groupIds: [groupId] },
      ([result]) => answer(result!),
      (error) => answer({ groupId, errorCode: errorCode(error) }),
    );
};
