/** The client package against real servers: views that fold themselves, records through reconnects, SSE where WebSockets are blocked, the gateway's merge. */
import type { LiveEvent } from "@vitrine/api";
import { partitionColumns } from "@vitrine/api";
import {
  LiveSocket,
  openNodeLine,
  openWebSocket,
  type OpenTransport,
  ProblemError,
  HttpClient,
  SseParser,
  watchView,
} from "@vitrine/client";
import { afterEach, describe, expect, test } from "vitest";
import {
  BrokerPositionFeed,
  GatewayMerge,
  LiveCluster,
  type NodePositions,
  type PartitionPositions,
} from "../src/index.ts";
import { liveServer, type LiveServer, produce, until } from "./live-server.ts";
import { MemoryEngine } from "./memory-engine.ts";
import { ViewEngine } from "./view-engine.ts";

const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).toReversed()) await close();
});

async function serve(...args: Parameters<typeof liveServer>): Promise<LiveServer> {
  const server = await liveServer(...args);
  toClose.push(() => server.close());
  return server;
}

function connect(gateways: readonly string[], transport: "auto" | "websocket" | "sse" = "auto"): LiveSocket {
  const socket = new LiveSocket({ gateways, transport, random: () => 0 });
  toClose.push(() => socket.stop());
  socket.start();
  return socket;
}

const leaderOf = (row: readonly unknown[] | undefined) => row?.[1];

describe.each(["websocket", "sse"] as const)("a live line over %s", (transport) => {
  test("a view keeps itself up to date, tells ages, and stops changing while paused", async () => {
    const engine = new ViewEngine();
    engine.create("orders", 1);
    const server = await serve(engine);
    const socket = connect([server.url], transport);
    const view = watchView(socket, "topic:orders");
    const events = watchView(socket, "events");
    await until(() => view.state.ready && events.state.ready);
    engine.setPartition("orders", 0, { leader: 2 });
    await until(() => leaderOf(view.state.rows.get("0")?.row) === 2);
    await until(() => events.state.events.some((event) => event.e.type === "leader"));
    await until(() => socket.ages().size === 3);
    expect(socket.ages().get(2)).toBeGreaterThanOrEqual(7);
    expect(socket.status).toMatchObject({ state: "live", transport, paused: false });
    socket.pause();
    socket.resume();
    engine.setPartition("orders", 0, { leader: 3 });
    await until(() => leaderOf(view.state.rows.get("0")?.row) === 3);
  });

  test("records come once and in order, also through the loss of the gateway", async () => {
    const engine = new MemoryEngine();
    engine.create("jobs");
    const first = await liveServer(engine);
    const second = await serve(engine);
    await produce(first, "jobs", [0, 1, 2]);
    const socket = connect([first.url, second.url], transport);
    const seen: [number, string | null][] = [];
    const handle = socket.records(
      { topics: ["jobs"], from: "earliest", credit: { records: 4, bytes: 10_000 } },
      {
        records: (batch) => {
          for (const record of batch.records) seen.push([record.offset, record.value]);
        },
      },
    );
    await until(() => seen.length === 3);
    expect(handle.cursors().get("jobs")).toBe("0:3@0");
    await first.close();
    await produce(second, "jobs", [3, 4, 5, 6, 7, 8, 9]);
    await until(() => seen.length >= 10);
    expect(seen).toEqual(Array.from({ length: 10 }, (_, i) => [i, String(i)]));
    expect(socket.status.gateway).toBe(second.url);
  });
});

