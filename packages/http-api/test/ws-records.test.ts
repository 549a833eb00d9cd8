import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Frame, Line, liveServer, type LiveServer, produce, until } from "./live-server.ts";
import { MemoryEngine } from "./memory-engine.ts";

const engine = new MemoryEngine();
let server: LiveServer;

beforeAll(async () => {
  server = await liveServer(engine);
});
afterAll(() => server.close());

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);

function recordsOf(frames: readonly Frame[]): { p: number; o: number; v: unknown }[] {
  return frames
    .filter((frame) => frame.t === "records")
    .flatMap((frame) =>
      (frame["r"] as { o: number; v: unknown }[]).map((record) => ({ p: frame["p"] as number, ...record })),
    );
}

/** Reads until so many records came. */
async function take(line: Line, count: number): Promise<{ p: number; o: number; v: unknown }[]> {
  const taken: Frame[] = [];
  while (recordsOf(taken).length < count) taken.push(await line.next("records"));
  return recordsOf(taken);
}

/** A question and its answer: everything the server sent before the question has arrived by then. */
async function roundTrip(line: Line): Promise<void> {
  const id = `q${Math.round(performance.now() * 1000)}`;
  line.send({ t: "sub", id, view: "clusters" });
  await line.next("subbed", (frame) => frame["id"] === id);
  line.send({ t: "unsub", id });
}

