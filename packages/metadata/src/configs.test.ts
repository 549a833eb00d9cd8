import type { ErrorName } from "@vitrine/core";
import { checkConfigValue, errorFromCode } from "@vitrine/core";
import {
  newAlterConfigsRequest,
  newDescribeConfigsRequest,
  newIncrementalAlterConfigsRequest,
} from "@vitrine/protocol/types";
import { expect, test } from "vitest";
import { BROKER_CONFIGS, brokerConfigDef } from "./broker-configs.ts";
import { controllerSettings, defaultControllerSettings } from "./controller-settings.ts";
import { describeConfigs } from "./describe-configs.ts";
import { effectiveTopicConfig } from "./effective-configs.ts";
import { sameCluster } from "./diff.ts";
import { GROUP_CONFIGS } from "./group-configs.ts";
import { configRecord } from "./records.ts";
import { imageFromSnapshot, snapshotRecords } from "./snapshot.ts";
import { CLUSTER_ID, TestCluster } from "./test-cluster.ts";
import { TOPIC_CONFIGS } from "./topic-configs.ts";

const TOPIC = 2;
const BROKER = 4;
const [SET, DELETE, APPEND, SUBTRACT] = [0, 1, 2, 3];
const T = "t";

function withTopic(configs: Readonly<Record<string, string>> = {}): TestCluster {
  const cluster = TestCluster.of(2);
  cluster.createWith(T, [[1, 2]], configs);
  return cluster;
}

test("M50 a setting comes from the topic, then the broker, then all brokers, then the file, then Kafka", () => {
  const cluster = withTopic({ "retention.ms": "5" });
  cluster.alterConfig(BROKER, "1", "log.retention.ms", SET, "4");
  cluster.alterConfig(BROKER, "", "log.retention.ms", SET, "3");
  const staticConfigs = new Map([["log.retention.hours", "2"]]);
  const seen = () => effectiveTopicConfig(cluster.image, T, { brokerId: 1, staticConfigs }).retentionMs;
  expect(seen()).toBe(5);
  cluster.alterConfig(TOPIC, T, "retention.ms", DELETE, null);
  expect(seen()).toBe(4);
  cluster.alterConfig(BROKER, "1", "log.retention.ms", DELETE, null);
  expect(seen()).toBe(3);
  cluster.alterConfig(BROKER, "", "log.retention.ms", DELETE, null);
  expect(seen()).toBe(7_200_000);
  staticConfigs.set("log.retention.minutes", "1");
  expect(seen()).toBe(60_000);
  staticConfigs.set("log.retention.ms", "-1");
  expect(seen()).toBe(-1);
  staticConfigs.clear();
  expect(seen()).toBe(604_800_000);
});

test("M50 the defaults are Kafka's", () => {
  const cluster = withTopic();
  const { values: _, ...config } = effectiveTopicConfig(cluster.image, T, { brokerId: 1, staticConfigs: new Map() });
  expect(config).toEqual({
    minInsyncReplicas: 1,
    uncleanLeaderElection: false,
    cleanupPolicy: { delete: true, compact: false },
    retentionMs: 604_800_000,
    retentionBytes: -1,
    segmentMs: 604_800_000,
    segmentBytes: 1_073_741_824,
    maxMessageBytes: 1_048_588,
    messageTimestampType: "CreateTime",
    messageTimestampBeforeMaxMs: Infinity,
    messageTimestampAfterMaxMs: 3_600_000,
    compressionType: "producer",
    deleteRetentionMs: 86_400_000,
  });
});

test("M50 every default is legal, every broker default exists and agrees with the topic's", () => {
  for (const def of [...TOPIC_CONFIGS, ...BROKER_CONFIGS])
    if (def.default !== null) expect(checkConfigValue(def, def.default)).toBeNull();
  const cluster = TestCluster.of(1);
  const { values } = effectiveTopicConfig(cluster.image, null, { brokerId: 1, staticConfigs: new Map() });
  for (const def of TOPIC_CONFIGS) {
    if (def.brokerDefault !== undefined) expect(brokerConfigDef(def.brokerDefault)).toBeDefined();
    expect([def.name, values.get(def.name)]).toEqual([def.name, def.default]);
  }
});

