/** Live views over WebSocket and SSE, and what a reader that never reads costs: http.md sections 8.2, 8.4 and 9. */
import { foldFrame, newClusterView, type ClusterView, type ViewFrame } from "@vitrine/api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, waitFor, type RunningCluster } from "../fixtures/cluster.ts";
import { LiveClient } from "../fixtures/live-client.ts";
import { gatewayPid, residentBytes } from "../fixtures/process-memory.ts";
import { SseReader } from "../fixtures/sse.ts";
import { createTopic, describeTopic, produce } from "../fixtures/topics.ts";
import { WriteLoad } from "../fixtures/write-load.ts";

let cluster: RunningCluster;
/** Opened first, judged last: it never says hello. */
let mute: LiveClient;
beforeAll(async () => {
  cluster = await startCluster();
  mute = await LiveClient.open(cluster.url, { silent: true });
});
afterAll(() => cluster?.stop());

const isViewFrame = (frame: { t: string }): frame is ViewFrame & { t: string } =>
  ["snap", "delta", "event"].includes(frame.t) || (frame.t === "gap" && "seq" in frame);

/** Folds all view frames of a subscription; every sequence number must follow the one before. */
function fold(client: LiveClient, id: string | number, view: string): ClusterView {
  const state = newClusterView(view)!;
  for (const frame of client.of(id))
    if (isViewFrame(frame)) expect(foldFrame(state, frame).hole, `seq ${frame.seq} after ${state.seq}`).toBe(false);
  return state;
}

/** Rows by key, without what moves by itself between two looks. */
function rowsOf(view: ClusterView): Record<string, unknown> {
  const moving = ["in_msgs", "in_bytes", "size"].map((name) => view.cols.indexOf(name));
  return Object.fromEntries(
    [...view.rows].map(([key, { row }]) => [key, row.filter((_, index) => !moving.includes(index))]),
  );
}

