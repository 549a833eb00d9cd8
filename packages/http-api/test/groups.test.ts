import { describe, expect, test } from "vitest";
import { resetTarget } from "../src/groups/reset-offsets.ts";
import { serve } from "./harness.ts";

const NOW = Date.parse("2026-11-20T09:00:00Z");

describe("where a reset goes", () => {
  test.each([
    [{ to: "earliest" }, { to: "earliest" }],
    [{ to: "latest" }, { to: "latest" }],
    [{ to: 42 }, { to: "offset", offset: 42 }],
    [{ to: "42" }, { to: "offset", offset: 42 }],
    [{ to: "2026-11-20T08:00:00Z" }, { to: "time", timestampMs: NOW - 3_600_000 }],
    [{ to: "15m" }, { to: "time", timestampMs: NOW - 900_000 }],
    [{ to: "PT15M" }, { to: "time", timestampMs: NOW - 900_000 }],
    [{ to: "P1DT2H" }, { to: "time", timestampMs: NOW - 26 * 3_600_000 }],
    [{ shift: -10 }, { to: "shift", by: -10 }],
  ])("%j", (body, target) => {
    expect(resetTarget(body, NOW)).toEqual(target);
  });

  test.each([
    [{}],
    [{ to: "earliest", shift: 1 }],
    [{ to: "somewhere" }],
    [{ to: "PT" }],
    [{ to: "2026-99-99T00:00:00Z" }],
  ])("%j says nothing that can be done", (body) => {
    expect(() => resetTarget(body, NOW)).toThrow(/\/to|\/shift/);
  });
});

describe("requests that are refused before a coordinator is asked", async () => {
  const { ask } = await serve();

  test.each([
    ["POST", "/groups/g/members", { topics: [] }, 422],
    ["POST", "/groups/g/members", { topic: "orders" }, 422],
    ["POST", "/groups/g/members", { topics: ["no-such-topic"] }, 404],
    ["POST", "/groups/g/members", { topics: ["orders"], member: "a b" }, 422],
    ["PUT", "/groups/g/offsets", { "no-such-topic": { 0: 1 } }, 404],
    ["PUT", "/groups/g/offsets", {}, 422],
    ["POST", "/groups/g/offsets/reset", { to: "nowhere" }, 422],
    ["HEAD", "/groups/g/members/m/records", undefined, 405],
  ] as const)("%s %s %j is %i", async (method, url, body, status) => {
    expect((await ask(method, url, body)).status).toBe(status);
  });
});
