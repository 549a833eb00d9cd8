import { errorFromCode, ZERO_UUID, type NodeId } from "@vitrine/core";
import { buildBatch, encodeResponse, readRecords, sealBatch } from "@vitrine/protocol";
import { splitBatches } from "@vitrine/protocol/batch";
import {
  ApiKey,
  newCreateTopicsRequest,
  newFetchRequest,
  newFetchRequestFetchPartition,
  newListOffsetsRequest,
  newMetadataRequest,
  newProduceRequest,
  newVoteRequest,
  type ResponseOf,
} from "@vitrine/protocol/types";
import { beforeEach, describe, expect, test } from "vitest";
import { SmallCluster } from "./small-cluster.ts";

let cluster: SmallCluster;
beforeEach(() => {
  cluster = new SmallCluster();
});

const bytes = (text: string) => new TextEncoder().encode(text);

function createTopic(name: string, configs: Record<string, string> = {}): void {
  const topic = {
    name,
    numPartitions: 1,
    replicationFactor: -1,
    assignments: [],
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
  };
  const reply = cluster.call<ResponseOf<typeof ApiKey.CreateTopics>>(
    1,
    ApiKey.CreateTopics,
    newCreateTopicsRequest({ topics: [topic], timeoutMs: 5_000 }),
    7,
  );
  expect(reply).toMatchObject({ topics: [{ name, errorCode: 0 }] });
  cluster.until(
    () => [1, 2, 3].every((id) => cluster.broker(id).image.topicsByName.has(name)),
    `everybody to know ${name}`,
  );
}

const leaderOf = (name: string): NodeId => {
  const alive = [...cluster.nodes].find(([, node]) => node.alive)!;
  return alive[1].broker.image.topicsByName.get(name)!.partitions.get(0)!.leader;
};

function produceBody(name: string, value: string, acks: number, timeoutMs = 2_000) {
  const records = buildBatch([{ key: null, value: bytes(value), timestampMs: 1_700_000_000_000 }]);
  return newProduceRequest({
    acks,
    timeoutMs,
    topicData: [{ name, topicId: ZERO_UUID, partitionData: [{ index: 0, records }] }],
  });
}

function produce(name: string, value: string, acks = -1): { error: string; offset: number; message: string | null } {
  const reply = cluster.call<ResponseOf<typeof ApiKey.Produce>>(
    leaderOf(name),
    ApiKey.Produce,
    produceBody(name, value, acks),
    9,
  );
  if (reply === null || reply === "close") throw new Error(String(reply));
  const data = reply.responses[0]!.partitionResponses[0]!;
  return { error: errorFromCode(data.errorCode).name, offset: data.baseOffset, message: data.errorMessage };
}

function read(name: string, from = 0): string[] {
  const partition = newFetchRequestFetchPartition({ partition: 0, fetchOffset: from, partitionMaxBytes: 1 << 20 });
  const request = newFetchRequest({
    maxWaitMs: 0,
    topics: [{ topic: name, topicId: ZERO_UUID, partitions: [partition] }],
  });
  const reply = cluster.call<ResponseOf<typeof ApiKey.Fetch>>(leaderOf(name), ApiKey.Fetch, request, 12);
  if (reply === null || reply === "close") throw new Error(String(reply));
  const data = reply.responses[0]!.partitions[0]!;
  expect(data.errorCode).toBe(0);
  return splitBatches(data.records!)
    .batches.flatMap((batch) => readRecords(batch.bytes))
    .map((record) => new TextDecoder().decode(record.value!));
}

