/** An administrator's work on a real cluster: kafkajs where it can, Kafka's requests by themselves where it cannot. */
import { ClientConnection } from "@vitrine/kafka-listener";
import {
  ApiKey,
  newAlterClientQuotasRequest,
  newAlterPartitionReassignmentsRequest,
  newDescribeLogDirsRequest,
  newIncrementalAlterConfigsRequest,
} from "@vitrine/protocol/types";
import { ConfigResourceTypes, Kafka, logLevel, type Admin, type LogEntry } from "kafkajs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster, waitFor, type RunningCluster } from "../fixtures/cluster.ts";
import { createTopic, describeTopic } from "../fixtures/topics.ts";
import { judge, readAll, WriteLoad } from "../fixtures/write-load.ts";

const TOPIC = 2;
const BROKER = 4;
const SET = 0;

let cluster: RunningCluster;
let admin: Admin;
let wire: ClientConnection;
beforeAll(async () => {
  cluster = await startCluster();
  admin = new Kafka({ brokers: cluster.bootstrapServers.split(","), logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  wire = await connect(0);
});
afterAll(async () => {
  wire?.close();
  await admin?.disconnect();
  await cluster?.stop();
});

function connect(at: number, clientId = "e2e-admin"): Promise<ClientConnection> {
  const [host, port] = cluster.ready.brokers[at]!.kafka.split(":") as [string, string];
  return ClientConnection.open({ host, port: Number(port), clientId });
}

async function set(type: number, name: string, configs: Readonly<Record<string, string>>): Promise<void> {
  const resource = {
    resourceType: type,
    resourceName: name,
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, configOperation: SET, value })),
  };
  const request = newIncrementalAlterConfigsRequest({ resources: [resource] });
  const reply = await wire.request(ApiKey.IncrementalAlterConfigs, 1, request);
  expect(reply.responses).toEqual([expect.objectContaining({ errorCode: 0 })]);
}

test("a partition moves under load, throttled: nothing is lost, progress can be watched, and nothing stays behind", async () => {
  await createTopic(cluster, "moved", { assignments: { 0: [1, 2] } });
  // Something to carry: four megabytes in keys, because values are what is counted at the end.
  const producer = new Kafka({
    brokers: cluster.bootstrapServers.split(","),
    logLevel: logLevel.ERROR,
  }).producer();
  await producer.connect();
  // The partition is named, so that kafkajs need not hash such keys: that costs it a second each.
  const ballast = Array.from({ length: 40 }, (_, at) => ({
    key: "x".repeat(100_000),
    value: String(1_000_000 + at),
    partition: 0,
  }));
  for (const message of ballast) await producer.send({ topic: "moved", acks: -1, messages: [message] });
  await producer.disconnect();

  await set(BROKER, "", {
    "leader.replication.throttled.rate": "300000",
    "follower.replication.throttled.rate": "300000",
  });
  await set(TOPIC, "moved", {
    "leader.replication.throttled.replicas": "*",
    "follower.replication.throttled.replicas": "0:3",
  });
  const load = new WriteLoad(cluster, "moved", { partitions: 1 });
  await waitFor(() => load.acknowledgedCount > 0, { what: "the load to begin" });
  await admin.alterPartitionReassignments({
    topics: [{ topic: "moved", partitionAssignment: [{ partition: 0, replicas: [3, 2] }] }],
  });
  // Two megabytes beyond what one answer may carry take seconds at that rate: the move is seen again and again meanwhile.
  const seen = await admin.listPartitionReassignments({ topics: [{ topic: "moved", partitions: [0] }] });
  expect(seen.topics.map(({ partitions }) => partitions)).toEqual([
    [{ partition: 0, replicas: [3, 2, 1], addingReplicas: [3], removingReplicas: [1] }],
  ]);
  const before = load.acknowledgedCount;
  await waitFor(() => load.acknowledgedCount > before + 20, { what: "writes to go on while the partition moves" });
  expect((await describeTopic(cluster, "moved")).partitions[0]!.replicas).toEqual([3, 2, 1]);

  await set(BROKER, "", {
    "leader.replication.throttled.rate": "100000000",
    "follower.replication.throttled.rate": "100000000",
  });
  await waitFor(async () => (await admin.listPartitionReassignments({})).topics.length === 0, {
    what: "the move to end",
  });
  await waitFor(async () => (await describeTopic(cluster, "moved")).partitions[0]!.isr.length === 2, {
    what: "both replicas",
  });
  const report = await load.stop();
  const { partitions } = await describeTopic(cluster, "moved");
  expect(partitions[0]).toMatchObject({ replicas: [3, 2], isr: expect.arrayContaining([2, 3]) });
  const read = await readAll(cluster, "moved", 0);
  expect(read.filter(({ value }) => value >= 1_000_000).map(({ value }) => value)).toEqual(
    ballast.map(({ value }) => Number(value)),
  );
  expect(
    judge(
      report,
      0,
      read.filter(({ value }) => value < 1_000_000),
    ),
  ).toEqual([]);
  const former = await connect(0);
  await waitFor(
    async () => {
      const dirs = await former.request(ApiKey.DescribeLogDirs, 4, newDescribeLogDirsRequest({ topics: null }));
      return dirs.results.every(({ topics }) => topics.every(({ name }) => name !== "moved"));
    },
    { what: "broker 1 to have nothing of the topic any more" },
  );
  former.close();
  // A move that nothing holds is over before anybody could cancel it.
  const nothing = await wire.request(
    ApiKey.AlterPartitionReassignments,
    0,
    newAlterPartitionReassignmentsRequest({
      topics: [{ name: "moved", partitions: [{ partitionIndex: 0, replicas: null }] }],
    }),
  );
  expect(nothing.responses[0]!.partitions[0]!.errorCode).toBe(85);
});

