/** Between Kafka's AlterPartition message and the `alterPartition` effects of many partitions, sent together. */
import { type ErrorName, errorFromCode, type NodeId, type PartitionIndex, type Uuid } from "@vitrine/core";
import {
  type AlterPartitionRequest,
  type AlterPartitionResponse,
  newAlterPartitionRequest,
  newAlterPartitionRequestBrokerState,
  newAlterPartitionRequestPartitionData,
  newAlterPartitionRequestTopicData,
} from "@vitrine/protocol/types";
import type { AlterPartitionItem, AlterPartitionOutcome } from "./types.ts";

/** One request for all items of a turn. */
export function toAlterPartitionRequest(
  broker: { readonly brokerId: NodeId; readonly brokerEpoch: number },
  items: readonly AlterPartitionItem[],
): AlterPartitionRequest {
  const topics = new Map<Uuid, AlterPartitionItem[]>();
  for (const item of items) {
    const ofTopic = topics.get(item.topicId);
    if (ofTopic) ofTopic.push(item);
    else topics.set(item.topicId, [item]);
  }
  return newAlterPartitionRequest({
    ...broker,
    topics: [...topics].map(([topicId, ofTopic]) =>
      newAlterPartitionRequestTopicData({
        topicId,
        partitions: ofTopic.map((item) =>
          newAlterPartitionRequestPartitionData({
            partitionIndex: item.partitionIndex,
            leaderEpoch: item.leaderEpoch,
            newIsrWithEpochs: item.newIsrWithEpochs.map((state) => newAlterPartitionRequestBrokerState(state)),
            leaderRecoveryState: item.leaderRecoveryState,
            partitionEpoch: item.partitionEpoch,
          }),
        ),
      }),
    ),
  });
}

/** What the answer means for one partition. A partition that the answer leaves out counts as unanswered; so does everything after `null` (no answer). */
export function alterPartitionOutcome(
  response: AlterPartitionResponse | null,
  topicId: Uuid,
  partitionIndex: PartitionIndex,
): AlterPartitionOutcome {
  const failed = (error: ErrorName | "no-answer"): AlterPartitionOutcome => ({ ok: false, error });
  if (!response) return failed("no-answer");
  if (response.errorCode !== 0) return failed(errorFromCode(response.errorCode).name);
  const topic = response.topics.find((candidate) => candidate.topicId === topicId);
  const data = topic?.partitions.find((candidate) => candidate.partitionIndex === partitionIndex);
  if (!data) return failed("no-answer");
  if (data.errorCode !== 0) return failed(errorFromCode(data.errorCode).name);
  const { leaderId, leaderEpoch, isr, partitionEpoch, leaderRecoveryState } = data;
  return { ok: true, leaderId, leaderEpoch, isr, partitionEpoch, leaderRecoveryState };
}
