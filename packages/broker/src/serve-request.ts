import { apiName, ProtocolError } from "@vitrine/protocol";
import { checkEncodable } from "./encodable.ts";
import { HANDLERS } from "./handlers/index.ts";
import type { ApiRequest, RequestContext } from "./ports.ts";
import { isMetered, metered } from "./quotas/request-meter.ts";
import type { BrokerParts, Handler, Reply } from "./request.ts";

/** Inside a turn: counts a request, gives it to its handler, and its cost to the quotas that it falls under. */
export function serveRequest(parts: BrokerParts, request: ApiRequest, from: RequestContext, reply: Reply): void {
  parts.traffic.request(request.apiKey);
  const handler = HANDLERS.get(request.apiKey);
  if (!handler) {
    reply("close");
    return;
  }
  if (!parts.quotas.isActive || !isMetered(request, from)) {
    guarded(handler, parts, request, from, reply);
    return;
  }
  // A connection between nodes is not only HTTP's: it is never silent.
  const answer: Reply = from.listener === "client" ? reply : (body) => reply(body);
  metered(parts, request, answer, (meteredReply) => guarded(handler, parts, request, from, meteredReply));
}

/** What a request's bytes turn out to be costs that request its connection, never the broker. */
function guarded(handler: Handler, parts: BrokerParts, request: ApiRequest, from: RequestContext, reply: Reply): void {
  try {
    if (from.listener === "local") checkEncodable(request);
    handler(parts, request, from, reply);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    parts.runtime.journal("warn", `a request (${apiName(request.apiKey)}) cannot be carried out: ${error.message}`, {
      remote: from.remote,
    });
    reply("close");
  }
}