test("a client's quota makes it wait, and it says so; others are not held up", async () => {
  await createTopic(cluster, "metered");
  const entity = [{ entityType: "client-id", entityName: "metered" }];
  const quota = (remove: boolean) =>
    wire.request(
      ApiKey.AlterClientQuotas,
      1,
      newAlterClientQuotasRequest({
        entries: [{ entity, ops: [{ key: "producer_byte_rate", value: 20_000, remove }] }],
      }),
    );
  expect((await quota(false)).entries[0]!.errorCode).toBe(0);
  const waits: Record<string, number[]> = {};
  const writer = async (clientId: string) => {
    const found: number[] = (waits[clientId] = []);
    const kafka = new Kafka({
      clientId,
      brokers: cluster.bootstrapServers.split(","),
      logLevel: logLevel.DEBUG,
      logCreator: () => (entry: LogEntry) => {
        const told = /Client side throttling in effect for (\d+)ms/.exec(entry.log.message);
        if (told) found.push(Number(told[1]));
      },
    });
    const producer = kafka.producer();
    await producer.connect();
    for (let n = 0; n < 3; n++)
      await producer.send({ topic: "metered", acks: -1, messages: [{ value: "x".repeat(80_000) }] });
    await producer.disconnect();
  };
  await Promise.all([writer("metered"), writer("free")]);
  // Three times 80 kB in ten seconds are 24 kB/s: the last write is over by a fifth.
  expect(waits["metered"]!.length).toBeGreaterThan(0);
  expect(Math.max(...waits["metered"]!)).toBeGreaterThan(500);
  expect(waits["free"]).toEqual([]);
  expect((await quota(true)).entries[0]!.errorCode).toBe(0);
});

test("HTTP is a client with quotas, too: used up for long it is 429, at every process, and other clients go on", async () => {
  await createTopic(cluster, "posted");
  const quota = (remove: boolean) =>
    wire.request(
      ApiKey.AlterClientQuotas,
      1,
      newAlterClientQuotasRequest({
        entries: [
          {
            entity: [{ entityType: "client-id", entityName: "vitrine-http" }],
            ops: [{ key: "producer_byte_rate", value: 1_000, remove }],
          },
        ],
      }),
    );
  expect((await quota(false)).entries[0]!.errorCode).toBe(0);
  const gateway = cluster.url;
  const ownFace = cluster.ready.brokers[0]!.http;
  for (const base of [gateway, ownFace]) {
    const post = () => fetch(new URL("/topics/posted/values", base), { method: "POST", body: "x".repeat(40_000) });
    const refused = await waitFor(
      async () => {
        const answer = await post();
        return answer.status === 429 ? answer : null;
      },
      { what: `429 at ${base}` },
    );
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(1);
    expect(refused.headers.get("ratelimit-policy")).toBe('"produce";q=1000;qu="content-bytes";w=1');
    expect(await refused.json()).toMatchObject({
      kafka_code: 89,
      "violated-policies": ["produce"],
      side_effects: "none",
    });
    // What is not about records goes on, through the same processes.
    expect((await fetch(new URL("/groups", base))).status).toBe(200);
  }
  const free = new Kafka({
    clientId: "free",
    brokers: cluster.bootstrapServers.split(","),
    logLevel: logLevel.ERROR,
  }).producer();
  await free.connect();
  await free.send({ topic: "posted", messages: [{ value: "x" }] });
  await free.disconnect();
  expect((await quota(true)).entries[0]!.errorCode).toBe(0);
  await waitFor(
    async () => (await fetch(new URL("/topics/posted/values", gateway), { method: "POST", body: "x" })).status === 201,
    { what: "writes to be taken again" },
  );
});

