/** Apache Kafka's own command line tools, unmodified, for topics, records and groups; `CLIENTS_TARGET=kafka` turns them on Apache Kafka itself. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { javaProgram } from "../clients/available.ts";
import { type KafkaTools, VerifiableConsumer } from "../clients/kafka-tools.ts";
import { createTopic, describeTopic, LINES, produceLines, rowsOf } from "../clients/tool-words.ts";
import { ToolsSession } from "../clients/tools-session.ts";
import { waitFor } from "../fixtures/cluster.ts";

const program = javaProgram("KafkaTools.java");
if (!program.ok) console.log(`skipped: Apache Kafka's tools are not tested, because ${program.reason}`);

let session: ToolsSession;
let tools: KafkaTools;
beforeAll(async () => {
  if (!program.ok) return;
  session = await ToolsSession.start("kafka-tools.test.ts", program.classPath);
  ({ tools } = session);
}, 180_000);
afterAll(() => session?.stop());

async function offsetsOf(topic: string, time: string): Promise<Record<number, number>> {
  const output = await tools.run("kafka-get-offsets", ["--topic", topic, "--time", time]);
  return Object.fromEntries(rowsOf(output.replaceAll(":", " "), 3).map(([, p, offset]) => [Number(p), Number(offset)]));
}

/** `hashCode()` of a string: who coordinates a group hangs on it. */
function javaHash(text: string): number {
  let hash = 0;
  for (const unit of text) hash = (Math.imul(hash, 31) + unit.charCodeAt(0)) | 0;
  return hash;
}

const sum = (numbers: Readonly<Record<number, number>>) => Object.values(numbers).reduce((a, b) => a + b, 0);

