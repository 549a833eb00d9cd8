/** `/v1/ws`: record subscriptions on a real cluster, by what http.md sections 8.1, 8.3 and 8.4 promise. */
import { mergeCursor, parseCursor, formatCursor, type Cursor } from "@vitrine/api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, type RunningCluster } from "../fixtures/cluster.ts";
import { LiveClient, upgradeStatus } from "../fixtures/live-client.ts";
import { expectProblemBody, type ProblemBody } from "../fixtures/problems.ts";
import { createTopic, describeTopic, json, produce } from "../fixtures/topics.ts";
import { WriteLoad } from "../fixtures/write-load.ts";

let cluster: RunningCluster;

beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster?.stop());

/** Produces `count` records in one request: one batch. */
async function produceBatch(topic: string, from: number, count: number): Promise<void> {
  const records = Array.from({ length: count }, (_, i) => ({ partition: 0, value: from + i }));
  expect((await cluster.fetch(`/topics/${topic}/records`, json("POST", records))).status).toBeLessThan(202);
}

const range = (from: number, until: number) => Array.from({ length: until - from }, (_, i) => from + i);

describe("connecting", () => {
  test("the subprotocol is agreed on; without a known one the upgrade is 400", async () => {
    const client = await LiveClient.open(cluster.url);
    expect(client.socket.protocol).toBe("vitrine.v1+json");
    expect(client.socket.extensions, "no compression on live sockets").toBe("");
    const welcome = client.frames[0]!;
    expect(welcome).toMatchObject({
      t: "welcome",
      ping_ms: 25_000,
      limits: { frame: 1_048_576, subs: 64, partitions: 1_000 },
    });
    client.terminate();
    const second = await LiveClient.open(cluster.url, { protocols: ["vitrine.v9+cbor", "vitrine.v1+json"] });
    expect(second.socket.protocol).toBe("vitrine.v1+json");
    second.terminate();
    expect(await upgradeStatus(cluster.url, { protocols: "graphql-ws" })).toBe(400);
    expect(await upgradeStatus(cluster.url, { protocols: [] })).toBe(400);
  });

  test("every broker has the same endpoint", async () => {
    await createTopic(cluster, "everywhere");
    await produce(cluster, "everywhere", "1");
    for (const broker of cluster.ready.brokers) {
      const client = await LiveClient.open(broker.http);
      expect(client.frames[0]).toMatchObject({ t: "welcome", broker: broker.id });
      client.send({ t: "sub", id: 1, topics: ["everywhere"], from: "earliest" });
      await client.next("records", 1);
      client.terminate();
    }
  });

  test("frames may come several in one message", async () => {
    await createTopic(cluster, "array");
    const client = await LiveClient.open(cluster.url);
    client.send([
      { t: "sub", id: 1, topics: ["array"], from: "earliest" },
      { t: "sub", id: "second", view: "topic:array" },
    ]);
    await client.each("subbed", [1, "second"]);
    await client.each("snap", ["second"]);
    client.terminate();
  });
});

