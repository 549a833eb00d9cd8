/** Between Kafka's Fetch message and what this package works with. Pure translation, no decision. */
import { errorFromCode, isOffset, type NodeId, type Uuid } from "@vitrine/core";
import {
  FIRST_PRIVATE_TAG,
  type FetchRequest,
  type FetchRequestFetchPartition,
  type FetchResponse,
  newFetchRequest,
  newFetchRequestFetchPartition,
  newFetchRequestFetchTopic,
  newFetchRequestForgottenTopic,
  newFetchRequestReplicaState,
  numberTag,
  tagNumber,
} from "@vitrine/protocol/types";
import type { PlannedFetchAnswer } from "./fetch-plan.ts";
import type { FetchOpening, FetchSpec } from "./fetch-session.ts";
import { type PlannedFetch, type PlannedPartition, partitionKey } from "./planned-fetch.ts";

/** Private tag on a partition of a Fetch request: the follower's durable end (DESIGN 10.4). */
export const DURABLE_END_OFFSET_TAG = FIRST_PRIVATE_TAG;

/** Fetch version between our own brokers: topic ids, replica epoch, directory ids. */
export const REPLICA_FETCH_VERSION = 17;

export interface FollowerIdentity {
  readonly replicaId: NodeId;
  readonly brokerEpoch: number;
  readonly directoryId: Uuid;
}

/** The request that a planned fetch becomes on the wire. */
export function toFetchRequest(planned: PlannedFetch, follower: FollowerIdentity): FetchRequest {
  return newFetchRequest({
    replicaState: newFetchRequestReplicaState({ replicaId: follower.replicaId, replicaEpoch: follower.brokerEpoch }),
    maxWaitMs: planned.maxWaitMs,
    minBytes: planned.minBytes,
    maxBytes: planned.maxBytes,
    sessionId: planned.sessionId,
    sessionEpoch: planned.sessionEpoch,
    topics: byTopic(planned.partitions).map(([topicId, partitions]) =>
      newFetchRequestFetchTopic({
        topicId,
        partitions: partitions.map((partition) => toWirePartition(partition, follower.directoryId)),
      }),
    ),
    forgottenTopicsData: byTopic(planned.forgotten).map(([topicId, partitions]) =>
      newFetchRequestForgottenTopic({ topicId, partitions: partitions.map((partition) => partition.partitionIndex) }),
    ),
  });
}

function toWirePartition(partition: PlannedPartition, replicaDirectoryId: Uuid): FetchRequestFetchPartition {
  return newFetchRequestFetchPartition({
    partition: partition.partitionIndex,
    currentLeaderEpoch: partition.currentLeaderEpoch,
    fetchOffset: partition.fetchOffset,
    lastFetchedEpoch: partition.lastFetchedEpoch,
    logStartOffset: partition.logStartOffset,
    partitionMaxBytes: partition.maxBytes,
    replicaDirectoryId,
    unknownTags: [numberTag(DURABLE_END_OFFSET_TAG, partition.durableEndOffset)],
  });
}

/** A leader's answer, as the plan takes it. */
export function toPlannedAnswer(response: FetchResponse): PlannedFetchAnswer {
  return {
    error: errorFromCode(response.errorCode).name,
    sessionId: response.sessionId,
    partitions: response.responses.flatMap((topic) =>
      topic.partitions.map((data) => ({
        key: partitionKey({ topicId: topic.topicId, index: data.partitionIndex }),
        error: errorFromCode(data.errorCode).name,
        highWatermark: data.highWatermark,
        logStartOffset: data.logStartOffset,
        divergingEpoch: data.divergingEpoch,
        records: data.records,
      })),
    ),
  };
}

/** The leader's side: what a decoded Fetch request (any version) asks of the session cache. `session` below v7 is "none". */
export function toFetchOpening(request: FetchRequest): FetchOpening {
  return {
    sessionId: request.sessionId,
    sessionEpoch: request.sessionEpoch,
    isFollower: fetcherId(request) >= 0,
    partitions: request.topics.flatMap((topic) =>
      topic.partitions.map((partition) => toFetchSpec(topic.topicId, topic.topic, partition)),
    ),
    forgotten: request.forgottenTopicsData.flatMap((topic) =>
      topic.partitions.map((partitionIndex) => ({ topicId: topic.topicId, topicName: topic.topic, partitionIndex })),
    ),
  };
}

/** Id of the replica that fetches, -1 for a consumer: moved into a struct with v15. */
export function fetcherId(request: FetchRequest): NodeId {
  return request.replicaState.replicaId >= 0 ? request.replicaState.replicaId : request.replicaId;
}

function toFetchSpec(topicId: Uuid, topicName: string, partition: FetchRequestFetchPartition): FetchSpec {
  const durableEnd = tagNumber(partition, DURABLE_END_OFFSET_TAG);
  return {
    topicId,
    topicName,
    partitionIndex: partition.partition,
    fetchOffset: partition.fetchOffset,
    lastFetchedEpoch: partition.lastFetchedEpoch,
    currentLeaderEpoch: partition.currentLeaderEpoch,
    logStartOffset: partition.logStartOffset,
    maxBytes: partition.partitionMaxBytes,
    durableEndOffset: durableEnd !== null && isOffset(durableEnd) ? durableEnd : null,
  };
}

function byTopic<Item extends { readonly topicId: Uuid }>(items: readonly Item[]): [Uuid, Item[]][] {
  const topics = new Map<Uuid, Item[]>();
  for (const item of items) {
    const of = topics.get(item.topicId);
    if (of) of.push(item);
    else topics.set(item.topicId, [item]);
  }
  return [...topics];
}