test("M51 set, delete, append and subtract; only what changes is written", () => {
  const cluster = withTopic();
  const record = (name: string, value: string | null) => [
    configRecord({ resourceType: 2, resourceName: T, name, value }),
  ];
  const alter = (name: string, operation: number, value: string | null) =>
    cluster.alterConfig(TOPIC, T, name, operation, value).records;
  expect(alter("retention.ms", SET!, "1000")).toEqual(record("retention.ms", "1000"));
  expect(alter("retention.ms", SET!, "1000")).toEqual([]);
  expect(alter("retention.ms", DELETE!, null)).toEqual(record("retention.ms", null));
  expect(alter("retention.ms", DELETE!, null)).toEqual([]);
  expect(alter("cleanup.policy", APPEND!, "compact")).toEqual(record("cleanup.policy", "delete,compact"));
  expect(alter("cleanup.policy", APPEND!, "compact")).toEqual([]);
  expect(alter("cleanup.policy", SUBTRACT!, "delete")).toEqual(record("cleanup.policy", "compact"));
  expect(cluster.alterConfig(TOPIC, T, "retention.ms", SET!, "1", true).records).toEqual([]);
});

test("M52 what cannot be set is refused with a sentence, and writes nothing", () => {
  const cluster = withTopic();
  const rows: [number, string, string, number, string | null, ErrorName][] = [
    [TOPIC, "ghost", "retention.ms", 0, "1", "UNKNOWN_TOPIC_OR_PARTITION"],
    [TOPIC, T, "no.such.setting", 0, "1", "INVALID_CONFIG"],
    [TOPIC, T, "no.such.setting", 1, null, "INVALID_CONFIG"],
    [TOPIC, T, "retention.ms", 0, "-2", "INVALID_CONFIG"],
    [TOPIC, T, "retention.ms", 0, null, "INVALID_REQUEST"],
    [TOPIC, T, "retention.ms", 2, "1", "INVALID_CONFIG"],
    [TOPIC, T, "retention.ms", 9, "1", "INVALID_REQUEST"],
    [TOPIC, T, "leader.replication.throttled.replicas", 0, "0:1,".repeat(9_000), "INVALID_CONFIG"],
    [TOPIC, T, "max.compaction.lag.ms", 0, "1", "NONE"],
    [TOPIC, T, "min.compaction.lag.ms", 0, "2", "INVALID_CONFIG"],
    [TOPIC, T, "local.retention.ms", 0, "604800001", "INVALID_CONFIG"],
    [BROKER, "one", "log.retention.ms", 0, "1", "INVALID_REQUEST"],
    [BROKER, "9", "log.retention.ms", 0, "1", "BROKER_ID_NOT_REGISTERED"],
    [BROKER, "1", "node.id", 0, "2", "INVALID_REQUEST"],
    [BROKER, "1", "no.such.setting", 0, "2", "INVALID_CONFIG"],
    [8, "1", "root", 0, "DEBUG", "INVALID_REQUEST"],
  ];
  for (const [type, resource, name, operation, value, error] of rows) {
    const { errorCode, errorMessage, records } = cluster.alterConfig(type, resource, name, operation, value);
    expect([resource, name, errorFromCode(errorCode).name]).toEqual([resource, name, error]);
    if (error === "NONE") continue;
    expect(errorMessage).toMatch(/\w+/);
    expect(records).toEqual([]);
  }
});

test("M52 a resource changes as a whole, and may be named once", () => {
  const cluster = withTopic();
  const run = (
    resources: {
      resourceType: number;
      resourceName: string;
      configs: { name: string; configOperation: number; value: string | null }[];
    }[],
  ) => cluster.run({ type: "incrementalAlterConfigs", request: newIncrementalAlterConfigsRequest({ resources }) });
  const set = (name: string, value: string) => ({ name, configOperation: 0, value });
  const topic = (...configs: ReturnType<typeof set>[]) => ({ resourceType: TOPIC, resourceName: T, configs });
  expect(run([topic(set("retention.ms", "1"), set("segment.bytes", "1"))]).records).toEqual([]);
  expect(run([topic(set("retention.ms", "1"), set("retention.ms", "2"))]).records).toEqual([]);
  const twice = run([topic(set("retention.ms", "1")), topic(set("segment.ms", "1"))]);
  expect(twice.records).toEqual([]);
  expect(twice.reply.responses.map((one) => errorFromCode(one.errorCode).name)).toEqual([
    "INVALID_REQUEST",
    "INVALID_REQUEST",
  ]);
});

test("M53 min.insync.replicas is one for the cluster: no broker has its own, and it cannot be taken away", () => {
  const cluster = withTopic();
  const name = "min.insync.replicas";
  const answers = [
    cluster.alterConfig(BROKER, "1", name, SET!, "2"),
    cluster.alterConfig(BROKER, "1", name, DELETE!, null),
    cluster.alterConfig(BROKER, "", name, DELETE!, null),
    cluster.alterConfig(BROKER, "", name, SET!, "2"),
  ];
  expect(answers.map((one) => errorFromCode(one.errorCode).name)).toEqual([
    "INVALID_CONFIG",
    "INVALID_CONFIG",
    "INVALID_CONFIG",
    "NONE",
  ]);
  expect(cluster.image.configs.get("broker:")?.get(name)).toBe("2");
});