describe("views", () => {
  test("folding snap, delta and event through load and a killed leader equals a fresh snap, with no hole in seq", async () => {
    await createTopic(cluster, "folded", { partitions: 3 });
    const client = await LiveClient.open(cluster.url);
    const views = ["topic:folded", "topic:*", "cluster", "topics", "quorum"];
    for (const view of views) client.send({ t: "sub", id: view, view, hz: 4 });
    await client.each("snap", views);
    const load = new WriteLoad(cluster, "folded", { partitions: 3, writersPerPartition: 1 });
    await waitFor(() => load.acknowledgedCount > 50, { what: "some records" });
    const victim = (await describeTopic(cluster, "folded")).partitions[0]!.leader;
    expect((await cluster.control(`/brokers/${victim}/kill`)).status).toBe(200);
    await waitFor(async () => (await describeTopic(cluster, "folded")).partitions.every((p) => p.isr.length === 2), {
      what: "the ISR to shrink",
    });
    expect((await cluster.control(`/brokers/${victim}/restart`)).status).toBe(200);
    await waitFor(async () => (await describeTopic(cluster, "folded")).partitions.every((p) => p.isr.length === 3), {
      what: "the ISR to be full",
    });
    await load.stop();
    for (const view of ["topic:folded", "topic:*", "topics"]) {
      await waitFor(
        async () => {
          const other = await LiveClient.open(cluster.url);
          other.send({ t: "sub", id: 1, view });
          await other.next("snap", 1);
          const fresh = rowsOf(fold(other, 1, view));
          other.terminate();
          expect(rowsOf(fold(client, view, view))).toEqual(fresh);
          return true;
        },
        { what: `the folded ${view} to equal a fresh snap`, everyMs: 250, timeoutMs: 10_000 },
      );
    }
    for (const view of ["cluster", "quorum"]) fold(client, view, view);
    client.terminate();
  });

  test("a killed leader is pushed at once: the new leader with epoch + 1, before any tick", async () => {
    await createTopic(cluster, "pushed");
    const before = (await describeTopic(cluster, "pushed")).partitions[0]!;
    const client = await LiveClient.open(cluster.url);
    client.send({ t: "sub", id: "e", view: "events" });
    client.send({ t: "sub", id: "t", view: "topic:pushed", hz: 0.1 });
    await client.each("snap", ["e", "t"]);
    expect((await cluster.control(`/brokers/${before.leader}/kill`)).status).toBe(200);
    for (const id of ["e", "t"]) {
      const frame = await waitFor(
        () => client.of(id).find((each) => each.t === "event" && each.e.type === "leader" && each.e.topic === "pushed"),
        { what: `the election in ${id}`, timeoutMs: 5_000 },
      );
      expect(frame).toMatchObject({ e: { p: 0, from: before.leader, epoch: before.leader_epoch + 1 } });
      expect((frame as { e: { leader: number } }).e.leader).not.toBe(before.leader);
    }
    const kinds = () => client.of("e").flatMap((frame) => (frame.t === "event" ? [frame.e] : []));
    await waitFor(() => kinds().some((e) => e.type === "process" && e.state === "down"), {
      what: "the end of the process",
    });
    await waitFor(() => kinds().some((e) => e.type === "broker" && e.change === "fenced"), { what: "the fencing" });
    fold(client, "e", "events");
    fold(client, "t", "topic:pushed");
    client.terminate();
    expect((await cluster.control(`/brokers/${before.leader}/restart`)).status).toBe(200);
    await waitFor(async () => (await describeTopic(cluster, "pushed")).partitions[0]!.isr.length === 3, {
      what: "the ISR to be full",
    });
  });

  test("events after a cursor are replayed from the ring after a reconnect; a cursor of another run is a gap, then a snap", async () => {
    const first = await LiveClient.open(cluster.url);
    first.send({ t: "sub", id: 1, view: "events" });
    const cursor = (await first.next("snap", 1)).next;
    first.terminate();
    for (const name of ["while-away-1", "while-away-2"]) await createTopic(cluster, name);
    const second = await LiveClient.open(cluster.url);
    second.send({ t: "sub", id: 1, view: "events", from: cursor });
    await second.next("snap", 1);
    await waitFor(
      () => {
        const made = second
          .of(1)
          .flatMap((frame) =>
            frame.t === "event" && frame.e.type === "admin" && frame.e.action === "topic-created"
              ? [frame.e.topic]
              : [],
          );
        return made.join() === "while-away-1,while-away-2";
      },
      { what: "both topics, once each, in order" },
    );
    second.send({ t: "sub", id: 2, view: "events", from: "e:0@0~elsewhere.0" });
    const answer = await second.nextWhere(
      (frame) => frame.id === 2 && ["gap", "error", "snap"].includes(frame.t),
      "a gap or a snap",
    );
    expect(["gap", "snap"]).toContain(answer.t);
    second.terminate();
  });

  test("a paused view gets events and no deltas; resume gives one snap", async () => {
    await createTopic(cluster, "paused");
    const client = await LiveClient.open(cluster.url);
    client.send({ t: "sub", id: "p", view: "topic:paused", hz: 4 });
    client.send({ t: "sub", id: "e", view: "events" });
    await client.each("snap", ["p", "e"]);
    client.send({ t: "pause" });
    await produce(cluster, "paused", "1");
    expect(
      (
        await cluster.fetch("/topics/paused/config", {
          method: "PATCH",
          headers: { "content-type": "application/json" },
          body: '{"retention.ms":"1000000"}',
        })
      ).status,
    ).toBe(200);
    await waitFor(() => client.of("e").some((frame) => frame.t === "event" && frame.e.type === "config"), {
      what: "the event of the change",
    });
    expect(client.of("p").filter((frame) => frame.t === "delta")).toEqual([]);
    client.send({ t: "resume" });
    await waitFor(() => client.of("p").filter((frame) => frame.t === "snap").length === 2, {
      what: "the snap of resume",
    });
    const highWatermark = () => {
      const view = fold(client, "p", "topic:paused");
      return view.rows.get("0")!.row[view.cols.indexOf("hw")];
    };
    await waitFor(() => highWatermark() === 1, { what: "what happened during the pause", timeoutMs: 3_000 });
    client.terminate();
  });

  test("clock frames say how old each node's word is", async () => {
    const client = await LiveClient.open(cluster.url);
    client.send({ t: "sub", id: 1, view: "cluster" });
    const clock = await client.next("clock");
    for (const id of ["1", "2", "3"]) expect(clock.ages[id]).toBeLessThan(3_000);
    client.terminate();
  });
});

