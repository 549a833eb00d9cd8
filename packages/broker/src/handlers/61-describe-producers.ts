/** DescribeProducers, version 0 (KIP-664): the idempotent producers that a partition remembers. Only the leader answers. */
import { errorCode, type ErrorName } from "@vitrine/core";
import type { ProducerEntry } from "@vitrine/log";
import {
  newDescribeProducersResponse,
  newDescribeProducersResponsePartitionResponse,
  newDescribeProducersResponseProducerState,
  type DescribeProducersRequest,
} from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";

export const describeProducers: Handler = (parts, request, _from, reply) => {
  const body = request.body as DescribeProducersRequest;
  const topics = body.topics.map(({ name, partitionIndexes }) => {
    const found = parts.image().topicsByName.get(name);
    const partitions = partitionIndexes.map((partitionIndex) => {
      const refuse = (error: ErrorName, errorMessage: string) =>
        newDescribeProducersResponsePartitionResponse({ partitionIndex, errorCode: errorCode(error), errorMessage });
      if (!found?.partitions.has(partitionIndex))
        return refuse("UNKNOWN_TOPIC_OR_PARTITION", `this broker knows no partition ${name}-${partitionIndex}`);
      const partition = parts.partitions.get(found.id, partitionIndex);
      if (!partition?.isLeader)
        return refuse("NOT_LEADER_OR_FOLLOWER", `this broker does not lead ${name}-${partitionIndex}`);
      const activeProducers = partition.log.producers.entries.map(describe);
      return newDescribeProducersResponsePartitionResponse({ partitionIndex, activeProducers });
    });
    return { name, partitions };
  });
  reply(newDescribeProducersResponse({ topics }));
};

function describe({ producerId, producerEpoch, batches }: ProducerEntry) {
  const last = batches.at(-1);
  return newDescribeProducersResponseProducerState({
    producerId,
    producerEpoch,
    lastSequence: last?.lastSequence ?? -1,
    lastTimestamp: last?.timestampMs ?? -1,
    // Known only of producers with transactions.
    coordinatorEpoch: -1,
  });
}