test("M54 a smaller min.insync.replicas forgets eligible leaders who may miss what is committed from now on", () => {
  for (const level of ["topic", "cluster"]) {
    const cluster = withTopic(level === "topic" ? { "min.insync.replicas": "2" } : {});
    const set = (value: string) =>
      level === "topic"
        ? cluster.alterConfig(TOPIC, T, "min.insync.replicas", SET!, value)
        : cluster.alterConfig(BROKER, "", "min.insync.replicas", SET!, value);
    set("2");
    cluster.kill(2);
    expect(cluster.line(T)).toBe("1@0 isr 1 elr 2 last -");
    set("1");
    expect(cluster.line(T)).toBe("1@0 isr 1 elr - last -");
  }
});

test("M55 DescribeConfigs tells value, source, synonyms and documentation of every setting", () => {
  const cluster = withTopic({ "retention.ms": "5" });
  const node = { brokerId: 1, staticConfigs: new Map([["log.retention.hours", "2"]]) };
  const ask = (resourceType: number, resourceName: string, configurationKeys: string[] | null) => {
    const resources = [{ resourceType, resourceName, configurationKeys }];
    const request = newDescribeConfigsRequest({ resources, includeSynonyms: true, includeDocumentation: true });
    return describeConfigs(cluster.image, request, node).results[0]!;
  };
  expect(ask(TOPIC, T, ["retention.ms"])).toEqual({
    errorCode: 0,
    errorMessage: null,
    resourceType: TOPIC,
    resourceName: T,
    configs: [
      {
        name: "retention.ms",
        value: "5",
        readOnly: false,
        configSource: 1,
        isSensitive: false,
        synonyms: [
          { name: "retention.ms", value: "5", source: 1 },
          { name: "log.retention.hours", value: "2", source: 4 },
          { name: "log.retention.hours", value: "168", source: 5 },
        ],
        configType: 5,
        documentation: expect.stringContaining("milliseconds"),
      },
    ],
  });
  expect(ask(TOPIC, T, null).configs).toHaveLength(TOPIC_CONFIGS.length);
  expect(ask(BROKER, "1", null).configs).toHaveLength(BROKER_CONFIGS.length);
  expect(ask(BROKER, "1", ["node.id", "log.retention.ms"]).configs.map((one) => [one.name, one.readOnly])).toEqual([
    ["log.retention.ms", false],
    ["node.id", true],
  ]);
  expect(ask(BROKER, "", null).configs.map((one) => [one.name, one.value, one.configSource])).toEqual([
    ["min.insync.replicas", "1", 3],
  ]);
  expect(errorFromCode(ask(BROKER, "2", null).errorCode).name).toBe("INVALID_REQUEST");
  expect(errorFromCode(ask(TOPIC, "ghost", null).errorCode).name).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  expect(errorFromCode(ask(TOPIC, "a b", null).errorCode).name).toBe("INVALID_TOPIC_EXCEPTION");
  expect(errorFromCode(ask(99, "x", null).errorCode).name).toBe("INVALID_REQUEST");
});

test("M56 the controller's settings are Kafka's defaults where nothing else was given", () => {
  expect(defaultControllerSettings()).toEqual({
    sessionTimeoutMs: 9_000,
    defaultReplicationFactor: 1,
    numPartitions: 1,
    minInsyncReplicas: 1,
    autoLeaderRebalance: true,
    leaderImbalanceCheckIntervalMs: 300_000,
    leaderImbalancePerBrokerPercentage: 10,
    deleteTopicEnable: true,
    staticConfigs: new Map(),
  });
  const given = new Map([
    ["broker.session.timeout.ms", "3000"],
    ["auto.leader.rebalance.enable", "false"],
  ]);
  expect(controllerSettings(given)).toMatchObject({ sessionTimeoutMs: 3_000, autoLeaderRebalance: false });
});

test("M55 K1 every setting that Kafka 4.3 tells is told: number, types and whether it is dynamic are Kafka's", () => {
  const count = (type: string) => BROKER_CONFIGS.filter((def) => def.type === type).length;
  // Kafka 4.3's own definitions, without what it keeps to itself: 340, of which 99 are dynamic. Its three dynamic throttles stand apart there,
  // and one whole number (the imbalance that is put up with) is from Kafka 4.0.
  const kafka = { boolean: 15, int: 171, short: 6, long: 48, double: 7, string: 50, list: 22, password: 10, class: 11 };
  expect(Object.fromEntries(Object.keys(kafka).map((type) => [type, count(type)]))).toEqual({
    ...kafka,
    int: kafka.int + 1,
    long: kafka.long + 3,
  });
  expect(BROKER_CONFIGS.filter((def) => def.dynamic).length).toBe(99 + 3);
  expect(TOPIC_CONFIGS.length).toBe(33);
  expect(GROUP_CONFIGS.length).toBe(17);
  for (const def of [...BROKER_CONFIGS, ...TOPIC_CONFIGS, ...GROUP_CONFIGS])
    expect(def.doc, def.name).toMatch(/^\S.*\.$/);
});

