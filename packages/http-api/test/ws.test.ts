import { WS_SUBPROTOCOL } from "@vitrine/api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { asyncApiDocument } from "../src/index.ts";
import { Line, liveServer, type LiveServer } from "./live-server.ts";
import { ViewEngine } from "./view-engine.ts";

const engine = new ViewEngine();
let server: LiveServer;
let hasty: LiveServer;

beforeAll(async () => {
  engine.create("orders", 2);
  server = await liveServer(engine);
  hasty = await liveServer(engine, { timing: { helloMs: 30, pingMs: 20 }, socketsMax: 2 });
});
afterAll(async () => {
  await server.close();
  await hasty.close();
});

/** Status of an upgrade that is refused. */
function refused(
  protocols: string[],
  headers: Record<string, string> = {},
  path = "/v1/ws",
  port = server.port,
): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { headers });
    socket.on("unexpected-response", (_request, response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve([response.statusCode ?? 0, (JSON.parse(body) as { type: string }).type]));
    });
    socket.on("open", () => reject(new Error("it was let in")));
    socket.on("error", () => undefined);
  });
}

describe("the door", () => {
  test("a subprotocol that is not spoken is refused with 400", async () => {
    expect(await refused(["graphql-ws"])).toEqual([400, "/problems/unknown-subprotocol"]);
  });
  test("a foreign page is refused with 403", async () => {
    expect(await refused([WS_SUBPROTOCOL], { origin: "http://evil.example" })).toEqual([
      403,
      "/problems/foreign-origin",
    ]);
  });
  test("a foreign host name is refused (DNS rebinding)", async () => {
    expect(await refused([WS_SUBPROTOCOL], { host: "evil.example" })).toEqual([421, "/problems/wrong-host"]);
  });
  test("another path is 404", async () => {
    expect(await refused([WS_SUBPROTOCOL], {}, "/v2/ws")).toEqual([404, "/problems/unknown-path"]);
  });
  test("without an upgrade the answer says what is spoken here", async () => {
    const response = await fetch(`${server.url}/v1/ws`);
    expect(response.status).toBe(426);
    expect(((await response.json()) as { detail: string }).detail).toContain(WS_SUBPROTOCOL);
  });
  test("more sockets than there may be are refused with 503", async () => {
    // With time for a hello: a line that is closed for its silence would make room.
    const narrow = await liveServer(engine, { socketsMax: 2 });
    const first = await Line.opened(narrow.port);
    const second = await Line.opened(narrow.port);
    expect(await refused([WS_SUBPROTOCOL], {}, "/v1/ws", narrow.port)).toEqual([503, "/problems/too-many-sockets"]);
    first.close();
    second.close();
    await Promise.all([first.closed(), second.closed()]);
    await narrow.close();
  });
});

