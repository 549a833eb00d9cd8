import { expect, test } from "vitest";
import { checkDoor, createGuard, doorRules } from "./guard.ts";

const rules = doorRules({ allowedHosts: ["vitrine.lan"], allowedOrigins: ["http://localhost:5173"] });

const DOOR: readonly [string, string, Record<string, string>, number][] = [
  ["curl", "POST", { host: "localhost:8080" }, 200],
  ["an address", "GET", { host: "127.0.0.1:1" }, 200],
  ["IPv6", "GET", { host: "[::1]:8080" }, 200],
  ["a configured name", "GET", { host: "Vitrine.LAN:8080" }, 200],
  ["rebinding", "GET", { host: "evil.test:8080" }, 421],
  ["a name that begins well", "GET", { host: "localhost.evil.test" }, 421],
  ["no host", "GET", {}, 421],
  [
    "the console's own page",
    "POST",
    { host: "localhost:8080", origin: "http://localhost:8080", "sec-fetch-site": "same-origin" },
    200,
  ],
  [
    "another port is another origin",
    "POST",
    { host: "localhost:8080", origin: "http://localhost:3000", "sec-fetch-site": "same-site" },
    403,
  ],
  [
    "a listed origin",
    "POST",
    { host: "localhost:8080", origin: "http://localhost:5173", "sec-fetch-site": "same-site" },
    200,
  ],
  [
    "a foreign fetch",
    "POST",
    { host: "localhost:8080", origin: "http://evil.test", "sec-fetch-site": "cross-site" },
    403,
  ],
  [
    "a foreign form",
    "POST",
    { host: "localhost:8080", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
    403,
  ],
  ["a sandboxed frame", "POST", { host: "localhost:8080", origin: "null" }, 403],
  [
    "a foreign link to the console",
    "GET",
    { host: "localhost:8080", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
    200,
  ],
  [
    "a foreign image",
    "GET",
    { host: "localhost:8080", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
    403,
  ],
  [
    "a foreign event stream",
    "GET",
    {
      host: "localhost:8080",
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      accept: "text/event-stream",
    },
    403,
  ],
  ["the address bar", "GET", { host: "localhost:8080", "sec-fetch-site": "none", "sec-fetch-mode": "navigate" }, 200],
  ["a preflight from elsewhere", "OPTIONS", { host: "localhost:8080", origin: "http://evil.test" }, 403],
];
test.each(DOOR)("%s", (_name, method, headers, status) => {
  expect(checkDoor(rules, { method, headers, upgrade: false })?.status ?? 200).toBe(status);
});

test.each([
  ["a program", { host: "localhost:8080" }, 200],
  ["the console", { host: "localhost:8080", origin: "http://localhost:8080" }, 200],
  ["a foreign page", { host: "localhost:8080", origin: "http://evil.test" }, 403],
  ["a browser that hides its origin", { host: "localhost:8080", "sec-fetch-site": "same-origin" }, 403],
  ["a sandboxed frame", { host: "localhost:8080", origin: "null" }, 403],
  ["rebinding", { host: "evil.test", origin: "http://evil.test" }, 421],
] as const)("an upgrade by %s", (_name, headers, status) => {
  expect(checkDoor(rules, { method: "GET", headers, upgrade: true })?.status ?? 200).toBe(status);
});

function guard() {
  return createGuard({ clusterId: "C1", token: "secret", tickets: ["first"] });
}

test("process control takes the token of this start and no other", () => {
  const door = guard();
  expect(door.mayControl({ authorization: "Bearer secret" })).toBe(true);
  for (const authorization of ["Bearer secre", "Bearer secrets", "Basic secret", "secret", ""])
    expect(door.mayControl({ authorization })).toBe(false);
  expect(door.mayControl({})).toBe(false);
  expect(createGuard({ clusterId: "C1", token: null }).mayControl({ authorization: "Bearer null" })).toBe(false);
});

test("who may not is told how to get a ticket: a session ends with the process that made it", () => {
  const lost = { cookie: guard().redeem("first")!.split(";")[0]! };
  const restarted = guard();
  expect(restarted.mayControl(lost)).toBe(false);
  expect(restarted.controlProblem()).toMatchObject({ status: 401, hint: expect.stringContaining("/v1/tickets") });
});

test("a ticket opens one session, once; logout ends it", () => {
  const door = guard();
  const cookie = door.redeem("first")!;
  expect(cookie).toMatch(/^vitrine_C1=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
  expect(door.redeem("first")).toBeNull();
  expect(door.redeem("unknown")).toBeNull();
  const session = { cookie: `other=1; ${cookie.split(";")[0]!}` };
  expect(door.mayControl(session)).toBe(true);
  expect(door.mayControl({ cookie: cookie.split(";")[0]!.replace("vitrine_C1", "vitrine_C2") })).toBe(false);
  expect(door.logout(session)).toContain("Max-Age=0");
  expect(door.mayControl(session)).toBe(false);
});

test("tickets end with their time, and the oldest sessions give way at the bound", () => {
  const door = guard();
  expect(door.redeem(door.issueTicket(-1)!)).toBeNull();
  const first = door.redeem(door.issueTicket(60_000)!)!.split(";")[0]!;
  for (let i = 0; i < 1_000; i++) door.redeem(door.issueTicket(60_000)!);
  expect(door.mayControl({ cookie: first })).toBe(false);
});