test("an address that connects faster than its quota is closed at the door, and comes in when the quota is gone", async () => {
  const quota = (remove: boolean) =>
    wire.request(
      ApiKey.AlterClientQuotas,
      1,
      newAlterClientQuotasRequest({
        entries: [
          {
            entity: [{ entityType: "ip", entityName: "127.0.0.1" }],
            ops: [{ key: "connection_creation_rate", value: 1, remove }],
          },
        ],
      }),
    );
  const ask = newDescribeLogDirsRequest({ topics: [] });
  /** A connection that asks something: whether it was answered. */
  const knock = async (broker = 1) => {
    const client = await connect(broker, "knocking");
    const isIn = await client.request(ApiKey.DescribeLogDirs, 1, ask).then(
      () => true,
      () => false,
    );
    client.close();
    return isIn;
  };
  expect(await knock()).toBe(true);
  expect((await quota(false)).entries[0]!.errorCode).toBe(0);
  // Ten are there at first; sooner or later one is too many.
  await waitFor(async () => !(await knock()), { what: "a connection to be closed" });
  // Who is in already stays.
  expect((await quota(true)).entries[0]!.errorCode).toBe(0);
  await waitFor(() => knock(), { what: "connections to be let in again" });
  const bound = await connect(2, "bound");
  await set(BROKER, "3", { "max.connections.per.ip": "1" });
  // The controller has taken it; broker 3 learns it with the metadata.
  await waitFor(async () => !(await knock(2)), { what: "one more connection to be closed" });
  await expect(bound.request(ApiKey.DescribeLogDirs, 1, ask)).resolves.toBeDefined();
  bound.close();
  await set(BROKER, "3", { "max.connections.per.ip": "2147483647" });
});

test("settings: all of them are told, AlterConfigs replaces, and a change holds at once", async () => {
  await createTopic(cluster, "settled", { config: { "retention.ms": "1000000" } });
  const resource = { type: ConfigResourceTypes.TOPIC, name: "settled" };
  const told = await admin.describeConfigs({ resources: [resource], includeSynonyms: true });
  const entry = (name: string) => told.resources[0]!.configEntries.find((one) => one.configName === name)!;
  expect(entry("retention.ms")).toMatchObject({ configValue: "1000000", isDefault: false });
  expect(entry("cleanup.policy")).toMatchObject({ configValue: "delete", isDefault: true });
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ ...resource, configEntries: [{ name: "max.message.bytes", value: "1000" }] }],
  });
  const config = async () => (await describeTopic(cluster, "settled")).config;
  await waitFor(async () => (await config())["max.message.bytes"] === "1000", { what: "the change to be seen" });
  expect(await config()).toEqual({ "max.message.bytes": "1000" });
  const producer = new Kafka({ brokers: cluster.bootstrapServers.split(","), logLevel: logLevel.NOTHING }).producer({
    retry: { retries: 0 },
  });
  await producer.connect();
  const send = () => producer.send({ topic: "settled", acks: -1, messages: [{ value: "x".repeat(2_000) }] });
  await expect(send()).rejects.toThrow(/larger than|too large/i);
  await set(TOPIC, "settled", { "max.message.bytes": "10000" });
  await waitFor(async () => (await send())[0]!.errorCode === 0, { what: "a write that fits now" });
  await producer.disconnect();
  const [broker] = (
    await admin.describeConfigs({
      resources: [{ type: ConfigResourceTypes.BROKER, name: String(cluster.ready.brokers[0]!.id) }],
      includeSynonyms: false,
    })
  ).resources;
  expect(broker!.configEntries.length).toBeGreaterThan(300);
  expect(broker!.configEntries.find((one) => one.configName === "node.id")).toMatchObject({
    configValue: String(cluster.ready.brokers[0]!.id),
    readOnly: true,
  });
});
