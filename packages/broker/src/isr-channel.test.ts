import { errorCode, Uuid } from "@vitrine/core";
import type { AlterPartitionRequest } from "@vitrine/protocol/types";
import {
  newAlterPartitionResponse,
  newAlterPartitionResponsePartitionData,
  newAlterPartitionResponseTopicData,
} from "@vitrine/protocol/types";
import type { AlterPartitionOutcome, Partition, ReplicationEffect } from "@vitrine/replication";
import { expect, test } from "vitest";
import type { ControllerChannel } from "./controller-channel.ts";
import { IsrChannel } from "./isr-channel.ts";
import type { Runtime } from "./runtime.ts";

const TOPIC = Uuid("AAAAAAAAAAAAAAAAAAAAAQ");

test("B26 of two changes of one partition that wait only the newer is asked, and it gets its own answer", () => {
  const asked: AlterPartitionRequest[] = [];
  const answers: ((body: object) => void)[] = [];
  const channel: Pick<ControllerChannel, "call"> = {
    call: (_apiKey, body, _timeoutMs, onResult) => {
      asked.push(body as AlterPartitionRequest);
      answers.push((answer) => onResult({ ok: true, body: answer }));
    },
  };
  const runtime = { nowMs: 0, config: { nodeId: 1 }, settings: { sessionTimeoutMs: 1_000 } };
  const isrChannel = new IsrChannel(runtime as unknown as Runtime, channel as ControllerChannel, () => 7);
  const told: [number, AlterPartitionOutcome][] = [];
  const partition = {
    onAlterPartition: (requestId: number, outcome: AlterPartitionOutcome) => void told.push([requestId, outcome]),
  } as unknown as Partition;
  const change = (
    requestId: number,
    partitionIndex: number,
    partitionEpoch: number,
  ): ReplicationEffect & { type: "alterPartition" } => ({
    type: "alterPartition",
    partition,
    requestId,
    item: {
      topicId: TOPIC,
      partitionIndex,
      leaderEpoch: 0,
      partitionEpoch,
      newIsrWithEpochs: [],
      leaderRecoveryState: 0,
    },
  });

  isrChannel.push(change(1, 1, 5));
  isrChannel.poll();
  // While that is under way metadata makes the first change of partition 0 void, and its leader wants another.
  isrChannel.push(change(3, 0, 3));
  isrChannel.push(change(4, 0, 4));
  answers[0]!(newAlterPartitionResponse({ errorCode: errorCode("NOT_CONTROLLER") }));
  isrChannel.poll();
  const epochs = asked.map(({ topics }) =>
    topics[0]!.partitions.map((data) => [data.partitionIndex, data.partitionEpoch]),
  );
  expect(epochs).toEqual([[[1, 5]], [[0, 4]]]);
  const refused = newAlterPartitionResponsePartitionData({
    partitionIndex: 0,
    errorCode: errorCode("INELIGIBLE_REPLICA"),
  });
  answers[1]!(
    newAlterPartitionResponse({
      topics: [newAlterPartitionResponseTopicData({ topicId: TOPIC, partitions: [refused] })],
    }),
  );
  expect(told.at(-1)).toEqual([4, { ok: false, error: "INELIGIBLE_REPLICA" }]);
});
