import type { QuorumFields } from "@vitrine/api";
import type { NodeId } from "@vitrine/core";
import type { Engine } from "@vitrine/engine";
import { newDescribeQuorumRequest } from "@vitrine/protocol/types";
import type { DescribeQuorumResponse, DescribeQuorumResponseReplicaState } from "@vitrine/protocol/types";

const DESCRIBE_QUORUM = 55;
const METADATA_TOPIC = "__cluster_metadata";
const ANSWER_MS = 800;

export interface PolledQuorum {
  readonly leader: NodeId;
  readonly rows: readonly QuorumFields[];
}

/**
 * Asks the active controller what it knows of the quorum (KIP-595). Needed where controllers are processes of their own: they have no HTTP
 * face and so no view to subscribe to. null: nobody answered, or who did leads no more.
 */
export async function pollQuorum(engine: Engine, nowMs: () => number): Promise<PolledQuorum | null> {
  const request = newDescribeQuorumRequest({
    topics: [{ topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0 }] }],
  });
  const result = await engine.call<DescribeQuorumResponse>(DESCRIBE_QUORUM, request, {
    to: "controller",
    timeoutMs: ANSWER_MS,
  });
  const partition = result.ok ? result.body.topics[0]?.partitions[0] : undefined;
  if (partition === undefined || partition.errorCode !== 0) return null;
  const { leaderId, leaderEpoch, highWatermark, currentVoters, observers } = partition;
  const end = currentVoters.find((state) => state.replicaId === leaderId)?.logEndOffset ?? highWatermark;
  const row = (state: DescribeQuorumResponseReplicaState, voter: boolean): QuorumFields => {
    const leads = state.replicaId === leaderId;
    return {
      node: state.replicaId,
      role: leads ? "leader" : voter ? "follower" : "observer",
      voter,
      epoch: leaderEpoch,
      voted: -1,
      leader: leaderId,
      leo: state.logEndOffset,
      durable: -1,
      hw: leads ? highWatermark : -1,
      lag: state.logEndOffset < 0 ? null : Math.max(0, end - state.logEndOffset),
      fetch_age: leads ? 0 : state.lastFetchTimestamp < 0 ? null : Math.max(0, nowMs() - state.lastFetchTimestamp),
      snapshot: -1,
    };
  };
  const rows = [...currentVoters.map((state) => row(state, true)), ...observers.map((state) => row(state, false))];
  return { leader: leaderId, rows };
}