describe.skipIf(!program.ok)("topics and records", () => {
  test("kafka-topics creates, lists, describes, grows and deletes", async () => {
    await createTopic(
      tools,
      "tools",
      "--partitions",
      "3",
      "--replication-factor",
      "3",
      "--config",
      "retention.ms=3600000",
    );
    expect((await tools.run("kafka-topics", ["--list"])).split("\n")).toContain("tools");
    const described = await tools.run("kafka-topics", ["--describe", "--topic", "tools"]);
    expect(described).toMatch(/PartitionCount: 3\s+ReplicationFactor: 3\s+Configs: .*retention\.ms=3600000/);
    for (const { leader, replicas, isr } of await describeTopic(tools, "tools")) {
      expect(replicas.toSorted((a, b) => a - b)).toEqual(session.party.target.brokerIds);
      expect(isr.toSorted((a, b) => a - b)).toEqual(session.party.target.brokerIds);
      expect(leader).toBe(replicas[0]);
    }
    await tools.run("kafka-topics", ["--alter", "--topic", "tools", "--partitions", "4"]);
    await waitFor(async () => (await describeTopic(tools, "tools")).length === 4, { what: "the fourth partition" });
    expect(await tools.refused("kafka-topics", ["--alter", "--topic", "tools", "--partitions", "2"])).toContain(
      "InvalidPartitionsException",
    );
    expect(await tools.refused("kafka-topics", ["--create", "--topic", "tools"])).toContain("already exists");
    expect(await tools.refused("kafka-topics", ["--create", "--topic", "no good"])).toContain("InvalidTopicException");
    expect(await tools.run("kafka-topics", ["--describe", "--under-replicated-partitions"])).not.toContain("Topic:");
    await createTopic(tools, "short-lived", "--partitions", "1");
    await tools.run("kafka-topics", ["--delete", "--topic", "short-lived"]);
    await waitFor(async () => !(await tools.run("kafka-topics", ["--list"])).split("\n").includes("short-lived"), {
      what: "the topic to be gone",
    });
  });

  test.each(["none", "gzip", "snappy", "lz4", "zstd"])(
    "the console producer writes %s, the console consumer reads",
    async (codec) => {
      const topic = `console-${codec}`;
      await createTopic(tools, topic, "--partitions", "3", "--replication-factor", "3");
      await produceLines(tools, topic, LINES, "--compression-codec", codec);
      const shown = ["print.key=true", "key.separator=:"].flatMap((property) => ["--formatter-property", property]);
      const wanted = ["--topic", topic, "--from-beginning", "--max-messages", String(LINES.length)];
      const output = await tools.run("kafka-console-consumer", [...wanted, ...shown, "--group", `g-${topic}`]);
      expect(new Set(output.trimEnd().split("\n"))).toEqual(new Set(LINES));
      expect(sum(await offsetsOf(topic, "latest"))).toBe(LINES.length);
      expect(sum(await offsetsOf(topic, "earliest"))).toBe(0);
    },
  );

  test("kafka-get-offsets finds the newest time, kafka-delete-records purges", async () => {
    await createTopic(tools, "purged", "--partitions", "1");
    await produceLines(tools, "purged", LINES);
    expect(await offsetsOf("purged", "max-timestamp")).toEqual({ 0: expect.any(Number) });
    const partitions = [{ topic: "purged", partition: 0, offset: 12 }];
    const file = session.file("purge.json", { version: 1, partitions });
    expect(await tools.run("kafka-delete-records", ["--offset-json-file", file])).toContain("low_watermark: 12");
    expect(await offsetsOf("purged", "earliest")).toEqual({ 0: 12 });
    expect(await offsetsOf("purged", "latest")).toEqual({ 0: LINES.length });
  });

  test("kafka-verifiable-producer and -consumer agree", async () => {
    await createTopic(tools, "verified", "--partitions", "3", "--replication-factor", "3");
    const produced = await tools.run("kafka-verifiable-producer", ["--topic", "verified", "--max-messages", "500"]);
    const lines = produced.split("\n").filter((line) => line.startsWith("{"));
    const told = lines.map((line) => JSON.parse(line) as { name: string });
    expect(told.filter(({ name }) => name === "producer_send_success")).toHaveLength(500);
    expect(told.filter(({ name }) => name === "producer_send_error")).toEqual([]);
    const group = ["--topic", "verified", "--group-id", "verified", "--reset-policy", "earliest"];
    const consumed = await tools.run("kafka-verifiable-consumer", [...group, "--max-messages", "500", "--verbose"]);
    const read = consumed
      .split("\n")
      .filter((line) => line.includes('"record_data"'))
      .map((line) => Number((JSON.parse(line) as { value: string }).value));
    expect(read.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });
});

/** A line of Kafka's formatters: the number before the body, and the body. */
interface FormattedRecord {
  readonly key: { readonly type: number; readonly data: { readonly group: string } };
  readonly value: { readonly version: number; readonly data: { readonly members: readonly unknown[] } } | null;
}

describe.skipIf(!program.ok)("groups", () => {
  test("kafka-consumer-groups lists, describes, resets and deletes", async () => {
    const group = "tools-group";
    await createTopic(tools, "grouped", "--partitions", "3", "--replication-factor", "3");
    await produceLines(tools, "grouped", LINES);
    const read = ["--topic", "grouped", "--from-beginning", "--max-messages", String(LINES.length), "--group", group];
    await tools.run("kafka-console-consumer", read);
    const of = ["--group", group];
    /** GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID */
    const lags = async () => {
      const rows = rowsOf(await tools.run("kafka-consumer-groups", ["--describe", ...of]), 9);
      return rows.filter(([name]) => name === group).map((cells) => cells.slice(3, 6).map(Number));
    };
    expect((await tools.run("kafka-consumer-groups", ["--list"])).split("\n")).toContain(group);
    expect(await tools.run("kafka-consumer-groups", ["--list", "--state"])).toMatch(/tools-group\s+Empty/);
    expect(sum((await lags()).map(([, , lag]) => lag!))).toBe(0);
    expect(sum((await lags()).map(([current]) => current!))).toBe(LINES.length);
    expect(await tools.run("kafka-consumer-groups", ["--describe", "--state", ...of])).toMatch(/Empty/);
    const reset = ["--reset-offsets", ...of, "--topic", "grouped"];
    await tools.run("kafka-consumer-groups", [...reset, "--to-earliest", "--dry-run"]);
    expect(sum((await lags()).map(([, , lag]) => lag!))).toBe(0);
    await tools.run("kafka-consumer-groups", [...reset, "--to-earliest", "--execute"]);
    expect(sum((await lags()).map(([, , lag]) => lag!))).toBe(LINES.length);
    await tools.run("kafka-consumer-groups", [...reset, "--to-datetime", "2020-01-01T00:00:00.000", "--execute"]);
    expect(sum((await lags()).map(([, , lag]) => lag!))).toBe(LINES.length);
    await tools.run("kafka-consumer-groups", [...reset, "--shift-by", "1", "--execute"]);
    expect((await lags()).map(([current]) => current)).toEqual([1, 1, 1]);
    await tools.run("kafka-consumer-groups", ["--delete-offsets", ...of, "--topic", "grouped:0"]);
    expect(await lags()).toHaveLength(2);
    await tools.run("kafka-consumer-groups", ["--delete", ...of]);
    expect((await tools.run("kafka-consumer-groups", ["--list"])).split("\n")).not.toContain(group);
  });

  test("G6 Kafka's own formatters read the records of __consumer_offsets", async () => {
    const group = "formatted-group";
    await createTopic(tools, "formatted", "--partitions", "1", "--replication-factor", "3");
    await produceLines(tools, "formatted", LINES);
    const read = ["--topic", "formatted", "--from-beginning", "--max-messages", String(LINES.length), "--group", group];
    await tools.run("kafka-console-consumer", read);
    const partition = Math.abs(javaHash(group)) % 50;
    const end = (await offsetsOf("__consumer_offsets", "latest"))[partition]!;
    const all = ["--partition", String(partition), "--offset", "earliest", "--max-messages", String(end)];
    const recordsBy = async (formatter: string) => {
      const name = `org.apache.kafka.tools.consumer.${formatter}`;
      const options = ["--topic", "__consumer_offsets", ...all, "--formatter", name];
      const output = await tools.run("kafka-console-consumer", options);
      // They write one object behind the other, without a line's end.
      const lines = output.replaceAll("}{", "}\n{").split("\n");
      return lines.flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as FormattedRecord] : []));
    };
    const offsets = (await recordsBy("OffsetsMessageFormatter")).filter(({ key }) => key.data.group === group);
    expect(offsets.at(-1)).toMatchObject({
      key: { type: 1, data: { group, topic: "formatted", partition: 0 } },
      // 3; Kafka 4.3 writes 4, which has the topic's id too.
      value: { version: expect.any(Number), data: { offset: LINES.length, metadata: "" } },
    });
    const generations = (await recordsBy("GroupMetadataMessageFormatter")).filter(
      ({ key }) => key.data.group === group,
    );
    const withMember = generations.filter(({ value }) => value !== null && value.data.members.length === 1);
    expect(withMember.at(-1)).toMatchObject({
      key: { type: 2 },
      value: { version: 3, data: { protocolType: "consumer", generation: 1, members: [{ clientHost: "/127.0.0.1" }] } },
    });
  });

  test("a cooperative-sticky group of three outlives one that is killed; nobody else gives up a partition for it", async () => {
    if (!program.ok) return;
    const all = [0, 1, 2, 3, 4, 5];
    await createTopic(tools, "shared", "--partitions", String(all.length), "--replication-factor", "3");
    const assignor = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";
    const wishes = ["--topic", "shared", "--group-id", "cooperative", "--reset-policy", "earliest"];
    const args = [...wishes, "--assignment-strategy", assignor, "--session-timeout", "4000"];
    const members = all
      .slice(0, 3)
      .map(() => new VerifiableConsumer(program.classPath, session.party.target.bootstrapServers, args));
    try {
      const shares = (of: readonly VerifiableConsumer[]) => of.map((member) => member.assigned);
      const untilShared = (of: readonly VerifiableConsumer[], each: number) =>
        waitFor(
          () =>
            shares(of).every((share) => share.length === each) &&
            shares(of)
              .flat()
              .toSorted((a, b) => a - b)
              .join() === all.join(),
          { what: () => `all to be shared; they are ${JSON.stringify(shares(of))}`, timeoutMs: 50_000 },
        );
      await untilShared(members, 2);
      await tools.run("kafka-verifiable-producer", ["--topic", "shared", "--max-messages", "300"]);
      await untilConsumed(members, await offsetsOf("shared", "latest"));
      const [victim, ...others] = members as [VerifiableConsumer, VerifiableConsumer, VerifiableConsumer];
      const before = others.map((member) => ({ events: member.events.length, share: member.assigned }));
      await victim.kill();
      await untilShared(others, 3);
      for (const [at, { events, share }] of before.entries()) {
        const since = others[at]!.events.slice(events);
        expect(since.flatMap((event) => (event.name === "partitions_revoked" ? event.partitions : []))).toEqual([]);
        expect(others[at]!.assigned).toEqual(expect.arrayContaining([...share]));
      }
      await tools.run("kafka-verifiable-producer", ["--topic", "shared", "--max-messages", "300"]);
      await untilConsumed(members, await offsetsOf("shared", "latest"));
    } finally {
      await Promise.all(members.map((member) => member.kill()));
    }
  });
});

/** Waits until every offset below these ends was read by one of the members. */
async function untilConsumed(members: readonly VerifiableConsumer[], ends: Readonly<Record<number, number>>) {
  const missing = () => {
    const read = new Set<string>();
    for (const event of members.flatMap((member) => member.events))
      if (event.name === "records_consumed")
        for (const { partition, minOffset, maxOffset } of event.partitions)
          for (let offset = minOffset; offset <= maxOffset; offset++) read.add(`${partition}:${offset}`);
    return Object.entries(ends).flatMap(([partition, end]) =>
      Array.from({ length: end }, (_, offset) => `${partition}:${offset}`).filter((at) => !read.has(at)),
    );
  };
  await waitFor(() => missing().length === 0, {
    what: () => `every record to be read; ${missing().length} are missing`,
    timeoutMs: 40_000,
  });
}