describe("close codes", () => {
  test("4408 no hello in time", async () => {
    expect((await (await Line.opened(hasty.port)).closed()).code).toBe(4408);
  });
  test("4008 pings without an answer; any frame counts as one", async () => {
    const line = await Line.ready(hasty.port);
    for (let i = 0; i < 4; i++) {
      await line.next("ping");
      line.send({ t: "pong" });
    }
    expect((await line.closed()).code).toBe(4008);
  });
  test.each([
    ["the first frame is not hello", (line: Line) => line.send({ t: "sub", id: 1, view: "cluster" })],
    ["no JSON", (line: Line) => line.socket.send("hello")],
    ["JSON that is no object", (line: Line) => line.socket.send("[1]")],
    ["binary", (line: Line) => line.socket.send(Buffer.from("{}"))],
  ])("4400 %s", async (_what, act) => {
    const line = await Line.opened(server.port);
    act(line);
    expect((await line.closed()).code).toBe(4400);
  });
  test("4409 an id that is in use", async () => {
    const line = await Line.ready(server.port);
    line.send([
      { t: "sub", id: 1, view: "cluster" },
      { t: "sub", id: 1, view: "quorum" },
    ]);
    expect((await line.closed()).code).toBe(4409);
  });
  test("4400 and 4409 also where the reason, which repeats what was sent, is longer in bytes than a close frame takes", async () => {
    const first = await Line.opened(server.port);
    first.send({ t: "\u{20ac}".repeat(50) });
    expect((await first.closed()).code).toBe(4400);
    const second = await Line.ready(server.port);
    const sub = { t: "sub", id: "\u{20ac}".repeat(40), view: "cluster" };
    second.send(sub);
    second.send(sub);
    const { code, reason } = await second.closed();
    expect(code).toBe(4409);
    expect(reason).toMatch(/^subscription \u{20ac}+$/u);
  });
  test("4413 a frame over 1 MiB", async () => {
    const line = await Line.ready(server.port);
    line.socket.send(JSON.stringify({ t: "hello", client: "x".repeat(1_100_000) }));
    expect((await line.closed()).code).toBe(4413);
  });
  test("4429 more than 100 messages a second; credits and pongs are not counted", async () => {
    const line = await Line.ready(server.port);
    line.send(Array.from({ length: 500 }, () => ({ t: "pong" })));
    line.send(Array.from({ length: 500 }, () => ({ t: "credit", id: 1, records: 1 })));
    line.send({ t: "sub", id: "alive", view: "cluster" });
    await line.next("subbed");
    line.send(Array.from({ length: 101 }, () => ({ t: "pause" })));
    expect((await line.closed()).code).toBe(4429);
  });
  test("4000 with goodbye when the server closes", async () => {
    const own = await liveServer(engine, { alt: () => ["ws://127.0.0.1:1/v1/ws"] });
    const line = await Line.ready(own.port);
    const closing = own.close();
    const goodbye = await line.next("goodbye");
    expect(goodbye).toMatchObject({ reason: "restart", alt: ["ws://127.0.0.1:1/v1/ws"] });
    expect((await line.closed()).code).toBe(4000);
    await closing;
  });
});

describe("a bad subscription is an error, never a close", () => {
  test.each([
    [{ t: "sub", id: 7, view: "grupos" }, "/problems/unknown-view", "views are"],
    [{ t: "sub", id: 7, view: "events", from: "junk" }, "/problems/invalid-cursor", ""],
    [{ t: "sub", id: 7, topics: ["orders"], form: "earliest" }, "/problems/invalid-frame", "did you mean from?"],
    [{ t: "sub", id: 7, topics: ["orders"], from: "somewhere" }, "/problems/invalid-cursor", ""],
    [{ t: "sub", id: 7, topics: [] }, "/problems/invalid-frame", ""],
    [{ t: "sub", id: 7, topics: ["orders"], mode: "sample" }, "/problems/invalid-frame", ""],
    [{ t: "sub", id: 7, topics: ["no-such-topic"] }, "/problems/unknown-topic-or-partition", ""],
    [{ t: "subscribe", id: 7 }, "/problems/unknown-frame", "frames are"],
    [{ t: "unsup", id: 7 }, "/problems/unknown-frame", "did you mean unsub?"],
  ])("%o", async (frame, type, hint) => {
    const line = await Line.ready(server.port);
    line.send(frame);
    const error = await line.next("error");
    expect(error["id"]).toBe(7);
    expect(error["problem"]).toMatchObject({ type });
    expect((error["problem"] as { hint?: string }).hint ?? "").toContain(hint);
    line.send({ t: "sub", id: 7, view: "cluster" });
    await line.next("snap");
    line.close();
  });

  test("the 65th subscription", async () => {
    const line = await Line.ready(server.port);
    line.send(Array.from({ length: 65 }, (_, id) => ({ t: "sub", id, view: "clusters" })));
    expect((await line.next("error"))["id"]).toBe(64);
    line.close();
  });
});

