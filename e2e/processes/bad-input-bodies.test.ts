/** Bodies that cannot be taken: each gets a clear answer, and nothing of it is in the log. */
import { spawnSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster, type RunningCluster } from "../fixtures/cluster.ts";
import { gatewayPid, residentBytes } from "../fixtures/process-memory.ts";
import { expectProblem, expectProblemBody, type Expected, type ProblemBody } from "../fixtures/problems.ts";
import { createTopic, json, topicNames, valuesOf } from "../fixtures/topics.ts";

let cluster: RunningCluster;

beforeAll(async () => {
  cluster = await startCluster();
  await createTopic(cluster, "orders", { partitions: 3 });
  await createTopic(cluster, "compacted", { config: { "cleanup.policy": "compact" } });
  await createTopic(cluster, "small", { config: { "max.message.bytes": "1000" } });
});
afterAll(() => cluster?.stop());

test("invalid JSON is 400 with the position, and nothing is taken", async () => {
  for (const [path, body] of [
    ["/topics/orders/records", '[{"value":1},\n{"value":}]'],
    ["/topics/orders/values", '{"id":7,}'],
  ] as const) {
    const problem = await expectProblem(await cluster.fetch(path, json("POST", body)), {
      status: 400,
      detail: /position|line|column|byte|offset/,
    });
    expect(problem.detail).toMatch(/\d/);
  }
  for (const partition of [0, 1, 2]) expect(await valuesOf(cluster, "orders", partition)).toEqual([]);
});

test("unknown members of an envelope are 422 with a hint that helps", async () => {
  const bare = await expectProblem(await cluster.fetch("/topics/orders/records", json("POST", { id: 7 })), {
    status: 422,
  });
  expect(JSON.stringify(bare)).toMatch(/\/values/);
  expect(JSON.stringify(bare)).toMatch(/wrap|value/);
  const typo = await expectProblem(await cluster.fetch("/topics/orders/records", json("POST", { valeu: 1 })), {
    status: 422,
  });
  expect(JSON.stringify(typo)).toMatch(/did you mean.*value/i);
  // One fault refuses the whole request: one JSON request is one batch per partition.
  await expectProblem(await cluster.fetch("/topics/orders/records", json("POST", [{ value: "good" }, { id: 7 }])), {
    status: 422,
  });
  for (const partition of [0, 1, 2]) expect(await valuesOf(cluster, "orders", partition)).toEqual([]);
});

test("__proto__ and constructor pollute nothing", async () => {
  for (const body of [
    '{"__proto__":{"polluted":1},"value":1}',
    '{"value":1,"constructor":{"prototype":{"polluted":1}}}',
  ])
    await expectProblem(await cluster.fetch("/topics/orders/records", json("POST", body)), { status: [400, 422] });
  await expectProblem(await cluster.fetch("/topics/proto", json("PUT", '{"config":{"__proto__":"x"}}')), {
    status: [400, 422],
  });
  await expectProblem(await cluster.fetch("/topics/orders/config", json("PATCH", '{"__proto__":"x"}')), {
    status: [400, 422],
  });
  await expectProblem(await cluster.fetch("/topics/proto", json("PUT", '{"__proto__":{"partitions":9}}')), {
    status: [400, 422],
  });
  expect(await topicNames(cluster)).not.toContain("proto");
});

test("a value is opaque: __proto__ inside it comes back byte for byte", async () => {
  const value = '{"__proto__":{"x":1},"big":9223372036854775807,"f":1.0}';
  expect((await cluster.fetch("/topics/opaque/values?partition=0", json("POST", value))).status).toBe(201);
  expect(await (await cluster.fetch("/topics/opaque/partitions/0/records/0/value")).text()).toBe(value);
  expect(await (await cluster.fetch("/topics/opaque/partitions/0/records?offset=0")).text()).toContain(value);
});

test("a body over the limit is 413, said with the limit, and nothing of it is taken", async () => {
  const large = `[${`{"value":"${"x".repeat(1000)}"},`.repeat(17_000)}{"value":1}]`;
  for (const collection of ["records", "values"]) {
    // curl reads the answer also when the server stops reading the body; Node's fetch may only see a broken pipe.
    const run = spawnSync(
      "curl",
      [
        "-sS",
        "-H",
        "Content-Type: application/json",
        "--data-binary",
        "@-",
        "-D",
        "-",
        `${cluster.url}/topics/large/${collection}`,
      ],
      { input: large, encoding: "utf8" },
    );
    const [head = "", body = ""] = run.stdout.split("\r\n\r\n").slice(-2);
    expect(head, run.stderr).toMatch(/^HTTP\/1\.1 413 /);
    expect(head).toMatch(/content-type: application\/problem\+json/i);
    expectProblemBody(JSON.parse(body) as ProblemBody, { status: 413, detail: /16 ?MiB|16777216|16,777,216/ });
  }
  expect(await topicNames(cluster)).not.toContain("large");
});

