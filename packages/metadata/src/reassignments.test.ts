import type { NodeId } from "@vitrine/core";
import { errorFromCode } from "@vitrine/core";
import {
  newAlterPartitionReassignmentsRequest,
  newAlterPartitionReassignmentsRequestReassignablePartition,
  newListPartitionReassignmentsRequest,
} from "@vitrine/protocol/types";
import { expect, test } from "vitest";
import { TestCluster } from "./test-cluster.ts";

function reassign(
  cluster: TestCluster,
  topic: string,
  replicas: readonly NodeId[] | null,
  options: { partition?: number; allowReplicationFactorChange?: boolean } = {},
) {
  const partition = newAlterPartitionReassignmentsRequestReassignablePartition({
    partitionIndex: options.partition ?? 0,
    replicas: replicas === null ? null : [...replicas],
  });
  const { reply, records } = cluster.run({
    type: "alterPartitionReassignments",
    request: newAlterPartitionReassignmentsRequest({
      topics: [{ name: topic, partitions: [partition] }],
      allowReplicationFactorChange: options.allowReplicationFactorChange ?? true,
    }),
  });
  const result = reply.responses[0]!.partitions[0]!;
  return { error: errorFromCode(result.errorCode).name, message: result.errorMessage, records };
}

function moving(cluster: TestCluster, topic: string) {
  const { replicas, addingReplicas, removingReplicas } = cluster.partition(topic);
  return { replicas, adding: addingReplicas, removing: removingReplicas };
}

function list(cluster: TestCluster, topics: { name: string; partitionIndexes: number[] }[] | null) {
  return cluster.run({
    type: "listPartitionReassignments",
    request: newListPartitionReassignmentsRequest({ topics }),
  }).reply.topics;
}

test("M70 a move adds the new replicas to the old ones, and ends when all wanted ones are in the ISR", () => {
  const cluster = TestCluster.of(4);
  cluster.createWith("t", [[1, 2]]);
  expect(reassign(cluster, "t", [3, 4]).error).toBe("NONE");
  expect(moving(cluster, "t")).toEqual({ replicas: [3, 4, 1, 2], adding: [3, 4], removing: [1, 2] });
  expect(cluster.line("t")).toBe("1@0 isr 1,2 elr - last -");
  cluster.alterPartition("t", [1, 2, 3]);
  expect(moving(cluster, "t").adding).toEqual([3, 4]);
  cluster.alterPartition("t", [1, 2, 3, 4]);
  expect(moving(cluster, "t")).toEqual({ replicas: [3, 4], adding: [], removing: [] });
  expect(cluster.line("t")).toBe("3@1 isr 3,4 elr - last -");
});

test("M70 what needs no new replica is done at once: another order, fewer replicas", () => {
  const cluster = TestCluster.of(3);
  cluster.createWith("t", [[1, 2, 3]]);
  reassign(cluster, "t", [3, 2, 1]);
  expect(moving(cluster, "t")).toEqual({ replicas: [3, 2, 1], adding: [], removing: [] });
  expect(cluster.line("t")).toBe("1@0 isr 1,2,3 elr - last -");
  reassign(cluster, "t", [3, 2]);
  expect(moving(cluster, "t")).toEqual({ replicas: [3, 2], adding: [], removing: [] });
  expect(cluster.line("t")).toBe("3@1 isr 2,3 elr - last -");
  expect(reassign(cluster, "t", [3, 2]).records).toEqual([]);
});

test("M70 a move to where a wanted replica is dead waits for it, however many others are there (KAFKA-15665)", () => {
  const cluster = TestCluster.of(4);
  cluster.createWith("t", [[1, 2, 3]]);
  cluster.kill(3);
  reassign(cluster, "t", [3, 4]);
  cluster.alterPartition("t", [1, 2, 4]);
  expect(moving(cluster, "t")).toEqual({ replicas: [3, 4, 1, 2], adding: [4], removing: [1, 2] });
  cluster.join(3);
  cluster.alterPartition("t", [1, 2, 4, 3]);
  expect(moving(cluster, "t")).toEqual({ replicas: [3, 4], adding: [], removing: [] });
});

test("M71 a move that is under way may get another target; who was on the way in and has brought nothing is forgotten", () => {
  const cluster = TestCluster.of(5);
  cluster.createWith("t", [[1, 2]]);
  reassign(cluster, "t", [1, 3]);
  reassign(cluster, "t", [1, 4]);
  expect(moving(cluster, "t")).toEqual({ replicas: [1, 4, 2], adding: [4], removing: [2] });
  cluster.alterPartition("t", [1, 2, 4]);
  expect(moving(cluster, "t")).toEqual({ replicas: [1, 4], adding: [], removing: [] });
});

test("M71 a move to the old replicas ends it like a cancellation", () => {
  const cluster = TestCluster.of(4);
  cluster.createWith("t", [[1, 2]]);
  reassign(cluster, "t", [3, 4]);
  reassign(cluster, "t", [1, 2]);
  expect(moving(cluster, "t")).toEqual({ replicas: [1, 2], adding: [], removing: [] });
});

