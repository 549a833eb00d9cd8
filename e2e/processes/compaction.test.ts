/** Compaction with an unmodified client and real files: behaviours L5 and L6 as a user of kafkajs sees them, on every replica, also after a kill. */
import { Kafka, logLevel, type Admin, type Producer } from "kafkajs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster, waitFor, type RunningCluster } from "../fixtures/cluster.ts";
import { createTopic, describeTopic } from "../fixtures/topics.ts";

const TOPIC = "state";
const CONFIG = { "cleanup.policy": "compact", "segment.ms": "1000", "min.cleanable.dirty.ratio": "0.01" };

let cluster: RunningCluster;
let admin: Admin;
let producer: Producer;
let kafka: Kafka;
beforeAll(async () => {
  cluster = await startCluster({ env: { VITRINE_SET_LOG_CLEANER_BACKOFF_MS: "200" } });
  kafka = new Kafka({
    brokers: cluster.bootstrapServers.split(","),
    logLevel: logLevel.NOTHING,
    retry: { retries: 30 },
  });
  admin = kafka.admin();
  producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await Promise.all([admin.connect(), producer.connect()]);
});
afterAll(async () => {
  await Promise.all([admin?.disconnect(), producer?.disconnect()]);
  await cluster?.stop();
});

interface Seen {
  readonly key: string;
  readonly value: string | null;
  readonly offset: number;
}

/** Everything that is in the partition, through the leader of the moment. */
async function readAll(): Promise<Seen[]> {
  const reply = await cluster.fetch(`/topics/${TOPIC}/partitions/0/records?offset=earliest&limit=5000`);
  const { records } = (await reply.json()) as { records: { key: string; value: string | null; offset: number }[] };
  return records.map(({ key, value, offset }) => ({ key, value, offset }));
}

/** What an unmodified consumer gets from the beginning. */
async function consumeAll(count: number): Promise<Seen[]> {
  const consumer = kafka.consumer({ groupId: "reader" });
  const seen: Seen[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message: { key, value, offset } }) =>
      void seen.push({ key: String(key), value: value && String(value), offset: Number(offset) }),
  });
  await waitFor(() => seen.length >= count, { what: "the consumer to have read everything" });
  await consumer.disconnect();
  return seen;
}

const atMs = Date.now() - 60_000;
const send = (key: string, value: string | null, timestampMs: number) =>
  producer.send({ topic: TOPIC, messages: [{ key, value, timestamp: String(timestampMs) }] });

test(
  "L5 a key written a thousand times is there once, at its old offset, whoever leads and after a kill; a tombstone stays for its time",
  { timeout: 120_000 },
  async () => {
    await createTopic(cluster, TOPIC, { partitions: 1, replication: 3, config: CONFIG });
    const messages = Array.from({ length: 1_000 }, (_, i) => ({ key: "k1", value: `v${i}`, timestamp: String(atMs) }));
    for (let from = 0; from < 1_000; from += 100)
      await producer.send({ topic: TOPIC, messages: messages.slice(from, from + 100) });
    await send("k2", null, atMs);
    const range = (headers: Record<string, string> = {}) =>
      cluster.fetch(`/topics/${TOPIC}/partitions/0/records?offset=0&until=1000`, { headers });
    const before = await range();
    expect(before.headers.get("cache-control")).toBe("no-cache");
    expect(before.headers.get("etag")).toMatch(/^W\//);
    expect((await range({ "if-none-match": before.headers.get("etag")! })).status).toBe(304);
    await send("k3", "rolls the segment", atMs + 2_000);
    const expected: Seen[] = [
      { key: "k1", value: "v999", offset: 999 },
      { key: "k2", value: null, offset: 1_000 },
      { key: "k3", value: "rolls the segment", offset: 1_001 },
    ];
    await waitFor(async () => (await readAll()).length === 3, { what: "the compaction", timeoutMs: 60_000 });
    expect(await readAll()).toEqual(expected);
    const [ends] = await admin.fetchTopicOffsets(TOPIC);
    expect(ends).toMatchObject({ low: "0", high: "1002" });
    expect((await range({ "if-none-match": before.headers.get("etag")! })).status).toBe(200);
    expect(await consumeAll(3)).toEqual(expected);
    // Every replica compacts by itself: each leads once, after the one before it was killed.
    for (let round = 0; round < 2; round++) {
      const { leader } = (await describeTopic(cluster, TOPIC)).partitions[0]!;
      expect((await cluster.control(`/brokers/${leader}/kill`)).status).toBe(200);
      await waitFor(async () => (await describeTopic(cluster, TOPIC)).partitions[0]!.leader !== leader, {
        what: "another leader",
      });
      await waitFor(async () => (await readAll()).length === 3, {
        what: "this replica to be compacted",
        timeoutMs: 60_000,
      });
      expect(await readAll()).toEqual(expected);
      expect((await cluster.control(`/brokers/${leader}/restart`)).status).toBe(200);
      await waitFor(async () => (await describeTopic(cluster, TOPIC)).partitions[0]!.isr.length === 3, {
        what: "the killed broker to be back in sync",
        timeoutMs: 60_000,
      });
    }
    // The producer's sequence has outlived what it wrote.
    await send("k1", "after", atMs + 4_000);
    expect((await readAll()).at(-1)).toEqual({ key: "k1", value: "after", offset: 1_002 });
  },
);
