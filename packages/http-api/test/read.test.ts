import { beforeAll, expect, test } from "vitest";
import { serve } from "./harness.ts";
import type { Harness } from "./harness.ts";

let h: Harness;
beforeAll(async () => {
  h = await serve();
  h.engine.create("t", 2);
  for (let i = 0; i < 20; i++)
    await h.ask("POST", `/topics/t/partitions/${i % 2}/records`, { value: i, timestamp: 1_000 + i });
  await h.ask("DELETE", "/topics/t/partitions/0/records?before=3");
});

async function read(url: string) {
  const { status, json } = await h.ask("GET", url);
  const records = (json["records"] ?? []) as unknown as { partition: number; offset: number }[];
  return { status, places: records.map((record) => `${record.partition}:${record.offset}`), next: json["next"], json };
}

test.each([
  [
    "no position is the earliest",
    "/topics/t/partitions/0/records",
    ["0:3", "0:4", "0:5", "0:6", "0:7", "0:8", "0:9"],
    "0:10@0",
  ],
  ["an offset", "/topics/t/partitions/1/records?offset=8", ["1:8", "1:9"], "1:10@0"],
  ["a limit", "/topics/t/partitions/1/records?offset=0&limit=2", ["1:0", "1:1"], "1:2@0"],
  ["the last of each partition", "/topics/t/records?offset=-1", ["0:9", "1:9"], "0:10@0,1:10@0"],
  ["more than there are", "/topics/t/partitions/0/records?offset=-100&limit=1", ["0:3"], "0:4@0"],
  ["latest", "/topics/t/records?offset=latest", [], "0:10,1:10"],
  ["a time", "/topics/t/records?timestamp=1016", ["0:8", "0:9", "1:8", "1:9"], "0:10@0,1:10@0"],
  ["a time in ISO 8601", "/topics/t/records?timestamp=1970-01-01T00:00:01.018Z", ["0:9", "1:9"], "0:10@0,1:10@0"],
  ["a time after all", "/topics/t/records?since=1s", [], "0:10,1:10"],
  ["a cursor", "/topics/t/records?cursor=0:9@0,1:8@0", ["0:9", "1:8", "1:9"], "0:10@0,1:10@0"],
  ["some partitions", "/topics/t/records?partitions=1&offset=-2", ["1:8", "1:9"], "1:10@0"],
  ["until", "/topics/t/partitions/0/records?offset=4&until=6", ["0:4", "0:5"], "0:6@0"],
  [
    "a limit over partitions goes on where it stopped",
    "/topics/t/records?limit=8",
    ["0:3", "0:4", "0:5", "0:6", "0:7", "0:8", "0:9", "1:0"],
    "0:10@0,1:1@0",
  ],
  ["clamp", "/topics/t/partitions/0/records?offset=0&limit=1&clamp=1", ["0:3"], "0:4@0"],
])("%s", async (_name, url, places, next) => {
  expect(await read(url)).toMatchObject({ status: 200, places, next });
});

test("partitions of three leaders are read to the limit in one answer, however small the batches", async () => {
  h.engine.create("wide", 3);
  for (let i = 0; i < 360; i++) await h.ask("POST", `/topics/wide/partitions/${i % 3}/values`, "x".repeat(900));
  const leaders = new Set(h.engine.topic("wide")!.partitions.map(({ leader }) => leader));
  expect(leaders.size).toBe(3);
  const all = await read("/topics/wide/records?offset=earliest&limit=1000");
  expect(all.places).toHaveLength(360);
  expect(all).toMatchObject({ next: "0:120@0,1:120@0,2:120@0", json: { up_to_date: true } });
  expect((await read("/topics/wide/records?offset=earliest&limit=200")).places).toHaveLength(200);
});

test.each([
  [[1], 500, false],
  [[1, 2], 503, true],
])("a damaged batch is no fault of the request: with ISR %j %i", async (isr, status, retriable) => {
  const name = `damaged-${isr.length}`;
  h.engine.create(name);
  h.engine.setIsr(name, 0, isr);
  h.engine.damaged.set(`${name}-0`, 5);
  for (let i = 0; i < 7; i++) await h.ask("POST", `/topics/${name}/values`, "x");
  const { status: got, json } = await read(`/topics/${name}/partitions/0/records?offset=5&limit=1`);
  expect(got).toBe(status);
  expect(json).toMatchObject({ kafka_error: "CORRUPT_MESSAGE", retriable, side_effects: "none", offset: 5 });
  expect(json["detail"]).toContain(`the batch at offset 5 of ${name}-0 on broker 1 is damaged`);
  expect((await read(`/topics/${name}/partitions/0/records?offset=6`)).places).toEqual(["0:6"]);
  // Those before it are an answer; who reads on is told.
  expect((await read(`/topics/${name}/partitions/0/records?offset=0`)).places).toHaveLength(5);
});

test("following next reads everything once", async () => {
  const seen: string[] = [];
  let url = "/topics/t/records?limit=3";
  for (let i = 0; i < 20; i++) {
    const page = await read(url);
    seen.push(...page.places);
    if (page.json["up_to_date"] === (true as unknown)) break;
    url = `/topics/t/records?limit=3&cursor=${String(page.next)}`;
  }
  expect(seen).toHaveLength(17);
  expect(new Set(seen).size).toBe(17);
});

test("headers say where to go on", async () => {
  const { headers } = await h.ask("GET", "/v1/topics/t/partitions/0/records?offset=3&limit=1");
  expect(headers).toMatchObject({
    "next-cursor": "0:4@0",
    "high-watermark": "0:10",
    "up-to-date": "false",
    link: '</v1/topics/t/partitions/0/records?cursor=0%3A4%400&limit=1>; rel="next"',
    "cache-control": "no-store",
  });
});

