/**
 * Metadata, versions 0 to 13: brokers, topics, leaders, ISR.
 *
 * - v0: an empty list asks for all topics; later null does, and empty asks for none.
 * - Unknown names are created when the client allows it (v4+, before that always) and the broker does; the answer waits a moment for the
 *   new topic, else it says UNKNOWN_TOPIC_OR_PARTITION and the client asks again.
 * - Only unfenced brokers are listed. `controllerId` is a broker that forwards to the controller (in KRaft it need not be the controller).
 * - v8+: what the client may do, when it asks: without an authorizer everything.
 * - v10+: topic ids; v12+: also asked for by id.
 */
import { checkTopicName, errorCode, isInternalTopic, ZERO_UUID, type ErrorName } from "@vitrine/core";
import { endpointOf, type MetadataImage, type TopicImage } from "@vitrine/metadata";
import {
  ApiKey,
  newCreateTopicsRequest,
  newMetadataResponse,
  newMetadataResponseMetadataResponseTopic,
  type CreateTopicsResponse,
  type MetadataRequest,
  type MetadataResponseMetadataResponseTopic as MetadataResponseTopic,
} from "@vitrine/protocol/types";
import type { BrokerParts, Handler } from "../request.ts";
import { CLUSTER_OPERATIONS, TOPIC_OPERATIONS } from "./authorized-operations.ts";

/** How long an answer waits for a topic that is being created. */
const CREATION_WAIT_MS = 1_000;
/** Watched in the purgatory by answers that wait for new topics. */
export const TOPICS_KEY = "topics";

export const metadata: Handler = (parts, request, _from, reply) => {
  const body = request.body as MetadataRequest;
  const image = parts.image();
  const wantsAll = body.topics === null || (request.apiVersion === 0 && body.topics.length === 0);
  if (wantsAll) {
    reply(
      describe(
        parts,
        body,
        [...image.topicsByName.values()].map((topic) => topicOf(image, topic)),
      ),
    );
    return;
  }
  const missing = (body.topics ?? []).flatMap((topic) =>
    topic.name !== null &&
    topic.name !== "" &&
    !image.topicsByName.has(topic.name) &&
    checkTopicName(topic.name) === null
      ? [topic.name]
      : [],
  );
  const errors = new Map<string, ErrorName>();
  const answer = () => {
    const now = parts.image();
    reply(
      describe(
        parts,
        body,
        (body.topics ?? []).map((topic) => find(now, topic, errors)),
      ),
    );
  };
  const mayCreate = body.allowAutoTopicCreation && parts.runtime.settings.autoCreateTopics;
  const creatable = missing.filter((name) => !isInternalTopic(name));
  if (!mayCreate || creatable.length === 0) answer();
  else createThen(parts, creatable, errors, answer);
};

function createThen(
  parts: BrokerParts,
  names: readonly string[],
  errors: Map<string, ErrorName>,
  answer: () => void,
): void {
  const { runtime, purgatory, channel } = parts;
  const topics = names.map((name) => ({
    name,
    numPartitions: -1,
    replicationFactor: -1,
    assignments: [],
    configs: [],
  }));
  let failed = false;
  channel.call(
    ApiKey.CreateTopics,
    newCreateTopicsRequest({ topics, timeoutMs: CREATION_WAIT_MS }),
    CREATION_WAIT_MS,
    (result) => {
      if (!result.ok) failed = true;
      else
        for (const topic of (result.body as CreateTopicsResponse).topics) {
          const exists = topic.errorCode === 0 || topic.errorCode === errorCode("TOPIC_ALREADY_EXISTS");
          if (!exists)
            errors.set(
              topic.name,
              topic.errorCode === errorCode("INVALID_REPLICATION_FACTOR")
                ? "INVALID_REPLICATION_FACTOR"
                : "LEADER_NOT_AVAILABLE",
            );
        }
      runtime.touch(TOPICS_KEY);
    },
  );
  const tryComplete = (_nowMs: number, expired: boolean): boolean => {
    const image = parts.image();
    if (!expired && !failed && !names.every((name) => image.topicsByName.has(name) || errors.has(name))) return false;
    answer();
    return true;
  };
  // Where there is no controller the refusal is here already.
  if (tryComplete(runtime.nowMs, false)) return;
  purgatory.park({ deadlineMs: runtime.nowMs + CREATION_WAIT_MS, keys: [TOPICS_KEY], tryComplete }, runtime.nowMs);
}

