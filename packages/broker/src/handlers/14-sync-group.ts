/**
 * SyncGroup, versions 0 to 5: the leader hands in the assignment, every member receives its part.
 *
 * - Only the group's coordinator. The answers wait for the leader, and until the generation is committed.
 * - v3+: static members. v5+: protocol type and name are compared, and must be there (KIP-559).
 */
import { errorCode } from "@vitrine/core";
import { newSyncGroupResponse, type SyncGroupRequest } from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";

export const syncGroup: Handler = (parts, request, from, reply) => {
  const body = request.body as SyncGroupRequest;
  const mustSay = request.apiVersion < 0 || request.apiVersion >= 5;
  if (mustSay && from.listener !== "local" && (body.protocolType === null || body.protocolName === null)) {
    reply(newSyncGroupResponse({ errorCode: errorCode("INCONSISTENT_GROUP_PROTOCOL") }));
    return;
  }
  parts.groups.ask(body.groupId, { type: "syncGroup", request: body }, reply, (error) =>
    reply(newSyncGroupResponse({ errorCode: errorCode(error) })),
  );
};
