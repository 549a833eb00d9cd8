/**
 * DescribeQuorum, versions 0 to 2: voters and observers with their log ends, as the quorum's leader sees them. A client may ask any broker, which
 * asks the leader; a node that is asked by another, and does not lead, answers NOT_LEADER_OR_FOLLOWER. v2: directories, and where the voters listen.
 */
import { errorCode, ZERO_UUID } from "@vitrine/core";
import {
  newDescribeQuorumResponse,
  newDescribeQuorumResponsePartitionData,
  newDescribeQuorumResponseReplicaState,
  type DescribeQuorumRequest,
} from "@vitrine/protocol/types";
import { METADATA_TOPIC } from "../metadata-topic.ts";
import type { Handler } from "../request.ts";

const FORWARD_TIMEOUT_MS = 30_000;

export const describeQuorum: Handler = (parts, request, from, reply) => {
  const { runtime, quorum } = parts;
  const body = request.body as DescribeQuorumRequest;
  const view = quorum.raft.view();
  const wrong = wrongTopic(body);
  if (wrong) {
    reply(wrong);
    return;
  }
  if (from.listener === "client" && view.role !== "leader") {
    const origin = { clientId: request.clientId, apiVersion: request.apiVersion };
    parts.channel.forward(
      request.apiKey,
      body,
      FORWARD_TIMEOUT_MS,
      (result) => {
        if (result.ok) reply(result.body as object);
        else reply(newDescribeQuorumResponse({ errorCode: errorCode("NOT_CONTROLLER") }));
      },
      origin,
    );
    return;
  }
  const states = quorum.raft.replicaStates(runtime.nowMs);
  const wallOf = (monotonicMs: number) =>
    monotonicMs < 0 ? -1 : Math.round(runtime.clock.wallMs() - (runtime.nowMs - monotonicMs));
  const stateOf = (isVoter: boolean) =>
    states
      .filter((state) => state.isVoter === isVoter)
      .map((state) =>
        newDescribeQuorumResponseReplicaState({
          replicaId: state.nodeId,
          replicaDirectoryId: state.nodeId === runtime.config.nodeId ? runtime.store.directoryId : ZERO_UUID,
          logEndOffset: state.logEndOffset,
          lastFetchTimestamp: wallOf(state.lastFetchMs),
          lastCaughtUpTimestamp: wallOf(state.lastCaughtUpMs),
        }),
      );
  const leads = view.role === "leader";
  const partition = newDescribeQuorumResponsePartitionData({
    partitionIndex: 0,
    errorCode: errorCode(leads ? "NONE" : "NOT_LEADER_OR_FOLLOWER"),
    leaderId: view.leaderId,
    leaderEpoch: view.epoch,
    highWatermark: leads ? view.highWatermark : -1,
    currentVoters: stateOf(true),
    observers: stateOf(false),
  });
  const nodes = runtime.config.voters.map(({ nodeId, host, port }) => ({
    nodeId,
    listeners: [{ name: "PEER", host, port }],
  }));
  reply(newDescribeQuorumResponse({ topics: [{ topicName: METADATA_TOPIC, partitions: [partition] }], nodes }));
};

/** There is one quorum, over partition 0 of the metadata topic; whoever asks for another is told so per partition, or at once. */
function wrongTopic(body: DescribeQuorumRequest): object | null {
  if (body.topics.length === 0) return null; // this process asks for what there is
  if (body.topics.length > 1) return newDescribeQuorumResponse({ errorCode: errorCode("INVALID_REQUEST") });
  const isKnown = body.topics.every(
    ({ topicName, partitions }) =>
      topicName === METADATA_TOPIC && partitions.length === 1 && partitions[0]?.partitionIndex === 0,
  );
  if (isKnown) return null;
  return newDescribeQuorumResponse({
    topics: body.topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map(({ partitionIndex }) =>
        newDescribeQuorumResponsePartitionData({ partitionIndex, errorCode: errorCode("UNKNOWN_TOPIC_OR_PARTITION") }),
      ),
    })),
  });
}
