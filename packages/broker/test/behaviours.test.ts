/** Words of Kafka and what they mean here, with the defaults of `vitrine broker` (Kafka's): rows T1 to T8 and R8 of the behaviours. */
import { errorFromCode, ZERO_UUID } from "@vitrine/core";
import { readRecords } from "@vitrine/protocol";
import { splitBatches } from "@vitrine/protocol/batch";
import {
  ApiKey,
  newCreatePartitionsRequest,
  newCreateTopicsRequest,
  newDeleteTopicsRequest,
  newFindCoordinatorRequest,
  newIncrementalAlterConfigsRequest,
  newMetadataRequest,
  newMetadataRequestMetadataRequestTopic,
} from "@vitrine/protocol/types";
import { beforeEach, expect, test } from "vitest";
import { SmallCluster } from "./small-cluster.ts";
import { TestClient } from "./test-client.ts";

const KAFKAS_DEFAULTS = { "default.replication.factor": "1", "min.insync.replicas": "1" };
let cluster: SmallCluster;
let client: TestClient;
beforeEach(() => {
  cluster = new SmallCluster(KAFKAS_DEFAULTS);
  client = new TestClient(cluster);
});

const nameOf = (code: number) => errorFromCode(code).name;
const records = (...values: string[]) =>
  values.map((value) => ({ key: null, value: Buffer.from(value), timestampMs: 1_700_000_000_000 }));

function create(name: string, more: { numPartitions?: number; replicationFactor?: number } = {}): string {
  const topic = { name, numPartitions: -1, replicationFactor: -1, assignments: [], configs: [], ...more };
  const request = newCreateTopicsRequest({ topics: [topic], timeoutMs: 5_000 });
  return nameOf(client.ask(1, ApiKey.CreateTopics, 7, request).topics[0]!.errorCode);
}

function metadataOf(name: string, { mayCreate = false } = {}) {
  const topics = [newMetadataRequestMetadataRequestTopic({ name })];
  const request = newMetadataRequest({ topics, allowAutoTopicCreation: mayCreate });
  const topic = client.ask(1, ApiKey.Metadata, 12, request).topics[0]!;
  return { ...topic, error: nameOf(topic.errorCode) };
}

test("T1 a topic's name has 1 to 249 of [a-zA-Z0-9._-] and is neither . nor ..", () => {
  expect(create("a".repeat(249))).toBe("NONE");
  expect(create("A-z_0.9")).toBe("NONE");
  for (const name of ["a".repeat(250), "", ".", "..", "a b", "é", "a/b", "a\0b"])
    expect(create(name), JSON.stringify(name)).toBe("INVALID_TOPIC_EXCEPTION");
});

test("T2 names that differ in . and _ only are one name to metrics: the second is refused", () => {
  expect(create("a.b")).toBe("NONE");
  expect(create("a_b")).toBe("INVALID_TOPIC_EXCEPTION");
  expect(create("a.b")).toBe("TOPIC_ALREADY_EXISTS");
  expect(create("a-b")).toBe("NONE");
});

test("T3 internal topics are marked, and clients cannot write to them", () => {
  const find = newFindCoordinatorRequest({ keyType: 0, coordinatorKeys: ["g"] });
  cluster.until(
    () => client.ask(1, ApiKey.FindCoordinator, 4, find).coordinators[0]!.errorCode === 0,
    "a coordinator, and with it the topic",
  );
  expect(metadataOf("__consumer_offsets")).toMatchObject({ error: "NONE", isInternal: true });
  const everybodyKnows = () => [1, 2, 3].every((id) => cluster.broker(id).image.topicsByName.has("__consumer_offsets"));
  cluster.until(everybodyKnows, "every broker to know the topic");
  expect(client.produce("__consumer_offsets", records("x")).error).toBe("INVALID_TOPIC_EXCEPTION");
  expect(create("mine")).toBe("NONE");
  expect(metadataOf("mine").isInternal).toBe(false);
});