describe("record subscriptions", () => {
  test("from the earliest: the bounds, every record once and in order, then caught_up, then what comes", async () => {
    engine.create("tour", 2);
    await produce(server, "tour", numbers(3), 0);
    await produce(server, "tour", numbers(2, 10), 1);
    const line = await Line.ready(server.port);
    line.send({ t: "sub", id: 1, topics: ["tour"], from: "earliest" });
    expect(await line.next("subbed")).toMatchObject({
      id: 1,
      start: "0:0,1:0",
      end: "0:3,1:2",
      log_start: "0:0,1:0",
      topic_ids: { tour: engine.topic("tour")!.topicId },
    });
    await line.next("caught_up");
    expect(
      recordsOf(line.all)
        .toSorted((a, b) => a.p - b.p || a.o - b.o)
        .map(({ p, o, v }) => [p, o, v]),
    ).toEqual([
      [0, 0, 0],
      [0, 1, 1],
      [0, 2, 2],
      [1, 0, 10],
      [1, 1, 11],
    ]);
    await produce(server, "tour", ["more"], 1);
    const frame = await line.next("records");
    expect(frame).toMatchObject({ id: 1, p: 1, next: "1:3@0", hw: 3, lag: 0 });
    line.close();
  });

  test("never more than the window: exactly what was granted, and no fetch while nothing is", async () => {
    engine.create("window");
    await produce(server, "window", numbers(100));
    const line = await Line.ready(server.port);
    line.send({ t: "sub", id: 1, topics: ["window"], from: "earliest", credit: { records: 7, bytes: 1_000_000 } });
    let seen = await take(line, 7);
    let granted = 7;
    for (const more of [1, 5, 20]) {
      await roundTrip(line);
      expect(recordsOf(line.all)).toHaveLength(granted);
      line.send({ t: "credit", id: 1, records: more, bytes: 100_000 });
      granted += more;
      seen = [...seen, ...(await take(line, more))];
    }
    expect(seen.map((record) => record.v)).toEqual(numbers(granted));
    line.close();
  });

  test("bytes are a window too: it may be overshot once, by one message", async () => {
    engine.create("bytes");
    await produce(
      server,
      "bytes",
      numbers(50).map((i) => `${i}${"x".repeat(1000)}`),
    );
    const line = await Line.ready(server.port);
    line.send({ t: "sub", id: 1, topics: ["bytes"], from: "earliest", credit: { records: 1, bytes: 1 } });
    await take(line, 1);
    line.send({ t: "credit", id: 1, records: 1000, bytes: 500 });
    await roundTrip(line);
    expect(recordsOf(line.all)).toHaveLength(1);
    line.send({ t: "credit", id: 1, bytes: 100_000 });
    await take(line, 49);
    line.close();
  });

  test("a message ends at the record that uses the bytes up", async () => {
    engine.create("few-bytes");
    const value = "x".repeat(1000);
    await produce(
      server,
      "few-bytes",
      numbers(50).map(() => value),
    );
    const line = await Line.ready(server.port);
    line.send({ t: "sub", id: 1, topics: ["few-bytes"], from: "earliest", credit: { records: 1000, bytes: 2_500 } });
    await take(line, 1);
    await roundTrip(line);
    expect(recordsOf(line.all)).toHaveLength(3);
    line.send({ t: "credit", id: 1, bytes: 1_000_000 });
    await take(line, 47);
    line.close();
  });

  test("values keep their digits; text, bytes, tombstones and cut values say what they are", async () => {
    engine.create("values");
    const put = (body: string) =>
      fetch(`${server.url}/v1/topics/values/records`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      }).then(async (response) => {
        expect(response.status, await response.text()).toBeLessThan(300);
      });
    await put('{"key":"k","headers":{"trace":"ab"},"value":{"id":9223372036854775807}}');
    await put('{"value_b64":"/wA="}');
    await put('{"key":"gone","value":null,"tombstone":true}');
    await put(`{"value_text":"${"é".repeat(100)}"}`);
    const line = await Line.ready(server.port);
    const texts: string[] = [];
    line.socket.on("message", (data: Buffer) => texts.push(data.toString()));
    line.send({ t: "sub", id: 1, topics: ["values"], from: "earliest", preview: 33 });
    await line.next("caught_up");
    const text = texts.join("");
    expect(text).toContain('"k":"k","h":[["trace","ab"]],"v":{"id":9223372036854775807}');
    expect(text).toContain('"v":"/wA=","enc":"base64"');
    expect(text).toContain('"k":"gone","v":null,"tomb":true');
    expect(text).toContain(`"v":"${"é".repeat(16)}","enc":"text","size":200`);
    line.close();
  });

  test("a cursor resumes exactly; offsets that are gone are a gap", async () => {
    engine.create("resume");
    await produce(server, "resume", numbers(5));
    const first = await Line.ready(server.port);
    first.send({ t: "sub", id: 1, topics: ["resume"], from: "earliest", credit: { records: 3, bytes: 10_000 } });
    const frame = await first.next("records");
    first.close();
    await produce(server, "resume", numbers(2, 5));
    const again = await Line.ready(server.port);
    again.send({ t: "sub", id: 1, topics: ["resume"], from: frame["next"] });
    expect((await take(again, 4)).map((record) => record.o)).toEqual([3, 4, 5, 6]);
    again.close();
    await fetch(`${server.url}/v1/topics/resume/partitions/0/records?before=7`, { method: "DELETE" });
    await produce(server, "resume", ["new"]);
    const late = await Line.ready(server.port);
    late.send({ t: "sub", id: 1, topics: ["resume"], from: frame["next"] });
    expect(await late.next("gap")).toMatchObject({ p: 0, from: 3, to: 7, reason: "retention" });
    expect((await take(late, 1))[0]).toMatchObject({ o: 7, v: "new" });
    late.close();
  });

  test("seek: what comes afterwards carries its number; pause sends nothing and keeps the place", async () => {
    engine.create("seek");
    await produce(server, "seek", numbers(10));
    const line = await Line.ready(server.port);
    line.send({ t: "sub", id: 1, topics: ["seek"], from: "-2" });
    expect((await take(line, 2)).map((record) => record.o)).toEqual([8, 9]);
    line.send({ t: "seek", id: 1, from: "0:4", gen: 1 });
    const frame = await line.next("records", (seen) => seen["gen"] === 1);
    expect((frame["r"] as { o: number }[]).map((record) => record.o)).toEqual([4, 5, 6, 7, 8, 9]);
    await line.next("caught_up");
    line.send({ t: "pause", id: 1 });
    await roundTrip(line);
    const before = recordsOf(line.all).length;
    await produce(server, "seek", ["while paused"]);
    await roundTrip(line);
    expect(recordsOf(line.all)).toHaveLength(before);
    line.send({ t: "resume", id: 1 });
    expect((await take(line, 1))[0]).toMatchObject({ o: 10, v: "while paused" });
    line.send({ t: "seek", id: 1, from: "nowhere", gen: 2 });
    expect((await line.next("error"))["problem"]).toMatchObject({ type: "/problems/invalid-cursor" });
    line.close();
  });

  test("several topics: frames and cursors name them", async () => {
    engine.create("left");
    engine.create("right");
    await produce(server, "left", ["l"]);
    await produce(server, "right", ["r"]);
    const line = await Line.ready(server.port);
    line.send({ t: "sub", id: 1, topics: ["left", "right"], from: { left: "0:0", right: "latest" } });
    expect(await line.next("subbed")).toMatchObject({
      start: { left: "0:0", right: "0:1" },
      end: { left: "0:1", right: "0:1" },
    });
    expect(await line.next("records")).toMatchObject({ topic: "left", p: 0 });
    line.close();
  });

  test("a filter leaves out, a sample skips and says how far", async () => {
    engine.create("picked");
    const body = numbers(300)
      .map((i) => JSON.stringify({ key: i % 2 === 0 ? "even" : "odd", value: i }))
      .join("\n");
    await fetch(`${server.url}/v1/topics/picked/records?partition=0`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body: `${body}\n`,
    }).then((response) => response.text());
    const line = await Line.ready(server.port);
    line.send({ t: "sub", id: 1, topics: ["picked"], from: "earliest", filter: { key: "odd" } });
    expect((await take(line, 150)).every((record) => (record.v as number) % 2 === 1)).toBe(true);
    line.send({ t: "sub", id: 2, topics: ["picked"], from: "earliest", mode: "sample", max_rate: 20 });
    expect(await line.next("gap")).toMatchObject({ id: 2, p: 0, reason: "sampled", to: 300 });
    await line.next("caught_up", (frame) => frame["id"] === 2);
    line.close();
  });

  test("a topic that goes ends the subscription with an error, the connection stays", async () => {
    engine.create("doomed");
    await produce(server, "doomed", [1]);
    const line = await Line.ready(server.port);
    line.send({ t: "sub", id: 1, topics: ["doomed"], from: "earliest" });
    await line.next("caught_up");
    await fetch(`${server.url}/v1/topics/doomed`, { method: "DELETE" });
    expect(await line.next("error")).toMatchObject({ id: 1, problem: { kafka_error: "UNKNOWN_TOPIC_OR_PARTITION" } });
    await roundTrip(line);
    line.close();
  });
});

