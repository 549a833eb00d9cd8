/** kafkajs as an agent (agent.ts): `node kafkajs-agent.ts BOOTSTRAP_SERVERS`. It ships gzip only; the other codecs are registered the way its manual says. */
import { randomUUID } from "node:crypto";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import kafkajs, { type Consumer, type KafkaMessage, type RecordMetadata } from "kafkajs";
import { compressFrameSync, decompressFrameSync } from "lz4-napi";
import { compressSync, uncompressSync } from "snappy";
import type { Codec, RecordRead, RecordToSend } from "./agent.ts";
import { finishSequence, sendSequence, serve, tell } from "./agent-loop.ts";

const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, logLevel, Partitioners } = kafkajs;

/** Java frames its snappy blocks: a magic, two versions, then length and block, repeated. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);

function unsnap(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return uncompressSync(bytes) as Buffer;
  const blocks: Buffer[] = [];
  for (let at = 16; at < bytes.length;) {
    const length = bytes.readInt32BE(at);
    blocks.push(uncompressSync(bytes.subarray(at + 4, at + 4 + length)) as Buffer);
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}

type Codecs = (typeof CompressionCodecs)[keyof typeof CompressionCodecs];
const codec = (compress: (bytes: Buffer) => Buffer, decompress: (bytes: Buffer) => Buffer) => () =>
  ({
    compress: async (encoder: { buffer: Buffer }) => compress(encoder.buffer),
    decompress: async (bytes: Buffer) => decompress(bytes),
  }) as unknown as ReturnType<Codecs>;
CompressionCodecs[CompressionTypes.Snappy] = codec((bytes) => compressSync(bytes), unsnap);
CompressionCodecs[CompressionTypes.LZ4] = codec(compressFrameSync, decompressFrameSync);
CompressionCodecs[CompressionTypes.ZSTD] = codec(zstdCompressSync, zstdDecompressSync);

const CODEC: Record<Codec, kafkajs.CompressionTypes> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};

const kafka = new Kafka({
  clientId: "kafkajs",
  brokers: process.argv[2]!.split(","),
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 20 },
});
const admin = kafka.admin();
await admin.connect();
let member: Consumer | null = null;

const textOf = (bytes: Buffer | string | null | undefined) =>
  bytes === null || bytes === undefined ? null : bytes.toString();

function readRecord(partition: number, message: KafkaMessage): RecordRead {
  return {
    partition,
    offset: Number(message.offset),
    timestampMs: Number(message.timestamp),
    key: textOf(message.key),
    value: textOf(message.value),
    headers: Object.fromEntries(
      Object.entries(message.headers ?? {}).map(([name, value]) => [name, textOf(value as Buffer) ?? ""]),
    ),
  };
}

/** It reads with a group only, and a seek comes after the first fetches may have brought something: what is before the place does not count. */
async function read(topic: string, count: number, fromMs: number | undefined, bytesMax = 1 << 20) {
  const starts = fromMs === undefined ? [] : await admin.fetchTopicOffsetsByTimestamp(topic, fromMs);
  const startOf = new Map(starts.map(({ partition, offset }) => [partition, Number(offset)]));
  const consumer = kafka.consumer({
    groupId: `read-${randomUUID()}`,
    maxBytesPerPartition: bytesMax,
    maxWaitTimeInMs: 200,
  });
  const records = new Map<string, RecordRead>();
  const all = Promise.withResolvers<void>();
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) all.reject(payload.error);
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
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

async function sendAll(producer: kafkajs.Producer, topic: string, records: readonly RecordToSend[], name: Codec) {
  const sent: RecordMetadata[] = await producer.send({
    topic,
    acks: -1,
    compression: CODEC[name],
    messages: records.map((record) => ({
      key: record.key,
      value: record.value,
      ...(record.headers && { headers: record.headers }),
      ...(record.partition !== undefined && { partition: record.partition }),
      ...(record.timestampMs !== undefined && { timestamp: String(record.timestampMs) }),
    })),
  });
  const refused = sent.find((item) => item.errorCode !== 0);
  if (refused) throw new Error(`partition ${refused.partition} answered error ${refused.errorCode}`);
}

