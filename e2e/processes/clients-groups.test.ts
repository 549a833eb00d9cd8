/**
 * Groups as clients live them: members come, share, die by their pid, come back under a fixed name; topics grow below them. The same
 * scenarios for every client; `CLIENTS_TARGET=kafka` runs them against Apache Kafka.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assignedTo, type ClientAgent, recordsOf, untilShared } from "../clients/agent.ts";
import type { Client } from "../clients/available.ts";
import { HttpMember } from "../clients/http-member.ts";
import { CLIENTS, Party } from "../clients/party.ts";
import { waitFor } from "../fixtures/cluster.ts";

const SESSION_TIMEOUT_MS = 3_000;
/** Long enough for a member to come back within it on a busy machine. */
const STATIC_SESSION_TIMEOUT_MS = 30_000;

let party: Party;
beforeAll(async () => {
  party = await Party.start("clients-groups.test.ts");
}, 180_000);
afterAll(async () => {
  await party?.stop();
});

async function produceNumbers(agent: ClientAgent, topic: string, partitions: number, from: number, to: number) {
  const numbers = Array.from({ length: to - from }, (_, i) => from + i);
  const records = numbers.map((n) => ({ partition: n % partitions, key: null, value: String(n) }));
  await agent.call("produce", { topic, codec: "none", records });
}

/** Waits until the members have read these numbers, all of them, whoever of them. */
async function untilRead(members: readonly ClientAgent[], from: number, to: number): Promise<void> {
  const missing = () => {
    const read = new Set(members.flatMap((member) => recordsOf(member)).map((record) => Number(record.value)));
    return Array.from({ length: to - from }, (_, i) => from + i).filter((n) => !read.has(n));
  };
  await waitFor(() => missing().length === 0, {
    what: () => `numbers ${from} to ${to - 1} to be read; missing are ${missing().join()}`,
    timeoutMs: 40_000,
  });
}

/** kcat ends a partition's records at its own pace and commits by itself. */
const commitsItself = (client: Client) => client.name === "kcat";
/** @platformatic/kafka cannot say any, and @confluentinc/kafka-javascript 1.10 sends a NUL behind it. */
const keepsMetadata = ({ name }: Client) => name === "kafkajs" || name === "librdkafka" || name === "java";

describe("a group", () => {
  test.concurrent.each(CLIENTS)(
    "$name: two members share, the group outlives one that is killed, and is described, committed for and deleted",
    async (client) => {
      const topic = `group-${client.name}`;
      const group = `g-${client.name}`;
      const admin = party.admin(client);
      await party.createTopic(client, { topic, partitions: 4, replication: 3 });
      const [first, second] = [party.another(client), party.another(client)];
      const wishes = { group, topic, sessionTimeoutMs: SESSION_TIMEOUT_MS, autoCommit: commitsItself(client) };
      await first.call("join", wishes);
      await untilShared([first], [0, 1, 2, 3]);
      await second.call("join", wishes);
      await untilShared([first, second], [0, 1, 2, 3]);
      await produceNumbers(admin, topic, 4, 0, 40);
      await untilRead([first, second], 0, 40);
      expect(await admin.call("groups", {})).toContain(group);
      const described = await admin.call("describeGroup", { group });
      expect(described.state).toBe("stable");
      expect(described.members).toHaveLength(2);
      await second.kill();
      await untilShared([first], [0, 1, 2, 3]);
      await produceNumbers(admin, topic, 4, 40, 80);
      await untilRead([first], 40, 80);
      if (!commitsItself(client)) {
        const offsets = [0, 1, 2, 3].map((partition) => ({
          topic,
          partition,
          offset: 20,
          metadata: `at ${partition}`,
        }));
        await first.call("commit", { offsets });
      }
      await first.call("leave", {});
      const committed = (await admin.call("committed", { group, topic })).toSorted((a, b) => a.partition - b.partition);
      expect(committed.map(({ partition, offset }) => [partition, offset])).toEqual([0, 1, 2, 3].map((p) => [p, 20]));
      if (keepsMetadata(client))
        expect(committed.map((item) => item.metadata)).toEqual([0, 1, 2, 3].map((p) => `at ${p}`));
      await waitFor(async () => (await admin.call("describeGroup", { group })).state === "empty", {
        what: "the group to be empty",
      });
      await admin.call("deleteGroup", { group });
      await waitFor(async () => !(await admin.call("groups", {})).includes(group), { what: "the group to be gone" });
    },
  );
});

