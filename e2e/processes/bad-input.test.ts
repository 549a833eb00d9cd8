/** Bad input over HTTP, on a real cluster: each gets a clear answer, and nothing is lost or half done. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, type RunningCluster } from "../fixtures/cluster.ts";
import { expectProblem, headerOf, type Expected } from "../fixtures/problems.ts";
import { call } from "../fixtures/raw-http.ts";
import { createTopic, json, produce, topicNames, valuesOf } from "../fixtures/topics.ts";

let cluster: RunningCluster;

beforeAll(async () => {
  cluster = await startCluster();
  await createTopic(cluster, "orders", { partitions: 3 });
  await createTopic(cluster, "trimmed");
  for (let i = 0; i < 10; i++) await produce(cluster, "trimmed", `v${i}`);
});
afterAll(() => cluster?.stop());

const UNKNOWN = [3, "UNKNOWN_TOPIC_OR_PARTITION"] as const;

describe("topic names", () => {
  const illegal: Expected = { status: 422, kafka: [17, "INVALID_TOPIC_EXCEPTION"] };
  const cases: [name: string, why: string][] = [
    ["a".repeat(250), "250 characters"],
    ["white%20space", "a space"],
    ["caf%C3%A9", "an accent"],
    ["nul%00", "a NUL"],
    ["a%3Ab", "a colon"],
    ["..", "two dots"],
    [".", "one dot"],
    ["%2e%2e", "two encoded dots"],
    ["..%2f..%2fetc", "a path"],
  ];
  test.each(cases)("%s is refused as a new topic (%s)", async (name) => {
    const answer = await call(cluster.url, `/topics/${name}`, { method: "PUT" });
    await expectProblem(answer, illegal);
    expect(await topicNames(cluster)).not.toContain(decodeURIComponent(name));
  });

  test("a produce does not create a topic with an illegal name either", async () => {
    await expectProblem(
      await call(cluster.url, "/topics/white%20space/values", { method: "POST", body: "1" }),
      illegal,
    );
    expect(await topicNames(cluster)).not.toContain("white space");
  });

  test("249 characters are fine", async () => {
    expect((await cluster.fetch(`/topics/${"b".repeat(249)}`, { method: "PUT" })).status).toBe(201);
  });

  test("names that differ by . and _ only collide", async () => {
    await createTopic(cluster, "metric.name");
    const problem = await expectProblem(await cluster.fetch("/topics/metric_name", { method: "PUT" }), illegal);
    expect(problem.detail).toContain("metric.name");
  });

  test.each(["__consumer_offsets", "__transaction_state", "__cluster_metadata"])(
    "a direct write to %s is denied",
    async (name) => {
      const answer = await cluster.fetch(`/topics/${name}/values`, { method: "POST", body: "1" });
      await expectProblem(answer, { status: [403, 404, 422] });
      expect(await topicNames(cluster)).not.toContain(name);
    },
  );
});

describe("unknown topics and partitions", () => {
  test.each([
    "/topics/nowhere",
    "/topics/nowhere/records",
    "/topics/nowhere/values",
    "/topics/nowhere/partitions/0/records",
    "/topics/nowhere/config",
  ])("GET %s is 404 and creates nothing", async (path) => {
    await expectProblem(await cluster.fetch(path), { status: 404, kafka: UNKNOWN, detail: /nowhere/ });
    expect(await topicNames(cluster)).not.toContain("nowhere");
  });

  test("DELETE of nothing is 404, and fine with missing_ok", async () => {
    await expectProblem(await cluster.fetch("/topics/nowhere", { method: "DELETE" }), {
      status: 404,
      kafka: UNKNOWN,
      detail: /nowhere/,
    });
    expect((await cluster.fetch("/topics/nowhere?missing_ok=1", { method: "DELETE" })).status).toBe(204);
  });

  test("a produce to a topic that does not exist creates it", async () => {
    expect((await cluster.fetch("/topics/by-produce/values", { method: "POST", body: "first" })).status).toBe(201);
    expect(await valuesOf(cluster, "by-produce")).toEqual(["first"]);
  });

  test("a partition that the topic does not have is 404 for reads and writes, and the write is nowhere", async () => {
    const expected: Expected = { status: 404, kafka: UNKNOWN, detail: /orders.*9/ };
    await expectProblem(await cluster.fetch("/topics/orders/partitions/9/records"), expected);
    await expectProblem(
      await cluster.fetch("/topics/orders/values?partition=9", { method: "POST", body: "lost?" }),
      expected,
    );
    const mixed = json("POST", [
      { partition: 0, value: "half done?" },
      { partition: 9, value: "lost?" },
    ]);
    const answer = await cluster.fetch("/topics/orders/records", mixed);
    await expectProblem(answer, expected);
    for (const partition of [0, 1, 2]) expect(await valuesOf(cluster, "orders", partition)).toEqual([]);
  });

  test.each(["x", "-1", "1.5", "99999999999"])("partition %s is no partition", async (partition) => {
    await expectProblem(await cluster.fetch(`/topics/orders/partitions/${partition}/records`), {
      status: [400, 404, 422],
    });
    await expectProblem(
      await cluster.fetch(`/topics/orders/values?partition=${partition}`, { method: "POST", body: "1" }),
      {
        status: [400, 404, 422],
      },
    );
  });
});

describe("offsets outside the log", () => {
  beforeAll(async () => {
    expect((await cluster.fetch("/topics/trimmed/partitions/0/records?before=3", { method: "DELETE" })).status).toBe(
      200,
    );
  });

  test("below the start: 410 with the start, and the start can be read", async () => {
    const answer = await cluster.fetch("/topics/trimmed/partitions/0/records?offset=0");
    const problem = await expectProblem(answer, {
      status: 410,
      kafka: [1, "OFFSET_OUT_OF_RANGE"],
      detail: /trimmed-0.*3/,
    });
    expect(problem["log_start"]).toBe(3);
    const read = await cluster.json<{ records: { offset: number }[] }>(
      `/topics/trimmed/partitions/0/records?offset=${String(problem["log_start"])}`,
    );
    expect(read.records.map((record) => record.offset)).toEqual([3, 4, 5, 6, 7, 8, 9]);
  });

  test("beyond the end: 416 with the end; the end itself is an empty read; clamp=1 goes there", async () => {
    const answer = await cluster.fetch("/topics/trimmed/partitions/0/records?offset=11");
    const problem = await expectProblem(answer, {
      status: 416,
      kafka: [1, "OFFSET_OUT_OF_RANGE"],
      detail: /trimmed-0.*10/,
    });
    expect(problem["end"]).toBe(10);
    expect(problem["log_start"]).toBe(3);
    for (const query of ["offset=10", "offset=11&clamp=1"]) {
      const reply = await cluster.fetch(`/topics/trimmed/partitions/0/records?${query}`);
      expect(reply.status).toBe(200);
      expect(((await reply.json()) as { records: unknown[] }).records).toEqual([]);
    }
  });

  test.each([
    "offset=abc",
    "offset=1.5",
    "offset=99999999999999999999",
    "limit=0",
    "limit=-1",
    "limit=10001",
    "wait=forever",
    "timestamp=yesterday",
  ])("%s is refused with the name of the parameter", async (query) => {
    const problem = await expectProblem(await cluster.fetch(`/topics/trimmed/partitions/0/records?${query}`), {
      status: [400, 416, 422],
    });
    if (problem.status !== 416) expect(JSON.stringify(problem)).toContain(query.split("=")[0]);
  });

  test("a raw value that does not exist is a problem, not an empty body", async () => {
    await expectProblem(await cluster.fetch("/topics/trimmed/partitions/0/records/0/value"), { status: 410 });
    await expectProblem(await cluster.fetch("/topics/trimmed/partitions/0/records/99/value"), { status: [404, 416] });
  });

  test("records before an offset beyond the end are not deleted", async () => {
    await expectProblem(await cluster.fetch("/topics/trimmed/partitions/0/records?before=99", { method: "DELETE" }), {
      status: 416,
    });
    expect(await valuesOf(cluster, "trimmed")).toEqual(["v3", "v4", "v5", "v6", "v7", "v8", "v9"]);
  });
});

describe("topics that cannot be", () => {
  test("more replicas than brokers", async () => {
    const answer = await cluster.fetch("/topics/too-many", json("PUT", { partitions: 1, replication: 4 }));
    await expectProblem(answer, { status: 422, kafka: [38, "INVALID_REPLICATION_FACTOR"], detail: /4.*3|3.*4/ });
    expect(await topicNames(cluster)).not.toContain("too-many");
  });

  test("fewer partitions than there are", async () => {
    const answer = await cluster.fetch("/topics/orders", json("PATCH", { partitions: 2 }));
    await expectProblem(answer, { status: 422, kafka: [37, "INVALID_PARTITIONS"], detail: /3/ });
  });

  test.each([
    ["min.insync.replicas", "0"],
    ["retention.ms", "soon"],
    ["segment.bytes", "1024"],
    ["cleanup.policy", "shred"],
    ["retention.hours", "1"],
  ])("config %s=%s is refused at creation and later, and changes nothing", async (key, value) => {
    const expected: Expected = {
      status: 422,
      kafka: [40, "INVALID_CONFIG"],
      detail: new RegExp(key.replaceAll(".", "\\.")),
    };
    await expectProblem(
      await cluster.fetch("/topics/misconfigured", json("PUT", { config: { [key]: value } })),
      expected,
    );
    expect(await topicNames(cluster)).not.toContain("misconfigured");
    await expectProblem(
      await cluster.fetch("/topics/orders/config", json("PATCH", { "retention.ms": "1000000", [key]: value })),
      expected,
    );
    expect((await cluster.json<{ config: object }>("/topics/orders")).config).toEqual({});
  });

  test("nothing is coerced: a number in quotes is not a number", async () => {
    const answer = await cluster.fetch("/topics/quoted", json("PUT", { partitions: "3" }));
    const problem = await expectProblem(answer, { status: [400, 422] });
    expect(problem.errors?.[0]?.pointer).toBe("/partitions");
    expect(await topicNames(cluster)).not.toContain("quoted");
  });

  test("a member nobody knows is refused with a hint, not stripped", async () => {
    for (const body of [{ partition: 3 }, { partitions: 1, superUser: true }, { partitions: 1, brokerEpoch: 7 }]) {
      const problem = await expectProblem(await cluster.fetch("/topics/stray", json("PUT", body)), { status: 422 });
      const member = Object.keys(body).at(-1)!;
      expect(JSON.stringify(problem.errors)).toContain(member);
    }
    const typo = await expectProblem(await cluster.fetch("/topics/stray", json("PUT", { partition: 3 })), {
      status: 422,
    });
    expect(JSON.stringify(typo)).toMatch(/partitions/);
    expect(await topicNames(cluster)).not.toContain("stray");
  });
});

describe("paths and methods", () => {
  test("an unknown query parameter of a read is 422 with a hint, not ignored", async () => {
    const problem = await expectProblem(await cluster.fetch("/topics/orders/records?ofset=1"), { status: 422 });
    expect(problem.errors?.[0]?.pointer).toContain("ofset");
    expect(JSON.stringify(problem)).toMatch(/did you mean.*offset/i);
  });

  test.each([
    ["POST", "/topics/orders", ["GET", "PUT", "PATCH", "DELETE"]],
    ["DELETE", "/topics/orders/values", ["GET", "POST"]],
    ["GET", "/brokers/1/kill", ["POST"]],
    ["PUT", "/brokers", ["GET"]],
  ])("%s %s is 405 with Allow", async (method, path, allowed) => {
    const answer = await cluster.fetch(path, { method });
    await expectProblem(answer, { status: 405 });
    for (const each of allowed) expect(headerOf(answer, "allow")).toContain(each);
    expect(headerOf(answer, "allow")).not.toContain(method === "POST" ? "POST" : method);
  });

  test("an unknown path is 404 as a problem; /v1 has the same routes", async () => {
    await expectProblem(await cluster.fetch("/topicz"), { status: 404, detail: /topicz/ });
    expect((await cluster.fetch("/v1/topics/orders")).status).toBe(200);
    await expectProblem(await cluster.fetch("/v1/nowhere"), { status: 404 });
  });
});
