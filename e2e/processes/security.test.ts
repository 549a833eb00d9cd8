/** The door of HTTP, WebSocket and SSE: reliability.md 6.3 and 6.4, rows 1 to 13, 34 to 38, as far as they exist now. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, type RunningCluster } from "../fixtures/cluster.ts";
import { upgradeStatus } from "../fixtures/live-client.ts";
import { expectProblem, headerOf } from "../fixtures/problems.ts";
import { call, RawSocket, type RawCall } from "../fixtures/raw-http.ts";
import { createTopic, valuesOf } from "../fixtures/topics.ts";

let cluster: RunningCluster;
/** The gateway and every broker: all of them have the same door. */
let doors: string[];
let host: string;

beforeAll(async () => {
  cluster = await startCluster();
  doors = [cluster.url, ...cluster.ready.brokers.map((broker) => broker.http)];
  host = new URL(cluster.url).host;
  await createTopic(cluster, "kept");
});
afterAll(() => cluster?.stop());

const nothingWritten = async () => expect(await valuesOf(cluster, "kept")).toEqual([]);

const pidOf = async (id: number) =>
  (await cluster.json<{ data: { id: number; process: { pid: number | null } }[] }>("/brokers")).data.find(
    (broker) => broker.id === id,
  )?.process.pid;

describe("foreign pages", () => {
  test.each([
    ["a foreign Origin", { origin: "http://evil.test" }],
    ["Origin null", { origin: "null" }],
    ["the same name on another port", { origin: "http://127.0.0.1:1" }],
    ["a browser without Origin", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "websocket" }],
  ])("a WebSocket from %s gets 403 and no frame", async (_what, headers) => {
    for (const door of doors) expect(await upgradeStatus(door, { headers })).toBe(403);
  });

  test("the console's own Origin and a program without one get in", async () => {
    expect(
      await upgradeStatus(cluster.url, { headers: { origin: cluster.url, "sec-fetch-site": "same-origin" } }),
    ).toBe(101);
    expect(await upgradeStatus(cluster.url, {})).toBe(101);
  });

  test("a rebound Host gets 421 or 403 over HTTP, SSE and WebSocket", async () => {
    for (const door of doors) {
      for (const name of [
        "evil.test",
        `evil.test:${new URL(door).port}`,
        "127.0.0.1.evil.test",
        "localhost.evil.test:80",
      ]) {
        await expectProblem(await call(door, "/topics", { headers: { host: name } }), { status: [403, 421] });
        const tail = { host: name, accept: "text/event-stream" };
        await expectProblem(await call(door, "/topics/kept/records", { headers: tail }), { status: [403, 421] });
      }
      expect([403, 421]).toContain(await upgradeStatus(door, { headers: { host: "evil.test" } }));
    }
    for (const name of ["localhost:1", "127.0.0.1", "[::1]:99"])
      expect((await call(cluster.url, "/topics", { headers: { host: name } })).status).toBe(200);
  });

  test.each([
    ["text/plain, a type that needs no preflight", { "content-type": "text/plain" }],
    ["a form", { "content-type": "application/x-www-form-urlencoded" }],
  ])("a cross-site POST of %s is 403 and writes nothing; the same from curl is taken", async (_what, type) => {
    for (const foreign of [
      { origin: "http://evil.test" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
    ]) {
      const post: RawCall = { method: "POST", headers: { ...type, ...foreign }, body: '{"id":1}' };
      for (const door of doors) await expectProblem(await call(door, "/topics/kept/values", post), { status: 403 });
    }
    await nothingWritten();
    expect(
      (await call(cluster.url, "/topics/by-curl/values", { method: "POST", headers: type, body: '{"id":1}' })).status,
    ).toBe(201);
  });

  test("a cross-site SSE is 403; a link from another site still opens the console", async () => {
    const tail = { accept: "text/event-stream", "sec-fetch-site": "cross-site" };
    await expectProblem(await call(cluster.url, "/topics/kept/records", { headers: tail }), { status: 403 });
    await expectProblem(await call(cluster.url, "/cluster/events", { headers: tail }), { status: 403 });
    const link = {
      accept: "text/html",
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    };
    expect((await call(cluster.url, "/", { headers: link })).status).toBe(200);
  });

  test("a preflight from a foreign origin is told nothing", async () => {
    const headers = {
      origin: "http://evil.test",
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    };
    const answer = await call(cluster.url, "/topics/kept/values", { method: "OPTIONS", headers });
    expect(headerOf(answer, "access-control-allow-origin")).toBe("");
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(
      headerOf(await call(cluster.url, "/topics", { headers: { origin: cluster.url } }), "access-control-allow-origin"),
    ).not.toBe("*");
  });

  test("forwarding headers are not believed", async () => {
    const headers = {
      host: "evil.test",
      "x-forwarded-host": host,
      "x-forwarded-for": "127.0.0.1",
      forwarded: `host=${host}`,
    };
    await expectProblem(await call(cluster.url, "/topics", { headers }), { status: [403, 421] });
  });
});