describe("records", () => {
  test("a subscription replays in order, says when it has caught up, and goes on live", async () => {
    await createTopic(cluster, "replay");
    await produceBatch("replay", 0, 20);
    const client = await LiveClient.open(cluster.url);
    client.send({ t: "sub", id: 1, topics: ["replay"], from: "earliest" });
    const subbed = await client.next("subbed", 1);
    expect(subbed.start).toMatch(/^0:0/);
    expect(subbed.end).toMatch(/^0:20/);
    expect(subbed.log_start).toMatch(/^0:0/);
    expect(subbed.topic_ids).toEqual({ replay: (await describeTopic(cluster, "replay")).topic_id });
    const caughtUp = await client.next("caught_up", 1);
    expect(caughtUp.next).toMatch(/^0:20@\d+$/);
    expect(client.offsetsOf(1)).toEqual(range(0, 20));
    await produceBatch("replay", 20, 5);
    const live = await client.next("records", 1);
    expect(live).toMatchObject({ p: 0, hw: 25, lag: 0 });
    expect(client.offsetsOf(1)).toEqual(range(0, 25));
    client.terminate();
  });

  test("a subscription without a position starts now, also with history there", async () => {
    await createTopic(cluster, "now");
    await produceBatch("now", 0, 10);
    const client = await LiveClient.open(cluster.url);
    client.send({ t: "sub", id: 1, topics: ["now"] });
    await client.next("subbed", 1);
    await produce(cluster, "now", "new");
    await client.next("records", 1);
    expect(client.offsetsOf(1)).toEqual([10]);
    client.terminate();
  });

  test("never more than the window and one batch is sent; credit opens it again, and nothing is left out", async () => {
    await createTopic(cluster, "window");
    await createTopic(cluster, "beside");
    for (let i = 0; i < 10; i++) await produceBatch("window", i * 10, 10);
    await produce(cluster, "beside", "1");
    const client = await LiveClient.open(cluster.url);
    client.send({ t: "sub", id: "w", topics: ["window"], from: "earliest", credit: { records: 5, bytes: 1 << 20 } });
    await client.next("records", "w");
    let granted = 5;
    for (let round = 0; client.offsetsOf("w").length < 100; round++) {
      // Another subscription on the same socket, read to its end: whatever would have come for the first one has come.
      client.send({ t: "sub", id: round, topics: ["beside"], from: "earliest" });
      await client.next("caught_up", round);
      client.send({ t: "unsub", id: round });
      const got = client.offsetsOf("w");
      expect(got).toEqual(range(0, got.length));
      expect(got.length, `with ${granted} records granted`).toBeLessThanOrEqual(granted - 1 + 10);
      expect(got.length).toBeGreaterThanOrEqual(Math.min(granted, 100));
      client.send({ t: "credit", id: "w", records: 10 });
      granted += 10;
      if (got.length < 100)
        await client.nextWhere(
          () => client.offsetsOf("w").length >= Math.min(granted, 100),
          "the records that were granted",
        );
    }
    client.terminate();
  });

  test("bytes are a window too", async () => {
    await createTopic(cluster, "bytes");
    await createTopic(cluster, "beside-bytes");
    await produce(cluster, "beside-bytes", "1");
    for (let i = 0; i < 10; i++) await produce(cluster, "bytes", JSON.stringify("x".repeat(10_000)));
    const client = await LiveClient.open(cluster.url);
    client.send({ t: "sub", id: 1, topics: ["bytes"], from: "earliest", credit: { records: 1_000, bytes: 15_000 } });
    await client.next("records", 1);
    client.send({ t: "sub", id: 2, topics: ["beside-bytes"], from: "earliest" });
    await client.next("caught_up", 2);
    expect(client.offsetsOf(1).length).toBeLessThanOrEqual(3);
    client.send({ t: "credit", id: 1, bytes: 1 << 20 });
    await client.nextWhere(() => client.offsetsOf(1).length === 10, "the rest");
    client.terminate();
  });

  test("a socket that is cut again and again, resumed by cursor: no record is left out and none comes twice", async () => {
    await createTopic(cluster, "resumed", { partitions: 3 });
    const load = new WriteLoad(cluster, "resumed", { partitions: 3, writersPerPartition: 1 });
    const seen = new Map<number, number[]>([0, 1, 2].map((partition) => [partition, []]));
    let cursor: Cursor = new Map();
    const take = (client: LiveClient, from: number): number => {
      for (const frame of client.frames.slice(from))
        if (frame.t === "records") {
          seen.get(frame.p)!.push(...frame.r.map((record) => record.o));
          cursor = mergeCursor(cursor, parseCursor(frame.next)!);
        }
      return client.frames.length;
    };
    for (let cut = 0; cut < 8; cut++) {
      const client = await LiveClient.open(cut % 2 === 0 ? cluster.url : cluster.ready.brokers[cut % 3]!.http);
      const from = cursor.size === 0 ? "earliest" : formatCursor(cursor);
      client.send({ t: "sub", id: 1, topics: ["resumed"], from, credit: { records: 10_000, bytes: 1 << 20 } });
      const before = [...seen.values()].reduce((sum, offsets) => sum + offsets.length, 0);
      let taken = 0;
      const fresh = () => (
        (taken = take(client, taken)),
        [...seen.values()].reduce((sum, offsets) => sum + offsets.length, 0) - before
      );
      await client.nextWhere(() => fresh() > 20, "twenty more records");
      client.terminate();
    }
    const report = await load.stop();
    const last = await LiveClient.open(cluster.url);
    last.send({
      t: "sub",
      id: 1,
      topics: ["resumed"],
      from: formatCursor(cursor),
      credit: { records: 10_000, bytes: 1 << 20 },
    });
    await last.next("caught_up", 1);
    take(last, 0);
    last.terminate();
    for (const [partition, offsets] of seen) {
      expect(offsets).toEqual(range(0, offsets.length));
      const acknowledged = report.acknowledged
        .filter((item) => item.partition === partition)
        .map((item) => item.offset);
      expect(Math.max(...acknowledged)).toBeLessThan(offsets.length);
    }
  });

  test("what retention took away is a gap in words and numbers, and reading goes on behind it", async () => {
    await createTopic(cluster, "gone");
    // More than a starved subscription may hold.
    for (let i = 0; i < 20; i++) await produce(cluster, "gone", JSON.stringify("x".repeat(60_000)));
    const client = await LiveClient.open(cluster.url);
    client.send({ t: "sub", id: 1, topics: ["gone"], from: "0:0", credit: { records: 1, bytes: 1 << 20 } });
    await client.next("records", 1);
    expect((await cluster.fetch("/topics/gone/partitions/0/records?before=18", { method: "DELETE" })).status).toBe(200);
    client.send({ t: "credit", id: 1, records: 100, bytes: 8 << 20 });
    const gap = await client.next("gap", 1);
    const before = client.offsetsOf(1);
    expect(before).toEqual(range(0, before.length));
    expect(gap).toMatchObject({ p: 0, from: before.length, to: 18, reason: "retention" });
    await client.nextWhere(() => client.offsetsOf(1).at(-1) === 19, "the records behind the gap");
    expect(client.offsetsOf(1)).toEqual([...before, 18, 19]);
    // A cursor that is too old from the start is told the same way.
    client.send({ t: "sub", id: 2, topics: ["gone"], from: "0:2" });
    expect(await client.next("gap", 2)).toMatchObject({ p: 0, from: 2, to: 18, reason: "retention" });
    client.terminate();
  });

  test("seek reads on elsewhere, and its records carry the generation; pause, resume and unsub do what they say", async () => {
    await createTopic(cluster, "seek");
    await produceBatch("seek", 0, 10);
    const client = await LiveClient.open(cluster.url);
    client.send({ t: "sub", id: 1, topics: ["seek"], from: "earliest" });
    await client.next("caught_up", 1);
    client.send({ t: "seek", id: 1, from: "0:7", gen: 4 });
    const again = await client.next("records", 1);
    expect(again.gen).toBe(4);
    expect(again.r.map((record) => record.o)).toEqual([7, 8, 9]);
    await client.next("caught_up", 1);
    client.send({ t: "pause", id: 1 });
    client.send({ t: "sub", id: 2, topics: ["seek"] });
    await client.next("subbed", 2);
    await produceBatch("seek", 10, 2);
    await client.next("records", 2);
    const before = client.offsetsOf(1).length;
    client.send({ t: "resume", id: 1 });
    await client.next("records", 1);
    expect(client.offsetsOf(1).slice(before)).toEqual([10, 11]);
    client.send({ t: "unsub", id: 1 });
    await produceBatch("seek", 12, 1);
    await client.next("records", 2);
    expect(client.offsetsOf(1).slice(before)).toEqual([10, 11]);
    client.terminate();
  });

  test("values travel as they were produced: digits of 64 bits, text, bytes, tombstones, headers", async () => {
    await createTopic(cluster, "kinds");
    await cluster.fetch("/topics/kinds/values?partition=0", json("POST", '{"n":9223372036854775807,"f":1.0}'));
    await cluster.fetch(
      "/topics/kinds/records",
      json("POST", { partition: 0, key: "k", headers: { trace: "ab" }, value_text: "plain" }),
    );
    await cluster.fetch(
      "/topics/kinds/records",
      json("POST", { partition: 0, key: "k", value: null, tombstone: true }),
    );
    await cluster.fetch("/topics/kinds/values?partition=0", {
      method: "POST",
      headers: { "content-type": "image/png" },
      body: new Uint8Array([0xff, 0, 0xfe]),
    });
    const client = await LiveClient.open(cluster.url);
    const texts: string[] = [];
    client.socket.on("message", (data: Buffer) => texts.push(data.toString()));
    client.send({ t: "sub", id: 1, topics: ["kinds"], from: "earliest" });
    await client.next("caught_up", 1);
    expect(texts.join("")).toContain('{"n":9223372036854775807,"f":1.0}');
    const records = client.of(1).flatMap((frame) => (frame.t === "records" ? frame.r : []));
    expect(records[1]).toMatchObject({ o: 1, k: "k", h: [["trace", "ab"]], v: "plain" });
    expect(records[2]).toMatchObject({ o: 2, k: "k", v: null, tomb: true });
    expect(records[3]).toMatchObject({
      o: 3,
      k: null,
      v: Buffer.from([0xff, 0, 0xfe]).toString("base64"),
      enc: "base64",
    });
    client.terminate();
  });

  test("a bad subscription is an error frame with a problem, never a close", async () => {
    await createTopic(cluster, "sound");
    await produce(cluster, "sound", "1");
    const client = await LiveClient.open(cluster.url);
    const bad: [frame: object, status: number[]][] = [
      [{ topics: ["nowhere"] }, [404]],
      [{ view: "nothing" }, [404, 422]],
      [{ topics: ["sound"], view: "topics" }, [400, 422]],
      [{ topics: ["sound"], from: "not a cursor" }, [400, 422]],
      [{ topics: ["sound"], from: "0:999" }, [416]],
      [{ topics: ["sound"], partitions: [9] }, [404]],
      [{}, [400, 422]],
      [{ topics: ["sound"], superUser: true }, [400, 422]],
      [JSON.parse('{"topics":["sound"],"__proto__":{"polluted":1}}') as object, [400, 422]],
    ];
    for (const [at, [frame, status]] of bad.entries()) {
      // By hand, because a spread would turn __proto__ into a prototype.
      client.send(
        `{"t":"sub","id":${at}${JSON.stringify(frame).replace("{", Object.keys(frame).length > 0 ? "," : "")}`,
      );
      const error = await client.next("error", at);
      expectProblemBody(error.problem as unknown as ProblemBody, { status });
    }
    client.send({ t: "sub", id: "fine", topics: ["sound"], from: "earliest" });
    await client.next("records", "fine");
    client.terminate();
  });
});

describe("closes", () => {
  test.each([
    ["something that is not JSON", "{", 4400],
    ["a frame before hello", JSON.stringify({ t: "sub", id: 1, view: "cluster" }), 4400],
  ])("%s is closed", async (_what, frame, code) => {
    const client = await LiveClient.open(cluster.url, { silent: true });
    client.send(frame);
    expect(await client.closed()).toBe(code);
  });

  test("an id used twice is closed with 4409, a frame over the limit with 4413, a flood with 4429", async () => {
    await createTopic(cluster, "closes");
    const twice = await LiveClient.open(cluster.url);
    for (let i = 0; i < 2; i++) twice.send({ t: "sub", id: 1, topics: ["closes"] });
    expect(await twice.closed()).toBe(4409);
    const large = await LiveClient.open(cluster.url);
    large.send(`{"t":"sub","id":1,"topics":["${"x".repeat(1 << 20)}"]}`);
    expect(await large.closed()).toBe(4413);
    const flood = await LiveClient.open(cluster.url);
    for (let i = 0; i < 400; i++) flood.send({ t: "unsub", id: i });
    expect(await flood.closed()).toBe(4429);
  });
});
