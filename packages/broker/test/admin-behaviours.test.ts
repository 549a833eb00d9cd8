/** Rows of the behaviours every Kafka user knows, as an administrator sees them on three brokers; each test carries its row. */
import { errorFromCode, type NodeId } from "@vitrine/core";
import {
  ApiKey,
  newCreatePartitionsRequest,
  newCreateTopicsRequest,
  newCreateTopicsRequestCreatableTopic,
  newDeleteTopicsRequest,
  newDescribeConfigsRequest,
  newListConfigResourcesRequest,
  type CreatePartitionsRequestCreatePartitionsTopic,
} from "@vitrine/protocol/types";
import { beforeEach, expect, test } from "vitest";
import { AdminClient, ask } from "./admin-client.ts";
import { SmallCluster } from "./small-cluster.ts";

let cluster: SmallCluster;
let admin: AdminClient;
beforeEach(() => {
  cluster = new SmallCluster();
  admin = new AdminClient(cluster);
});

const nameOf = (code: number) => errorFromCode(code).name;
const TOPIC = 2;
const BROKER = 4;

function create(
  topic: Partial<ReturnType<typeof newCreateTopicsRequestCreatableTopic>>,
  options: { validateOnly?: boolean; version?: number } = {},
) {
  const defaults = { numPartitions: 1, replicationFactor: 1 };
  const request = newCreateTopicsRequest({
    topics: [newCreateTopicsRequestCreatableTopic({ ...defaults, ...topic })],
    timeoutMs: 5_000,
    validateOnly: options.validateOnly ?? false,
  });
  return ask(cluster, 2, ApiKey.CreateTopics, request, options.version ?? 7).topics[0]!;
}

function describe(resourceType: number, resourceName: string, to: NodeId = 1) {
  const resource = { resourceType, resourceName, configurationKeys: null };
  const request = newDescribeConfigsRequest({
    resources: [resource],
    includeSynonyms: true,
    includeDocumentation: true,
  });
  return ask(cluster, to, ApiKey.DescribeConfigs, request, 4).results[0]!;
}

function valueOf(resourceType: number, resourceName: string, name: string, to: NodeId = 1) {
  return describe(resourceType, resourceName, to).configs.find((config) => config.name === name)!.value;
}

test("R1 more replicas than brokers are refused", () => {
  expect(create({ name: "t", replicationFactor: 4 })).toMatchObject({
    errorCode: 38,
    errorMessage: expect.stringContaining("4 time(s)"),
  });
});

test("R4 without unclean election a partition whose leader dies alone stays without leader, until it may have any", () => {
  const [leader, follower] = [1, 2, 3].filter((id) => id !== cluster.controllerId) as [NodeId, NodeId];
  admin.createTopic("t", [[leader, follower]], { "min.insync.replicas": "1" });
  cluster.kill(follower);
  cluster.until(() => admin.partition("t").isr.join() === String(leader), "the follower to leave the ISR");
  expect(admin.produce("t", "only at the leader")).toBe(0);
  // Two of three controllers gone, nothing is decided until the second is back.
  cluster.kill(leader);
  cluster.restart(follower);
  admin = new AdminClient(cluster, cluster.controllerId);
  cluster.until(() => cluster.broker(follower).isReady, "the follower to be back");
  cluster.until(() => admin.partition("t").leader === -1, "the partition to be without leader");
  cluster.pass(5_000);
  expect(admin.partition("t").leader).toBe(-1);
  expect(admin.setOnTopic("t", { "unclean.leader.election.enable": "true" })).toBe("NONE");
  cluster.until(() => admin.partition("t").leader === follower, "the follower to lead, at the price of a record");
});

test("R8 with eligible leader replicas on, min.insync.replicas is the cluster's or a topic's, not a broker's", () => {
  expect(admin.setOnBroker("1", { "min.insync.replicas": "1" })).toBe("INVALID_CONFIG");
  expect(admin.setOnBroker("", { "min.insync.replicas": "1" })).toBe("NONE");
});

test("L1 a smaller retention.ms lets records go at once, on every replica", () => {
  admin.createTopic("t", [[1, 2, 3]]);
  expect(valueOf(TOPIC, "t", "retention.ms")).toBe("604800000");
  expect(admin.produce("t", "old")).toBe(0);
  expect(admin.setOnTopic("t", { "retention.ms": "1" })).toBe("NONE");
  const starts = () =>
    [...cluster.nodes.values()].flatMap(({ store }) =>
      [...store.logs.values()].filter((log) => log.descriptor.topicName === "t").map((log) => log.logStartOffset),
    );
  cluster.until(() => starts().join() === "1,1,1", "every replica to begin behind the record");
  expect(admin.produce("t", "next")).toBe(1);
});

test("L2 segments have Kafka's bounds and defaults", () => {
  admin.createTopic("t", [[1]]);
  expect([valueOf(TOPIC, "t", "segment.bytes"), valueOf(TOPIC, "t", "segment.ms")]).toEqual([
    "1073741824",
    "604800000",
  ]);
});