describe("the client", () => {
  test("after a reconnect the events that were missed come, none twice", async () => {
    const engine = new ViewEngine();
    engine.create("orders", 1);
    const cluster = new LiveCluster({ engine, version: "1", run: "steady" });
    const first = await liveServer(engine, {}, cluster);
    const second = await serve(engine, {}, cluster);
    const socket = connect([first.url, second.url]);
    const epochs: number[] = [];
    const take = (e: LiveEvent) => e.type === "leader" && epochs.push(e.epoch);
    socket.watch("events", { frame: (frame) => void (frame.t === "event" && take(frame.e)) });
    await until(() => socket.status.state === "live");
    await new Promise((resolve) => socket.watch("clusters", { frame: resolve }));
    engine.setPartition("orders", 0, { leader: 2 });
    await until(() => epochs.length === 1);
    await first.close();
    cluster.start();
    for (const leader of [3, 1]) engine.setPartition("orders", 0, { leader });
    await until(() => epochs.length >= 3);
    expect(epochs).toEqual([1, 2, 3]);
  });

  test("a handler that fails stops its subscription before the batch, and says so", async () => {
    const engine = new MemoryEngine();
    engine.create("jobs");
    const server = await serve(engine);
    await produce(server, "jobs", [1]);
    const socket = connect([server.url]);
    const failed = Promise.withResolvers<string>();
    const handle = socket.records(
      { topics: ["jobs"], from: "earliest" },
      { records: () => Promise.reject(new Error("disk full")), failed: (problem) => failed.resolve(problem.detail) },
    );
    expect(await failed.promise).toContain("disk full");
    expect(handle.cursors().get("jobs")).toBe("0:0");
  });

  test("a subscription that its handler ended is not asked for again on the next connection", async () => {
    const engine = new MemoryEngine();
    engine.create("jobs");
    const first = await liveServer(engine);
    const second = await serve(engine);
    await produce(first, "jobs", [1]);
    const sent: string[] = [];
    const spy: OpenTransport = (baseUrl, events) => {
      const transport = openWebSocket(baseUrl, events);
      return {
        ...transport,
        send(frame) {
          sent.push(`${baseUrl} ${frame.t}`);
          transport.send(frame);
        },
      };
    };
    const socket = new LiveSocket({
      gateways: [first.url, second.url],
      random: () => 0,
      open: { websocket: spy, sse: spy },
    });
    toClose.push(() => socket.stop());
    const failed = new Promise((resolve) =>
      socket.records(
        { topics: ["jobs"], from: "earliest" },
        { records: () => Promise.reject(new Error("disk full")), failed: resolve },
      ),
    );
    socket.start();
    await failed;
    expect(sent).toContain(`${first.url} unsub`);
    await first.close();
    await until(() => socket.status.state === "live" && socket.status.gateway === second.url);
    // Asked after everything that is asked for again: by its answer that would have been sent.
    await new Promise((resolve) => socket.watch("clusters", { frame: resolve }));
    expect(sent.filter((line) => line === `${second.url} sub`)).toHaveLength(1);
  });

  test("what is refused is told and not asked again", async () => {
    const server = await serve(new MemoryEngine());
    const socket = connect([server.url]);
    const type = await new Promise((resolve) =>
      socket.records(
        { topics: ["nothing"] },
        { records: () => undefined, failed: (problem) => resolve(problem.kafka_error) },
      ),
    );
    expect(type).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    const view = await new Promise((resolve) =>
      socket.watch("nonsense", { frame: () => undefined, failed: (problem) => resolve(problem.type) }),
    );
    expect(view).toBe("/problems/unknown-view");
  });

  test("where WebSockets are cut off it goes over to SSE by itself", async () => {
    const engine = new ViewEngine();
    const server = await serve(engine, { socketsMax: 0 });
    const socket = connect([server.url]);
    const view = watchView(socket, "cluster");
    await until(() => view.state.ready);
    expect(socket.status.transport).toBe("sse");
    expect(view.state.rows.size).toBe(3);
  });

  test("seek goes elsewhere and forgets what was under way", async () => {
    const engine = new MemoryEngine();
    engine.create("jobs");
    const server = await serve(engine);
    await produce(server, "jobs", [0, 1, 2, 3]);
    const socket = connect([server.url]);
    const seen: number[] = [];
    const caughtUp = { count: 0 };
    const handle = socket.records(
      { topics: ["jobs"], from: "-1" },
      {
        records: (batch) => {
          for (const record of batch.records) seen.push(record.offset);
        },
        caughtUp: () => void caughtUp.count++,
      },
    );
    await until(() => caughtUp.count === 1);
    handle.seek("0:1");
    await until(() => caughtUp.count === 2);
    expect(seen).toEqual([3, 1, 2, 3]);
    expect(handle.cursors().get("jobs")).toBe("0:4@0");
  });

  test("REST failures are typed problems", async () => {
    const server = await serve(new MemoryEngine());
    const http = new HttpClient({ baseUrl: server.url });
    const failure = await http.topic("nothing").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ProblemError);
    expect((failure as ProblemError).problem).toMatchObject({ status: 404, kafka_error: "UNKNOWN_TOPIC_OR_PARTITION" });
    const away = await new HttpClient({ baseUrl: "http://127.0.0.1:1" }).cluster().catch((error: unknown) => error);
    expect((away as ProblemError).problem).toMatchObject({ type: "/problems/no-answer", side_effects: "none" });
  });
});