describe("process control", () => {
  test("GET on a verb is 405 and does nothing", async () => {
    const before = await pidOf(1);
    await expectProblem(await call(cluster.url, "/brokers/1/kill"), { status: 405 });
    expect(await pidOf(1)).toBe(before);
  });

  test.each([
    ["no token", {}],
    ["a wrong token", { authorization: "Bearer wrong" }],
    ["a token of another length", { authorization: `Bearer ${"x".repeat(10_000)}` }],
    ["an invented cookie", { cookie: "vitrine=1; vitrine_x=2" }],
    ["Basic", { authorization: "Basic YTpi" }],
  ])("%s is 401 with WWW-Authenticate, and does nothing", async (_what, headers) => {
    const before = await pidOf(1);
    for (const path of ["/brokers/1/kill", "/brokers/1/freeze", "/brokers/1/restart"]) {
      const answer = await call(cluster.url, path, { method: "POST", headers });
      await expectProblem(answer, { status: 401 });
      expect(headerOf(answer, "www-authenticate")).toMatch(/^Bearer/);
    }
    expect(await pidOf(1)).toBe(before);
  });

  test("the token in a query string is refused, and is in no log", async () => {
    for (const query of [`token=${cluster.ready.token}`, `access_token=${cluster.ready.token}`]) {
      const answer = await call(cluster.url, `/brokers/1/kill?${query}`, { method: "POST" });
      expect([401, 422]).toContain(answer.status);
      expect(answer.text()).not.toContain(cluster.ready.token);
    }
    for (const file of filesBelow(join(cluster.dataDir, "logs")))
      expect(readFileSync(file, "utf8"), file).not.toContain(cluster.ready.token);
  });

  test("a foreign page with the right token is still a foreign page", async () => {
    const headers = { authorization: `Bearer ${cluster.ready.token}`, origin: "http://evil.test" };
    await expectProblem(await call(cluster.url, "/brokers/1/kill", { method: "POST", headers }), { status: 403 });
  });

  test("brokers control no processes", async () => {
    const headers = { authorization: `Bearer ${cluster.ready.token}` };
    const answer = await call(doors[1]!, "/brokers/2/kill", { method: "POST", headers });
    expect([401, 403, 404, 405, 501]).toContain(answer.status);
  });

  test("an unknown broker, an unknown verb and an impossible verb are told apart", async () => {
    const headers = { authorization: `Bearer ${cluster.ready.token}` };
    await expectProblem(await call(cluster.url, "/brokers/9/kill", { method: "POST", headers }), {
      status: 404,
      detail: /9/,
    });
    await expectProblem(await call(cluster.url, "/brokers/1/explode", { method: "POST", headers }), {
      status: [404, 422],
    });
    await expectProblem(await call(cluster.url, "/brokers/1/unfreeze", { method: "POST", headers }), { status: 409 });
  });
});

