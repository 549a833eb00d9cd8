/** One group, three ways in: a curl loop, a WebSocket and kafkajs share a topic; members die; lag and resets are what the offsets say. */
import { groupPartitionColumns, type GroupViewInfo } from "@vitrine/api";
import type { GroupLagReply, MemberRecordsReply, MemberReply, ResetOffsetsReply } from "@vitrine/api";
import { LiveSocket, watchView } from "@vitrine/client";
import kafkajs from "kafkajs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, waitFor, type RunningCluster } from "../fixtures/cluster.ts";
import { LiveClient } from "../fixtures/live-client.ts";

const { AssignerProtocol, Kafka, logLevel } = kafkajs;
const { MemberAssignment, MemberMetadata } = AssignerProtocol;

let cluster: RunningCluster;
beforeAll(async () => {
  cluster = await startCluster({ env: { VITRINE_SET_GROUP_INITIAL_REBALANCE_DELAY_MS: "200" } });
});
const sockets: LiveSocket[] = [];
afterAll(async () => {
  for (const socket of sockets) socket.stop();
  await cluster?.stop();
});

async function call<T>(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: T; etag: string | null }> {
  const response = await cluster.fetch(path, {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const etag = response.headers.get("etag");
  return { status: response.status, body: (text === "" ? null : JSON.parse(text)) as T, etag };
}

async function topic(name: string, partitions: number): Promise<void> {
  expect((await call("PUT", `/topics/${name}`, { partitions })).status).toBe(201);
}

/** One record with a value of its own into each of the partitions in turn. */
async function produce(name: string, partitions: number, from: number, count: number): Promise<string[]> {
  const values = Array.from({ length: count }, (_, i) => `v${from + i}`);
  const records = values.map((value, i) => ({ partition: i % partitions, value }));
  expect((await call("POST", `/topics/${name}/records`, records)).status).toBe(200);
  return values;
}

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

/** One connection for the views of these tests. */
function socketOf(): LiveSocket {
  const socket = new LiveSocket({ gateways: [cluster.url], transport: "websocket" });
  socket.start();
  sockets.push(socket);
  return socket;
}

describe("lag, commits and resets", () => {
  test("C6 lag is end less committed and its seconds the age of the record there; offsets of an empty group go where they are sent, of a live one nowhere", async () => {
    await topic("billed", 2);
    const startedMs = Date.now();
    await produce("billed", 2, 0, 10);
    const producedMs = Date.now();
    expect((await call("PUT", "/groups/books/offsets", { billed: { 0: 3, 1: 5 } })).status).toBe(200);
    const askedMs = Date.now();
    const { body: lag } = await call<GroupLagReply>("GET", "/groups/books/lag");
    expect(lag).toMatchObject({
      group: "books",
      state: "Empty",
      lag: 2,
      worst: { topic: "billed", partition: 0, lag: 2 },
    });
    expect(
      lag.partitions.map(({ partition, committed, end, lag: behind }) => [partition, committed, end, behind]),
    ).toEqual([
      [0, 3, 5, 2],
      [1, 5, 5, 0],
    ]);
    expect(lag.partitions[1]!.lag_seconds).toBe(0);
    expect(lag.lag_seconds! * 1_000).toBeGreaterThanOrEqual(askedMs - producedMs);
    expect(lag.lag_seconds! * 1_000).toBeLessThanOrEqual(Date.now() - startedMs);

    const reset = (body: unknown, dryRun = false) =>
      call<ResetOffsetsReply>("POST", `/groups/books/offsets/reset${dryRun ? "?dry_run=1" : ""}`, body);
    const offsets = async () => (await call<{ offsets: unknown }>("GET", "/groups/books/offsets")).body.offsets;
    const after = (reply: { body: ResetOffsetsReply }) => reply.body.partitions.map((row) => row.after);
    expect(after(await reset({ to: "earliest" }, true))).toEqual([0, 0]);
    expect(await offsets()).toEqual({ billed: { 0: 3, 1: 5 } });
    expect(after(await reset({ to: "latest" }, true))).toEqual([5, 5]);
    expect(after(await reset({ shift: -2 }, true))).toEqual([1, 3]);
    expect((await reset({ to: 99, partitions: { billed: [1] } }, true)).body.partitions).toMatchObject([
      { partition: 1, before: 5, after: 5, clamped: true },
    ]);
    // The first offset at or after a time: all are later than the start, none is later than now.
    expect(after(await reset({ to: new Date(startedMs).toISOString() }, true))).toEqual([0, 0]);
    expect(after(await reset({ to: new Date(Date.now() + 60_000).toISOString() }, true))).toEqual([5, 5]);
    expect(after(await reset({ to: "earliest", topics: ["billed"] }))).toEqual([0, 0]);
    expect(await offsets()).toEqual({ billed: { 0: 0, 1: 0 } });

    const joined = await call<MemberReply>("POST", "/groups/books/members", { topics: ["billed"], member: "clerk" });
    expect(joined.status).toBe(201);
    expect(await reset({ to: "latest" })).toMatchObject({
      status: 409,
      body: { kafka_error: "NON_EMPTY_GROUP", kafka_code: 68, retriable: false, side_effects: "none" },
    });
    expect((await call("DELETE", "/groups/books")).status).toBe(409);
    expect((await call("DELETE", "/groups/books/members/clerk")).status).toBe(200);
    expect((await call("DELETE", "/groups/books")).status).toBe(204);
    expect((await call("GET", "/groups/books")).status).toBe(404);
  });

  test("a change of offsets with If-Match is made only while they are those that were looked at", async () => {
    await topic("matched", 1);
    await produce("matched", 1, 0, 5);
    const put = (offset: number, ifMatch: string) =>
      call("PUT", "/groups/careful/offsets", { matched: { 0: offset } }, { "if-match": ifMatch });
    expect((await put(1, "*")).status, "there is no group yet").toBe(412);
    expect((await call("PUT", "/groups/careful/offsets", { matched: { 0: 1 } })).status).toBe(200);
    const seen = (await call("GET", "/groups/careful/offsets")).etag!;
    const plan = await call<ResetOffsetsReply>("POST", "/groups/careful/offsets/reset?dry_run=1", { to: "latest" });
    expect([plan.etag, plan.body.etag]).toEqual([seen, seen]);

    expect((await put(2, seen)).status).toBe(200);
    const refused = await call("POST", "/groups/careful/offsets/reset", { to: "latest" }, { "if-match": seen });
    const now = (await call("GET", "/groups/careful/offsets")).etag!;
    expect(refused).toMatchObject({ status: 412, body: { etag: now, side_effects: "none" } });
    const forget = (ifMatch: string) => call("DELETE", "/groups/careful/offsets", undefined, { "if-match": ifMatch });
    expect((await forget(seen)).status).toBe(412);
    const reset = await call<ResetOffsetsReply>(
      "POST",
      "/groups/careful/offsets/reset",
      { to: "latest" },
      { "if-match": now },
    );
    expect(reset).toMatchObject({ status: 200, body: { partitions: [{ before: 2, after: 5 }] } });
    expect((await forget(reset.etag!)).status).toBe(200);
    expect((await call("DELETE", "/groups/careful?missing_ok=1")).status).toBe(204);
  });

  test("a caller that stops polling leaves after its time, and is told so", async () => {
    await topic("quiet", 1);
    const join = { topics: ["quiet"], member: "sleepy", max_poll_interval_ms: 1_500 };
    expect((await call("POST", "/groups/nap/members", join)).status).toBe(201);
    await waitFor(async () => (await call<{ state: string }>("GET", "/groups/nap")).body.state === "Empty", {
      what: "the silent member to have left",
    });
    expect(await call("GET", "/groups/nap/members/sleepy/records")).toMatchObject({
      status: 404,
      body: {
        kafka_error: "UNKNOWN_MEMBER_ID",
        detail: expect.stringContaining("nobody polled for it"),
        side_effects: "none",
      },
    });
  });

  test("a member asked for at a process that does not hold it says where it is", async () => {
    await topic("elsewhere", 1);
    expect((await call("POST", "/groups/away/members", { topics: ["elsewhere"], member: "here" })).status).toBe(201);
    const response = await fetch(new URL("/groups/away/members/here/records", cluster.ready.brokers[0]!.http));
    expect(response.status).toBe(404);
    expect(((await response.json()) as { detail: string }).detail).toContain("held by another process");
    expect((await call("DELETE", "/groups/away/members/here")).status).toBe(200);
  });
});

describe("the live view of a group", () => {
  test("says what the REST answer says, and goes on when the coordinator is killed, which costs the member nothing", async () => {
    await topic("watched", 2);
    const join = { topics: ["watched"], member: "w" };
    const joined = await call<MemberReply>("POST", "/groups/seen/members", join);
    expect(joined.status).toBe(201);
    await produce("watched", 2, 0, 6);
    expect((await call("PUT", "/groups/seen/offsets", { watched: { 0: 1, 1: 3 } })).status).toBe(200);
    const state = watchView(socketOf(), "group:seen").state;
    const rows = () => [...state.rows.values()].map(({ row }) => groupPartitionColumns.fields(row));
    const summary = () => (state.info as GroupViewInfo | null)?.summary ?? null;
    await waitFor(() => summary()?.lag === 2 && (summary()?.lag_s ?? 0) > 0, {
      what: () => `the view to show the lag: ${JSON.stringify(summary())}`,
    });
    const { body: lag } = await call<GroupLagReply>("GET", "/groups/seen/lag");
    const byPartition = (list: readonly { partition?: number; p?: number }[]) =>
      list.toSorted((a, b) => (a.p ?? a.partition ?? 0) - (b.p ?? b.partition ?? 0));
    expect(byPartition(rows())).toMatchObject(
      byPartition(lag.partitions).map((row) => {
        const { partition, committed, end, lag: behind, member_id } = row as GroupLagReply["partitions"][number];
        return { p: partition, committed, end, lag: behind, member: member_id };
      }),
    );
    const coordinator = summary()!.coordinator;
    expect((await cluster.control(`/v1/brokers/${coordinator}/kill`)).ok).toBe(true);
    await waitFor(() => ![-1, coordinator].includes(summary()?.coordinator ?? -1), {
      timeoutMs: 30_000,
      what: () => `another coordinator: ${JSON.stringify(summary())}`,
    });
    expect(summary()).toMatchObject({ lag: 2, members: 1, state: "Stable", generation: joined.body.generation });
    const poll = await waitFor(
      async () => {
        const answer = await call<MemberRecordsReply>("GET", "/groups/seen/members/w/records?wait=1s");
        return answer.status === 200 && answer.body.state === "stable" ? answer.body : null;
      },
      { timeoutMs: 30_000, what: "the member to be served as before" },
    );
    expect(poll.generation).toBe(joined.body.generation);
    expect((await call("POST", "/groups/seen/members/w/commit", { watched: { 0: 3 } })).status).toBe(200);
    await waitFor(() => summary()?.lag === 0, { what: () => `the commit to show: ${JSON.stringify(summary())}` });
  });
});

/** kafkajs brings no assignor named `range`; this one gives what Kafka's does, so that it can share a group with those that offer it. */
const rangeOfKafkajs: import("kafkajs").PartitionAssigner = ({ cluster: known }) => ({
  name: "range",
  version: 0,
  protocol: ({ topics }) => ({
    name: "range",
    metadata: MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }),
  }),
  assign: async ({ members, topics }) => {
    const ids = members.map((member) => member.memberId).sort();
    const shares = new Map(ids.map((id) => [id, {} as Record<string, number[]>]));
    for (const name of topics) {
      const all = known.findTopicPartitionMetadata(name).map((row) => row.partitionId);
      const each = Math.floor(all.length / ids.length);
      let next = 0;
      ids.forEach((id, index) => {
        const size = each + (index < all.length % ids.length ? 1 : 0);
        shares.get(id)![name] = all.slice(next, next + size);
        next += size;
      });
    }
    return ids.map((memberId) => ({
      memberId,
      memberAssignment: MemberAssignment.encode({
        version: 0,
        assignment: shares.get(memberId)!,
        userData: Buffer.alloc(0),
      }),
    }));
  },
});
