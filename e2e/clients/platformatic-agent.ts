/** `@platformatic/kafka` as an agent (agent.ts): `node platformatic-agent.ts BOOTSTRAP_SERVERS`. */
import { randomUUID } from "node:crypto";
import {
  Admin,
  compatibilityPartitioner,
  Consumer,
  type Message,
  type MessagesStream,
  MessagesStreamModes,
  Producer,
  ConfigResourceTypes,
  IncrementalAlterConfigOperationTypes,
} from "@platformatic/kafka";
import type { Codec, RecordRead, RecordToSend } from "./agent.ts";
import { finishSequence, sendSequence, serve, tell } from "./agent-loop.ts";

const base = {
  clientId: "platformatic-kafka",
  bootstrapBrokers: process.argv[2]!.split(","),
  retries: 100,
  retryDelay: 100,
  autocreateTopics: false,
};
const admin = new Admin(base);
type Stream = MessagesStream<Buffer, Buffer, Buffer, Buffer>;
let member: { consumer: Consumer; stream: Stream } | null = null;

const textOf = (bytes: Buffer | null | undefined) => (bytes === null || bytes === undefined ? null : bytes.toString());
const bytesOf = (text: string | null) => (text === null ? null : Buffer.from(text)) as Buffer;

function readRecord(message: Message): RecordRead {
  return {
    partition: message.partition,
    offset: Number(message.offset),
    timestampMs: Number(message.timestamp),
    key: textOf(message.key),
    value: textOf(message.value),
    headers: Object.fromEntries([...message.headers].map(([name, value]) => [name.toString(), value.toString()])),
  };
}

async function read(topic: string, count: number, fromMs: number | undefined, bytesMax = 1 << 20) {
  const consumer = new Consumer({ ...base, groupId: `read-${randomUUID()}`, maxBytesPerPartition: bytesMax });
  const starts =
    fromMs === undefined ? null : await consumer.listOffsets({ topics: [topic], timestamp: BigInt(fromMs) });
  const stream = await consumer.consume({
    topics: [topic],
    autocommit: false,
    maxWaitTime: 200,
    ...(starts === null
      ? { mode: MessagesStreamModes.EARLIEST }
      : {
          mode: MessagesStreamModes.MANUAL,
          offsets: starts.get(topic)!.map((offset, partition) => ({ topic, partition, offset })),
        }),
  });
  const records: RecordRead[] = [];
  const all = Promise.withResolvers<void>();
  stream.on("error", (error) => all.reject(error));
  stream.on("data", (message) => {
    records.push(readRecord(message));
    if (records.length === count) all.resolve();
  });
  await all.promise;
  await consumer.close(true);
  return records.slice(0, count);
}

const toSend = (topic: string, record: RecordToSend) => ({
  topic,
  key: bytesOf(record.key),
  value: bytesOf(record.value),
  headers: new Map(
    Object.entries(record.headers ?? {}).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]),
  ),
  ...(record.partition !== undefined && { partition: record.partition }),
  ...(record.timestampMs !== undefined && { timestamp: BigInt(record.timestampMs) }),
});

