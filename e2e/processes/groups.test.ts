/** Consumer groups with an unmodified client: kafkajs shares a topic out, loses a member, loses its coordinator, and forgets nothing it was promised. */
import { Kafka, logLevel, type Admin, type Consumer } from "kafkajs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster, waitFor, type RunningCluster } from "../fixtures/cluster.ts";

let cluster: RunningCluster;
let kafka: Kafka;
let admin: Admin;
beforeAll(async () => {
  cluster = await startCluster();
  kafka = new Kafka({
    clientId: "groups",
    brokers: cluster.bootstrapServers.split(","),
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 100, retries: 30, maxRetryTime: 1_000 },
  });
  admin = kafka.admin();
  await admin.connect();
});
afterAll(async () => {
  await admin?.disconnect();
  await cluster?.stop();
});

interface Member {
  readonly consumer: Consumer;
  /** Partitions it was last assigned, ascending; null = in no generation yet. */
  assigned: number[] | null;
  generation: number;
}

/** A member that notes what it reads. Values that come twice are legal (at least once), values that never come are not. */
async function member(groupId: string, topic: string, onValue: (value: string) => void): Promise<Member> {
  const consumer = kafka.consumer({ groupId, sessionTimeout: 6_000, heartbeatInterval: 500, rebalanceTimeout: 10_000 });
  const state: Member = { consumer, assigned: null, generation: -1 };
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    state.assigned = (payload.memberAssignment[topic] ?? []).toSorted((a, b) => a - b);
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommitThreshold: 10,
    eachMessage: async ({ message }) => onValue(message.value!.toString()),
  });
  return state;
}

const all = (members: readonly Member[]) => members.flatMap(({ assigned }) => assigned ?? []).toSorted((a, b) => a - b);

async function committed(groupId: string, topic: string): Promise<number> {
  const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
  return offsets!.partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
}

async function produce(topic: string, from: number, count: number): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({
    topic,
    acks: -1,
    messages: Array.from({ length: count }, (_, i) => ({ key: `k${from + i}`, value: `v${from + i}` })),
  });
  await producer.disconnect();
}

test("G1 two members share three partitions, one leaves and the other has all, the coordinator dies and no commit is lost", async () => {
  const topic = "shared";
  const groupId = "readers";
  await admin.createTopics({ topics: [{ topic, numPartitions: 3, replicationFactor: 3 }] });
  await produce(topic, 0, 300);
  const seen = new Set<string>();
  const first = await member(groupId, topic, (value) => seen.add(value));
  const second = await member(groupId, topic, (value) => seen.add(value));
  await waitFor(
    () => all([first, second]).join() === "0,1,2" && first.assigned!.length > 0 && second.assigned!.length > 0,
    {
      timeoutMs: 30_000,
      what: () => `both members to have partitions: ${JSON.stringify([first.assigned, second.assigned])}`,
    },
  );
  await waitFor(() => seen.size === 300, { what: () => `all values to be read, ${seen.size} are` });
  await waitFor(async () => (await committed(groupId, topic)) === 300, { what: "every offset to be committed" });

  const described = await admin.describeGroups([groupId]);
  expect(described.groups[0]).toMatchObject({
    state: "Stable",
    protocolType: "consumer",
    protocol: "RoundRobinAssigner",
  });
  expect(described.groups[0]!.members).toHaveLength(2);
  expect((await admin.listGroups()).groups).toContainEqual({ groupId, protocolType: "consumer" });

  await second.consumer.disconnect();
  await waitFor(() => first.assigned!.join() === "0,1,2", {
    timeoutMs: 30_000,
    what: "the member that stayed to have all partitions",
  });

  // Every broker that coordinates something dies in turn would take long; the one of this group is enough.
  const coordinator = await findCoordinator(groupId);
  expect((await cluster.control(`/v1/brokers/${coordinator}/kill`)).ok).toBe(true);
  await waitFor(async () => (await findCoordinator(groupId)) !== coordinator, {
    timeoutMs: 30_000,
    what: "another coordinator",
  });
  expect(await committed(groupId, topic)).toBeGreaterThanOrEqual(300);
  await produce(topic, 300, 100);
  await waitFor(() => seen.size === 400, {
    timeoutMs: 40_000,
    what: () => `the new values to be read, ${seen.size} are`,
  });
  await waitFor(async () => (await committed(groupId, topic)) === 400, {
    timeoutMs: 30_000,
    what: "the new offsets to be committed",
  });

  await first.consumer.disconnect();
  await waitFor(async () => (await admin.describeGroups([groupId])).groups[0]!.state === "Empty", {
    what: "the group to be empty",
  });
  await admin.deleteGroups([groupId]);
  expect((await admin.describeGroups([groupId])).groups[0]!.state).toBe("Dead");
  expect(await committed(groupId, topic)).toBe(0);
}, 180_000);

async function findCoordinator(groupId: string): Promise<number> {
  // kafkajs keeps its coordinator to itself; a client of its own asks anew.
  const asking = new Kafka({
    clientId: "asking",
    brokers: cluster.bootstrapServers.split(","),
    logLevel: logLevel.NOTHING,
    retry: { retries: 30 },
  });
  const own = asking.admin();
  await own.connect();
  try {
    await own.fetchOffsets({ groupId });
    return await coordinatorOf(groupId);
  } finally {
    await own.disconnect();
  }
}

/** From the metadata: the leader of the group's partition. `readers` lives in one that Java's hash names. */
async function coordinatorOf(groupId: string): Promise<number> {
  let hash = 0;
  for (const char of groupId) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) | 0;
  const partition = Math.abs(hash) % 50;
  const { topics } = await admin.fetchTopicMetadata({ topics: ["__consumer_offsets"] });
  return topics[0]!.partitions.find(({ partitionId }) => partitionId === partition)!.leader;
}
