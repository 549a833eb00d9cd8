/**
 * Requests that the active controller answers. On the controller itself they are decided here; elsewhere a client's request is sent on to
 * the controller, once (KIP-590 with plain forwarding: our peers trust each other); a peer's is answered NOT_CONTROLLER, because it chose the node.
 */
import type { ErrorName } from "@vitrine/core";
import { ApiKey } from "@vitrine/protocol/types";
import { notControllerReply, originOf, type ChannelResult } from "../controller-channel.ts";
import type { ApiRequest, RequestContext } from "../ports.ts";
import type { MutationBudget } from "../quotas/client-quotas.ts";
import type { BrokerParts, Handler } from "../request.ts";
import { refusalOf } from "./controller-refusals.ts";

/** How long a forwarded request may take where the request does not say. */
const DEFAULT_TIMEOUT_MS = 30_000;

/** Keys a client may send; the rest is between nodes. */
const CLIENT_KEYS: ReadonlySet<number> = new Set<number>([
  ApiKey.CreateTopics,
  ApiKey.DeleteTopics,
  ApiKey.CreatePartitions,
  ApiKey.AlterConfigs,
  ApiKey.IncrementalAlterConfigs,
  ApiKey.ElectLeaders,
  ApiKey.AlterPartitionReassignments,
  ApiKey.ListPartitionReassignments,
  ApiKey.AlterClientQuotas,
  ApiKey.AlterUserScramCredentials,
  ApiKey.UpdateFeatures,
  ApiKey.UnregisterBroker,
]);

export const controllerRequest: Handler = (parts, request, from, reply) => {
  const { apiKey, body } = request;
  const isClientKey = CLIENT_KEYS.has(apiKey);
  if (!isClientKey && from.listener === "client") {
    reply("close");
    return;
  }
  const refuse = (error: ErrorName, message: string) => {
    const answer = isClientKey ? refusalOf(apiKey, body, error, message) : notControllerReply(apiKey);
    reply(answer === null ? "close" : (answer as object));
  };
  const notController = () =>
    refuse("NOT_CONTROLLER", "there is no active controller that can be reached; nothing was changed");
  if (from.listener === "peer" || parts.channel.isActive) {
    const budget = mutationBudget(parts, request, from);
    const extras = { scramKeys: parts.scramKeys, ...(budget && { spend: (n: number) => budget.spend(n) }) };
    parts.channel.answer(
      apiKey,
      body,
      (answer) => {
        if (answer === null) notController();
        else reply(budget ? { ...answer, throttleTimeMs: budget.throttleTimeMs() } : answer);
      },
      extras,
    );
    return;
  }
  const timeoutMs = (body as { timeoutMs?: number }).timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const onResult = (result: ChannelResult) => {
    if (result.ok) reply(result.body as object);
    else if (result.reason === "timeout" || result.reason === "disconnected")
      refuse("REQUEST_TIMED_OUT", "the controller did not answer in time; the change may still take place");
    else notController();
  };
  parts.channel.forward(apiKey, body, timeoutMs, onResult, {
    clientId: request.clientId,
    apiVersion: request.apiVersion,
  });
};

/** First versions whose clients know THROTTLING_QUOTA_EXCEEDED; older ones are let through and made to wait afterwards (KIP-599). */
const STRICT_SINCE: ReadonlyMap<number, number> = new Map<number, number>([
  [ApiKey.CreateTopics, 6],
  [ApiKey.DeleteTopics, 5],
  [ApiKey.CreatePartitions, 3],
]);

/** What the client may still change, where its quota is counted: here, at the controller. null: no quota. */
function mutationBudget(parts: BrokerParts, request: ApiRequest, from: RequestContext): MutationBudget | null {
  const strictSince = STRICT_SINCE.get(request.apiKey);
  const client = from.listener === "client" ? request : originOf(request);
  if (strictSince === undefined || !parts.quotas.isActive || !client || client.apiVersion < 0) return null;
  return parts.quotas.mutationBudget(client.clientId ?? "", client.apiVersion >= strictSince, parts.runtime.nowMs);
}