describe("SSE", () => {
  test("one snap for who asks for JSON", async () => {
    const engine = new ViewEngine();
    const server = await serve(engine);
    const one = (await (await fetch(`${server.url}/live?view=cluster`)).json()) as {
      view: string;
      rows: unknown[];
      info: { cluster_id: string };
    };
    expect([one.view, one.rows.length, one.info.cluster_id]).toEqual(["cluster", 3, engine.clusterId]);
    const two = (await (await fetch(`${server.url}/v1/live?view=cluster&view=topics`)).json()) as { view: string }[];
    expect(two.map((snap) => snap.view)).toEqual(["cluster", "topics"]);
  });

  test.each([
    ["/v1/live", 422],
    ["/v1/live?view=nonsense", 404],
    ["/v1/live?view=cluster&hz=fast", 422],
    ["/v1/live?view=cluster&speed=1", 422],
    ["/v1/cluster/events?from=junk", 422],
  ])("GET %s is %i", async (path, status) => {
    const server = await serve(new ViewEngine());
    const response = await fetch(server.url + path);
    expect([response.status, response.headers.get("content-type")]).toEqual([status, "application/problem+json"]);
    await response.text();
  });

  test("events: a list with sentences, NDJSON, and a stream that resumes by Last-Event-ID", async () => {
    const engine = new ViewEngine();
    engine.create("orders", 1);
    const server = await serve(engine);
    engine.setPartition("orders", 0, { leader: 2 });
    engine.setPartition("orders", 0, { leader: 3 });
    const list = (await (await fetch(`${server.url}/cluster/events`)).json()) as {
      data: { text: string; next: string }[];
      next: string;
    };
    expect(list.data.map((event) => event.text)).toEqual([
      "Broker 2 leads orders-0 instead of broker 1, epoch 1, 3 of 3 in sync",
      "Broker 3 leads orders-0 instead of broker 2, epoch 2, 3 of 3 in sync",
    ]);
    const lines = await (
      await fetch(`${server.url}/cluster/events?limit=1`, { headers: { accept: "application/x-ndjson" } })
    ).text();
    expect((JSON.parse(lines) as { e: LiveEvent }).e).toMatchObject({ leader: 3 });
    const abort = new AbortController();
    const stream = await fetch(`${server.url}/v1/cluster/events`, {
      headers: { accept: "text/event-stream", "last-event-id": list.data[0]!.next },
      signal: abort.signal,
    });
    expect(stream.headers.get("cache-control")).toBe("no-store");
    const parser = new SseParser();
    const seen: (number | string)[] = [];
    for await (const chunk of stream.body!.pipeThrough(new TextDecoderStream())) {
      for (const { type, data } of parser.feed(chunk))
        seen.push(type === "event" ? (JSON.parse(data) as { e: { leader: number } }).e.leader : type);
      if (seen.length === 2) engine.setPartition("orders", 0, { leader: 1 });
      if (seen.length >= 3) break;
    }
    abort.abort();
    expect(seen).toEqual([3, "snap", 1]);
  });

  test("events as SSE without a cursor begin with the view's snap, whose id resumes", async () => {
    const engine = new ViewEngine();
    engine.create("orders", 1);
    const server = await serve(engine);
    const abort = new AbortController();
    const stream = await fetch(`${server.url}/cluster/events`, {
      headers: { accept: "text/event-stream" },
      signal: abort.signal,
    });
    const parser = new SseParser();
    for await (const chunk of stream.body!.pipeThrough(new TextDecoderStream())) {
      const [first] = parser.feed(chunk);
      if (first === undefined) continue;
      expect(first.type).toBe("snap");
      const snap = JSON.parse(first.data) as { seq: number; next: string };
      expect(snap).toMatchObject({ seq: 1, next: first.id });
      break;
    }
    abort.abort();
  });
});

