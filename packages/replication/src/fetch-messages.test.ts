import { Offset, Uuid } from "@vitrine/core";
import {
  newFetchResponse,
  newFetchResponseFetchableTopicResponse,
  newFetchResponsePartitionData,
} from "@vitrine/protocol/types";
import { expect, test } from "vitest";
import { alterPartitionOutcome, toAlterPartitionRequest } from "./alter-partition-messages.ts";
import { fetcherId, toFetchOpening, toFetchRequest, toPlannedAnswer } from "./fetch-messages.ts";
import { partitionKey } from "./planned-fetch.ts";

const TOPIC = Uuid("AAAAAAAAAAAAAAAAAAAAAQ");
const DIRECTORY = Uuid("AAAAAAAAAAAAAAAAAAAAAg");
const position = {
  fetchOffset: Offset(12),
  lastFetchedEpoch: 4,
  durableEndOffset: Offset(9),
  currentLeaderEpoch: 5,
  logStartOffset: Offset(2),
};

test("F1 both positions of a follower travel in one request: the durable end in a private tag", () => {
  const planned = {
    leader: 1,
    requestId: 1,
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 1000,
    sessionId: 7,
    sessionEpoch: 3,
    partitions: [{ topicId: TOPIC, topicName: "t", partitionIndex: 6, maxBytes: 100, ...position }],
    forgotten: [{ topicId: TOPIC, topicName: "t", partitionIndex: 8 }],
  };
  const request = toFetchRequest(planned, { replicaId: 3, brokerEpoch: 44, directoryId: DIRECTORY });
  expect([fetcherId(request), request.replicaState.replicaEpoch]).toEqual([3, 44]);
  expect(toFetchOpening(request)).toEqual({
    sessionId: 7,
    sessionEpoch: 3,
    isFollower: true,
    partitions: [{ topicId: TOPIC, topicName: "", partitionIndex: 6, maxBytes: 100, ...position }],
    forgotten: [{ topicId: TOPIC, topicName: "", partitionIndex: 8 }],
  });
});

test("F2 an answer is taken apart by partition", () => {
  const records = new Uint8Array([1]);
  const data = newFetchResponsePartitionData({
    partitionIndex: 6,
    errorCode: 1,
    highWatermark: 8,
    logStartOffset: 2,
    records,
  });
  const response = newFetchResponse({
    sessionId: 7,
    responses: [newFetchResponseFetchableTopicResponse({ topicId: TOPIC, partitions: [data] })],
  });
  const [answer] = toPlannedAnswer(response).partitions;
  expect(answer).toEqual({
    key: partitionKey({ topicId: TOPIC, index: 6 }),
    error: "OFFSET_OUT_OF_RANGE",
    highWatermark: 8,
    logStartOffset: 2,
    divergingEpoch: { epoch: -1, endOffset: -1 },
    records,
  });
});

test("P15 the changes of many partitions go in one AlterPartition, and a partition without an answer counts as unanswered", () => {
  const item = (partitionIndex: number) => ({
    topicId: TOPIC,
    partitionIndex,
    leaderEpoch: 2,
    partitionEpoch: 9,
    newIsrWithEpochs: [{ brokerId: 1, brokerEpoch: 44 }],
    leaderRecoveryState: 0,
  });
  const request = toAlterPartitionRequest({ brokerId: 1, brokerEpoch: 44 }, [item(0), item(1)]);
  expect(request.topics.map(({ partitions }) => partitions.map((partition) => partition.partitionIndex))).toEqual([
    [0, 1],
  ]);
  expect(alterPartitionOutcome(null, TOPIC, 0)).toEqual({ ok: false, error: "no-answer" });
  const empty = { throttleTimeMs: 0, errorCode: 0, topics: [] };
  expect(alterPartitionOutcome(empty, TOPIC, 0)).toEqual({ ok: false, error: "no-answer" });
  expect(alterPartitionOutcome({ ...empty, errorCode: 41 }, TOPIC, 0)).toEqual({ ok: false, error: "NOT_CONTROLLER" });
});