test("L3 one below the least that is allowed is refused, the least is taken", () => {
  admin.createTopic("t", [[1]]);
  for (const [name, least] of [
    ["segment.bytes", 1_048_576],
    ["segment.ms", 1],
    ["min.insync.replicas", 1],
    ["retention.ms", -1],
  ] as const) {
    expect(admin.setOnTopic("t", { [name]: String(least - 1) }), name).toBe("INVALID_CONFIG");
    expect(admin.setOnTopic("t", { [name]: String(least) }), name).toBe("NONE");
  }
});

test("L4 delete, compact and both are policies, and nothing else is", () => {
  admin.createTopic("t", [[1]]);
  for (const policy of ["compact", "delete", "compact,delete"]) {
    expect(admin.setOnTopic("t", { "cleanup.policy": policy })).toBe("NONE");
    cluster.until(() => valueOf(TOPIC, "t", "cleanup.policy") === policy, `the policy to be ${policy}`);
  }
  expect(admin.setOnTopic("t", { "cleanup.policy": "forget" })).toBe("INVALID_CONFIG");
});

test("K1 a broker tells every setting by Kafka's name; another one's must be asked for there", () => {
  const { configs } = describe(BROKER, "1");
  const told = new Map(configs.map((config) => [config.name, config.value]));
  for (const [name, value] of [
    ["listeners", "PLAINTEXT://:9092"],
    ["num.network.threads", "3"],
    ["num.io.threads", "8"],
    ["broker.session.timeout.ms", "3000"],
  ])
    expect(told.get(name!), name).toBe(value);
  expect(configs.every(({ documentation }) => documentation !== null && documentation.length > 10)).toBe(true);
  expect(nameOf(describe(BROKER, "2", 1).errorCode)).toBe("INVALID_REQUEST");
});

test("what is set for all brokers and for one is told with its source, and holds at once", () => {
  admin.createTopic("t", [[1]], { "min.insync.replicas": "1" });
  const big = "x".repeat(3_000);
  expect(admin.setOnBroker("", { "message.max.bytes": "2000" })).toBe("NONE");
  cluster.until(() => admin.produce("t", big) === "MESSAGE_TOO_LARGE", "the bound of all brokers to hold");
  expect(admin.setOnBroker("1", { "message.max.bytes": "4000" })).toBe("NONE");
  cluster.until(() => typeof admin.produce("t", big) === "number", "the broker's own bound to hold");
  const own = describe(TOPIC, "t").configs.find(({ name }) => name === "max.message.bytes")!;
  expect(own.synonyms.map(({ value, source }) => [value, source])).toEqual([
    ["4000", 2],
    ["2000", 3],
    ["1048588", 5],
  ]);
});

test("groups, loggers and client metrics are answered as resources too", () => {
  const [GROUP, LOGGER, METRICS] = [32, 8, 16];
  expect(valueOf(GROUP, "g", "consumer.session.timeout.ms")).toBe("45000");
  expect(admin.set(GROUP, "g", { "consumer.session.timeout.ms": "50000" })).toBe("NONE");
  cluster.until(() => valueOf(GROUP, "g", "consumer.session.timeout.ms") === "50000", "the setting of the group");
  for (const [name, value] of [
    ["consumer.session.timeout.ms", "60001"],
    ["consumer.session.timeout.ms", "44999"],
    ["share.auto.offset.reset", "by_duration:yesterday"],
    ["no.such.setting", "1"],
  ])
    expect(admin.set(GROUP, "g", { [name!]: value! }), `${name}=${value}`).toBe("INVALID_CONFIG");
  expect(admin.set(GROUP, "g", { "share.auto.offset.reset": "by_duration:P1DT2H" })).toBe("NONE");
  expect(describe(LOGGER, "1").configs).toMatchObject([
    { name: "root", value: "INFO", readOnly: true, configSource: 6 },
  ]);
  expect(admin.set(LOGGER, "1", { root: "DEBUG" })).toBe("INVALID_REQUEST");
  expect(describe(METRICS, "any")).toMatchObject({ errorCode: 0, configs: [] });
});

