import { errorFromCode, ZERO_UUID, type NodeId } from "@vitrine/core";
import { buildBatch, encodeResponse } from "@vitrine/protocol";
import { splitBatches } from "@vitrine/protocol/batch";
import {
  ApiKey,
  newFetchRequest,
  newFetchRequestFetchPartition,
  newListOffsetsRequest,
  type FetchRequest,
  type ResponseOf,
} from "@vitrine/protocol/types";
import { describe, expect, test } from "vitest";
import { SmallCluster } from "./small-cluster.ts";
import { TestClient } from "./test-client.ts";

const MIB = 1 << 20;
const ALONE = { "default.replication.factor": "1", "min.insync.replicas": "1" };

const batchOf = (bytes: number) =>
  buildBatch([{ key: null, value: new Uint8Array(bytes), timestampMs: 1_700_000_000_000 }]);
const baseOffsets = (records: Uint8Array | null) =>
  splitBatches(records ?? new Uint8Array()).batches.map(({ facts }) => facts.baseOffset as number);

/** One cluster and a topic of several partitions that one broker leads. */
function oneLeader(partitions: number, properties: Record<string, string> = ALONE) {
  const cluster = new SmallCluster(properties);
  const client = new TestClient(cluster);
  client.createTopic("t", { partitions });
  const here = client.leaderOf("t");
  return { cluster, client, here };
}

describe("C1 sizes and waiting", () => {
  test("C1 an idle topic with min.bytes of 1 MB is answered, empty, after max.wait.ms", () => {
    const { cluster, client, here } = oneLeader(1);
    const topics = [
      {
        topic: "t",
        topicId: ZERO_UUID,
        partitions: [newFetchRequestFetchPartition({ partition: 0, partitionMaxBytes: MIB })],
      },
    ];
    const beforeMs = cluster.nowMs;
    const answer = cluster.send<ResponseOf<typeof ApiKey.Fetch>>(
      here,
      ApiKey.Fetch,
      newFetchRequest({ maxWaitMs: 500, minBytes: MIB, topics }),
      12,
    );
    cluster.pass(400);
    // Some bytes are not enough.
    client.produce("t", batchOf(1_000));
    expect(answer.done).toBe(false);
    cluster.until(() => answer.done, "the answer");
    expect(cluster.nowMs - beforeMs).toBeGreaterThanOrEqual(500);
    expect(cluster.nowMs - beforeMs).toBeLessThan(520);
  });

  test("C1 a batch larger than every limit is returned when it is the first", () => {
    const { client } = oneLeader(1);
    client.createTopic("large", { configs: { "max.message.bytes": String(4 * MIB) } });
    expect(client.produce("large", batchOf(2 * MIB)).error).toBe("NONE");
    client.produce("large", batchOf(100));
    const { records } = client.fetch("large", { partitionMaxBytes: MIB }, { maxBytes: 1 });
    expect(baseOffsets(records)).toEqual([0]);
  });

  test("C1 only the first batch of an answer may pass the limits: fetch.max.bytes, and max.partition.fetch.bytes of its partition", () => {
    const cluster = new SmallCluster(ALONE);
    const client = new TestClient(cluster);
    for (const name of ["a", "b"]) {
      client.createTopic(name, { replicas: [1] });
      for (let i = 0; i < 4; i++) client.produce(name, batchOf(10_000));
    }
    const ask = (partitionMaxBytes: number, more: Partial<FetchRequest>) => {
      const topics = ["a", "b"].map((topic) => ({
        topic,
        topicId: ZERO_UUID,
        partitions: [newFetchRequestFetchPartition({ partition: 0, partitionMaxBytes })],
      }));
      const { responses } = client.ask(1, ApiKey.Fetch, 12, newFetchRequest({ maxWaitMs: 0, topics, ...more }));
      return Object.fromEntries(responses.map(({ topic, partitions }) => [topic, baseOffsets(partitions[0]!.records)]));
    };
    expect(ask(MIB, {})).toEqual({ a: [0, 1, 2, 3], b: [0, 1, 2, 3] });
    expect(ask(25_000, {})).toEqual({ a: [0, 1], b: [0, 1] });
    expect(ask(5_000, {})).toEqual({ a: [0], b: [] });
    expect(ask(MIB, { maxBytes: 35_000 })).toEqual({ a: [0, 1, 2], b: [] });
    expect(ask(MIB, { maxBytes: 55_000 })).toEqual({ a: [0, 1, 2, 3], b: [0] });
    expect(ask(MIB, { maxBytes: 1 })).toEqual({ a: [0], b: [] });
  });

  test("C1 fetch.max.bytes of the broker caps what a client may ask for", () => {
    const { client } = oneLeader(1, { ...ALONE, "fetch.max.bytes": "25000" });
    for (let i = 0; i < 4; i++) client.produce("t", batchOf(10_000));
    expect(baseOffsets(client.fetch("t", { partitionMaxBytes: MIB }).records)).toEqual([0, 1]);
  });
});