describe("the gateway's merge", () => {
  test("positions come from the leaders, by epoch; a broker that goes leaves its last word, without rates", async () => {
    const gatewayEngine = new ViewEngine();
    const brokers = [1, 2].map((id) => brokerWith(id));
    for (const engine of [gatewayEngine, ...brokers.map((broker) => broker.engine)]) engine.create("orders", 1);
    const servers = await Promise.all(brokers.map((broker) => liveServer(broker.engine, {}, broker.cluster)));
    toClose.push(() => servers[1]!.close());
    for (const [index, server] of servers.entries()) gatewayEngine.setBroker(index + 1, { httpPort: server.port });
    gatewayEngine.setBroker(3, { httpPort: 0 });
    const gateway = new LiveCluster({ engine: gatewayEngine, version: "1", run: "gw" });
    const merge = new GatewayMerge({ cluster: gateway, engine: gatewayEngine, openLine: openNodeLine });
    gateway.start();
    merge.start();
    toClose.push(() => (merge.stop(), gateway.stop()));
    const row = () => partitionColumns.fields(gateway.tables.get("partitions", "orders/0")!);
    const node = (id: number) => gateway.tables.get("nodes", String(id));

    brokers[0]!.report({ epoch: 0, end: 40 });
    await until(() => row().hw === 40);
    await until(() => node(1)?.[4] === 1001 && node(2)?.[4] === 1002);
    expect([...merge.ages().keys()].toSorted((a, b) => a - b)).toEqual([1, 2, 3]);

    await servers[0]!.close();
    await until(() => merge.ages().get(1)! > 0 && row().in_msgs === 0);
    expect(row().hw).toBe(40);

    for (const engine of [gatewayEngine, brokers[1]!.engine]) engine.setPartition("orders", 0, { leader: 2 });
    expect(row()).toMatchObject({ leader: 2, epoch: 1, hw: 40, positions_epoch: 0 });
    brokers[1]!.report({ epoch: 1, end: 38 });
    await until(() => row().positions_epoch === 1);
    expect(row().hw).toBe(38);
  });
});

/** A broker that knows what the test tells it. */
function brokerWith(id: number) {
  const engine = new ViewEngine(id);
  const cluster = new LiveCluster({ engine, version: "1", run: `b${id}` });
  let dirty: PartitionPositions[] = [];
  const node: NodePositions = {
    partitions: () => [],
    drainDirty: () => dirty.splice(0),
    node: () => ({
      pid: 1000 + id,
      upSinceMs: 1,
      rss: 1,
      cpuPercent: 1,
      connections: 0,
      diskUsed: 1,
      diskFree: 1,
      uncommittedBytes: 0,
      durability: "fsync",
      commitMs: 1,
      recordsOut: 0,
      bytesOut: 0,
    }),
    quorum: () => null,
    clients: () => [],
    producers: () => null,
  };
  new BrokerPositionFeed(cluster, id, node);
  return {
    engine,
    cluster,
    report({ epoch, end }: { epoch: number; end: number }) {
      dirty = [
        {
          topic: "orders",
          partition: 0,
          leaderEpoch: epoch,
          logStart: 0,
          highWatermark: end,
          lastStableOffset: end,
          replicas: [1, 2, 3].map((replica) => ({ node: replica, logEnd: end, durableEnd: end })),
          sizeBytes: end,
          bytesIn: end,
        },
      ];
    },
  };
}