serve({
  createTopic: async (args: {
    topic: string;
    partitions: number;
    replication: number;
    configs?: Record<string, string>;
  }) => {
    const configEntries = Object.entries(args.configs ?? {}).map(([name, value]) => ({ name, value }));
    const topic = { topic: args.topic, numPartitions: args.partitions, replicationFactor: args.replication };
    await admin.createTopics({ waitForLeaders: false, topics: [{ ...topic, configEntries }] });
  },
  deleteTopic: ({ topic }: { topic: string }) => admin.deleteTopics({ topics: [topic] }),
  createPartitions: ({ topic, count }: { topic: string; count: number }) =>
    admin.createPartitions({ topicPartitions: [{ topic, count }] }),
  topics: () => admin.listTopics(),
  topicConfig: async ({ topic }: { topic: string }) => {
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic }];
    const reply = await admin.describeConfigs({ resources, includeSynonyms: true });
    return Object.fromEntries(reply.resources[0]!.configEntries.map((entry) => [entry.configName, entry.configValue]));
  },
  // AlterConfigs, the older request: it replaces all that is set on the topic.
  setTopicConfig: ({ topic, configs }: { topic: string; configs: Record<string, string> }) =>
    admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: ConfigResourceTypes.TOPIC,
          name: topic,
          configEntries: Object.entries(configs).map(([name, value]) => ({ name, value })),
        },
      ],
    }),
  deleteRecords: async ({ topic, partition, before }: { topic: string; partition: number; before: number }) => {
    // It knows the leaders of topics only that it was asked about before.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(before) }] });
  },
  offsets: async ({ topic }: { topic: string }) => {
    // Its own, because an admin client keeps what it knows of a topic's partitions for minutes.
    const fresh = kafka.admin();
    await fresh.connect();
    const offsets = await fresh.fetchTopicOffsets(topic);
    await fresh.disconnect();
    return offsets
      .map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) }))
      .toSorted((a, b) => a.partition - b.partition);
  },
  groups: async () => (await admin.listGroups()).groups.map((group) => group.groupId),
  describeGroup: async ({ group }: { group: string }) => {
    const described = (await admin.describeGroups([group])).groups[0]!;
    return {
      state: described.state.toLowerCase(),
      members: described.members.map((one) => ({ instanceId: null, clientId: one.clientId })),
    };
  },
  committed: async ({ group, topic }: { group: string; topic: string }) =>
    (await admin.fetchOffsets({ groupId: group, topics: [topic] }))[0]!.partitions
      .map(({ partition, offset, metadata }) => ({ partition, offset: Number(offset), metadata: metadata ?? "" }))
      .filter(({ offset }) => offset >= 0),
  deleteGroup: ({ group }: { group: string }) => admin.deleteGroups([group]),
  produce: async (args: { topic: string; records: readonly RecordToSend[]; codec: Codec }) => {
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    await sendAll(producer, args.topic, args.records, args.codec);
    await producer.disconnect();
  },
  read: (args: { topic: string; count: number; fromMs?: number; messageBytesMax?: number }) =>
    read(args.topic, args.count, args.fromMs, args.messageBytesMax),
  sequence: async ({ topic, more }: { topic: string; more: number }) => {
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 100 },
    });
    await producer.connect();
    const count = await sendSequence(more, async (values) => {
      const records = values.map((value) => ({ partition: 0, key: null, value }));
      await sendAll(producer, topic, records, "none");
    });
    await producer.disconnect();
    return { count };
  },
  finish: async () => finishSequence(),
  join: async (args: { group: string; topic: string; sessionTimeoutMs: number; autoCommit: boolean }) => {
    const consumer = kafka.consumer({
      groupId: args.group,
      sessionTimeout: args.sessionTimeoutMs,
      rebalanceTimeout: 10_000,
      heartbeatInterval: 300,
      metadataMaxAge: 1_000,
      maxWaitTimeInMs: 200,
    });
    member = consumer;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
      tell({ event: "assigned", partitions: payload.memberAssignment[args.topic] ?? [] }),
    );
    await consumer.connect();
    await consumer.subscribe({ topic: args.topic, fromBeginning: true });
    await consumer.run({
      autoCommit: args.autoCommit,
      autoCommitInterval: 300,
      eachMessage: async ({ partition, message }) => tell({ event: "record", record: readRecord(partition, message) }),
    });
  },
  commit: ({ offsets }: { offsets: { topic: string; partition: number; offset: number; metadata: string }[] }) =>
    member!.commitOffsets(offsets.map((item) => ({ ...item, offset: String(item.offset) }))),
  leave: async () => {
    await member!.disconnect();
    member = null;
  },
});