describe("C3 C5 positions", () => {
  test("C3 below the log start and beyond the log end is OFFSET_OUT_OF_RANGE, with the log start; the end itself is empty", () => {
    const { client, here, cluster } = oneLeader(1);
    for (let i = 0; i < 3; i++) client.produce("t", batchOf(10));
    const topics = [{ name: "t", partitions: [{ partitionIndex: 0, offset: 2 }] }];
    cluster.call(here, ApiKey.DeleteRecords, { topics, timeoutMs: 1_000 }, 2);
    expect(client.fetch("t", { fetchOffset: 1 })).toMatchObject({ error: "OFFSET_OUT_OF_RANGE", logStartOffset: 2 });
    expect(client.fetch("t", { fetchOffset: 4 })).toMatchObject({ error: "OFFSET_OUT_OF_RANGE", highWatermark: 3 });
    expect(client.fetch("t", { fetchOffset: -1 }).error).toBe("OFFSET_OUT_OF_RANGE");
    const atEnd = client.fetch("t", { fetchOffset: 3 });
    expect(atEnd).toMatchObject({ error: "NONE", highWatermark: 3, logStartOffset: 2 });
    expect(atEnd.records).toHaveLength(0);
  });

  test("C5 without transactions read_committed reads to the high watermark, and names nothing aborted", () => {
    const { client } = oneLeader(1);
    client.produce("t", batchOf(10));
    const committed = client.fetch("t", {}, { isolationLevel: 1 });
    expect(committed).toMatchObject({ error: "NONE", highWatermark: 1, lastStableOffset: 1 });
    expect(committed.abortedTransactions ?? []).toEqual([]);
    expect(baseOffsets(committed.records)).toEqual([0]);
  });
});

describe("sessions of consumers (KIP-227)", () => {
  test("F15 F17 a session answers what is new and nothing else, and forgets what it is told to", () => {
    const cluster = new SmallCluster(ALONE);
    const client = new TestClient(cluster);
    for (const name of ["a", "b"]) client.createTopic(name, { replicas: [1] });
    const partition = (fetchOffset: number) =>
      newFetchRequestFetchPartition({ partition: 0, fetchOffset, partitionMaxBytes: MIB });
    const topic = (name: string, at: number) => ({ topic: name, topicId: ZERO_UUID, partitions: [partition(at)] });
    const ask = (more: Partial<FetchRequest>) =>
      client.ask(1, ApiKey.Fetch, 12, newFetchRequest({ maxWaitMs: 0, ...more }));
    const opened = ask({ sessionEpoch: 0, topics: [topic("a", 0), topic("b", 0)] });
    expect(opened.sessionId).toBeGreaterThan(0);
    expect(opened.responses).toHaveLength(2);
    const { sessionId } = opened;
    expect(ask({ sessionId, sessionEpoch: 1 }).responses).toEqual([]);
    client.produce("b", batchOf(10));
    const news = ask({ sessionId, sessionEpoch: 2 });
    expect(news.responses.map(({ topic: name }) => name)).toEqual(["b"]);
    const moved = ask({ sessionId, sessionEpoch: 3, topics: [topic("b", 1)] });
    expect(moved.responses).toEqual([]);
    client.produce("a", batchOf(10));
    const forgottenTopicsData = [{ topic: "a", topicId: ZERO_UUID, partitions: [0] }];
    expect(ask({ sessionId, sessionEpoch: 4, forgottenTopicsData }).responses).toEqual([]);
    expect(errorFromCode(ask({ sessionId, sessionEpoch: 9 }).errorCode).name).toBe("INVALID_FETCH_SESSION_EPOCH");
    const strange = sessionId === 5 ? 6 : 5;
    expect(errorFromCode(ask({ sessionId: strange, sessionEpoch: 1 }).errorCode).name).toBe(
      "FETCH_SESSION_ID_NOT_FOUND",
    );
  });
});

