import { gzipSync, zstdCompressSync, brotliCompressSync, deflateSync } from "node:zlib";
import { murmur2 } from "@vitrine/protocol";
import { expect, test } from "vitest";
import { serve, valuesOf } from "./harness.ts";
import { MemoryEngine } from "./memory-engine.ts";

const ndjson = { "content-type": "application/x-ndjson" };
const lines = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("one value: 201, its place, and the bytes as they came, whatever type curl chose", async () => {
  const h = await serve();
  h.engine.create("orders");
  for (const type of [{}, { "content-type": "application/x-www-form-urlencoded" }, { "content-type": "text/plain" }])
    expect((await h.ask("POST", "/topics/orders/values", "a=1&b", type)).status).toBe(201);
  const last = await h.ask("POST", "/v1/topics/orders/values", Buffer.from([0, 255]));
  expect(last.headers["location"]).toBe("/v1/topics/orders/partitions/0/records/3");
  expect(last.json).toMatchObject({ topic: "orders", offsets: [{ partition: 0, first_offset: 3, last_offset: 3 }] });
  expect(last.text.endsWith("}\n")).toBe(true);
  const read = await h.ask("GET", "/topics/orders/partitions/0/records?offset=3");
  expect(read.json).toMatchObject({ records: [{ value: "AP8=", encoding: "base64" }] });
});

test("JSON is checked, not changed: big numbers, order and spacing survive", async () => {
  const h = await serve();
  const text = '{"z":12345678901234567890, "a":1.0,"a":2}';
  expect((await h.ask("POST", "/topics/t/values", ` ${text}\n`, { "content-type": "application/json" })).status).toBe(
    201,
  );
  expect((await h.ask("GET", "/topics/t/values")).text).toBe(`${text}\n`);
  expect((await h.ask("GET", "/topics/t/records")).text).toContain(`"value":${text},"encoding":"json"`);
  const bad = await h.ask("POST", "/topics/t/values", '{"a":\n 01}', { "content-type": "application/json" });
  expect(bad).toMatchObject({ status: 400, json: { byte: 8, line: 2, column: 3, side_effects: "none" } });
});

test("a key finds its partition as the Java client's murmur2 does, an asked partition wins, an unknown one is 404", async () => {
  const h = await serve();
  h.engine.create("t", 3);
  for (const key of ["21", "foobar", "abc", "a-little-bit-long-string"]) {
    const { json } = await h.ask("POST", `/topics/t/values?key=${key}`, "x");
    expect(json["offsets"]).toMatchObject([{ partition: (murmur2(Buffer.from(key)) & 0x7fffffff) % 3 }]);
  }
  expect((await h.ask("POST", "/topics/t/values?key=21&partition=2", "x")).json["offsets"]).toMatchObject([
    { partition: 2 },
  ]);
  expect((await h.ask("POST", "/topics/t/partitions/1/values", "x")).json["offsets"]).toMatchObject([{ partition: 1 }]);
  expect(await h.ask("POST", "/topics/t/values?partition=3", "x")).toMatchObject({
    status: 404,
    json: { detail: "t has no partition 3: it has 3, numbered 0 to 2" },
  });
});

test("an array is one batch per partition, in order; keys, headers and tombstones arrive", async () => {
  const h = await serve();
  h.engine.create("t");
  const sent = await h.ask("POST", "/topics/t/records", [
    { key: "a", value: 1, headers: { trace: "ab" }, timestamp: 5 },
    { key: "a", value: null, tombstone: true },
    { key: { id: 1 }, value_b64: "AP8=" },
  ]);
  expect(sent).toMatchObject({ status: 200, json: { offsets: [{ first_offset: 0, last_offset: 2 }] } });
  expect(h.engine.batches("t")).toHaveLength(1);
  const { json } = await h.ask("GET", "/topics/t/records");
  expect(json["records"]).toMatchObject([
    { key: "a", value: 1, headers: [["trace", "ab"]], timestamp: 5 },
    { key: "a", value: null, tombstone: true },
    { key: '{"id":1}', value: "AP8=", encoding: "base64" },
  ]);
  expect((await h.ask("POST", "/topics/t/records", '{"value":1}')).status).toBe(201);
  expect((await h.ask("POST", "/topics/t/records", "[]")).status).toBe(422);
});

