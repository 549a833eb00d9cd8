/**
 * A broker is killed that leads what every client writes and coordinates every client's group, while they write and read. Idempotent
 * producers lose, double and reorder nothing; members go on with another coordinator. `CLIENTS_TARGET=kafka` does it to Apache Kafka.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ClientAgent, recordsOf, untilShared } from "../clients/agent.ts";
import { createAssignedTopic, groupCoordinatedBy } from "../clients/ask.ts";
import type { ClientName } from "../clients/available.ts";
import { CLIENTS, Party } from "../clients/party.ts";
import { waitFor } from "../fixtures/cluster.ts";

const RECORDS = 3_000;
const KILLED_AFTER = 500;

interface Story {
  readonly topic: string;
  readonly group: string;
  readonly member: ClientAgent;
  /** How many records were acknowledged when the broker was killed. */
  readonly sentBefore: number;
  /** null: all were acknowledged. */
  readonly failure: Error | null;
}

let party: Party;
const stories = new Map<ClientName, Story>();

const sentBy = (agent: ClientAgent) => {
  const last = agent.events.findLast((event) => event.event === "sent");
  return last?.event === "sent" ? last.count : 0;
};

beforeAll(async () => {
  party = await Party.start("clients-broker-kill.test.ts");
  const { brokerIds } = party.target;
  const [first, victim, third] = brokerIds as [number, number, number];
  const address = party.target.addressOf(first);
  const started = await Promise.all(
    CLIENTS.map(async (client) => {
      const topic = `sequence-${client.name}`;
      await createAssignedTopic(address, topic, [[victim, first, third]]);
      const group = await groupCoordinatedBy(address, victim, `g-${client.name}`);
      const [writer, member] = [party.agent(client), party.another(client)];
      await member.call("join", { group, topic, sessionTimeoutMs: 10_000, autoCommit: true });
      await untilShared([member], [0]);
      return { client, topic, group, writer, member };
    }),
  );
  const outcomes = started.map(({ writer, topic }) =>
    writer.call("sequence", { topic, count: RECORDS }).then(
      () => null,
      (error: Error) => error,
    ),
  );
  await waitFor(() => started.every(({ writer }) => sentBy(writer) >= KILLED_AFTER), {
    what: () => `${KILLED_AFTER} records of each; there are ${started.map(({ writer }) => sentBy(writer)).join()}`,
    timeoutMs: 60_000,
    everyMs: 5,
  });
  const before = started.map(({ writer }) => sentBy(writer));
  await party.target.killBroker(victim);
  const failures = await Promise.all(outcomes);
  for (const [at, { client, topic, group, member }] of started.entries())
    stories.set(client.name, { topic, group, member, sentBefore: before[at]!, failure: failures[at]! });
}, 240_000);
afterAll(async () => {
  await party?.stop();
});

const NUMBERS = Array.from({ length: RECORDS }, (_, i) => String(i));

test.each(CLIENTS)("$name's idempotent producer: nothing lost, nothing twice, nothing out of order", async (client) => {
  const { topic, sentBefore, failure } = stories.get(client.name)!;
  expect(failure).toBeNull();
  expect(sentBefore, "the broker is killed in the middle").toBeLessThan(RECORDS);
  const log = await party.admin(client).call("read", { topic, count: RECORDS });
  expect(log.map((record) => record.value)).toEqual(NUMBERS);
  expect(log.map((record) => record.offset)).toEqual(NUMBERS.map(Number));
});

test.each(CLIENTS)("$name's member reads on in order and commits at the new coordinator", async (client) => {
  const { topic, group, member } = stories.get(client.name)!;
  const last = String(RECORDS - 1);
  await waitFor(() => recordsOf(member).some((record) => record.value === last), {
    what: () => `the last record; there are ${recordsOf(member).length}`,
    timeoutMs: 40_000,
  });
  // Who joins again may read again what was not committed; nobody skips.
  let next = 0;
  for (const record of recordsOf(member)) {
    expect(record.offset).toBeLessThanOrEqual(next);
    next = record.offset + 1;
  }
  await waitFor(
    async () => {
      const committed = await party.admin(client).call("committed", { group, topic });
      return committed[0]?.offset === RECORDS;
    },
    { what: "everything read to be committed", timeoutMs: 40_000 },
  );
});
