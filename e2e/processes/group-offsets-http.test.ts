/** The offsets of a group over HTTP: its lag, resets and changes with If-Match; members that are gone or elsewhere; the live view of all that. */
import { groupPartitionColumns, type GroupViewInfo } from "@vitrine/api";
import type { GroupLagReply, MemberRecordsReply, MemberReply, ResetOffsetsReply } from "@vitrine/api";
import { LiveSocket, watchView } from "@vitrine/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, waitFor, type RunningCluster } from "../fixtures/cluster.ts";
import { callJson, writeNumbered } from "../fixtures/json-call.ts";
import { createTopic } from "../fixtures/topics.ts";

let cluster: RunningCluster;
beforeAll(async () => {
  cluster = await startCluster({ env: { VITRINE_SET_GROUP_INITIAL_REBALANCE_DELAY_MS: "200" } });
});
const sockets: LiveSocket[] = [];
afterAll(async () => {
  for (const socket of sockets) socket.stop();
  await cluster?.stop();
});

const call = <T>(method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
  callJson<T>(cluster, method, path, body, headers);
const topic = (name: string, partitions: number) => createTopic(cluster, name, { partitions });
const produce = (name: string, partitions: number, from: number, count: number) =>
  writeNumbered(cluster, name, { partitions, from, count });

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

  test("a member whose name says which broker holds it is found from everywhere; when that broker is gone it is said", async () => {
    await topic("spread", 1);
    await produce("spread", 1, 0, 3);
    const [first, second] = cluster.ready.brokers.map((broker) => broker.http) as [string, string];
    const at = async <T>(base: string, method: string, path: string, body?: unknown) => {
      const response = await fetch(new URL(path, base), {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      });
      return {
        status: response.status,
        served: response.headers.get("vitrine-served-by"),
        body: (await response.json()) as T,
      };
    };
    const joined = await at<MemberReply>(second, "POST", "/groups/roaming/members", { topics: ["spread"] });
    expect(joined).toMatchObject({ status: 201, body: { member: expect.stringMatching(/^broker2-/) } });
    const path = `/groups/roaming/members/${joined.body.member}`;
    const polled = await at<MemberRecordsReply>(first, "GET", `${path}/records?wait=5s`);
    expect([polled.status, polled.served, polled.body.records.length]).toEqual([200, "broker 2", 3]);
    expect(await at(cluster.url, "POST", `${path}/commit`, {})).toMatchObject({
      status: 200,
      body: { committed: { spread: { 0: 3 } } },
    });
    expect(await at(cluster.url, "POST", `${path}/commit`, { "no-such": { 0: 1 } })).toMatchObject({ status: 404 });
    expect(await at(first, "DELETE", path)).toMatchObject({ status: 200, body: { left: true } });
    // It is gone there, and whoever passes on is told so in the holder's words.
    expect(await at(first, "GET", `${path}/records`)).toMatchObject({
      status: 404,
      body: { kafka_error: "UNKNOWN_MEMBER_ID" },
    });
    const again = await at<MemberReply>(second, "POST", "/groups/roaming/members", { topics: ["spread"] });
    expect((await cluster.control("/v1/brokers/2/kill")).ok).toBe(true);
    expect(await at(first, "GET", `/groups/roaming/members/${again.body.member}/records`)).toMatchObject({
      status: 503,
      body: { side_effects: "none", detail: expect.stringContaining("broker 2 holds this member") },
    });
    expect((await cluster.control("/v1/brokers/2/restart")).ok).toBe(true);
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