test("NDJSON: a receipt per line in order, blank lines are nothing, a bad line costs only itself", async () => {
  const h = await serve();
  const { status, text } = await h.ask("POST", "/topics/t/values", '{"a":1}\r\n\n  \n[2]\nnope\n"last"', ndjson);
  expect(status).toBe(200);
  expect(lines(text)).toMatchObject([
    { n: 0, partition: 0, offset: 0 },
    { n: 1, partition: 0, offset: 1 },
    { n: 2, error: { status: 400, type: "/problems/invalid-json" } },
    { n: 3, partition: 0, offset: 2 },
  ]);
  expect(await valuesOf(h, "t")).toEqual(['{"a":1}', "[2]", '"last"']);
});

test("NDJSON of envelopes, and json-seq", async () => {
  const h = await serve();
  const { text } = await h.ask("POST", "/topics/t/records", '{"key":"k","value":1}\n{"vaule":1}\n', ndjson);
  expect(lines(text)).toMatchObject([{ offset: 0 }, { error: { status: 422 } }]);
  await h.ask("POST", "/topics/t/values", "\x1e{\n}\n\x1e2\n", { "content-type": "application/json-seq" });
  expect(await valuesOf(h, "t")).toEqual(["1", "{\n}", "2"]);
});

test("lines: LF separates, CR stays, empty lines and a last one without LF count, and they come back byte for byte", async () => {
  const h = await serve();
  const text = "one\r\n\r\n\nlast";
  await h.ask("POST", "/topics/t/values?split=lines", text, { "content-type": "text/plain" });
  expect(await valuesOf(h, "t")).toEqual(["one\r", "\r", "", "last"]);
  expect((await h.ask("GET", "/topics/t/values")).text).toBe(`${text}\n`);
});

test("Prefer: return=minimal sums the receipts up", async () => {
  const h = await serve();
  const body = Array.from({ length: 5_000 }, (_, i) => `${i}\n`).join("");
  const { status, json } = await h.ask("POST", "/topics/t/values", body, { ...ndjson, prefer: "return=minimal" });
  expect(status).toBe(200);
  expect(json).toEqual({
    topic: "t",
    records: 5_000,
    taken: 5_000,
    failed: 0,
    offsets: [{ partition: 0, first_offset: 0, last_offset: 4_999, timestamp: null }],
  });
  expect((await h.ask("POST", "/topics/t/values", "1\nx\n", { ...ndjson, prefer: "return=minimal" })).status).toBe(207);
});

test.each([
  ["gzip", gzipSync],
  ["deflate", deflateSync],
  ["br", brotliCompressSync],
  ["zstd", zstdCompressSync],
] as const)("a body in %s", async (coding, compress) => {
  const h = await serve();
  const { status } = await h.ask("POST", "/topics/t/values", compress(Buffer.from("hello")), {
    "content-encoding": coding,
  });
  expect(status).toBe(201);
  expect(await valuesOf(h, "t")).toEqual(["hello"]);
});

test("bodies over the limit are refused as they were sent and as they unfold", async () => {
  const h = await serve({ limits: { closedBodyBytes: 1_000, recordBytes: 100 } });
  expect((await h.ask("POST", "/topics/t/values", Buffer.alloc(1_001))).status).toBe(413);
  expect(
    (await h.ask("POST", "/topics/t/values", gzipSync(Buffer.alloc(1_000_000)), { "content-encoding": "gzip" })).status,
  ).toBe(413);
  expect((await h.ask("POST", "/topics/t/values", "x", { "content-encoding": "lzma" })).status).toBe(415);
  // The same bytes fail again: nothing to repeat.
  for (const damaged of ["not gzip at all", gzipSync("hello").subarray(0, 15)])
    expect(await h.ask("POST", "/topics/t/values", damaged, { "content-encoding": "gzip" })).toMatchObject({
      status: 400,
      json: { type: "/problems/body-cut", retriable: false, side_effects: "none" },
    });
  const stream = await h.ask("POST", "/topics/t/values", `1\n${"2".repeat(101)}\n3\n`, ndjson);
  expect(lines(stream.text)).toMatchObject([
    { n: 0, offset: 0 },
    { error: { status: 413 }, records: 1, taken: 1 },
  ]);
});

