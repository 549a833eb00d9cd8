/** Between raft's compact answers and Kafka's own, for the requests of `requests.ts`. */
import { errorCode, errorFromCode, Offset } from "@vitrine/core";
import type { Batch } from "@vitrine/log";
import { verifyBatchCrc } from "@vitrine/protocol";
import { splitBatches } from "@vitrine/protocol/batch";
import {
  ApiKey,
  newBeginQuorumEpochResponse,
  newEndQuorumEpochResponse,
  newFetchResponse,
  newFetchResponsePartitionData,
  newFetchSnapshotResponse,
  newFetchSnapshotResponsePartitionSnapshot,
  newVoteResponse,
  type BeginQuorumEpochResponse,
  type EndQuorumEpochResponse,
  type FetchResponse,
  type FetchSnapshotResponse,
  type VoteResponse,
} from "@vitrine/protocol/types";
import type { RaftResponse } from "@vitrine/raft";
import { joinBatches } from "../joined-batches.ts";
import { METADATA_TOPIC, METADATA_TOPIC_ID } from "../metadata-topic.ts";

/** What raft answers, as the body of Kafka's response to the request that it answers. */
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

/** Cuts and checks the batches of an answer; null when one of them is damaged. */
function readBatches(records: Uint8Array | null): Batch[] | null {
  if (records === null) return [];
  const { batches, error } = splitBatches(records);
  if (error || batches.some((batch) => !verifyBatchCrc(batch.bytes))) return null;
  return batches;
}
