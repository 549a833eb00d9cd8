import { mkdtempSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProcessRow, ProcessVerb } from "@vitrine/api";
import { expect, test } from "vitest";
import type { ProcessCommand, ProcessControl } from "../src/index.ts";
import { TOKEN, serve } from "./harness.ts";

test("create, ensure, refuse to differ, describe, grow, delete", async () => {
  const h = await serve();
  expect((await h.ask("PUT", "/topics/a")).status).toBe(201);
  expect((await h.ask("PUT", "/topics/a")).status).toBe(200);
  expect(
    (await h.ask("PUT", "/topics/b", { partitions: 6, replication: 3, config: { "retention.ms": "1" } })).status,
  ).toBe(201);
  expect((await h.ask("PUT", "/topics/b", { partitions: 6 })).status).toBe(200);
  expect(await h.ask("PUT", "/topics/b", { partitions: 5 })).toMatchObject({
    status: 409,
    json: { detail: "b exists and differs: it has 6 partitions" },
  });
  expect((await h.ask("GET", "/topics/b")).json).toMatchObject({
    name: "b",
    config: { "retention.ms": "1" },
    partitions: [{ partition: 0, leader: 1, high_watermark: 0 }, {}, {}, {}, {}, {}],
  });
  expect((await h.ask("PATCH", "/topics/b", { partitions: 12 })).json["partitions"]).toHaveLength(12);
  expect(await h.ask("PATCH", "/topics/b", { partitions: 2 })).toMatchObject({
    status: 422,
    json: { kafka_error: "INVALID_PARTITIONS" },
  });
  expect((await h.ask("DELETE", "/topics/b")).status).toBe(204);
  expect((await h.ask("DELETE", "/topics/b")).status).toBe(404);
  expect((await h.ask("DELETE", "/topics/b?missing_ok=1")).status).toBe(204);
});

test.each([
  ["PUT", "/topics/a%20b", undefined, 422, "INVALID_TOPIC_EXCEPTION"],
  ["PUT", `/topics/${"a".repeat(250)}`, undefined, 422, "INVALID_TOPIC_EXCEPTION"],
  ["PUT", "/topics/c", { replication: 4 }, 422, "INVALID_REPLICATION_FACTOR"],
  ["GET", "/topics/c", undefined, 404, "UNKNOWN_TOPIC_OR_PARTITION"],
] as const)("%s %s %j is %d", async (method, url, body, status, error) => {
  const h = await serve();
  expect(await h.ask(method, url, body)).toMatchObject({ status, json: { kafka_error: error } });
});

test("bodies are read strictly: nothing stripped, nothing bent, positions named", async () => {
  const h = await serve();
  expect(await h.ask("PUT", "/topics/a", { partitons: 3 })).toMatchObject({
    status: 422,
    json: { hint: "did you mean partitions?", errors: [{ pointer: "/partitons" }] },
  });
  expect((await h.ask("PUT", "/topics/a", { partitions: "3" })).status).toBe(422);
  expect(
    (await h.ask("PUT", "/topics/a", '{"partitions":3', { "content-type": "application/json" })).json,
  ).toMatchObject({ status: 400, byte: 15 });
  expect(
    (await h.ask("PUT", "/topics/a", '{"__proto__":{"x":1}}', { "content-type": "application/json" })).status,
  ).toBe(400);
  expect((await h.ask("PUT", "/topics/a", "partitions: 3", { "content-type": "application/yaml" })).status).toBe(415);
  expect(
    (await h.ask("PUT", "/topics/a", '{"partitions":3}', { "content-type": "application/x-www-form-urlencoded" }))
      .status,
  ).toBe(201);
  expect(h.engine.topic("a")!.partitions).toHaveLength(3);
});

test("lists page by an opaque cursor, and dry_run changes nothing", async () => {
  const h = await serve();
  for (const name of ["c", "a", "b", "__consumer_offsets"]) h.engine.create(name);
  const first = await h.ask("GET", "/topics?limit=2");
  expect(first.json).toMatchObject({ data: [{ name: "a" }, { name: "b" }] });
  expect(first.headers["link"]).toContain('rel="next"');
  const second = await h.ask("GET", `/topics?limit=2&cursor=${String(first.json["next"])}`);
  expect(second.json).toMatchObject({ data: [{ name: "c" }], next: null });
  expect((await h.ask("GET", "/topics?internal=1&prefix=__")).json["data"]).toHaveLength(1);
  expect((await h.ask("PUT", "/topics/d?dry_run=1")).json).toEqual({ topic: "d", would_create: true });
  expect(h.engine.topic("d")).toBeUndefined();
});