test("a stream whose coding is cut off: what came whole is in the log, and the last line says so", async () => {
  const h = await serve();
  const whole = gzipSync(Buffer.from('{"a":1}\n'.repeat(1_000) + '{"a":2}'));
  const { text } = await h.ask("POST", "/topics/t/values", whole.subarray(0, whole.length - 10), {
    ...ndjson,
    "content-encoding": "gzip",
  });
  const receipts = lines(text);
  const taken = (await valuesOf(h, "t")).length;
  expect(receipts.at(-1)).toMatchObject({ error: { type: "/problems/body-cut" }, taken });
  expect(receipts).toHaveLength(taken + 1);
});

test("wrong types and unknown parameters are told, not guessed", async () => {
  const h = await serve();
  expect(await h.ask("POST", "/topics/t/records", "<a/>", { "content-type": "text/xml" })).toMatchObject({
    status: 415,
    json: { hint: "did you mean /values, which takes any type?" },
  });
  expect((await h.ask("POST", "/topics/t/values?split=lines", "x", { "content-type": "image/png" })).status).toBe(415);
  expect(await h.ask("POST", "/topics/t/values?ack=1", "x")).toMatchObject({
    status: 422,
    json: { hint: "did you mean acks?" },
  });
  expect(await h.ask("POST", "/topics/t/values?acks=2", "x")).toMatchObject({
    status: 422,
    json: { kafka_code: 21, kafka_error: "INVALID_REQUIRED_ACKS", errors: [{ pointer: "?acks" }] },
  });
  expect(h.engine.calls).toHaveLength(0);
});

test("writing to a topic that does not exist creates it; where that is off it is 404; the cluster's own topics are refused", async () => {
  const h = await serve();
  expect((await h.ask("POST", "/topics/new/values", "x")).status).toBe(201);
  expect(await h.ask("POST", "/topics/a%20b/values", "x")).toMatchObject({
    status: 422,
    json: { kafka_error: "INVALID_TOPIC_EXCEPTION" },
  });
  expect((await h.ask("POST", "/topics/__consumer_offsets/values", "x")).status).toBe(403);
  h.engine.autoCreate = false;
  expect((await h.ask("POST", "/topics/other/values", "x")).status).toBe(404);
});

test("acks=0 answers 202 and the record arrives; acks=1 and all ask the leader for what they say", async () => {
  const h = await serve();
  h.engine.create("t");
  expect(await h.ask("POST", "/topics/t/values?acks=0", "x")).toMatchObject({ status: 202, json: { accepted: 1 } });
  await h.ask("POST", "/topics/t/values?acks=1", "y");
  await h.ask("POST", "/topics/t/values?acks=all&timeout=250ms", "z");
  expect((await valuesOf(h, "t")).toSorted()).toEqual(["x", "y", "z"]);
  const acks = h.engine.calls.filter((call) => call.apiKey === 0).map((call) => (call.body as { acks: number }).acks);
  expect(acks).toEqual([1, 1, -1]);
});

test("requests of one moment share a batch, and each is told its own offset", async () => {
  const h = await serve();
  h.engine.create("t");
  let release = () => {};
  h.engine.holds.set("t-0", new Promise<void>((resolve) => (release = resolve)));
  const answers = Promise.all(Array.from({ length: 50 }, (_, i) => h.ask("POST", "/topics/t/values?key=k", `v${i}`)));
  await new Promise((resolve) => setImmediate(resolve));
  release();
  const offsets = (await answers).map(
    (answer) => (answer.json["offsets"] as unknown as { first_offset: number }[])[0]!.first_offset,
  );
  const values = await valuesOf(h, "t");
  offsets.forEach((offset, i) => expect(values[offset]).toBe(`v${i}`));
  expect(new Set(offsets).size).toBe(50);
  expect(h.engine.batches("t").length).toBeLessThan(10);
});

test("one record that is too large does not take its neighbours with it", async () => {
  const h = await serve();
  h.engine.create("t", 1, { "max.message.bytes": "2000" });
  let release = () => {};
  h.engine.holds.set("t-0", new Promise<void>((resolve) => (release = resolve)));
  const small = h.ask("POST", "/topics/t/values", "a");
  const answers = Promise.all([
    small,
    h.ask("POST", "/topics/t/values", "b".repeat(3_000)),
    h.ask("POST", "/topics/t/values", "c"),
  ]);
  await new Promise((resolve) => setImmediate(resolve));
  release();
  expect((await answers).map((answer) => answer.status)).toEqual([201, 413, 201]);
});

