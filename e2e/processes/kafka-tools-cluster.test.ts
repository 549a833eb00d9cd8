/** Apache Kafka's own command line tools, unmodified, for who looks after a cluster; `CLIENTS_TARGET=kafka` turns them on Apache Kafka itself. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { javaProgram } from "../clients/available.ts";
import type { KafkaTools } from "../clients/kafka-tools.ts";
import { createTopic, describeTopic, LINES, produceLines, rowsOf } from "../clients/tool-words.ts";
import { ToolsSession } from "../clients/tools-session.ts";
import { waitFor } from "../fixtures/cluster.ts";

const program = javaProgram("KafkaTools.java");
if (!program.ok) console.log(`skipped: Apache Kafka's tools for clusters are not tested, because ${program.reason}`);

let session: ToolsSession;
let tools: KafkaTools;
beforeAll(async () => {
  if (!program.ok) return;
  session = await ToolsSession.start("kafka-tools-cluster.test.ts", program.classPath);
  ({ tools } = session);
}, 180_000);
afterAll(() => session?.stop());

describe.skipIf(!program.ok)("configuration", () => {
  test("kafka-configs describes and changes topics, brokers, quotas and SCRAM credentials", async () => {
    await createTopic(tools, "configured", "--partitions", "1", "--replication-factor", "3");
    const topic = ["--entity-type", "topics", "--entity-name", "configured"];
    await tools.run("kafka-configs", [
      "--alter",
      ...topic,
      "--add-config",
      "retention.ms=7200000,cleanup.policy=[compact,delete]",
    ]);
    await waitFor(
      async () =>
        /retention\.ms=7200000 .*DYNAMIC_TOPIC_CONFIG/.test(await tools.run("kafka-configs", ["--describe", ...topic])),
      { what: "the topic's setting to be described" },
    );
    const everything = await tools.run("kafka-configs", ["--describe", "--all", ...topic]);
    expect(everything).toMatch(/cleanup\.policy=compact,delete sensitive=false synonyms=\{DYNAMIC_TOPIC_CONFIG:/);
    expect(everything).toMatch(
      /segment\.bytes=1073741824 sensitive=false synonyms=\{DEFAULT_CONFIG:log\.segment\.bytes=/,
    );
    expect(await tools.refused("kafka-configs", ["--alter", ...topic, "--add-config", "retention.ms=-2"])).toContain(
      "InvalidConfigurationException",
    );
    await tools.run("kafka-configs", ["--alter", ...topic, "--delete-config", "retention.ms"]);
    await waitFor(async () => !(await tools.run("kafka-configs", ["--describe", ...topic])).includes("retention.ms"), {
      what: "the topic's setting to be gone",
    });
    const brokers = ["--entity-type", "brokers", "--entity-default"];
    await tools.run("kafka-configs", ["--alter", ...brokers, "--add-config", "log.retention.ms=86400000"]);
    await waitFor(
      async () => (await tools.run("kafka-configs", ["--describe", ...brokers])).includes("log.retention.ms=86400000"),
      { what: "the cluster's default to be described" },
    );
    await waitFor(
      async () =>
        /retention\.ms=86400000 sensitive=false synonyms=\{DYNAMIC_DEFAULT_BROKER_CONFIG:log\.retention\.ms=86400000/.test(
          await tools.run("kafka-configs", ["--describe", "--all", ...topic]),
        ),
      { what: "the topic to follow the cluster's default" },
    );
    const client = ["--entity-type", "clients", "--entity-name", "slow"];
    await tools.run("kafka-configs", ["--alter", ...client, "--add-config", "producer_byte_rate=1048576"]);
    await waitFor(
      async () => (await tools.run("kafka-configs", ["--describe", ...client])).includes("producer_byte_rate=1048576"),
      { what: "the quota to be described" },
    );
    const address = ["--entity-type", "ips", "--entity-name", "192.0.2.1"];
    await tools.run("kafka-configs", ["--alter", ...address, "--add-config", "connection_creation_rate=50"]);
    await waitFor(
      async () => /connection_creation_rate=50/.test(await tools.run("kafka-configs", ["--describe", ...address])),
      { what: "the quota of an address to be described" },
    );
    const user = ["--entity-type", "users", "--entity-name", "alice"];
    const secret = "SCRAM-SHA-256=[iterations=4096,password=secret]";
    await tools.run("kafka-configs", ["--alter", ...user, "--add-config", secret]);
    await waitFor(
      async () => (await tools.run("kafka-configs", ["--describe", ...user])).includes("SCRAM-SHA-256=iterations=4096"),
      { what: "the credential to be described" },
    );
  });
});

describe.skipIf(!program.ok)("the cluster", () => {
  test("kafka-reassign-partitions plans, moves under a throttle and verifies; kafka-leader-election puts the first replica back", async () => {
    const [one, two, three] = session.party.target.brokerIds as [number, number, number];
    await createTopic(tools, "moving", "--replica-assignment", `${one}:${two}`);
    await produceLines(tools, "moving", LINES);
    const topics = session.file("topics.json", { version: 1, topics: [{ topic: "moving" }] });
    const plan = ["--topics-to-move-json-file", topics, "--broker-list", `${two},${three}`, "--generate"];
    expect(await tools.run("kafka-reassign-partitions", plan)).toMatch(/Proposed partition reassignment/);
    const move = async (replicas: readonly number[], ...options: string[]) => {
      const partitions = [{ topic: "moving", partition: 0, replicas }];
      const file = ["--reassignment-json-file", session.file("move.json", { version: 1, partitions })];
      await tools.run("kafka-reassign-partitions", [...file, "--execute", ...options]);
      await waitFor(
        async () => (await tools.run("kafka-reassign-partitions", [...file, "--verify"])).includes("is completed"),
        { what: "the move to be verified" },
      );
      await waitFor(async () => (await describeTopic(tools, "moving"))[0]!.replicas.join() === replicas.join(), {
        what: "the new replicas to be described",
      });
    };
    await move([two, three], "--throttle", "10000000");
    expect(await tools.run("kafka-reassign-partitions", ["--list"])).toMatch(/No partition reassignments found/);
    expect(
      await tools.run("kafka-configs", ["--describe", "--entity-type", "topics", "--entity-name", "moving"]),
    ).not.toContain("throttled");
    const read = ["--topic", "moving", "--from-beginning", "--max-messages", String(LINES.length)];
    expect((await tools.run("kafka-console-consumer", read)).trimEnd().split("\n")).toHaveLength(LINES.length);
    const leader = (await describeTopic(tools, "moving"))[0]!.leader;
    const other = leader === two ? three : two;
    await move([other, leader]);
    await waitFor(async () => (await describeTopic(tools, "moving"))[0]!.isr.length === 2, {
      what: "the ISR to be full",
    });
    const election = ["--election-type", "preferred", "--topic", "moving", "--partition", "0"];
    if ((await describeTopic(tools, "moving"))[0]!.leader !== other)
      expect(await tools.run("kafka-leader-election", election)).toContain("Successfully completed leader election");
    await waitFor(async () => (await describeTopic(tools, "moving"))[0]!.leader === other, {
      what: "the first replica to lead",
    });
    expect(await tools.run("kafka-leader-election", election)).toContain("Valid replica already elected");
  });

  test("kafka-log-dirs tells the size of every replica", async () => {
    await createTopic(tools, "sized", "--partitions", "2", "--replication-factor", "3");
    await produceLines(tools, "sized", LINES);
    const output = await tools.run("kafka-log-dirs", ["--describe", "--topic-list", "sized"]);
    const json = JSON.parse(output.split("\n").find((line) => line.startsWith("{"))!) as {
      brokers: {
        broker: number;
        logDirs: { error: string | null; partitions: { partition: string; size: number }[] }[];
      }[];
    };
    expect(json.brokers.map(({ broker }) => broker).toSorted((a, b) => a - b)).toEqual(session.party.target.brokerIds);
    for (const { logDirs } of json.brokers) {
      expect(logDirs.map(({ error }) => error)).toEqual([null]);
      const sizes = logDirs.flatMap(({ partitions }) => partitions);
      expect(new Set(sizes.map(({ partition }) => partition))).toEqual(new Set(["sized-0", "sized-1"]));
      expect(sizes.reduce((all, { size }) => all + size, 0)).toBeGreaterThan(LINES.join("").length);
    }
  });

  test("kafka-metadata-quorum, kafka-features and kafka-broker-api-versions say who decides and what is spoken", async () => {
    const status = await tools.run("kafka-metadata-quorum", ["describe", "--status"]);
    const leader = Number(/LeaderId:\s+(\d+)/.exec(status)?.[1]);
    expect(session.party.target.brokerIds).toContain(leader);
    expect(Number(/HighWatermark:\s+(\d+)/.exec(status)?.[1])).toBeGreaterThan(0);
    const voters = JSON.parse(/CurrentVoters:\s+(.*)/.exec(status)![1]!) as ({ id: number } | number)[];
    const ids = voters.map((voter) => (typeof voter === "number" ? voter : voter.id));
    expect(ids.toSorted((a, b) => a - b)).toEqual(session.party.target.brokerIds);
    const replication = rowsOf(await tools.run("kafka-metadata-quorum", ["describe", "--replication"]), 7);
    // Vitrine's gateway follows the metadata log too, as an observer.
    const states = replication.map((cells) => [Number(cells[0]), cells[6]] as const).filter(([id]) => ids.includes(id));
    expect(Object.fromEntries(states)).toEqual(
      Object.fromEntries(session.party.target.brokerIds.map((id) => [id, id === leader ? "Leader" : "Follower"])),
    );
    expect(await tools.run("kafka-features", ["describe"])).toMatch(
      /eligible\.leader\.replicas\.version\s.*FinalizedVersionLevel: 1/,
    );
    const versions = await tools.run("kafka-broker-api-versions", []);
    for (const id of session.party.target.brokerIds) expect(versions).toContain(`(id: ${id} rack: null`);
    expect(versions).not.toContain("ERROR");
  });

  test("an unsecured cluster says so: kafka-acls finds no authorizer, and SASL is refused", async () => {
    const grant = ["--allow-principal", "User:bob", "--operation", "Read", "--topic", "tools", "--force"];
    for (const args of [["--list"], ["--add", ...grant], ["--remove", ...grant]])
      expect(await tools.refused("kafka-acls", args)).toContain("SecurityDisabledException");
    const login =
      'org.apache.kafka.common.security.plain.PlainLoginModule required username="alice" password="secret";';
    const security = ["security.protocol=SASL_PLAINTEXT", "sasl.mechanism=PLAIN", `sasl.jaas.config=${login}`];
    const file = session.file("sasl.properties", security.join("\n"));
    expect(await tools.refused("kafka-topics", ["--list", "--command-config", file])).toContain(
      "Unexpected handshake request with client mechanism PLAIN, enabled mechanisms are []",
    );
  });

  test("kafka-transactions, kafka-configs, kafka-features and kafka-cluster ask for what else there is", async () => {
    await createTopic(tools, "written", "--partitions", "1", "--replication-factor", "3");
    await produceLines(tools, "written", LINES);
    const producers = ["describe-producers", "--topic", "written", "--partition", "0"];
    // ProducerId ProducerEpoch LatestCoordinatorEpoch LastSequence LastTimestamp CurrentTransactionStartOffset
    const [, producer] = rowsOf(await tools.run("kafka-transactions", producers), 6);
    expect(producer).toEqual([
      expect.stringMatching(/^\d+$/),
      "0",
      "-1",
      String(LINES.length - 1),
      expect.any(String),
      "None",
    ]);
    await tools.run("kafka-configs", ["--describe", "--entity-type", "client-metrics"]);
    await tools.run("kafka-configs", ["--describe", "--entity-type", "groups"]);
    const feature = (name: string) => ["upgrade", "--feature", name];
    expect(await tools.run("kafka-features", feature("eligible.leader.replicas.version=1"))).toContain("upgraded to 1");
    expect(await tools.refused("kafka-features", feature("no.such=1"))).toContain("Could not upgrade no.such to 1");
    expect(await tools.run("kafka-cluster", ["cluster-id"])).toMatch(/Cluster ID: [A-Za-z0-9_-]{22}/);
    expect(await tools.refused("kafka-cluster", ["unregister", "--id", "99"])).toContain(
      "BrokerIdNotRegisteredException: Broker ID 99 is not currently registered",
    );
  });
});
