/**
 * Clients that nobody here wrote write and read: every codec, keys, headers, tombstones, large messages, times, and administration. The same
 * scenarios for all of them; `CLIENTS_TARGET=kafka` runs them against Apache Kafka.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ClientAgent, type Codec, CODECS, type RecordRead, type RecordToSend } from "../clients/agent.ts";
import type { Client } from "../clients/available.ts";
import { ADMIN_CLIENTS, CLIENTS, once, Party } from "../clients/party.ts";
import { isKafka } from "../clients/target.ts";
import { waitFor } from "../fixtures/cluster.ts";

let party: Party;
beforeAll(async () => {
  party = await Party.start("clients-data.test.ts");
}, 180_000);
afterAll(async () => {
  await party?.stop();
});

const admin = (): ClientAgent => party.agent(CLIENTS[0]!);

/** What one client writes with one codec; kcat cannot write an empty value. */
function recordsOf(client: Client, codec: Codec, partition: number): RecordToSend[] {
  const records: RecordToSend[] = [
    { partition, key: `key of ${codec}`, value: `${client.name}: größer als 5 €`, headers: { codec, emoji: "🪟" } },
    { partition, key: "gone", value: null },
    { partition, key: null, value: "no key ".repeat(300) },
  ];
  return client.name === "kcat" ? records : [...records, { partition, key: "", value: "" }];
}

const withoutPlace = ({ key, value, headers = {} }: RecordToSend | RecordRead) => ({ key, value, headers });

describe("every client reads what every client wrote", () => {
  /** A topic for each codec, a partition for each client that has it. */
  const writersOf = (codec: Codec) => CLIENTS.filter((client) => client.codecs.includes(codec));
  const written = once(() =>
    Promise.all(
      CODECS.map(async (codec) => {
        const writers = writersOf(codec);
        await party.createTopic(CLIENTS[0]!, { topic: codec, partitions: writers.length, replication: 3 });
        await Promise.all(
          writers.map((client, partition) =>
            party.agent(client).call("produce", { topic: codec, codec, records: recordsOf(client, codec, partition) }),
          ),
        );
      }),
    ),
  );

  test.concurrent.each(CLIENTS)("$name: all codecs, keys, headers, empty and null, in order", async (client) => {
    await written();
    for (const codec of client.codecs) {
      const expected = writersOf(codec).map((writer, partition) => recordsOf(writer, codec, partition));
      const read = await party.agent(client).call("read", { topic: codec, count: expected.flat().length });
      for (const [partition, records] of expected.entries()) {
        const found = read.filter((record) => record.partition === partition);
        const what = `${codec} by ${writersOf(codec)[partition]!.name}`;
        expect(found.map((record) => record.offset)).toEqual(records.map((_, offset) => offset));
        expect(found.map(withoutPlace), what).toEqual(records.map(withoutPlace));
      }
    }
  });

  // Apache Kafka speaks no HTTP.
  test.skipIf(isKafka)("HTTP: the same records", async () => {
    await written();
    for (const codec of CODECS) {
      const reply = await fetch(new URL(`/topics/${codec}/records?offset=earliest&limit=1000`, party.target.httpUrl!));
      const { records } = (await reply.json()) as { records: Pick<RecordRead, "partition" | "key" | "value">[] };
      for (const [partition, writer] of writersOf(codec).entries()) {
        const found = records.filter((record) => record.partition === partition);
        expect(found.map(({ key, value }) => ({ key, value }))).toEqual(
          recordsOf(writer, codec, partition).map(({ key, value }) => ({ key, value })),
        );
      }
    }
  });
});

describe("a key has the same partition with every client", () => {
  /** Java's murmur2 over three partitions. */
  const VECTORS: readonly (readonly [key: string, partition: number])[] = [
    ["21", 0],
    ["foobar", 0],
    ["a-little-bit-long-string", 2],
    ["a-little-bit-longer-string", 2],
    ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", 2],
    ["abc", 0],
  ];

  test.concurrent.each(CLIENTS)("$name", async (client) => {
    const topic = `keys-${client.name}`;
    await party.createTopic(CLIENTS[0]!, { topic, partitions: 3, replication: 1 });
    const records = VECTORS.map(([key]) => ({ key, value: key }));
    await party.agent(client).call("produce", { topic, codec: "none", records });
    const read = await party.agent(client).call("read", { topic, count: records.length });
    expect(Object.fromEntries(read.map((record) => [record.key, record.partition]))).toEqual(
      Object.fromEntries(VECTORS),
    );
  });
});