test("outside the log: 410 below, 416 beyond, both with the bounds", async () => {
  expect(await h.ask("GET", "/topics/t/partitions/0/records?offset=2")).toMatchObject({
    status: 410,
    json: { log_start: 3, end: 10, kafka_code: 1 },
  });
  expect(await h.ask("GET", "/topics/t/partitions/0/records?offset=11")).toMatchObject({
    status: 416,
    json: { log_start: 3, end: 10 },
  });
  expect((await h.ask("GET", "/topics/t/partitions/0/records?offset=10")).status).toBe(200);
});

test.each([
  ["/topics/nope/records", 404, "there is no topic nope"],
  ["/topics/t/partitions/2/records", 404, "t has no partition 2"],
  ["/topics/a%20b/records", 422, "Topic name is invalid"],
  ["/topics/t/records?offset=soon", 422, "?offset must be a number"],
  ["/topics/t/records?offset=1&since=1h", 422, "?since excludes offset"],
  ["/topics/t/records?cursor=abc", 422, "?cursor is not a cursor"],
  ["/topics/t/records?limit=0", 422, "?limit must be at least 1"],
  ["/topics/t/records?follow=1&wait=1s", 422, "?wait means nothing on a tail"],
  ["/topics/t/partitions/x/records", 422, "partition is not a whole number"],
])("%s is %d", async (url, status, detail) => {
  const answer = await h.ask("GET", url);
  expect(answer.status).toBe(status);
  expect(answer.json["detail"]).toContain(detail);
  expect(answer.headers["content-type"]).toBe("application/problem+json");
});

test("a long poll answers with the first record that comes, and empty when its time is over", async () => {
  h.engine.create("poll", 3);
  const empty = await h.ask("GET", "/topics/poll/records?wait=20ms");
  expect(empty.json).toMatchObject({ records: [], up_to_date: true });
  const waiting = h.ask("GET", "/topics/poll/records", undefined, { prefer: "wait=20" });
  await expect.poll(() => h.engine.calls.filter((call) => call.apiKey === 1).length).toBeGreaterThan(3);
  await h.ask("POST", "/topics/poll/partitions/1/values", "hi");
  expect((await waiting).json).toMatchObject({ records: [{ partition: 1, value: "hi" }], next: "0:0,1:1@0,2:0" });
});

test("a closed range has an ETag and is not sent twice; an open one is not stored", async () => {
  const url = "/topics/t/partitions/0/records?offset=4&until=6";
  const first = await h.ask("GET", url);
  expect(first.headers["cache-control"]).toContain("max-age=60");
  const again = await h.ask("GET", url, undefined, { "if-none-match": String(first.headers["etag"]) });
  expect(again).toMatchObject({ status: 304, text: "" });
  expect((await h.ask("GET", "/topics/t/partitions/0/records?offset=4&until=11")).headers).toMatchObject({
    "cache-control": "no-store",
  });
});

test("NDJSON has short names, one record per line, also for values that hold line breaks", async () => {
  h.engine.create("nl");
  await h.ask("POST", "/topics/nl/values", '{"a":\n\r1}', { "content-type": "application/json" });
  const { text, headers } = await h.ask("GET", "/topics/nl/records", undefined, { accept: "application/x-ndjson" });
  expect(headers["content-type"]).toBe("application/x-ndjson");
  expect(text.trimEnd().split("\n")).toHaveLength(1);
  expect(JSON.parse(text)).toMatchObject({ p: 0, o: 0, k: null, v: { a: 1 } });
  expect((await h.ask("GET", "/topics/nl/values", undefined, { accept: "application/x-ndjson" })).text).toBe(
    '{"a":  1}\n',
  );
  expect((await h.ask("GET", "/topics/nl/values?raw=1")).text).toBe('{"a":\n\r1}');
  expect((await h.ask("GET", "/topics/nl/values", undefined, { accept: "application/json" })).json).toMatchObject({
    values: [{ a: 1 }],
    next: "0:1@0",
  });
  expect((await h.ask("GET", "/topics/nl/records", undefined, { accept: "image/png" })).status).toBe(406);
});

test("one raw value has its own type, is a download, and runs nothing", async () => {
  h.engine.create("blobs");
  await h.ask("POST", "/topics/blobs/values", "<script>alert(1)</script>", { "content-type": "text/html" });
  const raw = await h.ask("GET", "/topics/blobs/partitions/0/records/0/value");
  expect(raw.text).toBe("<script>alert(1)</script>");
  expect(raw.headers).toMatchObject({
    "content-type": "text/html",
    "content-disposition": 'attachment; filename="blobs-0-0"',
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
  });
  await h.ask("POST", "/topics/blobs/records", { value: 1, headers: { "content-type": "text/html\r\nx-evil: 1" } });
  expect((await h.ask("GET", "/topics/blobs/partitions/0/records/1/value")).headers["content-type"]).toBe(
    "application/json",
  );
  expect((await h.ask("GET", "/topics/blobs/partitions/0/records/7/value")).status).toBe(416);
  expect((await h.ask("GET", "/topics/blobs/partitions/0/records/1")).json).toMatchObject({ offset: 1, value: 1 });
});

test("one partition without a leader is reported, the others are read; alone it is 503", async () => {
  h.engine.create("half", 2);
  await h.ask("POST", "/topics/half/partitions/0/values", "a");
  h.engine.setLeader("half", 1, -1);
  const tail = await h.ask("GET", "/topics/half/records?cursor=0:0,1:0");
  expect(tail).toMatchObject({
    status: 200,
    headers: { "vitrine-unavailable": "1" },
    json: { records: [{ value: "a" }], next: "0:1@0,1:0", unavailable: [{ partition: 1 }], up_to_date: false },
  });
});
