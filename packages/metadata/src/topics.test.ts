import type { ErrorName } from "@vitrine/core";
import { ZERO_UUID, errorCode, errorFromCode } from "@vitrine/core";
import {
  newCreateTopicsRequest,
  newCreateTopicsRequestCreatableTopic,
  newDeleteTopicsRequest,
} from "@vitrine/protocol/types";
import { expect, test } from "vitest";
import { configRecord, partitionRecord, removeTopicRecord, topicRecord } from "./records.ts";
import { TestCluster } from "./test-cluster.ts";

const T = "t";

test("M40 a topic gets an id, its settings and its partitions, whole", () => {
  const cluster = TestCluster.of(3);
  const { result, records } = cluster.create(T, {
    assignments: [
      { partitionIndex: 1, brokerIds: [3, 1] },
      { partitionIndex: 0, brokerIds: [2, 3] },
    ],
    configs: [{ name: "retention.ms", value: "1000" }],
  });
  const partition = (partitionId: number, replicas: number[]) =>
    partitionRecord({
      partitionId,
      topicId: result.topicId,
      replicas,
      isr: replicas,
      removingReplicas: [],
      addingReplicas: [],
      leader: replicas[0]!,
      leaderRecoveryState: 0,
      leaderEpoch: 0,
      partitionEpoch: 0,
      directories: [ZERO_UUID, ZERO_UUID],
      eligibleLeaderReplicas: null,
      lastKnownElr: null,
    });
  expect(records).toEqual([
    topicRecord({ name: T, topicId: result.topicId }),
    configRecord({ resourceType: 2, resourceName: T, name: "retention.ms", value: "1000" }),
    partition(0, [2, 3]),
    partition(1, [3, 1]),
  ]);
  expect(result).toMatchObject({ name: T, errorCode: 0, errorMessage: null, numPartitions: 2, replicationFactor: 2 });
  expect(result.configs?.find((one) => one.name === "retention.ms")).toMatchObject({ value: "1000", configSource: 1 });
});

test("M40 -1 asks for the defaults of the cluster", () => {
  const cluster = TestCluster.of(3, { numPartitions: 4, defaultReplicationFactor: 3 });
  expect(cluster.create(T).result).toMatchObject({ numPartitions: 4, replicationFactor: 3 });
});

test("M41 what cannot be created is refused with Kafka's error, and writes nothing", () => {
  const cluster = TestCluster.of(3);
  cluster.create("a.b");
  type Topic = Parameters<TestCluster["create"]>[1];
  const by = (...brokerIds: number[][]): Topic => ({
    assignments: brokerIds.map((ids, partitionIndex) => ({ partitionIndex, brokerIds: ids })),
  });
  const config = (name: string, value: string | null): Topic => ({ configs: [{ name, value }] });
  const rows: [string, Topic, ErrorName][] = [
    ["", {}, "INVALID_TOPIC_EXCEPTION"],
    ["..", {}, "INVALID_TOPIC_EXCEPTION"],
    ["é", {}, "INVALID_TOPIC_EXCEPTION"],
    ["x".repeat(250), {}, "INVALID_TOPIC_EXCEPTION"],
    ["a.b", {}, "TOPIC_ALREADY_EXISTS"],
    ["a_b", {}, "INVALID_TOPIC_EXCEPTION"],
    ["__cluster_metadata", {}, "TOPIC_AUTHORIZATION_FAILED"],
    [T, { numPartitions: 0 }, "INVALID_PARTITIONS"],
    [T, { numPartitions: -2 }, "INVALID_PARTITIONS"],
    [T, { numPartitions: 10_001 }, "POLICY_VIOLATION"],
    [T, { replicationFactor: 0 }, "INVALID_REPLICATION_FACTOR"],
    [T, { replicationFactor: 4 }, "INVALID_REPLICATION_FACTOR"],
    [T, { ...by([1]), replicationFactor: 1 }, "INVALID_REQUEST"],
    [T, { ...by([1]), numPartitions: 1 }, "INVALID_REQUEST"],
    [T, by([]), "INVALID_REPLICA_ASSIGNMENT"],
    [T, by([1, 1]), "INVALID_REPLICA_ASSIGNMENT"],
    [T, by([1, 9]), "INVALID_REPLICA_ASSIGNMENT"],
    [T, by([1, 2], [1]), "INVALID_REPLICA_ASSIGNMENT"],
    [T, { assignments: [{ partitionIndex: 1, brokerIds: [1] }] }, "INVALID_REPLICA_ASSIGNMENT"],
    [T, config("no.such.setting", "1"), "INVALID_CONFIG"],
    [T, config("retention.ms", "-2"), "INVALID_CONFIG"],
    [T, config("retention.ms", "soon"), "INVALID_CONFIG"],
    [T, config("retention.ms", null), "INVALID_CONFIG"],
    [T, config("segment.bytes", "1048575"), "INVALID_CONFIG"],
    [T, config("min.insync.replicas", "0"), "INVALID_CONFIG"],
    [T, config("cleanup.policy", "forget"), "INVALID_CONFIG"],
    [T, config("remote.storage.enable", "true"), "INVALID_CONFIG"],
  ];
  for (const [name, topic, error] of rows) {
    const { result, records } = cluster.create(name, topic);
    expect([name, topic, errorFromCode(result.errorCode).name]).toEqual([name, topic, error]);
    expect(result.errorMessage).not.toBeNull();
    expect(records).toEqual([]);
  }
});