describe("reading from a point in time", () => {
  const START_MS = Date.UTC(2026, 0, 1);
  const written = once(async () => {
    await party.createTopic(CLIENTS[0]!, { topic: "times", partitions: 2, replication: 1 });
    const records = Array.from({ length: 40 }, (_, i) => ({
      partition: i % 2,
      key: null,
      value: String(i),
      timestampMs: START_MS + i * 1_000,
    }));
    // One record a batch: the place in time is found by batch and by record.
    for (let at = 0; at < 20; at++)
      await admin().call("produce", { topic: "times", codec: "none", records: [records[at]!] });
    await admin().call("produce", { topic: "times", codec: "gzip", records: records.slice(20) });
  });

  test.concurrent.each(CLIENTS)("$name starts at the first record of that time or later", async (client) => {
    await written();
    for (const first of [7, 31]) {
      const read = await party
        .agent(client)
        .call("read", { topic: "times", count: 40 - first, fromMs: START_MS + (first - 1) * 1_000 + 1 });
      const numbers = read.map((record) => Number(record.value)).toSorted((a, b) => a - b);
      expect(numbers).toEqual(Array.from({ length: 40 - first }, (_, i) => first + i));
    }
  });
});

describe("messages of ten megabytes", () => {
  const BYTES = 10_000_000;
  const messageBytesMax = BYTES + 100_000;

  test.concurrent.each(CLIENTS)("$name writes and reads one where the topic allows it", async (client) => {
    const topic = `large-${client.name}`;
    const configs = { "max.message.bytes": String(messageBytesMax) };
    await party.createTopic(CLIENTS[0]!, { topic, partitions: 1, replication: 3, configs });
    const value = `${client.name} `.repeat(BYTES).slice(0, BYTES);
    const records = [{ partition: 0, key: "large", value }];
    await party.agent(client).call("produce", { topic, codec: "none", records, messageBytesMax });
    const [read] = await party.agent(client).call("read", { topic, count: 1, messageBytesMax });
    expect(read!.value === value).toBe(true);
  });

  test.concurrent.each(CLIENTS)("$name is refused where the topic does not", async (client) => {
    const topic = `small-${client.name}`;
    const configs = { "max.message.bytes": "10000" };
    await party.createTopic(CLIENTS[0]!, { topic, partitions: 1, replication: 1, configs });
    const records = [{ partition: 0, key: "large", value: "x".repeat(20_000) }];
    await expect(party.agent(client).call("produce", { topic, codec: "none", records })).rejects.toThrow();
    await admin().call("deleteTopic", { topic });
  });
});

describe("administration", () => {
  test.concurrent.each(ADMIN_CLIENTS)("$name makes, changes, purges, grows and deletes a topic", async (client) => {
    const agent = party.agent(client);
    const topic = `admin-${client.name}`;
    await party.createTopic(client, { topic, partitions: 1, replication: 3, configs: { "retention.ms": "3600000" } });
    expect(await agent.call("topics", {})).toContain(topic);
    const before = await agent.call("topicConfig", { topic });
    expect(before).toMatchObject({
      "retention.ms": "3600000",
      "cleanup.policy": "delete",
      "max.message.bytes": "1048588",
      "segment.bytes": "1073741824",
    });
    await agent.call("setTopicConfig", { topic, configs: { "retention.ms": "7200000", "cleanup.policy": "compact" } });
    const after = { ...before, "retention.ms": "7200000", "cleanup.policy": "compact" };
    await waitFor(
      async () => {
        expect(await agent.call("topicConfig", { topic })).toEqual(after);
        return true;
      },
      { what: "the new configuration at every broker" },
    );
    await expect(agent.call("setTopicConfig", { topic, configs: { "segment.ms": "0" } })).rejects.toThrow();
    await agent.call("setTopicConfig", { topic, configs: { "retention.ms": "7200000", "cleanup.policy": "delete" } });
    // With keys: a leader that has not heard of the last change yet may still want them.
    const records = Array.from({ length: 10 }, (_, i) => ({ partition: 0, key: String(i), value: String(i) }));
    await agent.call("produce", { topic, codec: "none", records });
    expect(await agent.call("offsets", { topic })).toEqual([{ partition: 0, low: 0, high: 10 }]);
    await agent.call("deleteRecords", { topic, partition: 0, before: 4 });
    expect(await agent.call("offsets", { topic })).toEqual([{ partition: 0, low: 4, high: 10 }]);
    expect((await agent.call("read", { topic, count: 6 })).map((record) => record.value)).toEqual(
      records.slice(4).map((record) => record.value),
    );
    await agent.call("createPartitions", { topic, count: 3 });
    await waitFor(
      async () => (await agent.call("offsets", { topic })).map(({ partition }) => partition).join() === "0,1,2",
      { what: "three partitions" },
    );
    await expect(agent.call("createPartitions", { topic, count: 2 })).rejects.toThrow();
    await agent.call("deleteTopic", { topic });
    await waitFor(async () => !(await agent.call("topics", {})).includes(topic), { what: "the topic to be gone" });
  });
});