/** kafkajs brings assignors of its own, @platformatic/kafka only round robin; the others know Range. */
const thatKnowRange = CLIENTS.filter(({ name }) => name !== "kafkajs" && name !== "platformatic");

test("members of different clients, one of them over HTTP, share a topic in one group", async () => {
  const [topic, group, all] = ["mixed", "g-mixed", [0, 1, 2, 3, 4, 5, 6, 7]];
  const admin = party.agent(CLIENTS[0]!);
  await party.createTopic(CLIENTS[0]!, { topic, partitions: all.length, replication: 3 });
  const members: ClientAgent[] = thatKnowRange.map((client) => party.another(client));
  // Apache Kafka speaks no HTTP.
  if (party.target.httpUrl !== null) members.push(new HttpMember(party.target.httpUrl));
  const wishes = { group, topic, sessionTimeoutMs: SESSION_TIMEOUT_MS, autoCommit: true };
  try {
    await Promise.all(members.map((member) => member.call("join", wishes)));
    await untilShared(members, all);
    await produceNumbers(admin, topic, all.length, 0, 80);
    await untilRead(members, 0, 80);
    expect((await admin.call("describeGroup", { group })).members).toHaveLength(members.length);
    const [first, ...others] = members as [ClientAgent, ...ClientAgent[]];
    await first.kill();
    if (others.length === 0) return;
    await untilShared(others, all);
    await produceNumbers(admin, topic, all.length, 80, 160);
    await untilRead(others, 80, 160);
  } finally {
    await Promise.all(members.map((member) => member.kill()));
  }
});

describe("static members", () => {
  /** kafkajs and kcat have none. */
  const withStaticMembers = CLIENTS.filter(({ name }) => name !== "kafkajs" && name !== "kcat");

  test.concurrent.each(withStaticMembers)(
    "$name: who comes back under its name within its session gets its partitions, and nobody else notices",
    async (client) => {
      const topic = `static-${client.name}`;
      const group = `g-${topic}`;
      // kafkajs, which speaks for those without words for administration, does not tell the names.
      const admin = party.agent(CLIENTS.find(({ name }) => name === "platformatic")!);
      await party.createTopic(client, { topic, partitions: 4, replication: 3 });
      const wishes = { group, topic, sessionTimeoutMs: STATIC_SESSION_TIMEOUT_MS, autoCommit: false };
      const [first, second] = [party.another(client), party.another(client)];
      await first.call("join", { ...wishes, instanceId: "one" });
      await untilShared([first], [0, 1, 2, 3]);
      await second.call("join", { ...wishes, instanceId: "two" });
      await untilShared([first, second], [0, 1, 2, 3]);
      const ids = (await admin.call("describeGroup", { group })).members.map((member) => member.instanceId);
      expect(new Set(ids)).toEqual(new Set(["one", "two"]));
      const before = { events: first.events.length, share: assignedTo(second)! };
      await second.kill();
      const returned = party.another(client);
      await returned.call("join", { ...wishes, instanceId: "two" });
      await untilShared([returned], before.share);
      expect(first.events.length).toBe(before.events);
      const after = await admin.call("describeGroup", { group });
      expect(after.state).toBe("stable");
      expect(after.members).toHaveLength(2);
      await Promise.all([first.kill(), returned.kill()]);
    },
  );
});