test("T4 asking for an unknown topic creates it, with num.partitions and the default replication factor, unless the client does not want that", () => {
  expect(metadataOf("wanted").error).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  cluster.until(() => metadataOf("wanted", { mayCreate: true }).error === "NONE", "the topic");
  const { partitions } = metadataOf("wanted");
  expect(partitions.map(({ replicaNodes }) => replicaNodes.length)).toEqual([1]);
  expect(metadataOf("not legal", { mayCreate: true }).error).toBe("INVALID_TOPIC_EXCEPTION");

  cluster = new SmallCluster({ ...KAFKAS_DEFAULTS, "auto.create.topics.enable": "false", "num.partitions": "4" });
  client = new TestClient(cluster);
  expect(metadataOf("wanted", { mayCreate: true }).error).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  expect(create("explicit")).toBe("NONE");
  expect(metadataOf("explicit").partitions).toHaveLength(4);
});

test("T5 partitions may only become more", () => {
  client.createTopic("t", { partitions: 3 });
  const grow = (count: number) => {
    const request = newCreatePartitionsRequest({ topics: [{ name: "t", count, assignments: null }], timeoutMs: 5_000 });
    return nameOf(client.ask(1, ApiKey.CreatePartitions, 3, request).results[0]!.errorCode);
  };
  expect(grow(6)).toBe("NONE");
  expect([grow(3), grow(6), grow(0)]).toEqual(["INVALID_PARTITIONS", "INVALID_PARTITIONS", "INVALID_PARTITIONS"]);
  cluster.until(() => metadataOf("t").partitions.length === 6, "six partitions");
});

test("T6 what one producer sends to one partition is read in that order", () => {
  client.createTopic("t");
  const sent = Array.from({ length: 60 }, (_, i) => String(i));
  for (let at = 0; at < sent.length; at += 3) client.produce("t", records(...sent.slice(at, at + 3)));
  expect(client.values("t")).toEqual(sent);
});

test("T7 offsets begin at 0 and are never used again, also when every record was deleted", () => {
  client.createTopic("t");
  expect(client.produce("t", records("a", "b"))).toMatchObject({ offset: 0 });
  const topics = [{ name: "t", partitions: [{ partitionIndex: 0, offset: -1 }] }];
  expect(cluster.call(client.leaderOf("t"), ApiKey.DeleteRecords, { topics, timeoutMs: 1_000 }, 2)).toMatchObject({
    topics: [{ partitions: [{ errorCode: 0, lowWatermark: 2 }] }],
  });
  expect(client.produce("t", records("c"))).toMatchObject({ offset: 2 });
  const { logStartOffset, highWatermark, logEndOffset } = client.logOf("t");
  expect([logStartOffset, highWatermark, logEndOffset]).toEqual([2, 3, 3]);
});

test("T8 a topic that is made anew has another id and begins at 0; fetching the old one by its id says that it is gone", () => {
  client.createTopic("t");
  client.produce("t", records("old"));
  const before = metadataOf("t").topicId;
  const topics = [{ name: "t", topicId: ZERO_UUID }];
  client.ask(1, ApiKey.DeleteTopics, 6, newDeleteTopicsRequest({ topics, timeoutMs: 5_000 }));
  cluster.until(() => [1, 2, 3].every((id) => !cluster.broker(id).image.topicsByName.has("t")), "the topic to be gone");
  client.createTopic("t");
  expect(metadataOf("t").topicId).not.toBe(before);
  expect(client.produce("t", records("new"))).toMatchObject({ offset: 0 });
  const read = splitBatches(client.fetch("t").records!).batches.flatMap(({ bytes }) => readRecords(bytes));
  expect(read.map(({ offset, value }) => [offset, Buffer.from(value!).toString()])).toEqual([[0, "new"]]);
});

test("R8 with eligible leader replicas one broker cannot have a min.insync.replicas of its own; all brokers together can", () => {
  const alter = (resourceName: string) => {
    const configs = [{ name: "min.insync.replicas", configOperation: 0, value: "2" }];
    const request = newIncrementalAlterConfigsRequest({ resources: [{ resourceType: 4, resourceName, configs }] });
    return nameOf(client.ask(1, ApiKey.IncrementalAlterConfigs, 1, request).responses[0]!.errorCode);
  };
  expect(alter("1")).toBe("INVALID_CONFIG");
  expect(alter("")).toBe("NONE");
});