test("a change of the configuration with If-Match is made only while the settings are as they were read", async () => {
  const h = await serve();
  await h.ask("PUT", "/topics/t", { config: { "retention.ms": "1000" } });
  const tag = String((await h.ask("GET", "/topics/t/config")).headers["etag"]);
  const patch = (value: string, ifMatch: string) =>
    h.ask("PATCH", "/topics/t/config", { "retention.ms": value }, { "if-match": ifMatch });
  const changed = await patch("2000", tag);
  expect(changed.status).toBe(200);
  expect(await patch("3000", tag)).toMatchObject({
    status: 412,
    json: { type: "/problems/precondition-failed", etag: changed.headers["etag"], side_effects: "none" },
  });
  expect((await patch("3000", `W/${String(changed.headers["etag"])}`)).status).toBe(412);
  expect((await patch("3000", `"other", ${String(changed.headers["etag"])}`)).status).toBe(200);
  expect((await patch("4000", "*")).status).toBe(200);
  expect((await h.ask("GET", "/topics/t/config?set=1")).json["data"]).toMatchObject([{ value: "4000" }]);
});

test("configuration: set, back to default by null, unknown names with a hint", async () => {
  const h = await serve();
  h.engine.create("t", 1, { "cleanup.policy": "compact" });
  const { json } = await h.ask("PATCH", "/topics/t/config", { "retention.ms": "3600000", "cleanup.policy": null });
  expect(json["data"]).toMatchObject([
    { name: "cleanup.policy", source: "default", default: true },
    { name: "retention.ms", value: "3600000", source: "topic" },
  ]);
  expect(await h.ask("PATCH", "/topics/t/config", { "retention.sm": "1" })).toMatchObject({
    status: 422,
    json: { kafka_error: "INVALID_CONFIG", hint: "did you mean retention.ms?" },
  });
  expect((await h.ask("PATCH", "/topics/t/config", { "retention.ms": 5 })).status).toBe(422);
  const long = { "leader.replication.throttled.replicas": Array(9_000).fill("0:1").join(",") };
  expect((await h.ask("PATCH", "/topics/t/config", long)).status).toBe(422);
  expect((await h.ask("PUT", "/topics/u", { config: long })).status).toBe(422);
  expect((await h.ask("GET", "/topics/t/config?set=1")).json["data"]).toHaveLength(1);
});

test("without a quorum nothing is changed, and the answer says so", async () => {
  const h = await serve();
  h.engine.quorum = false;
  h.engine.call = () => Promise.resolve({ ok: false, reason: "timeout" });
  const { status, json } = await h.ask("PUT", "/topics/a");
  expect(status).toBe(504);
  expect(json).toMatchObject({
    quorum: false,
    side_effects: "possible",
    detail: expect.stringContaining("the controller quorum is lost") as string,
  });
});

test("paths: 404 with a hint, 405 with Allow, the same under /v1, an index for programs", async () => {
  const h = await serve();
  expect((await h.ask("GET", "/topcs")).json).toMatchObject({ status: 404, hint: "did you mean /topics?" });
  expect(await h.ask("POST", "/v1/topics")).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
  expect(await h.ask("GET", "/brokers/1/kill")).toMatchObject({ status: 405, headers: { allow: "POST" } });
  expect((await h.ask("GET", "/")).json).toMatchObject({ name: "vitrine", links: { topics: "/v1/topics" } });
  expect((await h.ask("GET", "/%")).status).toBe(400);
  for (const path of [
    "/livez",
    "/readyz?verbose=1",
    "/ready",
    "/healthy",
    "/status/ready",
    "/v1/brokers",
    "/cluster",
    "/metadata",
    "/brokers/1",
  ])
    expect((await h.ask("GET", path)).status, path).toBe(200);
  const metrics = await h.ask("GET", "/metrics");
  expect(metrics.headers["content-type"]).toContain("application/openmetrics-text");
  expect(metrics.text.trimEnd().endsWith("# EOF")).toBe(true);
});