describe("tickets and cookies", () => {
  const printedTicket = () => /\?ticket=([\w-]+)/.exec(cluster.output)![1]!;
  const open = (ticket: string) =>
    call(cluster.url, `/?ticket=${ticket}`, {
      headers: { accept: "text/html", "sec-fetch-mode": "navigate", "sec-fetch-site": "none" },
    });

  test("the printed ticket becomes a strict cookie, once; the cookie controls, until logout", async () => {
    const first = await open(printedTicket());
    const [cookie = ""] = [first.headers["set-cookie"]].flat();
    expect(cookie).toMatch(/HttpOnly/i);
    expect(cookie).toMatch(/SameSite=Strict/i);
    expect(cookie).toMatch(/Path=\//i);
    const name = cookie.split(";")[0]!;
    // The ticket leaves the address bar.
    expect([302, 303]).toContain(first.status);
    expect(headerOf(first, "location")).not.toContain("ticket");
    // A verb that means nothing now: 409 for who may, 401 for who may not.
    const unfreeze = (headers: Record<string, string>) =>
      call(cluster.url, "/brokers/1/unfreeze", { method: "POST", headers });
    expect((await unfreeze({ cookie: name, origin: cluster.url })).status).toBe(409);
    await expectProblem(await unfreeze({ cookie: name, origin: "http://evil.test" }), { status: 403 });
    const second = await open(printedTicket());
    expect(second.headers["set-cookie"]).toBeUndefined();
    expect((await call(cluster.url, "/session", { method: "DELETE", headers: { cookie: name } })).status).toBe(204);
    expect((await unfreeze({ cookie: name })).status).toBe(401);
  });

  test("a new ticket needs the token, is good once, and is not the token", async () => {
    await expectProblem(await call(cluster.url, "/v1/tickets", { method: "POST" }), { status: 401 });
    const made = await call(cluster.url, "/v1/tickets", {
      method: "POST",
      headers: { authorization: `Bearer ${cluster.ready.token}` },
    });
    expect(made.status).toBe(201);
    const { ticket } = JSON.parse(made.text()) as { ticket: string };
    expect(ticket).not.toBe(cluster.ready.token);
    expect(headerOf(made, "cache-control")).toContain("no-store");
    expect((await open(ticket)).headers["set-cookie"]).toBeDefined();
    expect((await open(ticket)).headers["set-cookie"]).toBeUndefined();
    expect((await open("made-up")).headers["set-cookie"]).toBeUndefined();
  });

  test("what is secret on disk is for its owner only", () => {
    for (const file of filesBelow(cluster.dataDir)) {
      if (readFileSync(file).includes(cluster.ready.token)) expect(statSync(file).mode & 0o077, file).toBe(0);
    }
    expect(statSync(join(cluster.dataDir, "cluster.json")).mode & 0o077).toBe(0);
  });
});

test("the token of an earlier start is worth nothing at the next", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "vitrine-token-"));
  try {
    const first = await startCluster({ dataDir, args: ["--brokers", "1"] });
    const { token } = first.ready;
    await first.stop();
    await using second = await startCluster({ dataDir });
    expect(second.ready.token).not.toBe(token);
    const headers = { authorization: `Bearer ${token}` };
    await expectProblem(await call(second.url, "/brokers/1/unfreeze", { method: "POST", headers }), { status: 401 });
    expect((await second.control("/brokers/1/unfreeze")).status).toBe(409);
  } finally {
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
});

