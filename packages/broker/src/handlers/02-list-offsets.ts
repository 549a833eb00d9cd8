/**
 * ListOffsets, versions 1 to 11: offset by timestamp, or one of the special positions.
 *
 * - -1 latest: the high watermark; OFFSET_NOT_AVAILABLE (before v5 LEADER_NOT_AVAILABLE) until what earlier leaders may have
 *   acknowledged is under it (KIP-207).
 * - -2 earliest and -4 earliest local: the log start. -3: the record with the largest timestamp. -5: nothing is tiered, answers -1.
 * - t >= 0: the first record with timestamp >= t, below the high watermark; -1 when there is none. Asks the disk; waits as data.
 * - Only the leader answers (also for replicas, which nobody sends any more).
 */
import { errorCode, type ErrorName, Offset } from "@vitrine/core";
import type { Batch } from "@vitrine/log";
import { iterateRecords, ProtocolError } from "@vitrine/protocol";
import {
  newListOffsetsResponse,
  newListOffsetsResponseListOffsetsPartitionResponse,
  type ListOffsetsRequest,
  type ListOffsetsRequestListOffsetsPartition,
  type ListOffsetsResponseListOffsetsPartitionResponse,
} from "@vitrine/protocol/types";
import type { Partition } from "@vitrine/replication";
import type { BrokerParts, Handler } from "../request.ts";
import type { SearchRange } from "../runtime.ts";

const LATEST = -1;
const EARLIEST = -2;
const MAX_TIMESTAMP = -3;
const EARLIEST_LOCAL = -4;
const LATEST_TIERED = -5;

export const listOffsets: Handler = (parts, request, _from, reply) => {
  const body = request.body as ListOffsetsRequest;
  let waiting = 1;
  const done = () => {
    waiting -= 1;
    if (waiting === 0) reply(newListOffsetsResponse({ topics }));
  };
  const topics = body.topics.map((topic) => {
    const found = parts.image().topicsByName.get(topic.name);
    // The field came with v4, and older answers must not carry it.
    const isOld = request.apiVersion >= 0 && request.apiVersion < 5;
    const tellsEpoch = request.apiVersion < 0 || request.apiVersion >= 4;
    const partitions = topic.partitions.map((asked) => {
      const answer = newListOffsetsResponseListOffsetsPartitionResponse({ partitionIndex: asked.partitionIndex });
      const partition = found && parts.partitions.get(found.id, asked.partitionIndex);
      if (!partition) {
        const exists = found?.partitions.has(asked.partitionIndex) ?? false;
        answer.errorCode = errorCode(exists ? "NOT_LEADER_OR_FOLLOWER" : "UNKNOWN_TOPIC_OR_PARTITION");
        return answer;
      }
      waiting += 1;
      find(parts, partition, asked, body.replicaId >= 0, answer, () => {
        if (!tellsEpoch) answer.leaderEpoch = -1;
        if (isOld && answer.errorCode === errorCode("OFFSET_NOT_AVAILABLE"))
          answer.errorCode = errorCode("LEADER_NOT_AVAILABLE");
        done();
      });
      return answer;
    });
    return { name: topic.name, partitions };
  });
  done();
};

function find(
  parts: BrokerParts,
  partition: Partition,
  asked: ListOffsetsRequestListOffsetsPartition,
  asReplica: boolean,
  answer: ListOffsetsResponseListOffsetsPartitionResponse,
  done: () => void,
): void {
  const fail = (error: ErrorName) => {
    answer.errorCode = errorCode(error);
    done();
  };
  const settle = (offset: number, timestampMs: number, leaderEpoch: number) => {
    answer.offset = offset;
    answer.timestamp = timestampMs;
    answer.leaderEpoch = leaderEpoch;
    done();
  };
  const latest = partition.latestOffset({ asReplica, currentLeaderEpoch: asked.currentLeaderEpoch });
  const { log } = partition;
  switch (asked.timestamp) {
    case LATEST:
      return latest.ok ? settle(latest.offset, -1, partition.leaderEpoch) : fail(latest.error);
    case EARLIEST:
    case EARLIEST_LOCAL: {
      const refused = partition.checkLeaderEpoch(asked.currentLeaderEpoch);
      return refused
        ? fail(refused)
        : settle(log.logStartOffset, -1, partition.endOffsetForEpoch(partition.leaderEpoch).epoch);
    }
    case LATEST_TIERED:
      return settle(-1, -1, -1);
    default:
      break;
  }
  if (!latest.ok) return fail(latest.error);
  if (asked.timestamp < 0 && asked.timestamp !== MAX_TIMESTAMP) return fail("UNSUPPORTED_VERSION");
  const wantsMax = asked.timestamp === MAX_TIMESTAMP;
  const timestampMs = wantsMax ? log.maxTimestampMs : asked.timestamp;
  if (wantsMax && timestampMs < 0) return settle(-1, -1, -1);
  const search = (range: SearchRange) =>
    parts.runtime.findTimestamp(log, timestampMs, range, (found) => {
      if (!found.ok) return fail(found.error);
      const { batch } = found;
      if (!batch) return settle(-1, -1, -1);
      const record = firstAtOrAfter(batch, timestampMs, log.logStartOffset);
      if (record === "damaged") fail("CORRUPT_MESSAGE");
      else if (record) settle(record.offset, record.timestampMs, batch.facts.leaderEpoch);
      // Compaction, or the log start, took what the batch was found for: the next one that may have it.
      else search({ ...range, from: Offset(batch.facts.lastOffset + 1) });
    });
  search({ upTo: latest.offset });
}

/** Enough for any batch that is no bomb: `message.max.bytes` is 1 MiB, compressed. */
const DECOMPRESSED_BYTES_MAX = 32 << 20;

/** The record inside the batch; the batch as a whole may begin with older ones. What a client compressed is only looked at here, and may be no such thing. */
function firstAtOrAfter(
  batch: Batch,
  timestampMs: number,
  logStart: Offset,
): { offset: number; timestampMs: number } | null | "damaged" {
  try {
    for (const record of iterateRecords(batch.bytes, DECOMPRESSED_BYTES_MAX))
      if (record.timestampMs >= timestampMs && record.offset >= logStart)
        return { offset: record.offset, timestampMs: record.timestampMs };
    return null;
  } catch (error) {
    if (error instanceof ProtocolError) return "damaged";
    throw error;
  }
}