const FAULTS: readonly [string, (engine: MemoryEngine) => void, number, object][] = [
  [
    "NOT_ENOUGH_REPLICAS in words",
    (engine) => {
      engine.create("t", 1, { "min.insync.replicas": "4" });
      engine.faults.set("t-0", { error: "NOT_ENOUGH_REPLICAS" });
    },
    503,
    {
      kafka_code: 19,
      retriable: true,
      side_effects: "none",
      detail: "t-0 has ISR [1,2,3], min.insync.replicas is 4; nothing was written",
      isr: [1, 2, 3],
      leader: 1,
    },
  ],
  [
    "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
    (engine) => engine.faults.set("t-0", { error: "NOT_ENOUGH_REPLICAS_AFTER_APPEND" }),
    503,
    { side_effects: "applied" },
  ],
  [
    "the leader's own timeout",
    (engine) => engine.faults.set("t-0", { error: "REQUEST_TIMED_OUT", appended: true }),
    504,
    { side_effects: "possible" },
  ],
  [
    "an answer that was lost",
    (engine) => engine.faults.set("t-0", { lost: "disconnected", append: true }),
    503,
    { side_effects: "possible", kafka_error: "NETWORK_EXCEPTION" },
  ],
  [
    "leadership lost after the append",
    (engine) => engine.faults.set("t-0", { error: "NOT_LEADER_OR_FOLLOWER", appended: true }),
    503,
    { side_effects: "possible" },
  ],
];
test.each(FAULTS)("%s", async (_name, set, status, problem) => {
  const h = await serve();
  h.engine.create("t");
  set(h.engine);
  expect(await h.ask("POST", "/topics/t/values?timeout=300ms", "x")).toMatchObject({ status, json: problem });
  expect(h.engine.calls.filter((call) => call.apiKey === 0)).toHaveLength(1);
});

test.each([
  { error: "NOT_LEADER_OR_FOLLOWER", times: 3 },
  { lost: "refused", times: 3 },
  { lost: "not-sent", times: 2 },
] as const)("what certainly had no effect is tried again: %j", async (fault) => {
  const h = await serve();
  h.engine.create("t");
  h.engine.faults.set("t-0", fault);
  expect((await h.ask("POST", "/topics/t/values?timeout=5s", "x")).status).toBe(201);
  expect(await valuesOf(h, "t")).toEqual(["x"]);
});

test("without a leader and without a quorum the timeout says why, and that nothing was written", async () => {
  const h = await serve();
  h.engine.create("t");
  h.engine.setLeader("t", 0, -1);
  h.engine.quorum = false;
  const { status, json } = await h.ask("POST", "/topics/t/values?timeout=100ms", "x");
  expect(status).toBe(503);
  expect(json).toMatchObject({ side_effects: "none", quorum: false, leader: -1 });
  expect(json["detail"]).toContain("the controller quorum is lost");
});

test("once another broker leads, a silent old leader is not waited for", async () => {
  const h = await serve();
  h.engine.create("t");
  h.engine.holds.set("t-0", new Promise<void>(() => {}));
  const answer = h.ask("POST", "/topics/t/values?timeout=60s", "x");
  await expect.poll(() => h.engine.calls.length).toBeGreaterThan(0);
  h.engine.setLeader("t", 0, 2);
  expect(await answer).toMatchObject({ status: 503, json: { side_effects: "possible", leader: 2 } });
});

test("some partitions taken and some not is 207 with both", async () => {
  const h = await serve();
  h.engine.create("t", 2);
  h.engine.faults.set("t-1", { error: "NOT_ENOUGH_REPLICAS" });
  const { status, json } = await h.ask("POST", "/topics/t/records", [
    { partition: 0, value: 1 },
    { partition: 1, value: 2 },
  ]);
  expect(status).toBe(207);
  expect(json).toMatchObject({
    offsets: [{ partition: 0 }],
    errors: [{ partition: 1, kafka_error: "NOT_ENOUGH_REPLICAS", records: 1 }],
  });
});
