/**
 * DeleteRecords, versions 0 to 2: raises the log start of a partition, at its leader.
 *
 * - The offset is exclusive; -1 means the high watermark; above the high watermark is OFFSET_OUT_OF_RANGE.
 * - The answer waits until every live replica has raised its log start too (`lowWatermark`), else REQUEST_TIMED_OUT.
 * - Internal topics are refused from clients; a topic whose cleanup.policy has no "delete" is POLICY_VIOLATION.
 */
import { errorCode, isInternalTopic } from "@vitrine/core";
import {
  newDeleteRecordsResponse,
  newDeleteRecordsResponseDeleteRecordsPartitionResult,
  type DeleteRecordsRequest,
  type DeleteRecordsResponseDeleteRecordsPartitionResult,
} from "@vitrine/protocol/types";
import type { Partition } from "@vitrine/replication";
import { partitionLogKey } from "../partitions.ts";
import type { Handler } from "../request.ts";

interface Waiting {
  readonly partition: Partition;
  readonly offset: number;
  readonly result: DeleteRecordsResponseDeleteRecordsPartitionResult;
}

export const deleteRecords: Handler = (parts, request, from, reply) => {
  const body = request.body as DeleteRecordsRequest;
  const { runtime, purgatory } = parts;
  const open = new Set<Waiting>();
  const topics = body.topics.map((topic) => {
    const found = parts.image().topicsByName.get(topic.name);
    const partitions = topic.partitions.map((asked) => {
      const result = newDeleteRecordsResponseDeleteRecordsPartitionResult({
        partitionIndex: asked.partitionIndex,
        lowWatermark: -1,
      });
      const partition = found && parts.partitions.get(found.id, asked.partitionIndex);
      if (isInternalTopic(topic.name) && from.listener === "client")
        result.errorCode = errorCode("TOPIC_AUTHORIZATION_FAILED");
      else if (!found?.partitions.has(asked.partitionIndex)) result.errorCode = errorCode("UNKNOWN_TOPIC_OR_PARTITION");
      else if (!partition) result.errorCode = errorCode("NOT_LEADER_OR_FOLLOWER");
      else if (!parts.partitions.topicConfig(topic.name).cleanupPolicy.delete)
        result.errorCode = errorCode("POLICY_VIOLATION");
      else {
        const target = asked.offset === -1 ? partition.log.highWatermark : asked.offset;
        const deleted = partition.deleteRecordsBefore(asked.offset);
        if (!deleted.ok) result.errorCode = errorCode(deleted.error);
        else if (deleted.offset >= target) result.lowWatermark = deleted.offset;
        else open.add({ partition, offset: target, result });
        runtime.touch(partitionLogKey(found.id, asked.partitionIndex));
      }
      return result;
    });
    return { name: topic.name, partitions };
  });
  // The new log start is part of this turn's writes: it is on disk before anybody hears of it.
  const respond = () => runtime.afterThisTurn(() => reply(newDeleteRecordsResponse({ topics })));
  const tryComplete = (_nowMs: number, expired: boolean): boolean => {
    for (const item of open) {
      const lowWatermark = item.partition.lowWatermark();
      const leads = item.partition.isLeader;
      if (leads && lowWatermark < item.offset && !expired) continue;
      open.delete(item);
      if (!leads) item.result.errorCode = errorCode("NOT_LEADER_OR_FOLLOWER");
      else if (lowWatermark < item.offset) item.result.errorCode = errorCode("REQUEST_TIMED_OUT");
      else item.result.lowWatermark = lowWatermark;
    }
    if (open.size > 0) return false;
    respond();
    return true;
  };
  if (open.size === 0) {
    respond();
    return;
  }
  const keys = [...open].map(({ partition }) => partitionLogKey(partition.topicId, partition.index));
  purgatory.park({ deadlineMs: runtime.nowMs + Math.max(0, body.timeoutMs), keys, tryComplete }, runtime.nowMs);
};