describe("writing", () => {
  test("B2 acks=all is answered when the high watermark has passed the record, and every follower can lead it on", () => {
    createTopic("t");
    expect(produce("t", "a")).toMatchObject({ error: "NONE", offset: 0 });
    const first = leaderOf("t");
    cluster.kill(first);
    cluster.until(() => leaderOf("t") !== first, "another leader");
    cluster.until(() => produce("t", "b").error === "NONE", "a write to the new leader");
    expect(read("t")).toEqual(["a", "b"]);
  });

  test("B2 acks=0 has no response", () => {
    createTopic("t");
    expect(cluster.call(leaderOf("t"), ApiKey.Produce, produceBody("t", "a", 0), 9)).toBeNull();
    cluster.until(() => read("t").length === 1, "the record");
  });

  test("B3 acks=all below min.insync.replicas is refused and nothing is appended", () => {
    createTopic("t", { "min.insync.replicas": "3" });
    cluster.kill([1, 2, 3].find((id) => id !== leaderOf("t") && id !== cluster.controllerId)!);
    const isrAtLeader = () => cluster.broker(leaderOf("t")).image.topicsByName.get("t")!.partitions.get(0)!.isr.length;
    cluster.until(() => isrAtLeader() === 2, "the ISR to shrink");
    expect(produce("t", "a").error).toBe("NOT_ENOUGH_REPLICAS");
    const leader = cluster.nodes.get(leaderOf("t"))!;
    const ends = [...leader.store.logs.values()]
      .filter((log) => log.descriptor.topicName === "t")
      .map((log) => log.logEndOffset);
    expect(ends).toEqual([0]);
    expect(produce("t", "weak", 1).error).toBe("NONE");
    expect(read("t")).toEqual([]);
  });

  test("B4 a write that cannot be committed in time says so, and why", () => {
    createTopic("t");
    const leader = leaderOf("t");
    const answer = cluster.send<ResponseOf<typeof ApiKey.Produce>>(
      leader,
      ApiKey.Produce,
      produceBody("t", "a", -1, 500),
      9,
    );
    for (const id of [1, 2, 3]) if (id !== leader) cluster.kill(id);
    cluster.until(() => answer.done, "the answer");
    const reply = answer.body as ResponseOf<typeof ApiKey.Produce>;
    const data = reply.responses[0]!.partitionResponses[0]!;
    expect(["REQUEST_TIMED_OUT", "NOT_ENOUGH_REPLICAS_AFTER_APPEND"]).toContain(errorFromCode(data.errorCode).name);
    expect(data.errorMessage).toMatch(/not committed|below min\.insync\.replicas/);
    cluster.pass(5_000);
    expect(answer.count).toBe(1);
  });

  test("clients cannot write to internal topics, nor with other acks than 0, 1 and -1", () => {
    createTopic("t");
    const reply = cluster.call<ResponseOf<typeof ApiKey.Produce>>(
      leaderOf("t"),
      ApiKey.Produce,
      produceBody("t", "a", 2),
      9,
    ) as ResponseOf<typeof ApiKey.Produce>;
    expect(errorFromCode(reply.responses[0]!.partitionResponses[0]!.errorCode).name).toBe("INVALID_REQUIRED_ACKS");
  });
});

describe("reading and asking", () => {
  test("B5 a consumer that waits is answered as soon as a record is committed", () => {
    createTopic("t");
    const partition = newFetchRequestFetchPartition({ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 });
    const request = newFetchRequest({
      maxWaitMs: 5_000,
      minBytes: 1,
      topics: [{ topic: "t", topicId: ZERO_UUID, partitions: [partition] }],
    });
    const waiting = cluster.send(leaderOf("t"), ApiKey.Fetch, request, 12);
    cluster.pass(100);
    expect(waiting.done).toBe(false);
    const beforeMs = cluster.nowMs;
    produce("t", "a");
    cluster.until(() => waiting.done, "the waiting fetch");
    expect(cluster.nowMs - beforeMs).toBeLessThan(50);
  });

  test("B5 a reader that would not wait gets what is only on disk, not an empty answer", () => {
    cluster = new SmallCluster({}, { tailBytesMax: 1 });
    createTopic("t");
    produce("t", "a");
    const partition = newFetchRequestFetchPartition({ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 });
    const request = newFetchRequest({
      maxWaitMs: 0,
      minBytes: 0,
      topics: [{ topic: "t", topicId: ZERO_UUID, partitions: [partition] }],
    });
    const reply = cluster.call<ResponseOf<typeof ApiKey.Fetch>>(leaderOf("t"), ApiKey.Fetch, request, 12) as ResponseOf<
      typeof ApiKey.Fetch
    >;
    expect(reply.responses[0]!.partitions[0]!.records!.length).toBeGreaterThan(0);
  });

  test("ListOffsets finds the first record at or after a time, the ends, and nothing beyond", () => {
    createTopic("t");
    produce("t", "a");
    produce("t", "b");
    const ask = (timestamp: number) => {
      const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp }];
      const request = newListOffsetsRequest({ replicaId: -1, topics: [{ name: "t", partitions }] });
      const reply = cluster.call<ResponseOf<typeof ApiKey.ListOffsets>>(leaderOf("t"), ApiKey.ListOffsets, request, 7);
      return (reply as ResponseOf<typeof ApiKey.ListOffsets>).topics[0]!.partitions[0]!.offset;
    };
    expect([ask(-2), ask(-1), ask(0), ask(1_700_000_000_000), ask(1_700_000_000_001)]).toEqual([0, 2, 0, 0, -1]);
  });

  test("B13 a topic that Metadata does not know is created when the client allows it", () => {
    const ask = (name: string, allow: boolean) => {
      const request = newMetadataRequest({ topics: [{ topicId: ZERO_UUID, name }], allowAutoTopicCreation: allow });
      const reply = cluster.call<ResponseOf<typeof ApiKey.Metadata>>(2, ApiKey.Metadata, request, 12) as ResponseOf<
        typeof ApiKey.Metadata
      >;
      return errorFromCode(reply.topics[0]!.errorCode).name;
    };
    expect(ask("new", false)).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    expect(ask("new", true)).toBe("NONE");
    expect(ask("bad name", true)).toBe("INVALID_TOPIC_EXCEPTION");
  });

  test("B6 requests between nodes close a client's connection", () => {
    expect(cluster.call(1, ApiKey.Vote, newVoteRequest(), 2)).toBe("close");
    expect(cluster.call(1, ApiKey.BrokerHeartbeat, {}, 1)).toBe("close");
    const asReplica = newFetchRequest({ replicaId: 2 });
    expect(cluster.call<ResponseOf<typeof ApiKey.Fetch>>(1, ApiKey.Fetch, asReplica, 12)).toMatchObject({
      errorCode: 31,
    });
  });
});