function find(
  image: MetadataImage,
  asked: { readonly name: string | null; readonly topicId: string },
  errors: ReadonlyMap<string, ErrorName>,
): MetadataResponseTopic {
  const byId = asked.topicId !== ZERO_UUID;
  const topic = byId
    ? image.topicsById.get(asked.topicId as TopicImage["id"])
    : image.topicsByName.get(asked.name ?? "");
  if (topic) return topicOf(image, topic);
  const name = asked.name ?? "";
  const error: ErrorName = byId
    ? "UNKNOWN_TOPIC_ID"
    : checkTopicName(name) !== null
      ? "INVALID_TOPIC_EXCEPTION"
      : (errors.get(name) ?? "UNKNOWN_TOPIC_OR_PARTITION");
  return newMetadataResponseMetadataResponseTopic({
    name: byId ? asked.name : name,
    topicId: asked.topicId as TopicImage["id"],
    errorCode: errorCode(error),
    isInternal: isInternalTopic(name),
  });
}

function topicOf(image: MetadataImage, topic: TopicImage): MetadataResponseTopic {
  const isAlive = (id: number) => image.brokers.get(id)?.fenced === false;
  return newMetadataResponseMetadataResponseTopic({
    name: topic.name,
    topicId: topic.id,
    isInternal: isInternalTopic(topic.name),
    partitions: [...topic.partitions].map(([partitionIndex, partition]) => {
      const hasLeader = partition.leader >= 0 && isAlive(partition.leader);
      return {
        errorCode: errorCode(hasLeader ? "NONE" : "LEADER_NOT_AVAILABLE"),
        partitionIndex,
        leaderId: hasLeader ? partition.leader : -1,
        leaderEpoch: partition.leaderEpoch,
        replicaNodes: [...partition.replicas],
        isrNodes: [...partition.isr],
        offlineReplicas: partition.replicas.filter((id) => !isAlive(id)),
      };
    }),
  });
}

function describe(parts: BrokerParts, asked: MetadataRequest, topics: MetadataResponseTopic[]): object {
  const image = parts.image();
  const brokers = aliveBrokers(image);
  if (asked.includeTopicAuthorizedOperations)
    for (const topic of topics) if (topic.errorCode === 0) topic.topicAuthorizedOperations = TOPIC_OPERATIONS;
  return newMetadataResponse({
    ...(asked.includeClusterAuthorizedOperations ? { clusterAuthorizedOperations: CLUSTER_OPERATIONS } : {}),
    brokers,
    clusterId: image.clusterId,
    controllerId: controllerFor(parts, brokers),
    topics,
  });
}

/** Brokers a client may connect to. */
export function aliveBrokers(
  image: MetadataImage,
): { nodeId: number; host: string; port: number; rack: string | null }[] {
  const brokers: { nodeId: number; host: string; port: number; rack: string | null }[] = [];
  for (const broker of image.brokers.values()) {
    const at = endpointOf(broker, "CLIENT");
    if (!broker.fenced && at) brokers.push({ nodeId: broker.id, host: at.host, port: at.port, rack: broker.rack });
  }
  return brokers.toSorted((a, b) => a.nodeId - b.nodeId);
}

/** The active controller where it is a broker too, else any broker: each forwards. */
export function controllerFor(parts: BrokerParts, brokers: readonly { nodeId: number }[]): number {
  const { leaderId } = parts.quorum.raft.view();
  if (brokers.some((broker) => broker.nodeId === leaderId)) return leaderId;
  return brokers[0]?.nodeId ?? -1;
}
