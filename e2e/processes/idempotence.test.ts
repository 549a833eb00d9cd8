/** Idempotent producers while leaders die: every record once, in order, and a batch sent again is known by whoever leads then. */
import { Kafka, logLevel } from "kafkajs";
import { afterEach, expect, test } from "vitest";
import { startCluster, waitFor, type RunningCluster } from "../fixtures/cluster.ts";
import { IdempotentWriter } from "../fixtures/idempotent-writer.ts";
import { createTopic, describeTopic } from "../fixtures/topics.ts";
import { readAll } from "../fixtures/write-load.ts";

let cluster: RunningCluster | null = null;
let writers: IdempotentWriter[] = [];
afterEach(async () => {
  for (const writer of writers.splice(0)) writer.close();
  await cluster?.stop();
  cluster = null;
});

/** Values of one writer lie beside those of others: they are told apart by their millions. */
const VALUES_PER_WRITER = 1_000_000;

function startWriters(topic: string, partitions: number, perPartition: number): void {
  writers = Array.from({ length: partitions * perPartition }, (_, i) =>
    new IdempotentWriter(cluster!, topic, i % partitions, i * VALUES_PER_WRITER).start(),
  );
}

const slowest = () => Math.min(...writers.map((writer) => writer.acknowledgedCount));

/** Every record of every writer is where it was acknowledged, once, and nothing else is there. */
async function expectExactlyOnce(topic: string, partitions: number): Promise<void> {
  for (let partition = 0; partition < partitions; partition++) {
    const read = await readAll(cluster!, topic, partition);
    const here = writers.filter((_, i) => i % partitions === partition);
    const expected = here.flatMap((writer) => writer.written.flatMap(({ values }) => values));
    expect(read).toHaveLength(expected.length);
    const at = new Map(read.map(({ offset, value }) => [value, offset]));
    expect(at.size).toBe(expected.length);
    for (const { written } of here) {
      const offsets = written.map(({ baseOffset }) => baseOffset);
      expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
      for (const { values, baseOffset } of written)
        for (const [i, value] of values.entries()) expect(at.get(value), `value ${value}`).toBe(baseOffset + i);
    }
  }
}

test("P5 a leader is killed twice under six idempotent producers: no record lost, none doubled, and a batch sent again gets its old offset", async () => {
  cluster = await startCluster();
  await createTopic(cluster, "orders", { partitions: 3, replication: 3 });
  startWriters("orders", 3, 2);
  await waitFor(() => slowest() > 50, { what: "every writer to have written" });
  for (let round = 0; round < 2; round++) {
    const { leader } = (await describeTopic(cluster, "orders")).partitions[0]!;
    expect((await cluster.control(`/brokers/${leader}/kill`)).status).toBe(200);
    await waitFor(async () => (await describeTopic(cluster!, "orders")).partitions[0]!.leader !== leader, {
      what: "another leader",
    });
    const before = slowest();
    await waitFor(() => slowest() > before + 50, { what: "every writer to go on", timeoutMs: 30_000 });
    expect((await cluster.control(`/brokers/${leader}/restart`)).status).toBe(200);
    await waitFor(
      async () => (await describeTopic(cluster!, "orders")).partitions.every(({ isr }) => isr.length === 3),
      { what: "every ISR to be full again", timeoutMs: 30_000 },
    );
  }
  await Promise.all(writers.map((writer) => writer.stop()));
  await expectExactlyOnce("orders", 3);

  // Once more a change of leader, and then what was acknowledged before it is sent again.
  const { leader } = (await describeTopic(cluster, "orders")).partitions[0]!;
  expect((await cluster.control(`/brokers/${leader}/kill`)).status).toBe(200);
  for (const writer of writers)
    for (const batch of writer.written.slice(-5)) {
      const again = await waitFor(
        async () => {
          const answer = await writer.sendAgain(batch);
          return answer.error === "NONE" ? answer : null;
        },
        { what: "the new leader to answer" },
      );
      expect(again.baseOffset).toBe(batch.baseOffset);
    }
  await expectExactlyOnce("orders", 3);
});

test("P5 a broker that is alone is killed and started again: it knows the batches that it had acknowledged", async () => {
  cluster = await startCluster({ args: ["--brokers", "1"] });
  await createTopic(cluster, "alone", { partitions: 1, replication: 1 });
  startWriters("alone", 1, 2);
  await waitFor(() => slowest() > 50, { what: "both writers to have written" });
  const { id } = cluster.ready.brokers[0]!;
  expect((await cluster.control(`/brokers/${id}/kill`)).status).toBe(200);
  expect((await cluster.control(`/brokers/${id}/restart`)).status).toBe(200);
  const before = slowest();
  await waitFor(() => slowest() > before + 20, { what: "both writers to go on", timeoutMs: 30_000 });
  await Promise.all(writers.map((writer) => writer.stop()));
  expect((await cluster.control(`/brokers/${id}/kill`)).status).toBe(200);
  expect((await cluster.control(`/brokers/${id}/restart`)).status).toBe(200);
  for (const writer of writers) {
    const batch = writer.written.at(-3)!;
    const again = await waitFor(() => writer.sendAgain(batch), { what: "the broker to answer" });
    expect(again).toEqual({ error: "NONE", baseOffset: batch.baseOffset });
  }
  await expectExactlyOnce("alone", 1);
});

test("P5 kafkajs with idempotence on: the leader dies under it, every message is there once and in order", async () => {
  cluster = await startCluster();
  await createTopic(cluster, "kafkajs", { partitions: 1, replication: 3 });
  const kafka = new Kafka({
    clientId: "e2e",
    brokers: cluster.bootstrapServers.split(","),
    logLevel: logLevel.NOTHING,
  });
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    retry: { retries: 30, maxRetryTime: 500 },
  });
  await producer.connect();
  try {
    let sent = 0;
    const sendSome = async (count: number) => {
      for (let i = 0; i < count; i++)
        await producer.send({ topic: "kafkajs", acks: -1, messages: [{ partition: 0, value: String(sent++) }] });
    };
    await sendSome(50);
    const { leader } = (await describeTopic(cluster, "kafkajs")).partitions[0]!;
    const going = sendSome(200);
    expect((await cluster.control(`/brokers/${leader}/kill`)).status).toBe(200);
    await going;
    const read = await readAll(cluster, "kafkajs", 0);
    expect(read.map(({ value }) => value)).toEqual(Array.from({ length: sent }, (_, i) => i));
  } finally {
    await producer.disconnect();
  }
});
