/**
 * Between raft's compact messages and Kafka's own: Vote (52), BeginQuorumEpoch (53), EndQuorumEpoch (54), Fetch (1) of the metadata
 * partition and FetchSnapshot (59). Versions are the codec's business; what a version lacks has its default here.
 */
import { errorCode, errorFromCode, Offset, ZERO_UUID, type Uuid } from "@vitrine/core";
import type { Batch } from "@vitrine/log";
import type { RaftRequest, RaftResponse } from "@vitrine/raft";
import { splitBatches } from "@vitrine/protocol/batch";
import { verifyBatchCrc } from "@vitrine/protocol";
import {
  ApiKey,
  newBeginQuorumEpochRequest,
  newBeginQuorumEpochResponse,
  newEndQuorumEpochRequest,
  newEndQuorumEpochResponse,
  newFetchRequest,
  newFetchRequestFetchPartition,
  newFetchResponse,
  newFetchResponsePartitionData,
  newFetchSnapshotRequest,
  newFetchSnapshotRequestPartitionSnapshot,
  newFetchSnapshotResponse,
  newFetchSnapshotResponsePartitionSnapshot,
  newVoteRequest,
  newVoteResponse,
  type BeginQuorumEpochRequest,
  type BeginQuorumEpochResponse,
  type EndQuorumEpochRequest,
  type EndQuorumEpochResponse,
  type FetchRequest,
  type FetchResponse,
  type FetchSnapshotRequest,
  type FetchSnapshotResponse,
  type VoteRequest,
  type VoteResponse,
} from "@vitrine/protocol/types";

/** Name and id of the metadata log (`Uuid.METADATA_TOPIC_ID`). */
export const METADATA_TOPIC = "__cluster_metadata";
export const METADATA_TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAQ" as Uuid;

/** Kafka's "does not care" for the high watermark a follower knows. */
const ANY_HIGH_WATERMARK = 9223372036854775807n;

export interface WireRequest {
  readonly apiKey: number;
  readonly body: unknown;
}

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

export function raftResponseToWire(response: RaftResponse): unknown {
  switch (response.type) {
    case "vote":
      return newVoteResponse({
        topics: [
          {
            topicName: METADATA_TOPIC,
            partitions: [
              {
                partitionIndex: 0,
                errorCode: errorCode(response.error),
                leaderId: response.leaderId,
                leaderEpoch: response.leaderEpoch,
                voteGranted: response.voteGranted,
              },
            ],
          },
        ],
      });
    case "beginQuorumEpoch":
    case "endQuorumEpoch": {
      const fields = {
        topics: [
          {
            topicName: METADATA_TOPIC,
            partitions: [
              {
                partitionIndex: 0,
                errorCode: errorCode(response.error),
                leaderId: response.leaderId,
                leaderEpoch: response.leaderEpoch,
              },
            ],
          },
        ],
      };
      return response.type === "beginQuorumEpoch"
        ? newBeginQuorumEpochResponse(fields)
        : newEndQuorumEpochResponse(fields);
    }
    case "fetch":
      return newFetchResponse({
        responses: [
          {
            topic: METADATA_TOPIC,
            topicId: METADATA_TOPIC_ID,
            partitions: [
              newFetchResponsePartitionData({
                partitionIndex: 0,
                errorCode: errorCode(response.error),
                highWatermark: response.highWatermark,
                lastStableOffset: response.highWatermark,
                logStartOffset: response.logStartOffset,
                currentLeader: { leaderId: response.leaderId, leaderEpoch: response.leaderEpoch },
                divergingEpoch: response.divergingEpoch ?? { epoch: -1, endOffset: -1 },
                snapshotId: response.snapshotId ?? { endOffset: -1, epoch: -1 },
                records: joinBatches(response.batches),
              }),
            ],
          },
        ],
      });
    case "fetchSnapshot":
      return newFetchSnapshotResponse({
        topics: [
          {
            name: METADATA_TOPIC,
            partitions: [
              newFetchSnapshotResponsePartitionSnapshot({
                index: 0,
                errorCode: errorCode(response.error),
                snapshotId: response.snapshotId,
                currentLeader: { leaderId: response.leaderId, leaderEpoch: response.leaderEpoch },
                size: response.sizeBytes,
                position: response.position,
                unalignedRecords: response.bytes,
              }),
            ],
          },
        ],
      });
  }
}