test("every answer carries the security headers, and the door is checked first", async () => {
  const h = await serve();
  const { headers } = await h.ask("GET", "/nothing");
  expect(headers["content-security-policy"]).toContain("default-src 'self'");
  expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "cross-origin-resource-policy": "same-origin" });
  const evil = await h.ask("POST", "/topics/t/values", "x", {
    origin: "http://evil.test",
    "content-type": "text/plain",
  });
  expect(evil.status).toBe(403);
  expect(evil.headers).not.toHaveProperty("access-control-allow-origin");
  expect((await h.ask("GET", "/topics", undefined, { host: "evil.test" })).status).toBe(421);
  expect(h.engine.calls).toHaveLength(0);
});

test("OpenAPI 3.1 describes what is served: every problem is problem+json, every list has a cursor", async () => {
  const h = await serve({
    asyncapi: () => ({ asyncapi: "3.1.0", components: { messages: { hello: { summary: "first" } } } }),
  });
  const { json } = await h.ask("GET", "/openapi.json");
  expect(json["openapi"]).toBe("3.1.0");
  const paths = json["paths"] as unknown as Record<
    string,
    Record<string, { parameters?: { name: string }[]; responses: Record<string, { content?: object }> }>
  >;
  expect(Object.keys(paths)).toContain("/v1/topics/{topic}/records");
  for (const [path, methods] of Object.entries(paths))
    for (const [method, operation] of Object.entries(methods))
      for (const [status, answer] of Object.entries(operation.responses))
        if (Number(status) >= 400)
          expect(Object.keys(answer.content ?? {}), `${method} ${path} ${status}`).toEqual([
            "application/problem+json",
          ]);
  for (const path of ["/v1/topics", "/v1/brokers", "/v1/topics/{topic}/config"])
    expect(paths[path]!["get"]!.parameters!.map((row) => row.name)).toEqual(
      expect.arrayContaining(["limit", "cursor"]),
    );
  expect((await h.ask("GET", "/asyncapi.json")).json).toMatchObject({ asyncapi: "3.1.0" });
  const page = await h.ask("GET", "/docs/api");
  expect(page.text).toContain("/v1/topics/{topic}/records");
  expect(page.text).toContain("hello");
  expect(page.text).not.toContain("<script");
});

test("the console's files, its fallback, and the manual", async () => {
  const dir = mkdtempSync(join(tmpdir(), "vitrine-http-"));
  mkdirSync(join(dir, "assets"));
  mkdirSync(join(dir, "docs"));
  writeFileSync(join(dir, "index.html"), "<!doctype html><title>console</title>");
  writeFileSync(join(dir, "assets", "app-1.js"), "1");
  writeFileSync(join(dir, "favicon.svg"), "<svg/>");
  writeFileSync(
    join(dir, "docs", "first.md"),
    "# First steps\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1)) [next](second.md)\n",
  );
  const h = await serve({ consoleDir: dir, docsDir: join(dir, "docs") });
  const html = { accept: "text/html,*/*;q=0.8" };
  for (const path of ["/", "/c/main/topics/orders?tab=1", "/settings"])
    expect((await h.ask("GET", path, undefined, html)).text).toContain("console");
  expect((await h.ask("GET", "/")).json).toMatchObject({ name: "vitrine" });
  expect(await h.ask("GET", "/assets/app-1.js")).toMatchObject({
    status: 200,
    headers: {
      "cache-control": "public, max-age=31536000, immutable",
      "content-type": "text/javascript; charset=utf-8",
    },
  });
  expect((await h.ask("GET", "/favicon.svg")).status).toBe(200);
  for (const path of ["/assets/..%2findex.html", "/assets/../../x.js", "/assets/nope.js", "/.env"])
    expect((await h.ask("GET", path)).status, path).toBe(404);
  const page = (await h.ask("GET", "/docs/first")).text;
  expect(page).toContain('<h1 id="first-steps">');
  expect(page).toContain('href="/docs/second"');
  expect(page).not.toContain("<script");
  expect(page).not.toContain("javascript:");
  expect((await h.ask("GET", "/docs")).text).toContain("/docs/first");
  expect((await h.ask("GET", "/docs/..%2f..%2fx")).status).toBe(404);
});

