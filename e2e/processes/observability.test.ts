/** What a machine or a person can ask a running cluster about itself: health, metrics, OpenAPI, AsyncAPI, the manual. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SERVER_FRAMES } from "@vitrine/api";
import { startCluster, waitFor, type RunningCluster } from "../fixtures/cluster.ts";
import { createTopic, produce } from "../fixtures/topics.ts";

let cluster: RunningCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster?.stop());

const text = async (path: string, headers: Record<string, string> = {}) =>
  (await cluster.fetch(path, { headers })).text();

describe("health", () => {
  test.each(["/livez", "/readyz", "/status/ready", "/healthy", "/ready"])(
    "%s is 200 on the gateway and on every broker",
    async (path) => {
      for (const base of [cluster.url, ...cluster.ready.brokers.map((broker) => broker.http)]) {
        const reply = await fetch(new URL(path, base));
        expect(reply.status, `${base}: ${await reply.text()}`).toBe(200);
      }
    },
  );

  test("readyz names its checks when asked", async () => {
    const verbose = await text(`${cluster.ready.brokers[0]!.http}/readyz?verbose=1`);
    for (const check of [/metadata/i, /registered/i, /draining/i]) expect(verbose).toMatch(check);
  });

  test("a broker that is isolated from the quorum is alive, and says why it is not ready", async () => {
    const broker = cluster.ready.brokers[2]!;
    expect((await cluster.control(`/brokers/${broker.id}/isolate`)).status).toBe(200);
    try {
      await waitFor(async () => (await fetch(`${broker.http}/readyz`)).status === 503, {
        what: "the isolated broker to be not ready",
        timeoutMs: 6_000,
      });
      expect((await fetch(`${broker.http}/livez`)).status).toBe(200);
    } finally {
      expect((await cluster.control(`/brokers/${broker.id}/rejoin`)).status).toBe(200);
    }
    await waitFor(async () => (await fetch(`${broker.http}/readyz`)).status === 200, {
      what: "the broker to be ready again",
    });
  });
});

describe("metrics", () => {
  test("they are OpenMetrics, and what was produced is counted", async () => {
    await createTopic(cluster, "counted");
    const reply = await cluster.fetch("/metrics", {
      headers: { accept: "application/openmetrics-text; version=1.0.0" },
    });
    expect(reply.headers.get("content-type")).toMatch(/^application\/openmetrics-text/);
    const before = await reply.text();
    expect(before.trimEnd().endsWith("# EOF")).toBe(true);
    for (const line of before.trimEnd().split("\n"))
      expect(line).toMatch(/^(# (TYPE|HELP|UNIT|EOF)|[a-zA-Z_:][\w:]*(\{.*\})? \S+)/);
    for (let i = 0; i < 10; i++) await produce(cluster, "counted", String(i));
    const after = await text("/metrics");
    const requests = (page: string) =>
      Number(
        /^vitrine_http_requests_total\{(?=[^}]*method="POST")(?=[^}]*values)(?=[^}]*status="201")[^}]*\} (\d+)/m.exec(
          page,
        )?.[1] ?? 0,
      );
    expect(requests(after) - requests(before)).toBe(10);
    expect(after).toMatch(/^vitrine_topics 1$/m);
  });
});

interface OpenApi {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, unknown> }> }>>;
}

describe("documents", () => {
  test("OpenAPI 3.1 holds the routes of the curl tour, and every error of it is a problem document", async () => {
    const document = JSON.parse(await text("/openapi.json")) as OpenApi;
    expect(document.openapi).toMatch(/^3\.1\./);
    const paths = Object.keys(document.paths).map((path) => path.replace(/^\/v1/, ""));
    for (const path of [
      "/topics",
      "/topics/{topic}",
      "/topics/{topic}/records",
      "/topics/{topic}/values",
      "/topics/{topic}/config",
      "/topics/{topic}/partitions/{partition}/records",
      "/brokers",
      "/cluster/events",
    ])
      expect(paths).toContain(path);
    const wrong: string[] = [];
    for (const [path, operations] of Object.entries(document.paths))
      for (const [method, operation] of Object.entries(operations)) {
        if (operation.responses === undefined) continue;
        for (const [status, response] of Object.entries(operation.responses))
          if (
            /^[45]/.test(status) &&
            response.content !== undefined &&
            !("application/problem+json" in response.content)
          )
            wrong.push(`${method} ${path} ${status} is no problem document`);
      }
    expect(wrong).toEqual([]);
  });

  test("AsyncAPI 3 names every frame of the socket", async () => {
    const document = await text("/asyncapi.json");
    expect((JSON.parse(document) as { asyncapi: string }).asyncapi).toMatch(/^3\./);
    for (const frame of Object.keys(SERVER_FRAMES)) expect(document).toContain(`"${frame}"`);
    expect(document).toContain("vitrine.v1+json");
  });

  test("every list has a cursor, and pages through without a hole", async () => {
    for (let i = 0; i < 7; i++) await createTopic(cluster, `page-${i}`);
    const names: string[] = [];
    for (let path: string | null = "/topics?prefix=page-&limit=3"; path !== null;) {
      const page: { data: { name: string }[]; next: string | null } = await cluster.json(path);
      expect(page.data.length).toBeLessThanOrEqual(3);
      names.push(...page.data.map((topic) => topic.name));
      path = page.next === null ? null : `/topics?prefix=page-&limit=3&cursor=${encodeURIComponent(page.next)}`;
    }
    expect(names).toEqual(Array.from({ length: 7 }, (_, i) => `page-${i}`));
    for (const path of ["/topics", "/brokers", "/topics/page-0/config"])
      expect(await cluster.json(path)).toMatchObject({ data: expect.any(Array), next: null });
  });

  test("/ is a JSON index for curl and the console for a browser", async () => {
    const index = await cluster.fetch("/", { headers: { accept: "*/*" } });
    expect(index.headers.get("content-type")).toMatch(/^application\/json/);
    expect(await index.text()).toMatch(/"\/?topics|\/topics/);
    const page = await cluster.fetch("/", { headers: { accept: "text/html" } });
    expect(page.headers.get("content-type")).toMatch(/^text\/html/);
  });

  test("the manual and the pages of the documents are readable in a browser", async () => {
    for (const path of ["/docs", "/docs/api"]) {
      const reply = await cluster.fetch(path, { headers: { accept: "text/html" } });
      expect(reply.status, path).toBe(200);
      expect(reply.headers.get("content-type")).toMatch(/^text\/html/);
      const html = await reply.text();
      expect(html).toMatch(/<h1/);
      // The policy allows no inline script.
      expect(html).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>/);
    }
    expect(await text("/docs/curl")).toContain("curl");
  });
});