describe("what clients may send", () => {
  test("a batch whose payload is not what it says is kept, answered as damaged, and kills nobody", () => {
    createTopic("t");
    const records = buildBatch([{ key: null, value: bytes("x".repeat(100)), timestampMs: 1_700_000_000_000 }]);
    new DataView(records.buffer, records.byteOffset).setInt16(21, 1);
    sealBatch(records);
    const body = newProduceRequest({
      acks: -1,
      timeoutMs: 2_000,
      topicData: [{ name: "t", topicId: ZERO_UUID, partitionData: [{ index: 0, records }] }],
    });
    expect(cluster.call(leaderOf("t"), ApiKey.Produce, body, 9)).toMatchObject({
      responses: [{ partitionResponses: [{ errorCode: 0 }] }],
    });
    const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: 5 }];
    const request = newListOffsetsRequest({ replicaId: -1, topics: [{ name: "t", partitions }] });
    const reply = cluster.call<ResponseOf<typeof ApiKey.ListOffsets>>(
      leaderOf("t"),
      ApiKey.ListOffsets,
      request,
      7,
    ) as ResponseOf<typeof ApiKey.ListOffsets>;
    expect(errorFromCode(reply.topics[0]!.partitions[0]!.errorCode).name).toBe("CORRUPT_MESSAGE");
    expect(produce("t", "after").error).toBe("NONE");
  });

  test("B5 a partition that lags behind the tail gets on beside a busy one", () => {
    cluster = new SmallCluster(
      { "default.replication.factor": "1", "min.insync.replicas": "1" },
      { tailBytesMax: 200 },
    );
    createTopic("cold");
    const home = leaderOf("cold");
    const topic = {
      name: "hot",
      numPartitions: -1,
      replicationFactor: -1,
      assignments: [{ partitionIndex: 0, brokerIds: [home] }],
      configs: [],
    };
    cluster.call(1, ApiKey.CreateTopics, newCreateTopicsRequest({ topics: [topic], timeoutMs: 5_000 }), 7);
    cluster.until(() => cluster.broker(home).image.topicsByName.has("hot"), "the topic");
    for (let i = 0; i < 20; i++) produce("cold", String(i));
    let hotAt = 0;
    let coldAt = 0;
    for (let round = 0; round < 40 && coldAt < 20; round++) {
      produce("hot", "x");
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
      const reply = cluster.call<ResponseOf<typeof ApiKey.Fetch>>(home, ApiKey.Fetch, request, 11) as ResponseOf<
        typeof ApiKey.Fetch
      >;
      const count = (name: string) =>
        splitBatches(reply.responses.find((answer) => answer.topic === name)!.partitions[0]!.records!).batches.length;
      hotAt += count("hot");
      coldAt += count("cold");
    }
    expect(coldAt).toBe(20);
  });
});