test("a record over max.message.bytes is 413 with Kafka's code, and its neighbours of the request stay out too", async () => {
  const expected: Expected = { status: 413, kafka: [10, "MESSAGE_TOO_LARGE"], detail: /small|1000/ };
  await expectProblem(
    await cluster.fetch("/topics/small/values", { method: "POST", body: "x".repeat(1001) }),
    expected,
  );
  expect((await cluster.fetch("/topics/small/values", { method: "POST", body: "x".repeat(800) })).status).toBe(201);
  expect(await valuesOf(cluster, "small")).toHaveLength(1);
});

test("a compressed bomb and compressed garbage end in words, and the gateway stays small", async () => {
  const bomb = gzipSync(Buffer.alloc(300 << 20, "[1,"), { level: 1 });
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  const gateway = gatewayPid(cluster);
  const before = residentBytes(gateway);
  await expectProblem(await cluster.fetch("/topics/bomb/records", { method: "POST", headers, body: bomb }), {
    status: 413,
  });
  expect(residentBytes(gateway) - before).toBeLessThan(150 << 20);
  await expectProblem(
    await cluster.fetch("/topics/bomb/records", { method: "POST", headers, body: "not gzip at all" }),
    { status: 400, detail: /gzip/ },
  );
  const cut = gzipSync('[{"value":1}]').subarray(0, 20);
  await expectProblem(await cluster.fetch("/topics/bomb/records", { method: "POST", headers, body: cut }), {
    status: 400,
  });
  await expectProblem(
    await cluster.fetch("/topics/bomb/records", {
      method: "POST",
      headers: { ...headers, "content-encoding": "lzma" },
      body: "x",
    }),
    {
      status: 415,
      detail: /lzma/,
    },
  );
  expect(await topicNames(cluster)).not.toContain("bomb");
});

test("a content type that /records does not speak is 415 and names those that it does", async () => {
  const answer = await cluster.fetch("/topics/orders/records", {
    method: "POST",
    headers: { "content-type": "application/xml" },
    body: "<a/>",
  });
  const problem = await expectProblem(answer, { status: 415, detail: /xml/ });
  expect(JSON.stringify(problem)).toMatch(/application\/json/);
});

test("timestamps: two hours ahead are refused, 1970 is fine", async () => {
  const ahead = Date.now() + 2 * 3_600_000;
  const answer = await cluster.fetch("/topics/timed/records", json("POST", { timestamp: ahead, value: 1 }));
  await expectProblem(answer, { status: 422, kafka: [32, "INVALID_TIMESTAMP"] });
  expect((await cluster.fetch("/topics/timed/records", json("POST", { timestamp: 0, value: "old" }))).status).toBe(201);
  expect(await valuesOf(cluster, "timed")).toEqual(["old"]);
});

test("a record without a key is refused on a compacted topic, and so is the batch it is in", async () => {
  const expected: Expected = { status: 422, kafka: [87, "INVALID_RECORD"], detail: /key/ };
  await expectProblem(await cluster.fetch("/topics/compacted/values", { method: "POST", body: "1" }), expected);
  await expectProblem(
    await cluster.fetch("/topics/compacted/records", json("POST", [{ key: "a", value: 1 }, { value: 2 }])),
    expected,
  );
  expect(await valuesOf(cluster, "compacted")).toEqual([]);
  expect((await cluster.fetch("/topics/compacted/values?key=a", { method: "POST", body: "1" })).status).toBe(201);
});

test.each([["acks=2"], ["timeout=soon"], ["partiton=0"], ["acks=all&acks=0"]])(
  "?%s is refused and nothing is taken",
  async (query) => {
    const problem = await expectProblem(
      await cluster.fetch(`/topics/orders/values?${query}`, { method: "POST", body: "1" }),
      { status: [400, 422] },
    );
    if (query === "acks=2") expect(problem.kafka_error).toBe("INVALID_REQUIRED_ACKS");
    if (query === "partiton=0") {
      expect(problem.status).toBe(422);
      expect(JSON.stringify(problem)).toMatch(/did you mean.*partition/i);
    }
    for (const partition of [0, 1, 2]) expect(await valuesOf(cluster, "orders", partition)).toEqual([]);
  },
);