describe("R10 reading from the nearest replica (KIP-392)", () => {
  const RACK_AWARE = { "replica.selector.class": "org.apache.kafka.common.replica.RackAwareReplicaSelector" };
  const RACKS = { 1: "a", 2: "b", 3: "b" };

  function racked(properties: Record<string, string> = RACK_AWARE, racks: Record<NodeId, string> = RACKS) {
    const cluster = new SmallCluster(properties, { racks });
    const client = new TestClient(cluster);
    client.createTopic("t", { replicas: [1, 2, 3] });
    expect(client.leaderOf("t")).toBe(1);
    client.produce("t", batchOf(10));
    return { cluster, client };
  }
  const known = (cluster: SmallCluster, client: TestClient, at: NodeId) =>
    cluster.until(() => client.logOf("t", at).highWatermark === 1, `broker ${at} to know what is committed`);

  test("R10 the leader names the in-sync replica in the consumer's rack and sends no records; that replica serves them", () => {
    const { cluster, client } = racked();
    const redirected = client.fetch("t", {}, { rackId: "b", maxWaitMs: 5_000, minBytes: MIB });
    expect(redirected).toMatchObject({ error: "NONE", highWatermark: 1 });
    expect(redirected.records).toHaveLength(0);
    const nearest = redirected.preferredReadReplica;
    expect([2, 3]).toContain(nearest);
    known(cluster, client, nearest);
    const served = client.fetch("t", {}, { rackId: "b", to: nearest });
    expect(served).toMatchObject({ error: "NONE", highWatermark: 1, preferredReadReplica: -1 });
    expect(baseOffsets(served.records)).toEqual([0]);
  });

  test.each([
    ["the leader is in the consumer's rack", "a", RACK_AWARE, 12],
    ["nobody is in the consumer's rack", "z", RACK_AWARE, 12],
    ["the consumer has no rack", "", RACK_AWARE, 12],
    ["no selector is set", "b", {}, 12],
    ["the client is too old to be told", "b", RACK_AWARE, 10],
  ] as const)("R10 the leader serves by itself where %s", (_why, rackId, properties, apiVersion) => {
    const { client } = racked({ ...properties });
    const answer = client.fetch("t", {}, { rackId, apiVersion });
    expect(answer.preferredReadReplica).toBe(-1);
    expect(baseOffsets(answer.records)).toEqual([0]);
  });

  test("R10 a replica that left the ISR is not named any more; with the last of the rack gone the leader serves again", () => {
    const { cluster, client } = racked(RACK_AWARE, { 1: "a", 2: "b", 3: "a" });
    const named = () => client.fetch("t", {}, { rackId: "b" }).preferredReadReplica;
    expect(named()).toBe(2);
    cluster.kill(2);
    cluster.until(() => named() === -1, "the leader to serve");
    expect(baseOffsets(client.fetch("t", {}, { rackId: "b" }).records)).toEqual([0]);
    cluster.restart(2);
    cluster.until(() => named() === 2, "the replica to be back");
  });

  test("R10 an offset that a replica does not have yet is read from the leader", () => {
    const { client } = racked();
    expect(client.fetch("t", { fetchOffset: 2 }, { rackId: "b" })).toMatchObject({
      error: "OFFSET_OUT_OF_RANGE",
      preferredReadReplica: -1,
    });
  });

  test("R10 a follower serves up to the high watermark it knows, checks the epoch, and refuses consumers that know the leader only", () => {
    const { cluster, client } = racked({});
    known(cluster, client, 2);
    expect(baseOffsets(client.fetch("t", {}, { to: 2 }).records)).toEqual([0]);
    expect(client.fetch("t", { fetchOffset: 1 }, { to: 2 }).records).toHaveLength(0);
    expect(client.fetch("t", { fetchOffset: 9 }, { to: 2 }).error).toBe("OFFSET_OUT_OF_RANGE");
    expect(client.fetch("t", { currentLeaderEpoch: 7 }, { to: 2 }).error).toBe("UNKNOWN_LEADER_EPOCH");
    expect(client.fetch("t", {}, { to: 2, apiVersion: 10 }).error).toBe("NOT_LEADER_OR_FOLLOWER");
  });

  test("R10 a consumer waits at a follower as it does at the leader: it hears of a record once that is committed there", () => {
    const { cluster, client } = racked({});
    known(cluster, client, 2);
    const partitions = [newFetchRequestFetchPartition({ partition: 0, fetchOffset: 1, partitionMaxBytes: MIB })];
    const topics = [{ topic: "t", topicId: ZERO_UUID, partitions }];
    const request = newFetchRequest({ maxWaitMs: 30_000, minBytes: 1, topics });
    const waiting = cluster.send<ResponseOf<typeof ApiKey.Fetch>>(2, ApiKey.Fetch, request, 12);
    cluster.pass(1_000);
    expect(waiting.done).toBe(false);
    client.produce("t", batchOf(10));
    cluster.until(() => waiting.done, "the record");
    const answer = waiting.body as ResponseOf<typeof ApiKey.Fetch>;
    expect(baseOffsets(answer.responses[0]!.partitions[0]!.records)).toEqual([1]);
  });

  test("R10 the answer can be written in every version", () => {
    const { client } = racked();
    for (let version = 4; version <= 18; version++) {
      const { id } = client.cluster.broker(1).image.topicsByName.get("t")!;
      const partitions = [newFetchRequestFetchPartition({ partition: 0, partitionMaxBytes: MIB })];
      const topics = [
        version >= 13 ? { topic: "", topicId: id, partitions } : { topic: "t", topicId: ZERO_UUID, partitions },
      ];
      const answer = client.ask(1, ApiKey.Fetch, version, newFetchRequest({ maxWaitMs: 0, rackId: "b", topics }));
      expect(() => encodeResponse(ApiKey.Fetch, version, 1, answer)).not.toThrow();
    }
  });
});

