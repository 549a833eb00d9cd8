/**
 * Requests that the active controller answers. On the controller itself they are decided here; elsewhere a client's request is sent on to
 * the controller, once (KIP-590 with plain forwarding: our peers trust each other); a peer's is answered NOT_CONTROLLER, because it chose the node.
 */
import { errorCode, ZERO_UUID } from "@vitrine/core";
import {
  ApiKey,
  newCreatePartitionsResponse,
  newCreateTopicsResponse,
  newCreateTopicsResponseCreatableTopicResult,
  newDeleteTopicsResponse,
  newDeleteTopicsResponseDeletableTopicResult,
  newElectLeadersResponse,
  newIncrementalAlterConfigsResponse,
  type CreatePartitionsRequest,
  type CreateTopicsRequest,
  type DeleteTopicsRequest,
  type IncrementalAlterConfigsRequest,
} from "@vitrine/protocol/types";
import type { ErrorName } from "@vitrine/core";
import { notControllerReply } from "../controller-channel.ts";
import type { Handler } from "../request.ts";

/** How long a forwarded request may take where the request does not say. */
const DEFAULT_TIMEOUT_MS = 30_000;

/** Keys a client may send; the rest is between nodes. */
const CLIENT_KEYS: ReadonlySet<number> = new Set<number>([
  ApiKey.CreateTopics,
  ApiKey.DeleteTopics,
  ApiKey.CreatePartitions,
  ApiKey.IncrementalAlterConfigs,
  ApiKey.ElectLeaders,
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
  if (from.listener === "peer") {
    parts.channel.answer(apiKey, body, (answer) => (answer === null ? notController() : reply(answer as object)));
    return;
  }
  const timeoutMs = (body as { timeoutMs?: number }).timeoutMs ?? DEFAULT_TIMEOUT_MS;
  parts.channel.call(apiKey, body, timeoutMs, (result) => {
    if (result.ok) reply(result.body as object);
    else if (result.reason === "timeout" || result.reason === "disconnected")
      refuse("REQUEST_TIMED_OUT", "the controller did not answer in time; the change may still take place");
    else notController();
  });
};

function refusalOf(apiKey: number, body: unknown, error: ErrorName, message: string): unknown {
  const code = errorCode(error);
  switch (apiKey) {
    case ApiKey.CreateTopics:
      return newCreateTopicsResponse({
        topics: (body as CreateTopicsRequest).topics.map((topic) =>
          newCreateTopicsResponseCreatableTopicResult({ name: topic.name, errorCode: code, errorMessage: message }),
        ),
      });
    case ApiKey.DeleteTopics: {
      const { topics, topicNames } = body as DeleteTopicsRequest;
      const asked = [...topics, ...topicNames.map((name) => ({ name, topicId: ZERO_UUID }))];
      return newDeleteTopicsResponse({
        responses: asked.map(({ name, topicId }) =>
          newDeleteTopicsResponseDeletableTopicResult({ name, topicId, errorCode: code, errorMessage: message }),
        ),
      });
    }
    case ApiKey.CreatePartitions:
      return newCreatePartitionsResponse({
        results: (body as CreatePartitionsRequest).topics.map(({ name }) => ({
          name,
          errorCode: code,
          errorMessage: message,
        })),
      });
    case ApiKey.IncrementalAlterConfigs:
      return newIncrementalAlterConfigsResponse({
        responses: (body as IncrementalAlterConfigsRequest).resources.map(({ resourceType, resourceName }) => ({
          resourceType,
          resourceName,
          errorCode: code,
          errorMessage: message,
        })),
      });
    case ApiKey.ElectLeaders:
      return newElectLeadersResponse({ errorCode: code });
    default:
      return null;
  }
}
