/** DescribeQuorum, versions 0 to 2: voters and observers with their log ends, as the quorum's leader sees them; others answer NOT_LEADER_OR_FOLLOWER. */
import { errorCode, ZERO_UUID } from "@vitrine/core";
import {
  newDescribeQuorumResponse,
  newDescribeQuorumResponsePartitionData,
  newDescribeQuorumResponseReplicaState,
} from "@vitrine/protocol/types";
import { METADATA_TOPIC } from "../raft-wire.ts";
import type { Handler } from "../request.ts";

export const describeQuorum: Handler = (parts, _request, _from, reply) => {
  const { runtime, quorum } = parts;
  const view = quorum.raft.view();
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
  reply(newDescribeQuorumResponse({ topics: [{ topicName: METADATA_TOPIC, partitions: [partition] }] }));
};
