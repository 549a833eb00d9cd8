/**
 * DescribeLogDirs, versions 1 to 5: what the replicas on this broker weigh, and the disk under them.
 *
 * - A node keeps its data in one directory; after an I/O error it is answered with KAFKA_STORAGE_ERROR.
 * - The lag is by how much a replica is behind what it knows to be committed, as in Kafka: 0 nearly always.
 * - No replica ever moves between directories: there is no future replica, and no cordoned directory (v5).
 */
import { errorCode } from "@vitrine/core";
import {
  newDescribeLogDirsResponse,
  newDescribeLogDirsResponseDescribeLogDirsResult,
  type DescribeLogDirsRequest,
} from "@vitrine/protocol/types";
import type { Partition } from "@vitrine/replication";
import type { Handler } from "../request.ts";

export const describeLogDirs: Handler = (parts, request, _from, reply) => {
  const { topics: asked } = request.body as DescribeLogDirsRequest;
  const { store, settings } = parts.runtime;
  const { health } = store;
  if (health.state === "offline") {
    const result = { logDir: settings.logDir, errorCode: errorCode("KAFKA_STORAGE_ERROR") };
    reply(newDescribeLogDirsResponse({ results: [newDescribeLogDirsResponseDescribeLogDirsResult(result)] }));
    return;
  }
  const wanted = asked && new Map(asked.map(({ topic, partitions }) => [topic, new Set(partitions)]));
  const isWanted = ({ topicName, index }: Partition) => wanted === null || wanted.get(topicName)?.has(index) === true;
  const topics = new Map<string, { name: string; partitions: ReturnType<typeof describe>[] }>();
  for (const partition of parts.partitions.all()) {
    if (!isWanted(partition)) continue;
    const topic = topics.get(partition.topicName);
    if (topic) topic.partitions.push(describe(partition));
    else topics.set(partition.topicName, { name: partition.topicName, partitions: [describe(partition)] });
  }
  const result = newDescribeLogDirsResponseDescribeLogDirsResult({
    logDir: settings.logDir,
    topics: [...topics.values()],
    totalBytes: health.totalBytes,
    usableBytes: health.freeBytes,
  });
  reply(newDescribeLogDirsResponse({ results: [result] }));
};

function describe({ index, log }: Partition) {
  return {
    partitionIndex: index,
    partitionSize: log.sizeBytes,
    offsetLag: Math.max(0, log.highWatermark - log.logEndOffset),
    isFutureKey: false,
  };
}
