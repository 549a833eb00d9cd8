/**
 * FindCoordinator, versions 0 to 5: which broker coordinates a group.
 *
 * - The leader of the group's partition of `__consumer_offsets`. The first who asks creates the topic; the answer waits a moment for it,
 *   and for a leader, else it says COORDINATOR_NOT_AVAILABLE and the client asks again.
 * - Key type 1 (transactions): TRANSACTIONAL_ID_AUTHORIZATION_FAILED until transactions exist: clients take it for final and say it, where
 *   COORDINATOR_NOT_AVAILABLE would make them ask for ever. Others: INVALID_REQUEST.
 * - v4+: several keys in one request.
 */
import { errorCode, errorInfo, type ErrorName } from "@vitrine/core";
import { endpointOf } from "@vitrine/metadata";
import {
  newFindCoordinatorResponse,
  newFindCoordinatorResponseCoordinator as newCoordinator,
  type FindCoordinatorRequest,
  type FindCoordinatorResponseCoordinator as Coordinator,
} from "@vitrine/protocol/types";
import { OFFSETS_TOPIC } from "../groups/offsets-topic.ts";
import type { BrokerParts, Handler } from "../request.ts";
import { TOPICS_KEY } from "./03-metadata.ts";

/** How long an answer waits for the topic that it has asked for. */
const CREATION_WAIT_MS = 1_000;

const GROUP = 0;
const TRANSACTION = 1;

export const findCoordinator: Handler = (parts, request, _from, reply) => {
  const body = request.body as FindCoordinatorRequest;
  const isSingle = request.apiVersion >= 0 && request.apiVersion < 4;
  const keys = isSingle ? [body.key] : body.coordinatorKeys;
  const { runtime, purgatory, groups } = parts;
  const tryComplete = (_nowMs: number, expired: boolean): boolean => {
    const coordinators = keys.map((key) => find(parts, body.keyType, key));
    const isKnown = coordinators.every(({ errorCode: code }) => code === 0);
    if (!isKnown && !expired && body.keyType === GROUP) return false;
    reply(isSingle ? single(coordinators[0]!) : newFindCoordinatorResponse({ coordinators }));
    return true;
  };
  if (body.keyType === GROUP) groups.topic.createIfMissing();
  if (tryComplete(runtime.nowMs, false)) return;
  purgatory.park({ deadlineMs: runtime.nowMs + CREATION_WAIT_MS, keys: [TOPICS_KEY], tryComplete }, runtime.nowMs);
};

function find(parts: BrokerParts, keyType: number, key: string): Coordinator {
  if (keyType !== GROUP)
    return missing(key, keyType === TRANSACTION ? "TRANSACTIONAL_ID_AUTHORIZATION_FAILED" : "INVALID_REQUEST");
  const image = parts.image();
  const index = parts.groups.partitionOf(key);
  const partition = index === null ? undefined : image.topicsByName.get(OFFSETS_TOPIC)?.partitions.get(index);
  const broker = partition && image.brokers.get(partition.leader);
  const at = broker && !broker.fenced ? endpointOf(broker, "CLIENT") : undefined;
  if (!broker || !at) return missing(key, "COORDINATOR_NOT_AVAILABLE");
  return newCoordinator({ key, nodeId: broker.id, host: at.host, port: at.port });
}

function missing(key: string, error: ErrorName): Coordinator {
  const { message: errorMessage } = errorInfo(error);
  return newCoordinator({ key, nodeId: -1, host: "", port: -1, errorCode: errorCode(error), errorMessage });
}

/** The form before version 4. */
function single({ nodeId, host, port, errorCode: code, errorMessage: message }: Coordinator): object {
  return newFindCoordinatorResponse({ nodeId, host, port, errorCode: code, errorMessage: message || null });
}