describe("a client that never reads", () => {
  // 40 MB are written and read back: on a busy machine that takes its time.
  test(
    "costs the socket's limit and one fetch: the log is not read on while it does not take",
    { timeout: 30_000 },
    async () => {
      engine.create("flood");
      const value = "y".repeat(500_000);
      for (let i = 0; i < 80; i++) await produce(server, "flood", [value]);
      const line = await Line.ready(server.port);
      line.send({ t: "sub", id: 1, topics: ["flood"], from: "earliest", credit: "auto" });
      await line.next("subbed");
      line.socket.pause();
      const fetches = () => engine.calls.filter((call) => call.apiKey === 1).length;
      const before = fetches();
      let last = -1;
      // 40 MB lie in the log; the pipe between the two is a few. Once nothing moves for a while, look.
      for (let still = 0; still < 5;) {
        await new Promise((resolve) => setTimeout(resolve, 40));
        still = fetches() === last ? still + 1 : 0;
        last = fetches();
      }
      expect(last - before).toBeLessThan(50);
      line.socket.resume();
      const seen: Frame[] = [];
      while (recordsOf(seen).length < 80) seen.push(await line.next("records"));
      expect(recordsOf(seen).map((record) => record.o)).toEqual(numbers(80));
      line.close();
    },
  );

  test("views beside it stay in memory bounds: ticks are skipped, and the latest state comes when it reads again", async () => {
    engine.create("wide", 400);
    const line = await Line.ready(server.port);
    line.send({ t: "sub", id: 1, view: "topic:*", hz: 4 });
    await line.next("snap");
    line.socket.pause();
    const board = server.cluster.partitions;
    for (let round = 1; round <= 40; round++) {
      for (let partition = 0; partition < 400; partition++) {
        board.setPositions("wide", partition, {
          leaderEpoch: 0,
          logStart: 0,
          highWatermark: round,
          lastStableOffset: round,
          replicas: [],
          sizeBytes: round,
          inMsgs: 0,
          inBytes: 0,
        });
      }
    }
    line.socket.resume();
    await line.next("delta", (frame) => (frame["rows"] as unknown[][]).some((row) => row[4] === 40));
    await until(() => true);
    line.close();
  });
});