describe("every version", () => {
  const ask = (apiKey: number, version: number, body: unknown, to: NodeId) => {
    const reply = cluster.call<object>(to, apiKey, body, version);
    if (reply === null || reply === "close") throw new Error(String(reply));
    expect(() => encodeResponse(apiKey, version, 1, reply)).not.toThrow();
  };

  test("answers that name the leader, and offsets with their epoch, can be written at every version that clients may ask for", () => {
    createTopic("t");
    produce("t", "a");
    const leader = leaderOf("t");
    const follower = [1, 2, 3].find((id) => id !== leader)!;
    for (const to of [leader, follower]) {
      for (let version = 3; version <= 11; version++) ask(ApiKey.Produce, version, produceBody("t", "b", -1), to);
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

describe("the controller", () => {
  test("B7 any broker takes a client's request for the controller to it", () => {
    for (const id of [1, 2, 3]) {
      const topic = { name: `t${id}`, numPartitions: 1, replicationFactor: -1, assignments: [], configs: [] };
      const reply = cluster.call(
        id,
        ApiKey.CreateTopics,
        newCreateTopicsRequest({ topics: [topic], timeoutMs: 5_000 }),
        7,
      );
      expect(reply).toMatchObject({ topics: [{ errorCode: 0 }] });
    }
  });

  test("B7 a client's request waits while there is no controller, and is carried out by the next one; one of this process is refused", () => {
    cluster.kill(cluster.controllerId);
    const survivors = [1, 2, 3].filter((id) => cluster.nodes.get(id)!.alive);
    const request = (name: string) => {
      const topic = { name, numPartitions: 1, replicationFactor: 2, assignments: [], configs: [] };
      return newCreateTopicsRequest({ topics: [topic], timeoutMs: 20_000 });
    };
    const local = cluster.send(survivors[0]!, ApiKey.CreateTopics, request("local"), 7, "local");
    const answers = survivors.map((id) => cluster.send(id, ApiKey.CreateTopics, request(`t${id}`), 7));
    cluster.until(() => local.done && answers.every((answer) => answer.done), "the answers");
    expect(local.body).toMatchObject({ topics: [{ errorCode: 41 }] });
    for (const answer of answers) expect(answer.body).toMatchObject({ topics: [{ errorCode: 0 }] });
  });

  test("B7 a client is told NOT_CONTROLLER when its time is up", () => {
    for (const id of [2, 3]) cluster.kill(id);
    const topic = { name: "t", numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
    const request = newCreateTopicsRequest({ topics: [topic], timeoutMs: 3_000 });
    cluster.pass(10_000);
    const answer = cluster.send(1, ApiKey.CreateTopics, request, 7);
    cluster.pass(2_500);
    expect(answer.done).toBe(false);
    cluster.pass(1_000);
    expect(answer.body).toMatchObject({ topics: [{ errorCode: 41 }] });
  });

  test("B9 B10 when the active controller dies, the next one finds its broker dead at once", () => {
    createTopic("t");
    const controller = cluster.controllerId;
    cluster.kill(controller);
    const beforeMs = cluster.nowMs;
    cluster.until(
      () =>
        cluster.controllerId > 0 && cluster.broker(cluster.controllerId).image.brokers.get(controller)?.fenced === true,
      "the fence",
    );
    expect(cluster.nowMs - beforeMs).toBeLessThan(500);
    cluster.until(() => produce("t", "a").error === "NONE", "a write");
  });

  test("B11 B12 a broker that comes back gets a new epoch, catches up and joins the ISR; logs of topics deleted meanwhile go", () => {
    createTopic("kept");
    createTopic("gone");
    produce("gone", "x");
    const victim = [1, 2, 3].find((id) => id !== cluster.controllerId && id !== leaderOf("kept"))!;
    const epoch = cluster.broker(victim).brokerEpoch;
    cluster.kill(victim);
    cluster.until(() => produce("kept", "while away").error === "NONE", "a write");
    const topics = [{ name: "gone", topicId: ZERO_UUID }];
    cluster.call(cluster.controllerId, ApiKey.DeleteTopics, { topics, topicNames: [], timeoutMs: 5_000 }, 6);
    cluster.restart(victim);
    cluster.until(
      () => cluster.broker(cluster.controllerId).image.topicsByName.get("kept")!.partitions.get(0)!.isr.length === 3,
      "a full ISR",
    );
    expect(cluster.broker(victim).brokerEpoch).toBeGreaterThan(epoch);
    // The refusal of its earlier life fences it once, not again.
    expect(cluster.journal.filter((line) => line.includes(`broker ${victim} is fenced`))).toHaveLength(1);
    const names = [...cluster.nodes.get(victim)!.store.logs.values()].map((log) => log.descriptor.topicName);
    expect(names).not.toContain("gone");
    expect(names).toContain("kept");
  });

  test("B11 a broker that comes back with an empty disk leads nothing that others hold", () => {
    const topic = {
      name: "t",
      numPartitions: -1,
      replicationFactor: -1,
      assignments: [{ partitionIndex: 0, brokerIds: [2, 3] }],
      configs: [],
    };
    cluster.call(1, ApiKey.CreateTopics, newCreateTopicsRequest({ topics: [topic], timeoutMs: 5_000 }), 7);
    cluster.until(() => [1, 2, 3].every((id) => cluster.broker(id).image.topicsByName.has("t")), "the topic");
    expect(produce("t", "a").error).toBe("NONE");
    cluster.kill(3);
    cluster.until(
      () => cluster.broker(1).image.topicsByName.get("t")!.partitions.get(0)!.isr.length === 1,
      "the ISR to shrink",
    );
    cluster.kill(2);
    cluster.pass(4_000);
    cluster.restart(2, { wiped: true });
    cluster.pass(2_000);
    cluster.restart(3);
    cluster.until(() => leaderOf("t") === 3, "the replica that has the record to lead");
    cluster.until(() => produce("t", "b").error === "NONE", "a write");
    // The first is only on disk, the second in memory: two answers.
    expect([...read("t", 0), ...read("t", 1)]).toEqual(["a", "b"]);
  });

  test("B17 after an unclean election a replica that was away follows the new leader, and the ISR is full again", () => {
    const configs = [
      { name: "unclean.leader.election.enable", value: "true" },
      { name: "min.insync.replicas", value: "1" },
    ];
    const topic = {
      name: "t",
      numPartitions: -1,
      replicationFactor: -1,
      assignments: [{ partitionIndex: 0, brokerIds: [2, 3] }],
      configs,
    };
    cluster.call(1, ApiKey.CreateTopics, newCreateTopicsRequest({ topics: [topic], timeoutMs: 5_000 }), 7);
    cluster.until(() => [1, 2, 3].every((id) => cluster.broker(id).image.topicsByName.has("t")), "the topic");
    const isr = () => cluster.broker(1).image.topicsByName.get("t")!.partitions.get(0)!.isr;
    cluster.until(() => produce("t", "both").error === "NONE", "a record on both");
    cluster.kill(3);
    cluster.until(() => isr().length === 1, "the ISR to shrink");
    for (const value of ["only", "on", "two"]) expect(produce("t", value).error).toBe("NONE");
    cluster.kill(2);
    cluster.restart(3);
    cluster.until(() => leaderOf("t") === 3, "the unclean leader");
    cluster.until(() => produce("t", "after").error === "NONE", "a write");
    cluster.restart(2);
    cluster.until(() => isr().length === 2, "a full ISR");
  });

  test("B14 the last of the brokers stops in its time, though there is no controller to ask", () => {
    cluster.kill(1);
    cluster.kill(2);
    cluster.pass(6_000);
    let stopped = false;
    cluster.broker(3).stop(2_000, () => (stopped = true));
    cluster.until(() => stopped, "the stop");
  });

  test("B14 an orderly stop gives leaders away before it ends", () => {
    createTopic("t");
    const leader = leaderOf("t");
    let stopped = false;
    cluster.broker(leader).stop(5_000, () => (stopped = true));
    cluster.until(() => stopped, "the stop");
    const other = [1, 2, 3].find((id) => id !== leader)!;
    expect(cluster.broker(other).image.topicsByName.get("t")!.partitions.get(0)!.leader).not.toBe(leader);
  });
});