describe("views", () => {
  test("snap, delta, event at once, numbered without a hole; the snap names its columns", async () => {
    const line = await Line.ready(server.port);
    line.send({ t: "sub", id: "v", view: "topic:orders", hz: 20 });
    expect((await line.next("subbed"))["hz"]).toBe(4);
    const snap = await line.next("snap");
    expect((snap["cols"] as string[]).slice(0, 6)).toEqual(["p", "leader", "epoch", "log_start", "hw", "lso"]);
    expect(snap["rows"]).toHaveLength(2);
    expect(snap["info"]).toMatchObject({ replicas: { 0: [1, 2, 3], 1: [2, 3, 1] } });
    engine.setPartition("orders", 0, { leader: 2, isr: [2, 3] });
    const event = await line.next("event");
    expect(event["e"]).toMatchObject({ type: "leader", topic: "orders", p: 0, leader: 2, from: 1, isr: [2, 3] });
    const delta = await line.next("delta");
    expect((delta["rows"] as unknown[][]).map((row) => row.slice(0, 2))).toEqual([[0, 2]]);
    expect([snap["seq"], event["seq"], delta["seq"]]).toEqual([1, 2, 3]);
    line.close();
  });

  test("one partition may have 10 Hz, a second on the same connection 4, metrics stay at 1", async () => {
    const line = await Line.ready(server.port);
    line.send([
      { t: "sub", id: 1, view: "partition:orders/0", hz: 10 },
      { t: "sub", id: 2, view: "partition:orders/1", hz: 10 },
      { t: "sub", id: 3, view: "metrics", hz: 10 },
    ]);
    const granted = [await line.next("subbed"), await line.next("subbed"), await line.next("subbed")];
    expect(granted.map((frame) => frame["hz"])).toEqual([10, 4, 1]);
    line.close();
  });

  test("paused: deltas stop, events go on; resume gives one snap with everything", async () => {
    const line = await Line.ready(server.port);
    line.send({ t: "sub", id: 1, view: "topic:orders" });
    await line.next("snap");
    line.send({ t: "pause" });
    line.send({ t: "sub", id: 2, view: "clusters" });
    await line.next("snap", (frame) => frame["id"] === 2);
    engine.setPartition("orders", 1, { leader: 3 });
    await line.next("event");
    line.send({ t: "resume", id: 1 });
    const snap = await line.next("snap");
    expect((snap["rows"] as unknown[][]).find((row) => row[0] === 1)?.[1]).toBe(3);
    expect(line.all.filter((frame) => frame.t === "delta" && frame["id"] === 1)).toEqual([]);
    line.close();
  });

  test("a reader that comes back gets the events that it missed, then the state", async () => {
    const line = await Line.ready(server.port);
    line.send({ t: "sub", id: 1, view: "events" });
    const { next } = await line.next("snap");
    line.close();
    engine.setPartition("orders", 0, { leader: 3 });
    engine.setPartition("orders", 0, { leader: 1 });
    const again = await Line.ready(server.port);
    again.send({ t: "sub", id: 1, view: "events", from: next });
    const events = [await again.next("event"), await again.next("event")];
    expect(events.map((event) => (event["e"] as { leader: number }).leader)).toEqual([3, 1]);
    await again.next("snap");
    again.send({ t: "sub", id: 2, view: "events", from: "e:0@0~otherrun.5" });
    expect(await again.next("gap")).toMatchObject({ id: 2, reason: "restarted" });
    again.close();
  });

  test("the clock tells how old each node's data are", async () => {
    const line = await Line.ready(server.port);
    line.send({ t: "sub", id: 1, view: "clusters" });
    expect((await line.next("clock"))["ages"]).toEqual({ 1: 7, 2: 7, 3: 7 });
    line.close();
  });
});

test("AsyncAPI describes every frame, and refers only to what it holds", () => {
  const document = asyncApiDocument("1.2.3");
  const text = JSON.stringify(document);
  for (const name of [
    "hello",
    "sub_view",
    "sub_records",
    "credit",
    "records",
    "snap",
    "delta",
    "event",
    "gap",
    "clock",
  ])
    expect(text).toContain(`_${name}"`);
  for (const [, path] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    let at: unknown = document;
    for (const key of path!.split("/")) at = (at as Record<string, unknown>)[key];
    expect(at, path).toBeDefined();
  }
});

test.each([
  [{ topics: ["orders"], view: "cluster" }, "a sub names either topics or a view, not both"],
  [{ from: "earliest" }, "a sub names topics, for records, or a view"],
  [{ view: "cluster", topic: ["orders"] }, "sub: /topic is not a member of a sub to a view"],
  [{ topics: ["orders"], hz: 4 }, "sub: /hz is not a member of a sub to records"],
])("%j is told in words", async (members, detail) => {
  const line = await Line.ready(server.port);
  line.send({ t: "sub", id: 1, ...members });
  expect((await line.next("error"))["problem"]).toMatchObject({ detail, type: "/problems/invalid-frame" });
  line.close();
});
