/**
 * Heartbeat, versions 0 to 4: a member is alive, and learns that the group rebalances.
 *
 * - Only the group's coordinator; while that loads the answer is NONE, so that nobody leaves a group for it.
 * - v3+: static members.
 */
import { errorCode } from "@vitrine/core";
import { newHeartbeatResponse, type HeartbeatRequest } from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";

export const heartbeat: Handler = (parts, request, _from, reply) => {
  const body = request.body as HeartbeatRequest;
  parts.groups.ask(body.groupId, { type: "heartbeat", request: body }, reply, (error) =>
    reply(newHeartbeatResponse({ errorCode: error === "COORDINATOR_LOAD_IN_PROGRESS" ? 0 : errorCode(error) })),
  );
};
