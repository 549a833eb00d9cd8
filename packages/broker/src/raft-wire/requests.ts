/**
 * Between raft's compact requests and Kafka's own: Vote (52), BeginQuorumEpoch (53), EndQuorumEpoch (54), Fetch (1) of the metadata
 * partition and FetchSnapshot (59). Versions are the codec's business; what a version lacks has its default here.
 */
import { Offset, ZERO_UUID } from "@vitrine/core";
import {
  ApiKey,
  newBeginQuorumEpochRequest,
  newEndQuorumEpochRequest,
  newFetchRequest,
  newFetchRequestFetchPartition,
  newFetchSnapshotRequest,
  newFetchSnapshotRequestPartitionSnapshot,
  newVoteRequest,
  type BeginQuorumEpochRequest,
  type EndQuorumEpochRequest,
  type FetchRequest,
  type FetchSnapshotRequest,
  type VoteRequest,
} from "@vitrine/protocol/types";
import type { RaftRequest } from "@vitrine/raft";
import { METADATA_TOPIC, METADATA_TOPIC_ID } from "../metadata-topic.ts";

/** Kafka's "does not care" for the high watermark a follower knows. */
const ANY_HIGH_WATERMARK = 9223372036854775807n;

export interface WireRequest {
  readonly apiKey: number;
  readonly body: unknown;
}

/** What raft wants to ask, as the request of Kafka that asks it. */
export function raftRequestToWire(request: RaftRequest): WireRequest {
  switch (request.type) {
    case "vote":
      return {
        apiKey: ApiKey.Vote,
        body: newVoteRequest({
          clusterId: request.clusterId,
          voterId: request.voterId,
          topics: [
            {
              topicName: METADATA_TOPIC,
              partitions: [
                {
                  partitionIndex: 0,
                  replicaEpoch: request.candidateEpoch,
                  replicaId: request.candidateId,
                  replicaDirectoryId: request.candidateDirectoryId,
                  voterDirectoryId: request.voterDirectoryId,
                  lastOffsetEpoch: request.lastEpoch,
                  lastOffset: request.lastOffset,
                  preVote: request.preVote,
                },
              ],
            },
          ],
        }),
      };
    case "beginQuorumEpoch":
      return {
        apiKey: ApiKey.BeginQuorumEpoch,
        body: newBeginQuorumEpochRequest({
          clusterId: request.clusterId,
          voterId: request.voterId,
          topics: [
            {
              topicName: METADATA_TOPIC,
              partitions: [
                {
                  partitionIndex: 0,
                  voterDirectoryId: request.voterDirectoryId,
                  leaderId: request.leaderId,
                  leaderEpoch: request.leaderEpoch,
                },
              ],
            },
          ],
        }),
      };
    case "endQuorumEpoch":
      return {
        apiKey: ApiKey.EndQuorumEpoch,
        body: newEndQuorumEpochRequest({
          clusterId: request.clusterId,
          topics: [
            {
              topicName: METADATA_TOPIC,
              partitions: [
                {
                  partitionIndex: 0,
                  leaderId: request.leaderId,
                  leaderEpoch: request.leaderEpoch,
                  preferredSuccessors: [...request.preferredSuccessors],
                  preferredCandidates: request.preferredSuccessors.map((candidateId) => ({
                    candidateId,
                    candidateDirectoryId: ZERO_UUID,
                  })),
                },
              ],
            },
          ],
        }),
      };
    case "fetch":
      return {
        apiKey: ApiKey.Fetch,
        body: newFetchRequest({
          clusterId: request.clusterId,
          replicaState: { replicaId: request.replicaId, replicaEpoch: -1 },
          maxWaitMs: request.maxWaitMs,
          maxBytes: request.maxBytes,
          topics: [
            {
              topic: METADATA_TOPIC,
              topicId: METADATA_TOPIC_ID,
              partitions: [
                newFetchRequestFetchPartition({
                  partition: 0,
                  currentLeaderEpoch: request.currentLeaderEpoch,
                  fetchOffset: request.fetchOffset,
                  lastFetchedEpoch: request.lastFetchedEpoch,
                  partitionMaxBytes: request.maxBytes,
                  replicaDirectoryId: request.replicaDirectoryId,
                  highWatermark: request.highWatermark === null ? ANY_HIGH_WATERMARK : BigInt(request.highWatermark),
                }),
              ],
            },
          ],
        }),
      };
    case "fetchSnapshot":
      return {
        apiKey: ApiKey.FetchSnapshot,
        body: newFetchSnapshotRequest({
          clusterId: request.clusterId,
          replicaId: request.replicaId,
          maxBytes: request.maxBytes,
          topics: [
            {
              name: METADATA_TOPIC,
              partitions: [
                newFetchSnapshotRequestPartitionSnapshot({
                  partition: 0,
                  currentLeaderEpoch: request.currentLeaderEpoch,
                  snapshotId: request.snapshotId,
                  position: request.position,
                }),
              ],
            },
          ],
        }),
      };
  }
}

