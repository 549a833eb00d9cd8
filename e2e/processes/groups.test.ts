/** Consumer groups with an unmodified client: kafkajs members share a topic out, lose a member, lose their coordinator, and forget nothing they were promised. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Kafka, logLevel, type Admin, type Consumer } from "kafkajs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster, waitFor, type RunningCluster } from "../fixtures/cluster.ts";
import { ROOT } from "../run-command.ts";

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
}

/** A member that notes what it reads. Values that come twice are legal (at least once), values that never come are not. */
async function member(groupId: string, topic: string, onValue: (value: string) => void): Promise<Member> {
  // kafkajs looks for another coordinator only after some fetches in vain: short ones, so that this does not take it half a minute.
  const timing = { sessionTimeout: 6_000, heartbeatInterval: 500, rebalanceTimeout: 10_000, maxWaitTimeInMs: 500 };
  const consumer = kafka.consumer({ groupId, ...timing });
  const state: Member = { consumer, assigned: null };
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

const all = (members: readonly { readonly assigned: readonly number[] | null }[]) =>
  members.flatMap(({ assigned }) => assigned ?? []).toSorted((a, b) => a - b);

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

/** A member in a process of its own, which can be killed. */
function memberProcess(groupId: string, topic: string): { assigned: number[] | null; kill(): void } {
  const node = join(ROOT, "node_modules/.bin/node");
  const script = join(ROOT, "e2e/fixtures/group-member.ts");
  const child = spawn(node, [script, cluster.bootstrapServers, groupId, topic], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const state = { assigned: null as number[] | null, kill: () => void child.kill("SIGKILL") };
  createInterface({ input: child.stdout }).on("line", (line) => (state.assigned = JSON.parse(line) as number[]));
  return state;
}

test("G1 four members share three partitions, one is killed, two leave, the coordinator dies, and no commit is lost", async () => {
  const topic = "shared";
  const groupId = "readers";
  await admin.createTopics({ topics: [{ topic, numPartitions: 3, replicationFactor: 3 }] });
  await produce(topic, 0, 300);
  const seen = new Set<string>();
  const first = await member(groupId, topic, (value) => seen.add(value));
  const others = [
    await member(groupId, topic, (value) => seen.add(value)),
    await member(groupId, topic, (value) => seen.add(value)),
  ];
  const doomed = memberProcess(groupId, topic);
  const four = [first, ...others, doomed];
  const parts = () => JSON.stringify(four.map(({ assigned }) => assigned));
  await waitFor(
    () => all(four).join() === "0,1,2" && four.every(({ assigned }) => assigned !== null && assigned.length <= 1),
    {
      timeoutMs: 40_000,
      what: () => `three of four members to have a partition each: ${parts()}`,
    },
  );
  expect((await admin.describeGroups([groupId])).groups[0]!.members).toHaveLength(4);

  doomed.kill();
  const three = [first, ...others];
  await waitFor(async () => (await admin.describeGroups([groupId])).groups[0]!.members.length === 3, {
    timeoutMs: 30_000,
    what: "the killed member's session to end",
  });
  await waitFor(() => all(three).join() === "0,1,2", {
    timeoutMs: 30_000,
    what: () => `the others to have every partition: ${parts()}`,
  });
  // What the killed member has read and committed, the others need not read again.
  await waitFor(async () => (await committed(groupId, topic)) === 300, { what: "every offset to be committed" });

  const described = await waitFor(
    async () => {
      const [group] = (await admin.describeGroups([groupId])).groups;
      return group!.state === "Stable" ? group : null;
    },
    { what: "the group to be stable again" },
  );
  expect(described).toMatchObject({ protocolType: "consumer", protocol: "RoundRobinAssigner" });
  expect(described.members).toHaveLength(3);
  expect(all(three)).toEqual([0, 1, 2]);
  expect((await admin.listGroups()).groups).toContainEqual({ groupId, protocolType: "consumer" });

  for (const { consumer } of others) await consumer.disconnect();
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
  seen.clear();
  await produce(topic, 300, 100);
  const isNew = (value: string) => Number(value.slice(1)) >= 300;
  await waitFor(() => [...seen].filter(isNew).length === 100, {
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
  expect((await cluster.control(`/v1/brokers/${coordinator}/restart`)).ok).toBe(true);
  await waitFor(async () => (await admin.describeCluster()).brokers.length === 3, {
    what: "the killed broker to be back",
  });
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