test("M58 a group's own setting lies between the broker's bounds for it", () => {
  const cluster = TestCluster.of(1);
  const GROUP = 32;
  expect(cluster.alterConfig(GROUP, "g", "consumer.heartbeat.interval.ms", SET!, "4999").errorMessage).toContain(
    "group.consumer.min.heartbeat.interval.ms (5000)",
  );
  cluster.alterConfig(GROUP, "g", "consumer.heartbeat.interval.ms", SET!, "6000");
  expect(cluster.image.configs.get("group:g")).toEqual(new Map([["consumer.heartbeat.interval.ms", "6000"]]));
  expect(
    errorFromCode(cluster.alterConfig(GROUP, "", "consumer.heartbeat.interval.ms", SET!, "6000").errorCode).name,
  ).toBe("INVALID_REQUEST");
  const position = { offset: cluster.image.offset, epoch: 1 };
  expect(sameCluster(imageFromSnapshot(CLUSTER_ID, snapshotRecords(cluster.image), position), cluster.image)).toBe(
    true,
  );
});

test("M59 allowing unclean election gives leaders to what has none, at once", () => {
  const cluster = TestCluster.of(3);
  cluster.createWith(T, [[1, 2]]);
  cluster.kill(2);
  cluster.kill(1);
  cluster.join(2);
  expect(cluster.partition(T).leader).toBe(-1);
  expect(cluster.alterConfig(TOPIC, T, "unclean.leader.election.enable", SET!, "true").errorCode).toBe(0);
  expect(cluster.partition(T)).toMatchObject({ leader: 2, leaderRecoveryState: "RECOVERING" });
  expect(cluster.events.at(-1)).toMatchObject({ type: "unclean-election", leader: 2 });
});

test("M52 throttled replicas are a list of partition:broker, or all", () => {
  const cluster = withTopic();
  const name = "leader.replication.throttled.replicas";
  for (const value of ["*", "", "0:1", "0:1,1:2"])
    expect(cluster.alterConfig(TOPIC, T, name, SET!, value).errorCode).toBe(0);
  for (const value of ["0", "0:1,*", "a:b", "0:1,,"])
    expect(errorFromCode(cluster.alterConfig(TOPIC, T, name, SET!, value).errorCode).name, value).toBe(
      "INVALID_CONFIG",
    );
});

test("M57 AlterConfigs sets what is named and takes away the rest, by the same rules", () => {
  const cluster = TestCluster.of(1);
  cluster.createWith("t", [[1]], { "retention.ms": "1", "segment.ms": "2" });
  const alter = (resourceType: number, resourceName: string, configs: Record<string, string | null>) =>
    cluster.run({
      type: "alterConfigs",
      request: newAlterConfigsRequest({
        resources: [
          { resourceType, resourceName, configs: Object.entries(configs).map(([name, value]) => ({ name, value })) },
        ],
      }),
    });
  const replaced = alter(2, "t", { "retention.ms": "1", "cleanup.policy": "compact" });
  expect(replaced.reply.responses[0]?.errorCode).toBe(0);
  expect([...cluster.image.configs.get("topic:t")!]).toEqual([
    ["retention.ms", "1"],
    ["cleanup.policy", "compact"],
  ]);
  expect(replaced.records.map((record) => record.type === "ConfigRecord" && [record.name, record.value])).toEqual([
    ["cleanup.policy", "compact"],
    ["segment.ms", null],
  ]);
  for (const [type, name, configs, error] of [
    [2, "t", { "no.such": "1" }, "INVALID_CONFIG"],
    [2, "t", { "retention.ms": null }, "INVALID_REQUEST"],
    [2, "t", { "retention.ms": "-2" }, "INVALID_CONFIG"],
    [2, "nobody", {}, "UNKNOWN_TOPIC_OR_PARTITION"],
    [4, "1", { "node.id": "3" }, "INVALID_REQUEST"],
    // What all brokers must agree on cannot be left out (M53).
    [4, "", { "log.retention.ms": "1" }, "INVALID_CONFIG"],
  ] as const) {
    const refused = alter(type, name, configs);
    expect([errorFromCode(refused.reply.responses[0]!.errorCode).name, refused.records], name).toEqual([error, []]);
  }
});
