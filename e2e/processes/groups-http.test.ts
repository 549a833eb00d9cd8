/** One group, three ways in: a curl loop, a WebSocket and kafkajs share a topic; members die, come back and commit wherever they are. */
import type { GroupLagReply, MemberRecordsReply, MemberReply, ResetOffsetsReply } from "@vitrine/api";
import { LiveSocket } from "@vitrine/client";
import kafkajs from "kafkajs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, waitFor, type RunningCluster } from "../fixtures/cluster.ts";
import { callJson, writeNumbered } from "../fixtures/json-call.ts";
import { rangeOfKafkajs } from "../fixtures/kafkajs-range.ts";
import { LiveClient } from "../fixtures/live-client.ts";
import { createTopic } from "../fixtures/topics.ts";

const { Kafka, logLevel } = kafkajs;

let cluster: RunningCluster;
beforeAll(async () => {
  cluster = await startCluster({ env: { VITRINE_SET_GROUP_INITIAL_REBALANCE_DELAY_MS: "200" } });
});
afterAll(async () => {
  await cluster?.stop();
});

const call = <T>(method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
  callJson<T>(cluster, method, path, body, headers);
const topic = (name: string, partitions: number) => createTopic(cluster, name, { partitions });
const produce = (name: string, partitions: number, from: number, count: number) =>
  writeNumbered(cluster, name, { partitions, from, count });

/** A curl loop: polls until it is stopped, and commits what it was given when it was noted. */
class CurlLoop {
  readonly seen: string[] = [];
  assignment: Record<string, number[]> = {};
  failure: string | null = null;
  #stopped = false;
  readonly #path: string;
  #loop: Promise<void>;

  constructor(group: string, member: string) {
    this.#path = `/groups/${group}/members/${member}`;
    this.#loop = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const poll = await call<MemberRecordsReply>("GET", `${this.#path}/records?wait=1s`);
      // Seen by the wait that then lasts too long; a rejection of its own would hide it.
      if (poll.status !== 200) {
        this.failure = `the poll got ${poll.status}: ${JSON.stringify(poll.body)}`;
        return;
      }
      this.assignment = poll.body.assignment;
      this.seen.push(...poll.body.records.map((record) => String(record.value)));
      if (poll.body.records.length > 0) await call("POST", `${this.#path}/commit`, {});
    }
  }

  async leave(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
    expect(this.failure).toBeNull();
    expect((await call("DELETE", this.#path)).status).toBe(200);
  }
}

const count = (assignment: Record<string, number[]>, name: string) => assignment[name]?.length ?? 0;

describe("a shared group", () => {
  test("curl, WebSocket and kafkajs share six partitions; a killed socket's partitions go to the others, and nothing is missed", async () => {
    await topic("shared", 6);
    const joined = await call<MemberReply>("POST", "/groups/mixed/members", { topics: ["shared"], member: "loop" });
    expect(joined).toMatchObject({ status: 201, body: { member: "loop", state: "stable", served_by: "gateway" } });
    expect(joined.body.assignment).toEqual({ shared: [0, 1, 2, 3, 4, 5] });
    const loop = new CurlLoop("mixed", "loop");

    const socket = await LiveClient.open(cluster.url);
    const overSocket: string[] = [];
    let socketHas: Record<string, number[]> = {};
    socket.send({ t: "sub", id: "g", topics: ["shared"], group: "mixed", grace_ms: 500, credit: "auto" });
    const pump = setInterval(() => {
      for (const frame of socket.frames.splice(0)) {
        if (frame.t === "assigned") socketHas = frame.partitions;
        if (frame.t === "records") overSocket.push(...frame.r.map((record) => String(record.v)));
        if (frame.t === "records") socket.send({ t: "ack", id: "g", next: frame.next });
        if (frame.t === "revoking") socket.send({ t: "ack", id: "g" });
        if (frame.t === "revoked") socketHas = {};
        if (frame.t === "ping") socket.send({ t: "pong" });
      }
    }, 20);

    const kafka = new Kafka({
      clientId: "third",
      brokers: cluster.bootstrapServers.split(","),
      logLevel: logLevel.NOTHING,
    });
    const consumer = kafka.consumer({
      groupId: "mixed",
      heartbeatInterval: 300,
      partitionAssigners: [rangeOfKafkajs],
    });
    const overKafka: string[] = [];
    let kafkaHas: Record<string, number[]> = {};
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => (kafkaHas = payload.memberAssignment));
    await consumer.connect();
    await consumer.subscribe({ topic: "shared", fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => void overKafka.push(JSON.parse(message.value!.toString()) as string),
    });

    const shares = () => [loop.assignment, socketHas, kafkaHas].map((has) => count(has, "shared"));
    await waitFor(() => shares().join() === "2,2,2", {
      timeoutMs: 60_000,
      what: () => `two partitions for each, not ${shares().join()}`,
    });
    const first = await produce("shared", 6, 0, 60);
    const seen = () => new Set([...loop.seen, ...overSocket, ...overKafka]);
    await waitFor(() => first.every((value) => seen().has(value)), {
      what: () =>
        `all records to be read by one of the three, who read ${[loop.seen, overSocket, overKafka].map((part) => part.length).join()}`,
    });
    for (const part of [loop.seen, overSocket, overKafka]) expect(part.length).toBeGreaterThan(0);

    const described = await call<{ members: { assigned: Record<string, number[]> }[] }>("GET", "/groups/mixed");
    const partitions = described.body.members.flatMap((member) => member.assigned["shared"] ?? []);
    expect(partitions.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);

    clearInterval(pump);
    socket.socket.terminate();
    await waitFor(() => count(loop.assignment, "shared") === 3 && count(kafkaHas, "shared") === 3, {
      timeoutMs: 60_000,
      what: () => `three partitions for each of the two that are left, not ${shares().join()}`,
    });
    const second = await produce("shared", 6, 60, 60);
    await waitFor(() => second.every((value) => seen().has(value)), { what: "the records after the kill to be read" });
    await consumer.disconnect();
    await loop.leave();
    await waitFor(async () => (await call<GroupLagReply>("GET", "/groups/mixed/lag")).body.lag === 0, {
      what: "no lag after everybody has committed and left",
    });
  });

  test("a subscriber that comes back with its member name in time finds its partitions, without a rebalance", async () => {
    await topic("pages", 2);
    const sub = { t: "sub", id: 1, topics: ["pages"], group: "tabs", member: "tab-1", grace_ms: 20_000 };
    const first = await LiveClient.open(cluster.url);
    first.send(sub);
    const before = await first.next("assigned", 1, 30_000);
    expect(before.partitions).toEqual({ pages: [0, 1] });
    await produce("pages", 2, 0, 4);
    await first.next("records", 1);
    first.socket.terminate();
    const second = await LiveClient.open(cluster.url);
    second.send(sub);
    const after = await second.next("assigned", 1, 30_000);
    expect(after).toMatchObject({ generation: before.generation, member_id: before.member_id });
    // Nothing was acknowledged, so everything comes again.
    expect(after.start).toEqual({ pages: "0:0,1:0" });
    await second.next("records", 1);
    second.send({ t: "unsub", id: 1 });
    await waitFor(async () => (await call<{ state: string }>("GET", "/groups/tabs")).body.state === "Empty", {
      what: "the group to be empty after the unsubscribe",
    });
  });
});

test("every process can hold a member and commit for it, whichever broker coordinates the group", async () => {
  await topic("everywhere", 2);
  await produce("everywhere", 2, 0, 4);
  const bases = [cluster.url, ...cluster.ready.brokers.map((broker) => broker.http)];
  for (const [index, base] of bases.entries()) {
    const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
      const headers = { "content-type": "application/json" };
      const text = body === undefined ? {} : { body: JSON.stringify(body), headers };
      return (await (await fetch(new URL(path, base), { method, ...text })).json()) as T;
    };
    const member = `/groups/round/members/at-${index}`;
    const join = { topics: ["everywhere"], member: `at-${index}` };
    const joined = await ask<MemberReply>("POST", "/groups/round/members", join);
    expect(joined.assignment).toEqual({ everywhere: [0, 1] });
    const next: MemberRecordsReply["next"] = {};
    await waitFor(
      async () => {
        Object.assign(next, (await ask<MemberRecordsReply>("GET", `${member}/records?wait=1s`)).next);
        return next["everywhere"]?.["0"] === 2 && next["everywhere"]["1"] === 2;
      },
      { what: () => `all records at ${base}, not ${JSON.stringify(next)}` },
    );
    expect(await ask("POST", `${member}/commit`, {})).toEqual({
      group: "round",
      committed: { everywhere: { 0: 2, 1: 2 } },
    });
    expect((await ask<{ offsets: unknown }>("GET", "/groups/round/offsets")).offsets).toEqual({
      everywhere: { 0: 2, 1: 2 },
    });
    expect((await ask<{ left: boolean }>("DELETE", member)).left).toBe(true);
    const reset = await ask<ResetOffsetsReply>("POST", "/groups/round/offsets/reset", { to: "earliest" });
    expect(reset.partitions.map((row) => [row.before, row.after])).toEqual([
      [2, 0],
      [2, 0],
    ]);
  }
});

test("a hello that goes on with an earlier session finds its nameless member; one with a guessed session does not", async () => {
  await topic("resumed", 1);
  const sub = { t: "sub", id: 1, topics: ["resumed"], group: "again", grace_ms: 20_000 };
  const first = await LiveClient.open(cluster.url, { silent: true });
  first.send({ t: "hello" });
  const { session } = await first.next("welcome");
  first.send(sub);
  const before = await first.next("assigned", 1, 30_000);
  first.socket.terminate();
  const stranger = await LiveClient.open(cluster.url, { silent: true });
  stranger.send({ t: "hello", resume: session.replace(/.$/, "x") });
  await stranger.next("welcome");
  stranger.send(sub);
  const second = await LiveClient.open(cluster.url, { silent: true });
  second.send({ t: "hello", resume: session });
  await second.next("welcome");
  second.send(sub);
  const after = await second.next("assigned", 1, 30_000);
  expect(after.member_id).toBe(before.member_id);
  const other = await stranger.next("assigned", 1, 30_000);
  expect(other.member_id).not.toBe(before.member_id);
  for (const client of [second, stranger]) client.send({ t: "unsub", id: 1 });
});

test("an acknowledgement with an epoch that no request has room for is refused where it comes in", async () => {
  await topic("bounded", 1);
  await produce("bounded", 1, 0, 1);
  for (const [index, base] of [cluster.url, ...cluster.ready.brokers.map((broker) => broker.http)].entries()) {
    const client = await LiveClient.open(base);
    client.send({ t: "sub", id: 1, topics: ["bounded"], group: `bounds-${index}` });
    const { next } = await client.next("records", 1, 30_000);
    client.send({ t: "ack", id: 1, next: "0:0@9999999999" });
    expect((await client.next("error", 1)).problem).toMatchObject({ status: 422, type: "/problems/invalid-frame" });
    client.send({ t: "ack", id: 1, next });
    expect((await client.next("acked", 1, 30_000)).committed).toBe(next);
    client.send({ t: "unsub", id: 1 });
  }
});

describe("the client library", () => {
  test("acknowledges what its handler has processed, also before partitions go to another member", async () => {
    await topic("worked", 2);
    const processed: string[] = [];
    const moves: string[] = [];
    const socket = new LiveSocket({ gateways: [cluster.url], transport: "websocket" });
    const open = (name: string) =>
      socket.group(
        { group: "workers", topics: ["worked"], member: name },
        {
          async records(batch) {
            // Slow enough that a batch is in hand when the partitions move.
            await new Promise((resolve) => setTimeout(resolve, 50));
            processed.push(...batch.records.map((record) => JSON.parse(record.value!) as string));
          },
          assigned: ({ partitions }) => moves.push(`${name} has ${partitions["worked"]?.join("+") ?? "none"}`),
          failed: (problem) => moves.push(`${name} failed: ${problem.detail}`),
        },
      );
    socket.start();
    const first = open("one");
    await waitFor(() => moves.includes("one has 0+1"), {
      timeoutMs: 30_000,
      what: () => `an assignment, not ${moves.join()}`,
    });
    const values = await produce("worked", 2, 0, 40);
    const second = open("two");
    await waitFor(() => moves.includes("one has 0") && moves.includes("two has 1"), {
      timeoutMs: 30_000,
      what: () => `one partition for each, not ${moves.join()}`,
    });
    const more = await produce("worked", 2, 40, 40);
    await waitFor(() => [...values, ...more].every((value) => processed.includes(value)), {
      what: "all to be processed",
    });
    first.close();
    second.close();
    await waitFor(async () => (await call<GroupLagReply>("GET", "/groups/workers/lag")).body.lag === 0, {
      what: "everything to be committed",
    });
    socket.stop();
    // The handover was clean: nobody read a record again that another had processed.
    expect(processed.toSorted()).toEqual([...values, ...more].toSorted());
  });
});
