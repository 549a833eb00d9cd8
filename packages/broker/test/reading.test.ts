import { errorFromCode, ZERO_UUID, type NodeId } from "@vitrine/core";
import { buildBatch, encodeResponse } from "@vitrine/protocol";
import { splitBatches } from "@vitrine/protocol/batch";
import {
  ApiKey,
  type ApiKeyNumber,
  newFetchRequest,
  newFetchRequestFetchPartition,
  newListOffsetsRequest,
  newMetadataRequest,
  newProduceRequest,
  newVoteRequest,
  type RequestOf,
} from "@vitrine/protocol/types";
import { beforeEach, describe, expect, test } from "vitest";
import { SmallCluster } from "./small-cluster.ts";
import { TestClient } from "./test-client.ts";

let cluster: SmallCluster;
let client: TestClient;
beforeEach(() => {
  cluster = new SmallCluster();
  client = new TestClient(cluster);
});

const text = (value: string) => [{ key: null, value: new TextEncoder().encode(value), timestampMs: 1_700_000_000_000 }];

describe("reading and asking", () => {
  test("B5 a consumer that waits is answered as soon as a record is committed", () => {
    client.createTopic("t");
    const partition = newFetchRequestFetchPartition({ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 });
    const request = newFetchRequest({
      maxWaitMs: 5_000,
      minBytes: 1,
      topics: [{ topic: "t", topicId: ZERO_UUID, partitions: [partition] }],
    });
    const waiting = cluster.send(client.leaderOf("t"), ApiKey.Fetch, request, 12);
    cluster.pass(100);
    expect(waiting.done).toBe(false);
    const beforeMs = cluster.nowMs;
    client.produce("t", text("a"));
    cluster.until(() => waiting.done, "the waiting fetch");
    expect(cluster.nowMs - beforeMs).toBeLessThan(50);
  });

  test("B5 a reader that would not wait gets what is only on disk, not an empty answer", () => {
    client = new TestClient(new SmallCluster({}, { tailBytesMax: 1 }));
    client.createTopic("t");
    client.produce("t", text("a"));
    expect(client.fetch("t", {}, { minBytes: 0 }).records!.length).toBeGreaterThan(0);
  });

  test("ListOffsets finds the first record at or after a time, the ends, and nothing beyond", () => {
    client.createTopic("t");
    client.produce("t", text("a"));
    client.produce("t", text("b"));
    const ask = (timestamp: number) => {
      const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp }];
      const request = newListOffsetsRequest({ replicaId: -1, topics: [{ name: "t", partitions }] });
      return client.ask(client.leaderOf("t"), ApiKey.ListOffsets, 7, request).topics[0]!.partitions[0]!.offset;
    };
    expect([ask(-2), ask(-1), ask(0), ask(1_700_000_000_000), ask(1_700_000_000_001)]).toEqual([0, 2, 0, 0, -1]);
  });

  test("B13 a topic that Metadata does not know is created when the client allows it", () => {
    const ask = (name: string, allow: boolean) => {
      const request = newMetadataRequest({ topics: [{ topicId: ZERO_UUID, name }], allowAutoTopicCreation: allow });
      return errorFromCode(client.ask(2, ApiKey.Metadata, 12, request).topics[0]!.errorCode).name;
    };
    expect(ask("new", false)).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    expect(ask("new", true)).toBe("NONE");
    expect(ask("bad name", true)).toBe("INVALID_TOPIC_EXCEPTION");
  });

  test("B6 requests between nodes close a client's connection", () => {
    expect(cluster.call(1, ApiKey.Vote, newVoteRequest(), 2)).toBe("close");
    expect(cluster.call(1, ApiKey.BrokerHeartbeat, {}, 1)).toBe("close");
    const asReplica = newFetchRequest({ replicaId: 2 });
    expect(client.ask(1, ApiKey.Fetch, 12, asReplica)).toMatchObject({ errorCode: 31 });
  });

  test("B5 a partition that lags behind the tail gets on beside a busy one", () => {
    cluster = new SmallCluster(
      { "default.replication.factor": "1", "min.insync.replicas": "1" },
      { tailBytesMax: 200 },
    );
    client = new TestClient(cluster);
    client.createTopic("cold");
    const home = client.leaderOf("cold");
    client.createTopic("hot", { replicas: [home] });
    for (let i = 0; i < 20; i++) client.produce("cold", text(String(i)));
    let hotAt = 0;
    let coldAt = 0;
    for (let round = 0; round < 40 && coldAt < 20; round++) {
      client.produce("hot", text("x"));
      const ask = (name: string, fetchOffset: number) => ({
        topic: name,
        topicId: ZERO_UUID,
        partitions: [newFetchRequestFetchPartition({ partition: 0, fetchOffset, partitionMaxBytes: 1 << 20 })],
      });
      const request = newFetchRequest({
        maxWaitMs: 500,
        minBytes: 1,
        topics: [ask("hot", hotAt), ask("cold", coldAt)],
      });
      const reply = client.ask(home, ApiKey.Fetch, 11, request);
      const count = (name: string) =>
        splitBatches(reply.responses.find((answer) => answer.topic === name)!.partitions[0]!.records!).batches.length;
      hotAt += count("hot");
      coldAt += count("cold");
    }
    expect(coldAt).toBe(20);
  });
});

describe("every version", () => {
  const ask = <K extends ApiKeyNumber>(apiKey: K, version: number, body: RequestOf<K>, to: NodeId) => {
    const reply = client.ask(to, apiKey, version, body);
    expect(() => encodeResponse(apiKey, version, 1, reply as object)).not.toThrow();
  };

  test("answers that name the leader, and offsets with their epoch, can be written at every version that clients may ask for", () => {
    client.createTopic("t");
    client.produce("t", text("a"));
    const leader = client.leaderOf("t");
    const follower = [1, 2, 3].find((id) => id !== leader)!;
    for (const to of [leader, follower]) {
      for (let version = 3; version <= 11; version++)
        ask(
          ApiKey.Produce,
          version,
          newProduceRequest({
            acks: -1,
            timeoutMs: 2_000,
            topicData: [
              { name: "t", topicId: ZERO_UUID, partitionData: [{ index: 0, records: buildBatch(text("b")) }] },
            ],
          }),
          to,
        );
      for (let version = 4; version <= 18; version++) {
        const partition = newFetchRequestFetchPartition({
          partition: 0,
          fetchOffset: 0,
          partitionMaxBytes: 1 << 20,
          currentLeaderEpoch: version >= 9 ? 7 : -1,
        });
        const { id } = cluster.broker(1).image.topicsByName.get("t")!;
        const topic = version >= 13 ? { topic: "", topicId: id } : { topic: "t", topicId: ZERO_UUID };
        ask(
          ApiKey.Fetch,
          version,
          newFetchRequest({ maxWaitMs: 0, topics: [{ ...topic, partitions: [partition] }] }),
          to,
        );
      }
      for (let version = 1; version <= 7; version++) {
        const partitions = [-1, -2, -3, 0].map((timestamp) => ({
          partitionIndex: 0,
          currentLeaderEpoch: -1,
          timestamp,
        }));
        ask(
          ApiKey.ListOffsets,
          version,
          newListOffsetsRequest({ replicaId: -1, topics: [{ name: "t", partitions }] }),
          to,
        );
      }
      for (let version = 0; version <= 12; version++)
        ask(ApiKey.Metadata, version, newMetadataRequest({ topics: [{ topicId: ZERO_UUID, name: "t" }] }), to);
    }
  });
});