describe("the SSE twin", () => {
  test("records: first bytes at once, then every record; Last-Event-ID resumes without a hole or a repeat", async () => {
    await createTopic(cluster, "sse", { partitions: 2 });
    const load = new WriteLoad(cluster, "sse", { partitions: 2, writersPerPartition: 1 });
    const seen = new Map<number, number[]>([
      [0, []],
      [1, []],
    ]);
    let id: string | null = null;
    for (let cut = 0; cut < 5; cut++) {
      const reader: SseReader = await SseReader.open(
        `${cluster.url}/topics/sse/records${id === null ? "?offset=earliest" : ""}`,
        id === null ? {} : { "last-event-id": id },
      );
      expect(reader.response.headers.get("content-type")).toMatch(/^text\/event-stream/);
      expect(reader.response.headers.get("cache-control")).toContain("no-store");
      expect(reader.response.headers.get("x-accel-buffering")).toBe("no");
      await reader.started();
      expect(reader.comments[0]).toBe("connected");
      let count = 0;
      while (count < 20) {
        const event = await reader.next((each) => each.event === "records", "records");
        const body = JSON.parse(event.data) as { p: number; r: { o: number }[] };
        seen.get(body.p)!.push(...body.r.map((record) => record.o));
        count += body.r.length;
        expect(event.id).toMatch(/^\d+:\d+(@\d+)?(,\d+:\d+(@\d+)?)*$/);
        id = event.id;
      }
      expect(reader.retryMs).toBe(2_000);
      reader.close();
    }
    await load.stop();
    for (const offsets of seen.values()) expect(offsets).toEqual(Array.from({ length: offsets.length }, (_, i) => i));
  });

  test("views: the same bodies as the socket's, several in one stream; events resume by Last-Event-ID", async () => {
    await createTopic(cluster, "twin");
    const reader = await SseReader.open(`${cluster.url}/v1/live?view=cluster&view=topic:twin&hz=4`);
    const views = new Set<string>();
    while (views.size < 2) {
      const event = await reader.next((each) => each.event === "snap", "the snaps");
      const body = JSON.parse(event.data) as { view: string; cols: string[]; rows: unknown[] };
      views.add(body.view);
      expect(body.rows).toHaveLength(body.view === "cluster" ? 3 : 1);
    }
    expect(views).toEqual(new Set(["cluster", "topic:twin"]));
    reader.close();
    const events = await SseReader.open(`${cluster.url}/cluster/events`);
    const id = await events.resumable();
    events.close();
    await createTopic(cluster, "twin-2");
    const resumed = await SseReader.open(`${cluster.url}/cluster/events`, { "last-event-id": id });
    await resumed.next((each) => each.event === "event" && each.data.includes('"twin-2"'), "the topic made in between");
    resumed.close();
  });

  test("one snap as JSON for curl", async () => {
    const reply = await cluster.fetch("/v1/live?view=cluster", { headers: { accept: "application/json" } });
    expect(reply.status).toBe(200);
    const body = (await reply.json()) as { cols: string[]; rows: unknown[][] };
    expect(new Set(body.rows.map((row) => row[body.cols.indexOf("id")]))).toEqual(new Set([1, 2, 3]));
  });
});

describe("readers that never read", () => {
  test("two dozen stalled sockets cost bounded memory, the others are served, and a stalled one reads on where it stood", async () => {
    await createTopic(cluster, "wide");
    const line = `"${"x".repeat(60_000)}"\n`;
    for (let i = 0; i < 4; i++) {
      const reply = await cluster.fetch("/topics/wide/values", {
        method: "POST",
        headers: { "content-type": "application/x-ndjson" },
        body: line.repeat(64),
      });
      expect(await reply.text()).not.toContain('"error"');
    }
    const gateway = gatewayPid(cluster);
    const before = residentBytes(gateway);
    const stalled: LiveClient[] = [];
    for (let i = 0; i < 24; i++) {
      const client = await LiveClient.open(cluster.url);
      client.send({ t: "sub", id: 1, topics: ["wide"], from: "earliest", credit: "auto" });
      client.send({ t: "sub", id: 2, view: "topic:*", hz: 4 });
      client.socket.pause();
      stalled.push(client);
    }
    // 24 readers of 15 MB would be 360 MB if they were queued; the heap of a busy process moves by tens of MB by itself.
    const healthy = await LiveClient.open(cluster.url);
    healthy.send({ t: "sub", id: 1, topics: ["wide"], from: "earliest", credit: "auto" });
    await healthy.next("caught_up", 1, 20_000);
    expect(healthy.offsetsOf(1)).toHaveLength(256);
    await produce(cluster, "wide", "1");
    await healthy.next("records", 1);
    expect((residentBytes(gateway) - before) / 2 ** 20).toBeLessThan(200);
    stalled[0]!.socket.resume();
    await stalled[0]!.nextWhere(
      () => stalled[0]!.offsetsOf(1).length === 257,
      "everything, by the one that reads again",
      20_000,
    );
    expect(stalled[0]!.offsetsOf(1)).toEqual(Array.from({ length: 257 }, (_, i) => i));
    for (const client of [...stalled, healthy]) client.terminate();
  });

  test("a client that says no hello for ten seconds is closed with 4408", async () => {
    expect(await mute.closed(12_000)).toBe(4408);
  });
});