function processes() {
  const run: ProcessCommand[] = [];
  const rows = [1, 2, 3].map((id): ProcessRow => ({
    kind: "broker",
    id,
    roles: ["broker", "controller"],
    pid: 100 + id,
    state: "running",
    since_ms: 0,
    exit: null,
    verbs: ["kill"],
    unsupported: {},
  }));
  const control: ProcessControl = {
    rows: () => rows,
    run: (command) => {
      run.push(command);
      const row = rows.find((process) => process.id === command.id)!;
      return Promise.resolve(
        command.verb === "rejoin"
          ? { ok: false, reason: "conflict", detail: "it is not isolated" }
          : { ok: true, reply: { verb: command.verb, process: row } },
      );
    },
    onChange: () => () => {},
  };
  return { run, control };
}

test("process control: token or session, preflight without doing it, words for what cannot be", async () => {
  const { run, control } = processes();
  const h = await serve({ processControl: control });
  h.engine.create("orders", 1);
  const bearer = { authorization: `Bearer ${TOKEN}` };
  expect(await h.ask("POST", "/brokers/1/kill")).toMatchObject({
    status: 401,
    headers: { "www-authenticate": 'Bearer realm="vitrine"' },
  });
  expect(
    (await h.ask("POST", "/brokers/1/kill", undefined, { authorization: "Bearer of-a-previous-start" })).status,
  ).toBe(401);
  expect((await h.ask("POST", `/brokers/1/kill?token=${TOKEN}`)).status).toBe(422);
  const dry = await h.ask("POST", "/brokers/1/kill?dry_run=1");
  expect(dry.json).toMatchObject({
    severity: "notice",
    moves: [{ topic: "orders", from: 1, to: 2 }],
    quorum: { lost: false, controller_moves: true },
  });
  expect(run).toEqual([]);
  expect((await h.ask("POST", "/v1/brokers/1/kill", undefined, bearer)).json).toMatchObject({
    verb: "kill",
    process: { pid: 101 },
  });
  expect(run).toEqual([{ verb: "kill" satisfies ProcessVerb, kind: "broker", id: 1 }]);
  expect((await h.ask("POST", "/brokers/1/rejoin", undefined, bearer)).status).toBe(409);
  expect((await h.ask("POST", "/brokers/9/kill", undefined, bearer)).status).toBe(404);
  expect((await h.ask("POST", "/controllers/101/kill", undefined, bearer)).status).toBe(404);
  expect((await h.ask("POST", "/brokers/1/kil", undefined, bearer)).json).toMatchObject({
    status: 404,
    hint: "did you mean kill?",
  });
});

test("the printed ticket becomes a session, once, and leaves the address bar", async () => {
  const { run, control } = processes();
  const h = await serve({ processControl: control });
  const opened = await h.ask("GET", "/?ticket=printed");
  expect(opened).toMatchObject({ status: 303, headers: { location: "/" } });
  const cookie = String(opened.headers["set-cookie"]).split(";")[0]!;
  expect((await h.ask("GET", "/?ticket=printed")).headers).not.toHaveProperty("set-cookie");
  expect((await h.ask("GET", "/v1/session", undefined, { cookie })).json).toEqual({ control: true });
  expect((await h.ask("POST", "/brokers/1/freeze", undefined, { cookie })).status).toBe(200);
  expect(run).toHaveLength(1);
  const { json } = await h.ask("POST", "/v1/tickets", undefined, { cookie });
  expect((await h.ask("GET", `/?ticket=${String(json["ticket"])}`)).headers).toHaveProperty("set-cookie");
  expect((await h.ask("POST", "/v1/tickets")).status).toBe(401);
  await h.ask("DELETE", "/v1/session", undefined, { cookie });
  expect((await h.ask("POST", "/brokers/1/freeze", undefined, { cookie })).status).toBe(401);
});

test("a broker's own HTTP face sends process control to the gateway", async () => {
  const h = await serve({ role: "broker" });
  expect(await h.ask("POST", "/brokers/1/kill", undefined, { authorization: `Bearer ${TOKEN}` })).toMatchObject({
    status: 501,
    json: { detail: expect.stringContaining("ask the gateway") as string },
  });
});