test("M41 one bad topic does not stop the others, and a name given twice is refused twice", () => {
  const cluster = TestCluster.of(1);
  const topic = (name: string) =>
    newCreateTopicsRequestCreatableTopic({ name, numPartitions: -1, replicationFactor: -1 });
  const { reply } = cluster.run({
    type: "createTopics",
    request: newCreateTopicsRequest({
      topics: [topic("twice"), topic("good"), topic("twice"), topic("go.od"), topic("go_od")],
    }),
  });
  const invalid = errorCode("INVALID_REQUEST");
  expect(reply.topics.map((one) => one.errorCode)).toEqual([
    invalid,
    0,
    invalid,
    0,
    errorCode("INVALID_TOPIC_EXCEPTION"),
  ]);
});

test("M41 without an active broker nothing can be created; with too few, fenced ones get replicas outside the ISR", () => {
  const cluster = TestCluster.of(3);
  cluster.kill(3);
  cluster.create(T, { replicationFactor: 3, numPartitions: 3 });
  for (const index of [0, 1, 2]) {
    expect([...cluster.partition(T, index).replicas].sort((a, b) => a - b)).toEqual([1, 2, 3]);
    expect([...cluster.partition(T, index).isr].sort((a, b) => a - b)).toEqual([1, 2]);
    expect(cluster.partition(T, index).replicas[0]).not.toBe(3);
  }
  cluster.kill(1);
  cluster.kill(2);
  expect(cluster.create("late").result.errorCode).toBe(errorCode("INVALID_REPLICATION_FACTOR"));
  const byHand = cluster.create("late", { assignments: [{ partitionIndex: 0, brokerIds: [1] }] });
  expect(byHand.result.errorCode).toBe(errorCode("INVALID_REPLICA_ASSIGNMENT"));
});

test("M42 asking only whether it would work writes nothing", () => {
  const cluster = TestCluster.of(1);
  const { result, records } = cluster.create(T, { numPartitions: 2 }, true);
  expect(result).toMatchObject({ errorCode: 0, topicId: ZERO_UUID, numPartitions: 2 });
  expect(records).toEqual([]);
  expect(cluster.image.topicsByName.has(T)).toBe(false);
});