/** A request of a peer as raft takes it; null when it does not speak of the metadata partition. */
export function raftRequestFromWire(apiKey: number, body: unknown): RaftRequest | null {
  switch (apiKey) {
    case ApiKey.Vote: {
      const wire = body as VoteRequest;
      const partition = wire.topics[0]?.partitions[0];
      if (!partition) return null;
      return {
        type: "vote",
        clusterId: wire.clusterId,
        preVote: partition.preVote,
        candidateEpoch: partition.replicaEpoch,
        candidateId: partition.replicaId,
        candidateDirectoryId: partition.replicaDirectoryId,
        voterId: wire.voterId,
        voterDirectoryId: partition.voterDirectoryId,
        lastEpoch: partition.lastOffsetEpoch,
        lastOffset: Offset(Math.max(0, partition.lastOffset)),
      };
    }
    case ApiKey.BeginQuorumEpoch: {
      const wire = body as BeginQuorumEpochRequest;
      const partition = wire.topics[0]?.partitions[0];
      if (!partition) return null;
      return {
        type: "beginQuorumEpoch",
        clusterId: wire.clusterId,
        leaderId: partition.leaderId,
        leaderEpoch: partition.leaderEpoch,
        voterId: wire.voterId,
        voterDirectoryId: partition.voterDirectoryId,
      };
    }
    case ApiKey.EndQuorumEpoch: {
      const wire = body as EndQuorumEpochRequest;
      const partition = wire.topics[0]?.partitions[0];
      if (!partition) return null;
      const candidates = partition.preferredCandidates.map((candidate) => candidate.candidateId);
      return {
        type: "endQuorumEpoch",
        clusterId: wire.clusterId,
        leaderId: partition.leaderId,
        leaderEpoch: partition.leaderEpoch,
        preferredSuccessors: candidates.length > 0 ? candidates : partition.preferredSuccessors,
      };
    }
    case ApiKey.Fetch: {
      const wire = body as FetchRequest;
      const partition = wire.topics[0]?.partitions[0];
      if (!partition) return null;
      const known = partition.highWatermark;
      return {
        type: "fetch",
        clusterId: wire.clusterId,
        replicaId: wire.replicaState.replicaId >= 0 ? wire.replicaState.replicaId : wire.replicaId,
        replicaDirectoryId: partition.replicaDirectoryId,
        currentLeaderEpoch: partition.currentLeaderEpoch,
        fetchOffset: Offset(Math.max(0, partition.fetchOffset)),
        lastFetchedEpoch: partition.lastFetchedEpoch,
        highWatermark: known > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(known),
        maxBytes: Math.min(wire.maxBytes, partition.partitionMaxBytes),
        maxWaitMs: wire.maxWaitMs,
      };
    }
    case ApiKey.FetchSnapshot: {
      const wire = body as FetchSnapshotRequest;
      const partition = wire.topics[0]?.partitions[0];
      if (!partition) return null;
      return {
        type: "fetchSnapshot",
        clusterId: wire.clusterId,
        replicaId: wire.replicaId,
        currentLeaderEpoch: partition.currentLeaderEpoch,
        snapshotId: {
          endOffset: Offset(Math.max(0, partition.snapshotId.endOffset)),
          epoch: partition.snapshotId.epoch,
        },
        position: partition.position,
        maxBytes: wire.maxBytes,
      };
    }
    default:
      return null;
  }
}