describe("R9 leader epochs", () => {
  test("R9 Fetch and ListOffsets: -1 is not checked, the current one is taken, an older one is FENCED, a newer one UNKNOWN", () => {
    const { cluster, client } = { ...oneLeader(1, {}) };
    const first = client.leaderOf("t");
    cluster.kill(first);
    cluster.until(() => ![first, -1].includes(client.leaderOf("t")), "another leader");
    cluster.until(() => client.produce("t", batchOf(1)).error === "NONE", "a write");
    const fetchWith = (currentLeaderEpoch: number) => client.fetch("t", { currentLeaderEpoch }).error;
    const listWith = (currentLeaderEpoch: number) => {
      const partitions = [{ partitionIndex: 0, currentLeaderEpoch, timestamp: -1 }];
      const request = newListOffsetsRequest({ replicaId: -1, topics: [{ name: "t", partitions }] });
      const { topics } = client.ask(client.leaderOf("t"), ApiKey.ListOffsets, 7, request);
      return errorFromCode(topics[0]!.partitions[0]!.errorCode).name;
    };
    for (const ask of [fetchWith, listWith])
      expect([-1, 0, 1, 2].map(ask)).toEqual(["NONE", "FENCED_LEADER_EPOCH", "NONE", "UNKNOWN_LEADER_EPOCH"]);
  });
});