describe("a member that stops polling", () => {
  const MAX_POLL_INTERVAL_MS = 6_000;
  /** @confluentinc/kafka-javascript 1.10 says nothing, here and at Apache Kafka. */
  const tellsRefusedCommits = ({ name }: Client) => name !== "kafka-javascript";
  /** kafkajs and @platformatic/kafka have no max.poll.interval.ms, and nobody stops kcat. */
  const thatHaveToPoll = CLIENTS.filter(({ name }) => ["java", "librdkafka", "kafka-javascript"].includes(name));

  test.concurrent.each(thatHaveToPoll)(
    "$name: its partitions go to the other though it lives, its commit is refused, and it has its share again when it polls",
    async (client) => {
      const topic = `stalled-${client.name}`;
      const group = `g-${topic}`;
      const admin = party.admin(client);
      await party.createTopic(client, { topic, partitions: 4, replication: 3 });
      const [first, second] = [party.another(client), party.another(client)];
      const timing = { sessionTimeoutMs: MAX_POLL_INTERVAL_MS, maxPollIntervalMs: MAX_POLL_INTERVAL_MS };
      const wishes = { group, topic, ...timing, autoCommit: false };
      await first.call("join", wishes);
      await untilShared([first], [0, 1, 2, 3]);
      await second.call("join", wishes);
      await untilShared([first, second], [0, 1, 2, 3]);
      await produceNumbers(admin, topic, 4, 0, 40);
      await untilRead([first, second], 0, 40);
      const lost = assignedTo(first)!;
      await first.call("stall", {});
      await produceNumbers(admin, topic, 4, 40, 80);
      await untilShared([second], [0, 1, 2, 3]);
      // Nothing was committed, so the other begins where the group began.
      await untilRead([second], 0, 80);
      expect((await admin.call("describeGroup", { group })).members).toHaveLength(1);
      const offsets = lost.map((partition) => ({ topic, partition, offset: 10, metadata: "" }));
      const refused = await first.call("commit", { offsets }).then(
        () => false,
        () => true,
      );
      expect(refused).toBe(tellsRefusedCommits(client));
      expect(await admin.call("committed", { group, topic })).toEqual([]);
      await first.call("resume", {});
      await waitFor(() => assignedTo(first)!.length === 2 && assignedTo(second)!.length === 2, {
        what: () => `both to have two; they have ${assignedTo(first)?.join()} and ${assignedTo(second)?.join()}`,
        timeoutMs: 40_000,
      });
      await untilShared([first, second], [0, 1, 2, 3]);
      await produceNumbers(admin, topic, 4, 80, 120);
      await untilRead([first, second], 80, 120);
      expect((await admin.call("describeGroup", { group })).members).toHaveLength(2);
      const again = assignedTo(first)!.map((partition) => ({ topic, partition, offset: 10, metadata: "" }));
      await first.call("commit", { offsets: again });
      await Promise.all([first.call("leave", {}), second.call("leave", {})]);
    },
    100_000,
  );
});

describe("a topic that grows", () => {
  /** @platformatic/kafka 2.12 looks at a topic's partitions only when it joins. */
  const thatLookAgain = CLIENTS.filter((client) => client.name !== "platformatic");

  test.concurrent.each(thatLookAgain)("$name reads the new partitions without being told", async (client) => {
    const topic = `growing-${client.name}`;
    const admin = party.admin(client);
    await party.createTopic(client, { topic, partitions: 1, replication: 3 });
    const member = party.another(client);
    const group = `g-${topic}`;
    await member.call("join", { group, topic, sessionTimeoutMs: SESSION_TIMEOUT_MS, autoCommit: false });
    await untilShared([member], [0]);
    await produceNumbers(admin, topic, 1, 0, 5);
    await untilRead([member], 0, 5);
    await admin.call("createPartitions", { topic, count: 3 });
    await untilShared([member], [0, 1, 2]);
    await produceNumbers(party.another(client), topic, 3, 5, 20);
    await untilRead([member], 5, 20);
    await member.call("leave", {});
  });
});