test("T2 T8 names that metrics cannot tell apart are refused; a topic that is created again has another id, and nothing of the old one", () => {
  admin.createTopic("a.b", [[1, 2, 3]]);
  expect(create({ name: "a_b" })).toMatchObject({ errorCode: 17, errorMessage: expect.stringContaining("a.b") });
  expect(nameOf(create({ name: "a.b" }).errorCode)).toBe("TOPIC_ALREADY_EXISTS");
  const idOf = () => cluster.broker(1).image.topicsByName.get("a.b")!.id;
  const old = idOf();
  expect(admin.produce("a.b", "old")).toBe(0);
  const away = [1, 2, 3].find((id) => id !== cluster.controllerId)!;
  cluster.kill(away);
  const deleted = ask(
    cluster,
    cluster.controllerId,
    ApiKey.DeleteTopics,
    newDeleteTopicsRequest({
      topics: [{ name: "a.b", topicId: "AAAAAAAAAAAAAAAAAAAAAA" as typeof old }],
      timeoutMs: 5_000,
    }),
    6,
  );
  expect(deleted.responses).toMatchObject([{ name: "a.b", topicId: old, errorCode: 0 }]);
  admin = new AdminClient(cluster, cluster.controllerId);
  admin.createTopic("a.b", [[1, 2, 3].filter((id) => id !== away)], { "min.insync.replicas": "1" });
  cluster.restart(away);
  cluster.until(() => cluster.broker(away).isReady, "the broker to be back");
  cluster.pass(1_000);
  expect(cluster.broker(away).image.topicsByName.get("a.b")!.id).not.toBe(old);
  expect(admin.holders("a.b")).toEqual([1, 2, 3].filter((id) => id !== away));
  expect(admin.produce("a.b", "new")).toBe(0);
  expect(admin.read("a.b")).toEqual(["new"]);
});

test("T5 partitions grow, by hand or by placement, and never shrink", () => {
  admin.createTopic("t", [[1, 2]]);
  const grow = (topic: Partial<CreatePartitionsRequestCreatePartitionsTopic>, validateOnly = false) => {
    const request = newCreatePartitionsRequest({
      topics: [{ name: "t", count: 0, assignments: null, ...topic }],
      timeoutMs: 5_000,
      validateOnly,
    });
    return nameOf(ask(cluster, 3, ApiKey.CreatePartitions, request, 3).results[0]!.errorCode);
  };
  const replicas = () =>
    [...cluster.broker(1).image.topicsByName.get("t")!.partitions.values()].map((one) => one.replicas);
  expect(grow({ count: 3, assignments: [{ brokerIds: [2, 3] }, { brokerIds: [3, 1] }] }, true)).toBe("NONE");
  expect(replicas()).toEqual([[1, 2]]);
  expect(grow({ count: 3, assignments: [{ brokerIds: [2, 3] }, { brokerIds: [3, 1] }] })).toBe("NONE");
  cluster.until(() => replicas().length === 3, "the partitions");
  expect(replicas()).toEqual([
    [1, 2],
    [2, 3],
    [3, 1],
  ]);
  expect(grow({ count: 4, assignments: [{ brokerIds: [1] }] })).toBe("INVALID_REPLICA_ASSIGNMENT");
  expect(grow({ count: 2 })).toBe("INVALID_PARTITIONS");
  expect(grow({ count: 3 })).toBe("INVALID_PARTITIONS");
  expect(grow({ count: 6 })).toBe("NONE");
  cluster.until(() => replicas().length === 6, "more partitions");
});

test("CreateTopics tells number, replication and settings of what it made from version 5 on, and of what it would make", () => {
  const asked = {
    name: "t",
    numPartitions: -1,
    replicationFactor: -1,
    configs: [{ name: "retention.ms", value: "5" }],
  };
  const planned = create(asked, { validateOnly: true });
  expect(planned).toMatchObject({
    errorCode: 0,
    numPartitions: 1,
    replicationFactor: 3,
    topicId: "AAAAAAAAAAAAAAAAAAAAAA",
  });
  expect(cluster.broker(1).image.topicsByName.has("t")).toBe(false);
  const made = create(asked);
  expect(made).toMatchObject({ errorCode: 0, numPartitions: 1, replicationFactor: 3 });
  expect(made.topicId).toBe(cluster.broker(cluster.controllerId).image.topicsByName.get("t")!.id);
  const told = made.configs!.find(({ name }) => name === "retention.ms");
  expect(told).toMatchObject({ value: "5", configSource: 1, readOnly: false });
  expect(made.configs!.length).toBe(describe(TOPIC, "t").configs.length);
});

test("delete.topic.enable=false keeps topics", () => {
  cluster = new SmallCluster({ "delete.topic.enable": "false" });
  admin = new AdminClient(cluster);
  admin.createTopic("t", [[1]]);
  const deleted = ask(
    cluster,
    1,
    ApiKey.DeleteTopics,
    newDeleteTopicsRequest({ topicNames: ["t"], timeoutMs: 5_000 }),
    5,
  );
  expect(nameOf(deleted.responses[0]!.errorCode)).toBe("TOPIC_DELETION_DISABLED");
  expect(cluster.broker(1).image.topicsByName.has("t")).toBe(true);
});

test("a group whose settings were set is listed as a resource, so that tools find it", () => {
  const GROUP = 32;
  const listed = () =>
    ask(cluster, 1, ApiKey.ListConfigResources, newListConfigResourcesRequest({ resourceTypes: [GROUP] }), 1)
      .configResources;
  expect(listed()).toEqual([]);
  expect(admin.set(GROUP, "g", { "consumer.session.timeout.ms": "50000" })).toBe("NONE");
  cluster.until(() => listed().length > 0, "the group to be listed");
  expect(listed()).toEqual([{ resourceName: "g", resourceType: GROUP }]);
});