test("M72 a cancelled move leaves the old replicas, without those that were on their way in", () => {
  const cluster = TestCluster.of(4);
  cluster.createWith("t", [[1, 2]]);
  expect(reassign(cluster, "t", null).error).toBe("NO_REASSIGNMENT_IN_PROGRESS");
  reassign(cluster, "t", [3, 4]);
  cluster.alterPartition("t", [1, 2, 3]);
  expect(reassign(cluster, "t", null).error).toBe("NONE");
  expect(moving(cluster, "t")).toEqual({ replicas: [1, 2], adding: [], removing: [] });
  expect(cluster.partition("t").isr).toEqual([1, 2]);
  // The set of replicas got smaller, so fetchers of the old epoch must not count any more.
  expect(cluster.partition("t").leaderEpoch).toBe(1);
});

test("M72 a cancellation that would need an unclean election is refused, unless the topic allows one", () => {
  const cluster = TestCluster.of(4);
  cluster.createWith("t", [[1]]);
  reassign(cluster, "t", [2, 3, 4]);
  cluster.alterPartition("t", [1, 2]);
  cluster.kill(1);
  cluster.join(1);
  expect(cluster.line("t")).toBe("2@1 isr 2 elr - last -");
  expect(reassign(cluster, "t", null)).toMatchObject({
    error: "INVALID_REPLICA_ASSIGNMENT",
    message: expect.stringContaining("unclean leader election"),
  });
  cluster.alterConfig(2, "t", "unclean.leader.election.enable", 0, "true");
  expect(reassign(cluster, "t", null).error).toBe("NONE");
  expect(cluster.partition("t")).toMatchObject({
    replicas: [1],
    isr: [1],
    leader: 1,
    leaderRecoveryState: "RECOVERING",
  });
  expect(cluster.events.at(-1)).toMatchObject({ type: "unclean-election", leader: 1 });
});

test("M73 what cannot be moved is refused with Kafka's error, and writes nothing", () => {
  const cluster = TestCluster.of(3);
  cluster.createWith("t", [[1, 2]]);
  const cases: [readonly NodeId[] | null, object, string][] = [
    [[], {}, "INVALID_REPLICA_ASSIGNMENT"],
    [[1, 1], {}, "INVALID_REPLICA_ASSIGNMENT"],
    [[1, 9], {}, "INVALID_REPLICA_ASSIGNMENT"],
    [[1, -1], {}, "INVALID_REPLICA_ASSIGNMENT"],
    [[1, 2, 3], { allowReplicationFactorChange: false }, "INVALID_REPLICATION_FACTOR"],
    [[1, 2], { partition: 7 }, "UNKNOWN_TOPIC_OR_PARTITION"],
  ];
  for (const [replicas, options, error] of cases)
    expect(reassign(cluster, "t", replicas, options), JSON.stringify([replicas, options])).toMatchObject({
      error,
      records: [],
    });
  expect(reassign(cluster, "unknown", [1]).error).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  expect(reassign(cluster, "t", [3, 1], { allowReplicationFactorChange: false }).error).toBe("NONE");
  // The factor is that of the move, not of old and new replicas together.
  expect(reassign(cluster, "t", [3, 2], { allowReplicationFactorChange: false }).error).toBe("NONE");
});

test("M74 moves under way are listed, all of them or those of the topics named", () => {
  const cluster = TestCluster.of(3);
  cluster.createWith("a", [[1], [1]]);
  cluster.createWith("b", [[1]]);
  reassign(cluster, "a", [2], { partition: 1 });
  reassign(cluster, "b", [3]);
  const ofA = { partitionIndex: 1, replicas: [2, 1], addingReplicas: [2], removingReplicas: [1] };
  expect(
    list(cluster, null).map(({ name, partitions }) => [name, partitions.map((one) => one.partitionIndex)]),
  ).toEqual([
    ["a", [1]],
    ["b", [0]],
  ]);
  expect(list(cluster, [{ name: "a", partitionIndexes: [0, 1, 5] }])).toEqual([{ name: "a", partitions: [ofA] }]);
  expect(list(cluster, [{ name: "nobody", partitionIndexes: [0] }])).toEqual([]);
  cluster.failOver();
  expect(list(cluster, [{ name: "a", partitionIndexes: [1] }])).toEqual([{ name: "a", partitions: [ofA] }]);
});

test("M70 brokers that come and go do not end a move early, and a new controller goes on with it", () => {
  const cluster = TestCluster.of(4);
  cluster.createWith("t", [[1, 2]]);
  reassign(cluster, "t", [3, 4]);
  cluster.alterPartition("t", [1, 2, 3]);
  cluster.failOver();
  cluster.kill(1);
  expect(cluster.line("t")).toBe("3@1 isr 2,3 elr - last -");
  expect(moving(cluster, "t").adding).toEqual([3, 4]);
  cluster.alterPartition("t", [2, 3, 4]);
  expect(moving(cluster, "t")).toEqual({ replicas: [3, 4], adding: [], removing: [] });
});
