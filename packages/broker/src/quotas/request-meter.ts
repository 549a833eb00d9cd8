/**
 * Counts a client's request against its quotas and writes the waiting time into the answer, which goes out at once; the connection is silent
 * for as long (KIP-219). Fetches are counted where their answers are made, changes of metadata where they are decided.
 */
import { ApiKey, type ProduceRequest } from "@vitrine/protocol/types";
import { HTTP_CLIENT_ID, type ApiRequest, type RequestContext } from "../ports.ts";
import type { BrokerParts, Reply } from "../request.ts";

/** Q18: requests of clients, and those that came over HTTP, here or at another node. */
export function isMetered({ clientId }: ApiRequest, { listener }: RequestContext): boolean {
  return listener === "client" || clientId === HTTP_CLIENT_ID;
}

/** Handles a request with its reply counted. The clock is asked again afterwards: the time that handling takes is what `request_percentage` is about. */
export function metered(
  { quotas, runtime }: Pick<BrokerParts, "quotas" | "runtime">,
  request: ApiRequest,
  reply: Reply,
  handle: (reply: Reply) => void,
): void {
  const nowMs = () => runtime.clock.nowMs();
  const clientId = request.clientId ?? "";
  const begunMs = nowMs();
  const producedBytes = request.apiKey === ApiKey.Produce ? recordBytes(request.body as ProduceRequest) : 0;
  let handledMs: number | null = null;
  const throttle = (body: object | null): number => {
    const now = nowMs();
    const spentMs = handledMs ?? now - begunMs;
    const own = (body as { throttleTimeMs?: number } | null)?.throttleTimeMs ?? 0;
    return Math.max(
      own,
      producedBytes > 0 ? quotas.record("producer_byte_rate", clientId, producedBytes, now) : 0,
      // Percent of one second: a whole second of work is 100.
      quotas.record("request_percentage", clientId, spentMs / 10, now),
    );
  };
  handle((body) => {
    if (body === "close") {
      reply(body);
      return;
    }
    const muteMs = throttle(body);
    const tells = body !== null && muteMs > 0 && "throttleTimeMs" in body;
    // HTTP's own waits by itself. A quota of all clients of a user holds for whoever takes its name.
    const isTrusted = clientId === HTTP_CLIENT_ID && !quotas.isShared(clientId);
    reply(tells ? { ...body, throttleTimeMs: muteMs } : body, isTrusted ? 0 : muteMs);
  });
  // What the handler parked is answered later, at nobody's cost.
  handledMs = nowMs() - begunMs;
}

function recordBytes(body: ProduceRequest): number {
  let bytes = 0;
  for (const { partitionData } of body.topicData)
    for (const { records } of partitionData) bytes += records?.byteLength ?? 0;
  return bytes;
}
