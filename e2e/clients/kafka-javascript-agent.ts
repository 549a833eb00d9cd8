/** `@confluentinc/kafka-javascript`, librdkafka in Node, as an agent (agent.ts): `node kafka-javascript-agent.ts BOOTSTRAP_SERVERS`. */
import { randomUUID } from "node:crypto";
import kafkaJavascript from "@confluentinc/kafka-javascript";
import type { Codec, RecordRead, RecordToSend } from "./agent.ts";
import { finishSequence, sendSequence, serve, tell } from "./agent-loop.ts";

const { Kafka, logLevel } = kafkaJavascript.KafkaJS;
type KafkaMessage = kafkaJavascript.KafkaJS.KafkaMessage;
type Consumer = kafkaJavascript.KafkaJS.Consumer;
type Producer = kafkaJavascript.KafkaJS.Producer;

const kafka = new Kafka({
  "client.id": "kafka-javascript",
  "reconnect.backoff.max.ms": 500,
  kafkaJS: { brokers: process.argv[2]!.split(","), logLevel: logLevel.NOTHING },
});
let member: Consumer | null = null;
/** What the member does with a record waits for it. */
let stalled: PromiseWithResolvers<void> | null = null;

const textOf = (bytes: Buffer | string | null | undefined) =>
  bytes === null || bytes === undefined ? null : bytes.toString();

function readRecord(partition: number, message: KafkaMessage): RecordRead {
  const headers = Object.entries(message.headers ?? {});
  return {
    partition,
    offset: Number(message.offset),
    timestampMs: Number(message.timestamp),
    key: textOf(message.key),
    value: textOf(message.value),
    headers: Object.fromEntries(headers.map(([name, value]) => [name, textOf(value as Buffer) ?? ""])),
  };
}

function toSend(record: RecordToSend) {
  return {
    key: record.key,
    value: record.value,
    ...(record.headers && { headers: record.headers }),
    ...(record.partition !== undefined && { partition: record.partition }),
    ...(record.timestampMs !== undefined && { timestamp: String(record.timestampMs) }),
  };
}

async function connected(settings: kafkaJavascript.KafkaJS.ProducerConstructorConfig): Promise<Producer> {
  const producer = kafka.producer({ acks: -1, "allow.auto.create.topics": false, ...settings });
  await producer.connect();
  return producer;
}

/** It reads with a group only; a seek comes after the first fetches may have brought something: what is before the place does not count. */
async function read(topic: string, count: number, fromMs: number | undefined, bytesMax = 1 << 20) {
  const admin = kafka.admin();
  await admin.connect();
  const starts = fromMs === undefined ? [] : await admin.fetchTopicOffsetsByTimestamp(topic, fromMs);
  await admin.disconnect();
  const startOf = new Map(starts.map(({ partition, offset }) => [partition, Number(offset)]));
  const consumer = kafka.consumer({
    "group.id": `read-${randomUUID()}`,
    "enable.auto.commit": false,
    "auto.offset.reset": "earliest",
    "fetch.message.max.bytes": bytesMax,
    "fetch.wait.max.ms": 100,
  });
  const records = new Map<string, RecordRead>();
  const all = Promise.withResolvers<void>();
  await consumer.connect();
  await consumer.subscribe({ topics: [topic] });
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      if (Number(message.offset) < (startOf.get(partition) ?? 0)) return;
      records.set(`${partition}:${message.offset}`, readRecord(partition, message));
      if (records.size === count) all.resolve();
    },
  });
  for (const { partition, offset } of starts) consumer.seek({ topic, partition, offset });
  await all.promise;
  await consumer.disconnect();
  return [...records.values()];
}

serve({
  produce: async (args: {
    topic: string;
    records: readonly RecordToSend[];
    codec: Codec;
    messageBytesMax?: number;
  }) => {
    const producer = await connected({
      "compression.codec": args.codec,
      partitioner: "murmur2_random",
      ...(args.messageBytesMax !== undefined && { "message.max.bytes": args.messageBytesMax }),
    });
    await producer.send({ topic: args.topic, messages: args.records.map(toSend) });
    await producer.disconnect();
  },
  read: (args: { topic: string; count: number; fromMs?: number; messageBytesMax?: number }) =>
    read(args.topic, args.count, args.fromMs, args.messageBytesMax),
  sequence: async ({ topic, more }: { topic: string; more: number }) => {
    const producer = await connected({ "enable.idempotence": true, "linger.ms": 0, "retry.backoff.ms": 50 });
    const count = await sendSequence(more, async (values) => {
      await producer.send({ topic, messages: values.map((value) => ({ partition: 0, value })) });
    });
    await producer.disconnect();
    return { count };
  },
  finish: async () => finishSequence(),
  join: async (args: {
    group: string;
    topic: string;
    sessionTimeoutMs: number;
    maxPollIntervalMs?: number;
    instanceId?: string;
    autoCommit: boolean;
  }) => {
    const consumer = kafka.consumer({
      "group.id": args.group,
      "session.timeout.ms": args.sessionTimeoutMs,
      "heartbeat.interval.ms": 300,
      "topic.metadata.refresh.interval.ms": 1_000,
      "fetch.wait.max.ms": 200,
      "auto.offset.reset": "earliest",
      "enable.auto.commit": args.autoCommit,
      "auto.commit.interval.ms": 300,
      // librdkafka's own default; the package's is round robin alone.
      "partition.assignment.strategy": "range,roundrobin",
      ...(args.instanceId !== undefined && { "group.instance.id": args.instanceId }),
      // The package doubles it: it reads ahead, and counts from when a record is handed over.
      ...(args.maxPollIntervalMs !== undefined && { "max.poll.interval.ms": args.maxPollIntervalMs / 2 }),
      rebalance_cb: (error: { code: number }, assignment: readonly { partition: number }[]) => {
        if (error.code === kafkaJavascript.CODES.ERRORS.ERR__ASSIGN_PARTITIONS)
          tell({ event: "assigned", partitions: assignment.map(({ partition }) => partition) });
      },
    });
    member = consumer;
    await consumer.connect();
    await consumer.subscribe({ topics: [args.topic] });
    await consumer.run({
      eachMessage: async ({ partition, message }) => {
        await stalled?.promise;
        tell({ event: "record", record: readRecord(partition, message) });
      },
    });
  },
  stall: async () => {
    stalled = Promise.withResolvers();
  },
  resume: async () => {
    stalled?.resolve();
    stalled = null;
  },
  commit: ({ offsets }: { offsets: { topic: string; partition: number; offset: number; metadata: string }[] }) =>
    member!.commitOffsets(offsets.map((item) => ({ ...item, offset: String(item.offset) }))),
  leave: async () => {
    await member!.disconnect();
    member = null;
  },
});