/** A peer's answer as raft takes it; null when it is damaged, which raft hears of as a lost answer. */
export function raftResponseFromWire(apiKey: number, body: unknown): RaftResponse | null {
  switch (apiKey) {
    case ApiKey.Vote: {
      const wire = body as VoteResponse;
      const partition = wire.topics[0]?.partitions[0];
      if (!partition)
        return {
          type: "vote",
          error: errorFromCode(wire.errorCode).name,
          leaderEpoch: -1,
          leaderId: -1,
          voteGranted: false,
        };
      return {
        type: "vote",
        error: errorFromCode(partition.errorCode).name,
        leaderEpoch: partition.leaderEpoch,
        leaderId: partition.leaderId,
        voteGranted: partition.voteGranted,
      };
    }
    case ApiKey.BeginQuorumEpoch:
    case ApiKey.EndQuorumEpoch: {
      const wire = body as BeginQuorumEpochResponse | EndQuorumEpochResponse;
      const partition = wire.topics[0]?.partitions[0];
      const type = apiKey === ApiKey.BeginQuorumEpoch ? "beginQuorumEpoch" : "endQuorumEpoch";
      if (!partition) return { type, error: errorFromCode(wire.errorCode).name, leaderEpoch: -1, leaderId: -1 };
      return {
        type,
        error: errorFromCode(partition.errorCode).name,
        leaderEpoch: partition.leaderEpoch,
        leaderId: partition.leaderId,
      };
    }
    case ApiKey.Fetch: {
      const partition = (body as FetchResponse).responses[0]?.partitions[0];
      if (!partition) return null;
      const batches = readBatches(partition.records);
      if (!batches) return null;
      const { divergingEpoch, snapshotId } = partition;
      return {
        type: "fetch",
        error: errorFromCode(partition.errorCode).name,
        leaderEpoch: partition.currentLeader.leaderEpoch,
        leaderId: partition.currentLeader.leaderId,
        highWatermark: partition.highWatermark,
        logStartOffset: partition.logStartOffset,
        batches,
        divergingEpoch:
          divergingEpoch.epoch < 0
            ? null
            : { epoch: divergingEpoch.epoch, endOffset: Offset(divergingEpoch.endOffset) },
        snapshotId:
          snapshotId.endOffset < 0 ? null : { endOffset: Offset(snapshotId.endOffset), epoch: snapshotId.epoch },
      };
    }
    case ApiKey.FetchSnapshot: {
      const partition = (body as FetchSnapshotResponse).topics[0]?.partitions[0];
      if (!partition) return null;
      return {
        type: "fetchSnapshot",
        error: errorFromCode(partition.errorCode).name,
        leaderEpoch: partition.currentLeader.leaderEpoch,
        leaderId: partition.currentLeader.leaderId,
        snapshotId: {
          endOffset: Offset(Math.max(0, partition.snapshotId.endOffset)),
          epoch: partition.snapshotId.epoch,
        },
        sizeBytes: partition.size,
        position: partition.position,
        bytes: partition.unalignedRecords ?? new Uint8Array(0),
      };
    }
    default:
      return null;
  }
}

/** Whole batches one after another, as a Fetch response carries them. */
export function joinBatches(batches: readonly Batch[]): Uint8Array | null {
  if (batches.length === 0) return null;
  if (batches.length === 1) return batches[0]!.bytes;
  const { buffer, byteOffset } = batches[0]!.bytes;
  let sizeBytes = 0;
  let isOnePiece = true;
  for (const { bytes } of batches) {
    isOnePiece &&= bytes.buffer === buffer && bytes.byteOffset === byteOffset + sizeBytes;
    sizeBytes += bytes.byteLength;
  }
  // What was read from disk together lies together already.
  if (isOnePiece) return new Uint8Array(buffer, byteOffset, sizeBytes);
  const joined = new Uint8Array(sizeBytes);
  let at = 0;
  for (const batch of batches) {
    joined.set(batch.bytes, at);
    at += batch.bytes.byteLength;
  }
  return joined;
}

/** Cuts and checks the batches of an answer; null when one of them is damaged. */
export function readBatches(records: Uint8Array | null): Batch[] | null {
  if (records === null) return [];
  const { batches, error } = splitBatches(records);
  if (error || batches.some((batch) => !verifyBatchCrc(batch.bytes))) return null;
  return batches;
}