test("M43 topics are deleted by name or id, with their settings; a new topic of the name has another id", () => {
  const cluster = TestCluster.of(1);
  cluster.createWith(T, [[1]], { "retention.ms": "1" });
  cluster.createWith("u", [[1]]);
  const t = cluster.image.topicsByName.get(T)!;
  const u = cluster.image.topicsByName.get("u")!;
  const { reply, records } = cluster.run({
    type: "deleteTopics",
    request: newDeleteTopicsRequest({
      topics: [
        { name: null, topicId: t.id },
        { name: "u", topicId: ZERO_UUID },
        { name: "ghost", topicId: ZERO_UUID },
        { name: null, topicId: ZERO_UUID },
        { name: "u", topicId: u.id },
      ],
    }),
  });
  expect(reply.responses.map((one) => [one.name, errorFromCode(one.errorCode).name])).toEqual([
    [T, "NONE"],
    ["u", "NONE"],
    ["ghost", "UNKNOWN_TOPIC_OR_PARTITION"],
    [null, "INVALID_REQUEST"],
    ["u", "INVALID_REQUEST"],
  ]);
  expect(records).toEqual([removeTopicRecord({ topicId: t.id }), removeTopicRecord({ topicId: u.id })]);
  expect(cluster.image.configs.has(`topic:${T}`)).toBe(false);
  cluster.createWith(T, [[1]]);
  expect(cluster.image.topicsByName.get(T)!.id).not.toBe(t.id);
  const unknown = cluster.run({
    type: "deleteTopics",
    request: newDeleteTopicsRequest({ topics: [{ name: null, topicId: t.id }] }),
  });
  expect(unknown.reply.responses[0]?.errorCode).toBe(errorCode("UNKNOWN_TOPIC_ID"));
});

test("M43 the same topic named twice is deleted by neither, and delete.topic.enable can forbid it", () => {
  const cluster = TestCluster.of(1);
  cluster.createWith(T, [[1]]);
  const { id } = cluster.image.topicsByName.get(T)!;
  const both = {
    topics: [
      { name: T, topicId: ZERO_UUID },
      { name: null, topicId: id },
    ],
  };
  const { records } = cluster.run({ type: "deleteTopics", request: newDeleteTopicsRequest(both) });
  expect(records).toEqual([]);
  const strict = TestCluster.of(1, { deleteTopicEnable: false });
  strict.createWith(T, [[1]]);
  const { reply } = strict.run({ type: "deleteTopics", request: newDeleteTopicsRequest({ topicNames: [T] }) });
  expect(reply.responses[0]?.errorCode).toBe(errorCode("TOPIC_DELETION_DISABLED"));
});

test("M44 partitions can only be added, with the topic's own replication factor", () => {
  const cluster = TestCluster.of(3);
  cluster.create(T, { numPartitions: 3, replicationFactor: 2 });
  const grow = (
    count: number,
    assignments: { brokerIds: number[] }[] | null = null,
    validateOnly = false,
    name = T,
  ) => {
    const topics = [{ name, count, assignments }];
    const { reply } = cluster.run({ type: "createPartitions", request: { topics, timeoutMs: 0, validateOnly } });
    return errorFromCode(reply.results[0]!.errorCode).name;
  };
  expect(grow(3)).toBe("INVALID_PARTITIONS");
  expect(grow(2)).toBe("INVALID_PARTITIONS");
  expect(grow(100_000)).toBe("INVALID_PARTITIONS");
  expect(grow(4, null, false, "ghost")).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  expect(grow(5, [{ brokerIds: [1, 2] }])).toBe("INVALID_REPLICA_ASSIGNMENT");
  expect(grow(4, [{ brokerIds: [1] }])).toBe("INVALID_REPLICA_ASSIGNMENT");
  expect(grow(6, null, true)).toBe("NONE");
  expect(cluster.image.topicsByName.get(T)!.partitions.size).toBe(3);
  expect(grow(6)).toBe("NONE");
  expect(grow(7, [{ brokerIds: [3, 1] }])).toBe("NONE");
  const { partitions } = cluster.image.topicsByName.get(T)!;
  expect([...partitions.keys()]).toEqual([0, 1, 2, 3, 4, 5, 6]);
  for (const partition of partitions.values()) expect(partition.replicas).toHaveLength(2);
  expect(cluster.partition(T, 6).replicas).toEqual([3, 1]);
});

test("M60 producer ids are given out in blocks that never overlap, also by the next controller", () => {
  const cluster = TestCluster.of(1);
  const ask = () => {
    const brokerEpoch = cluster.image.brokers.get(1)!.epoch;
    const { reply } = cluster.run({ type: "allocateProducerIds", request: { brokerId: 1, brokerEpoch } });
    return [reply.producerIdStart, reply.producerIdLen];
  };
  expect(ask()).toEqual([0, 1_000]);
  expect(ask()).toEqual([1_000, 1_000]);
  cluster.failOver();
  expect(ask()).toEqual([2_000, 1_000]);
});