describe("answers", () => {
  test("every answer carries the headers that keep a browser honest", async () => {
    for (const door of doors) {
      for (const path of ["/", "/topics", "/nowhere", "/topics/kept/records", "/metrics", "/openapi.json"]) {
        const answer = await call(door, path, { headers: { accept: path === "/" ? "text/html" : "*/*" } });
        const csp = headerOf(answer, "content-security-policy");
        for (const part of ["default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"])
          expect(csp, path).toContain(part);
        expect(/script-src ([^;]*)/.exec(csp)?.[1] ?? "'self'").not.toMatch(/unsafe|\*|http/);
        expect(headerOf(answer, "x-content-type-options")).toBe("nosniff");
        expect(headerOf(answer, "cross-origin-resource-policy")).toBe("same-origin");
        expect(headerOf(answer, "x-powered-by")).toBe("");
      }
    }
  });

  test("a raw value is a download, whatever its content type says, and hostile headers of a record split no answer", async () => {
    const post = { method: "POST", headers: { "content-type": "text/html" }, body: "<script>alert(1)</script>" };
    expect((await call(cluster.url, "/topics/xss/values?partition=0", post)).status).toBe(201);
    const hostile = { partition: 0, headers: { "content-type": "text/html\r\nSet-Cookie: evil=1" }, value: 1 };
    const sent = await call(cluster.url, "/topics/xss/records", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(hostile),
    });
    expect([201, 422]).toContain(sent.status);
    for (const offset of sent.status === 201 ? [0, 1] : [0]) {
      const answer = await call(cluster.url, `/topics/xss/partitions/0/records/${offset}/value`);
      expect(answer.status).toBe(200);
      expect(headerOf(answer, "content-disposition")).toMatch(/^attachment/);
      expect(answer.headers["set-cookie"]).toBeUndefined();
    }
  });

  test.each([
    "/..%2f..%2fpackage.json",
    "/assets/..%2f..%2fpackage.json",
    "/../package.json",
    "/docs/..%2f..%2fREADME.md",
    "/docs/../../package.json",
    "//etc/passwd",
    "/assets/%2e%2e/%2e%2e/package.json",
  ])("%s leads nowhere outside", async (path) => {
    const answer = await call(cluster.url, path);
    expect(answer.text()).not.toMatch(/"dependencies"|"packageManager"|root:x:/);
    expect([200, 301, 302, 400, 403, 404]).toContain(answer.status);
  });

  test("the secret of the cluster and the token are in no answer", async () => {
    const { secret = "no secret in cluster.json" } = JSON.parse(
      readFileSync(join(cluster.dataDir, "cluster.json"), "utf8"),
    ) as { secret?: string };
    for (const path of [
      "/",
      "/cluster",
      "/brokers",
      "/metrics",
      "/openapi.json",
      "/asyncapi.json",
      "/topics?internal=1",
      "/brokers/1/config",
      "/v1/live?view=cluster",
    ]) {
      const text = (await call(cluster.url, path, { headers: { accept: "application/json" } })).text();
      expect(text, path).not.toContain(cluster.ready.token);
      expect(text, path).not.toContain(secret);
    }
  });
});

describe("slow and idle connections", () => {
  test("a request line that never ends and two hundred idle sockets keep nobody else waiting", async () => {
    const sockets = await Promise.all(Array.from({ length: 200 }, () => RawSocket.open(cluster.url)));
    for (const socket of sockets.slice(0, 100)) socket.write("GET /topics HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ");
    const times: number[] = [];
    for (let i = 0; i < 50; i++) {
      const started = performance.now();
      expect((await cluster.fetch("/topics")).status).toBe(200);
      times.push(performance.now() - started);
    }
    expect(times.toSorted((a, b) => a - b)[25]).toBeLessThan(100);
    for (const socket of sockets) socket.destroy();
  });

  test("a message with a length and chunks at once does not smuggle a second request", async () => {
    const socket = await RawSocket.open(cluster.url);
    const smuggled = `POST /topics/smuggled/values HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1\r\n\r\nx`;
    socket.write(
      `POST /topics/kept/values HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    );
    await socket.until((received) => received.toString().startsWith("HTTP/1.1 400 "), "400");
    socket.destroy();
    await expectProblem(await cluster.fetch("/topics/smuggled"), { status: 404 });
    await nothingWritten();
  });

  test("nothing listens beyond loopback", () => {
    const listening = spawnSync("sh", ["-c", "cat /proc/net/tcp /proc/net/tcp6"], { encoding: "utf8" }).stdout;
    const ports = [
      cluster.url,
      ...cluster.ready.brokers.flatMap((broker) => [
        broker.http,
        `tcp://${broker.kafka}`,
        `tcp://${broker.controller}`,
      ]),
    ].map((url) => Number(new URL(url).port));
    const open = listening.split("\n").flatMap((line) => {
      const [, address = "", port = "", state] = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ (\S\S)/.exec(line) ?? [];
      return state === "0A" && ports.includes(Number.parseInt(port, 16)) ? [address] : [];
    });
    expect(open.length).toBeGreaterThanOrEqual(ports.length);
    for (const address of open) expect(["0100007F", "00000000000000000000000001000000"]).toContain(address);
  });
});

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
