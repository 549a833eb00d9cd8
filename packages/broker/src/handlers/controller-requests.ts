/**
 * Requests that the active controller answers. On the controller itself they are decided here; elsewhere a client's request is sent on to
 * the controller (KIP-590 with plain forwarding: our peers trust each other), and while there is none it waits, as in Kafka: clients are not
 * made for NOT_CONTROLLER from a broker. A peer's is answered NOT_CONTROLLER, because it chose the node, and so is one of this process, which
 * tells a person rather than let him wait.
 */
import { errorCode, type ErrorName } from "@vitrine/core";
import { ApiKey } from "@vitrine/protocol/types";
import { notControllerReply, originOf, type ChannelResult } from "../controller-channel.ts";
import type { ApiRequest, RequestContext } from "../ports.ts";
import type { MutationBudget } from "../quotas/client-quotas.ts";
import type { BrokerParts, Handler } from "../request.ts";
import { refusalOf } from "./controller-refusals.ts";

/** How long a forwarded request may take where the request does not say. */
const DEFAULT_TIMEOUT_MS = 30_000;

/** How long a request waits before the controller is looked for again: Kafka's `retry.backoff.ms`. */
const RETRY_BACKOFF_MS = 100;

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
  const timeoutMs = (body as { timeoutMs?: number }).timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const deadlineMs = parts.runtime.nowMs + timeoutMs;
  const noController = () => {
    if (from.listener !== "client" || parts.runtime.nowMs >= deadlineMs) notController();
    else againLater(parts, deadlineMs, attempt);
  };
  const attempt = () => {
    if (from.listener === "peer" || parts.channel.isActive) decideHere(parts, request, from, reply, noController);
    else sendOn();
  };
  const sendOn = () => {
    const onResult = (result: ChannelResult) => {
      if (result.ok && from.listener === "client" && saysNotController(result.body)) noController();
      else if (result.ok) reply(result.body as object);
      else if (result.reason === "timeout" || result.reason === "disconnected")
        refuse("REQUEST_TIMED_OUT", "the controller did not answer in time; the change may still take place");
      else noController();
    };
    const origin = { clientId: request.clientId, apiVersion: request.apiVersion };
    parts.channel.forward(apiKey, body, Math.max(1, deadlineMs - parts.runtime.nowMs), onResult, origin);
  };
  attempt();
};

function decideHere(
  parts: BrokerParts,
  request: ApiRequest,
  from: RequestContext,
  reply: (body: object) => void,
  noController: () => void,
): void {
  const budget = mutationBudget(parts, request, from);
  const extras = { scramKeys: parts.scramKeys, ...(budget && { spend: (n: number) => budget.spend(n) }) };
  const onReply = (answer: object | null) => {
    if (answer === null) noController();
    else reply(budget ? { ...answer, throttleTimeMs: budget.throttleTimeMs() } : answer);
  };
  parts.channel.answer(request.apiKey, request.body, onReply, extras);
}

/** A waiting request is data with a deadline (T2), like every other; the purgatory bounds their number. */
function againLater(parts: BrokerParts, deadlineMs: number, attempt: () => void): void {
  const { purgatory, runtime } = parts;
  const tryComplete = (_nowMs: number, expired: boolean): boolean => {
    if (expired) attempt();
    return expired;
  };
  const retryMs = Math.min(deadlineMs, runtime.nowMs + RETRY_BACKOFF_MS);
  purgatory.park({ deadlineMs: retryMs, keys: [], tryComplete }, runtime.nowMs);
}

/** Whether an answer says, for all of it or for its items, that the node asked is not the controller (any more): then nothing was decided. */
function saysNotController(body: unknown): boolean {
  if (typeof body !== "object" || body === null) return false;
  const isIt = (value: unknown) =>
    typeof value === "object" &&
    value !== null &&
    "errorCode" in value &&
    value.errorCode === errorCode("NOT_CONTROLLER");
  return isIt(body) || Object.values(body).some((value: unknown) => Array.isArray(value) && isIt(value[0]));
}
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