serve({
  createTopic: (args: { topic: string; partitions: number; replication: number; configs?: Record<string, string> }) =>
    admin.createTopics({
      topics: [args.topic],
      partitions: args.partitions,
      replicas: args.replication,
      configs: Object.entries(args.configs ?? {}).map(([name, value]) => ({ name, value })),
    }),
  deleteTopic: ({ topic }: { topic: string }) => admin.deleteTopics({ topics: [topic] }),
  createPartitions: ({ topic, count }: { topic: string; count: number }) =>
    admin.createPartitions({ topics: [{ name: topic, count, assignments: null as never }] }),
  topics: () => admin.listTopics(),
  topicConfig: async ({ topic }: { topic: string }) => {
    const resources = [
      { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configurationKeys: null as never },
    ];
    const described = await admin.describeConfigs({ resources, includeSynonyms: true, includeDocumentation: true });
    return Object.fromEntries(described[0]!.configs.map((config) => [config.name, config.value]));
  },
  setTopicConfig: ({ topic, configs }: { topic: string; configs: Record<string, string> }) =>
    admin.incrementalAlterConfigs({
      resources: [
        {
          resourceType: ConfigResourceTypes.TOPIC,
          resourceName: topic,
          configs: Object.entries(configs).map(([name, value]) => ({
            name,
            value,
            configOperation: IncrementalAlterConfigOperationTypes.SET,
          })),
        },
      ],
    }),
  deleteRecords: ({ topic, partition, before }: { topic: string; partition: number; before: number }) =>
    admin
      .deleteRecords({ topics: [{ name: topic, partitions: [{ partition, offset: BigInt(before) }] }] })
      .then(() => {}),
  offsets: async ({ topic }: { topic: string }) => {
    const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
    const partitions = [...topics.get(topic)!.partitions.keys()];
    const at = async (timestamp: bigint) => {
      const asked = partitions.map((partitionIndex) => ({ partitionIndex, timestamp }));
      const listed = await admin.listOffsets({ topics: [{ name: topic, partitions: asked }] });
      return new Map(listed[0]!.partitions.map((item) => [item.partitionIndex, Number(item.offset)]));
    };
    const [low, high] = [await at(-2n), await at(-1n)];
    return partitions.map((partition) => ({ partition, low: low.get(partition), high: high.get(partition) }));
  },
  groups: async () => [...(await admin.listGroups()).keys()],
  describeGroup: async ({ group }: { group: string }) => {
    const described = (await admin.describeGroups({ groups: [group] })).get(group)!;
    const members = [...described.members.values()];
    return {
      state: described.state.toLowerCase().replaceAll("_", ""),
      members: members.map((one) => ({ instanceId: one.groupInstanceId ?? null, clientId: one.clientId })),
    };
  },
  committed: async ({ group, topic }: { group: string; topic: string }) => {
    const [found] = await admin.listConsumerGroupOffsets({ groups: [group] });
    const partitions = found!.topics.find((item) => item.name === topic)?.partitions ?? [];
    return partitions
      .map((item) => ({
        partition: item.partitionIndex,
        offset: Number(item.committedOffset),
        metadata: item.metadata ?? "",
      }))
      .filter(({ offset }) => offset >= 0);
  },
  deleteGroup: ({ group }: { group: string }) => admin.deleteGroups({ groups: [group] }),
  produce: async (args: { topic: string; records: readonly RecordToSend[]; codec: Codec }) => {
    const producer = new Producer({
      ...base,
      partitioner: compatibilityPartitioner,
      ...(args.codec !== "none" && { compression: args.codec }),
    });
    // Said here: what a producer was made with gives way to the default of `send`, the leader alone.
    await producer.send({ acks: -1, messages: args.records.map((record) => toSend(args.topic, record)) });
    await producer.close();
  },
  read: (args: { topic: string; count: number; fromMs?: number; messageBytesMax?: number }) =>
    read(args.topic, args.count, args.fromMs, args.messageBytesMax),
  sequence: async ({ topic, more }: { topic: string; more: number }) => {
    const producer = new Producer({ ...base, idempotent: true, acks: -1 });
    const count = await sendSequence(more, async (values) => {
      await producer.send({ messages: values.map((value) => toSend(topic, { partition: 0, key: null, value })) });
    });
    await producer.close();
    return { count };
  },
  finish: async () => finishSequence(),
  join: async (args: {
    group: string;
    topic: string;
    sessionTimeoutMs: number;
    instanceId?: string;
    autoCommit: boolean;
  }) => {
    const consumer = new Consumer({
      ...base,
      groupId: args.group,
      sessionTimeout: args.sessionTimeoutMs,
      rebalanceTimeout: Math.max(10_000, args.sessionTimeoutMs),
      heartbeatInterval: 300,
      metadataMaxAge: 1_000,
      ...(args.instanceId !== undefined && { groupInstanceId: args.instanceId }),
    });
    consumer.on("consumer:group:join", ({ assignments }) => {
      const mine = assignments?.find((item) => item.topic === args.topic);
      tell({ event: "assigned", partitions: mine?.partitions ?? [] });
    });
    const stream = await consumer.consume({
      topics: [args.topic],
      autocommit: args.autoCommit ? 300 : false,
      maxWaitTime: 200,
      mode: MessagesStreamModes.COMMITTED,
      fallbackMode: "earliest",
    });
    stream.on("error", (error) => process.stderr.write(`${error.stack}\n`));
    stream.on("data", (message) => tell({ event: "record", record: readRecord(message) }));
    member = { consumer, stream };
  },
  commit: ({ offsets }: { offsets: { topic: string; partition: number; offset: number }[] }) =>
    member!.consumer.commit({
      offsets: offsets.map(({ topic, partition, offset }) => ({
        topic,
        partition,
        offset: BigInt(offset),
        leaderEpoch: -1,
      })),
    }),
  leave: async () => {
    await member!.consumer.close(true);
    member = null;
  },
});
