/** Vote (52), BeginQuorumEpoch (53), EndQuorumEpoch (54) and FetchSnapshot (59): between our own nodes only, answered by raft. */
import type { Handler } from "../request.ts";

export const raftRequest: Handler = (parts, request, from, reply) => {
  if (
    from.listener !== "peer" ||
    !parts.quorum.onRequest(request.apiKey, request.body, reply as (body: unknown) => void)
  )
    reply("close");
};
