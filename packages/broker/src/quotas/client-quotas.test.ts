import { quotaKey, type ClientQuota, type QuotaEntityType } from "@vitrine/metadata";
import { expect, test } from "vitest";
import { ANONYMOUS, ClientLimits } from "./client-limits.ts";
import { ClientQuotas } from "./client-quotas.ts";

const windows = { count: 11, lengthMs: 1_000 };
type Parts = { user?: string | null; clientId?: string | null };

type Given = readonly [parts: Parts, values: Readonly<Record<string, number>>];

function quotas(...given: readonly Given[]) {
  const all = new Map<string, ClientQuota>();
  for (const [{ user, clientId }, values] of given) {
    const entity = new Map<QuotaEntityType, string | null>();
    if (user !== undefined) entity.set("user", user);
    if (clientId !== undefined) entity.set("client-id", clientId);
    all.set(quotaKey(entity), { entity, values: new Map(Object.entries(values)) });
  }
  return all;
}

function counting(...given: readonly Given[]): ClientQuotas {
  const counted = new ClientQuotas({ windows, mutationWindows: windows });
  counted.update(quotas(...given));
  return counted;
}

test("Q3 of several quotas the most particular holds, in Kafka's order", () => {
  const levels: Parts[] = [
    { user: ANONYMOUS, clientId: "c" },
    { user: ANONYMOUS, clientId: null },
    { user: ANONYMOUS },
    { user: null, clientId: "c" },
    { user: null, clientId: null },
    { user: null },
    { clientId: "c" },
    { clientId: null },
  ];
  for (let first = 0; first < levels.length; first++) {
    const present = levels
      .slice(first)
      .map((parts, at): [Parts, Record<string, number>] => [parts, { producer_byte_rate: first + at + 1 }]);
    expect(new ClientLimits(quotas(...present)).of("producer_byte_rate", ANONYMOUS, "c")?.bound).toBe(first + 1);
  }
  expect(new ClientLimits(quotas()).of("producer_byte_rate", ANONYMOUS, "c")).toBeNull();
});

test("Q3 a quota of one kind says nothing about the others: the next level may", () => {
  const limits = new ClientLimits(
    quotas(
      [{ user: ANONYMOUS, clientId: "c" }, { consumer_byte_rate: 1 }],
      [{ clientId: null }, { producer_byte_rate: 2 }],
    ),
  );
  expect(limits.of("producer_byte_rate", ANONYMOUS, "c")?.bound).toBe(2);
});

test("Q3 clients share a user's quota, and have a default of clients each to themselves", () => {
  const ofUser = counting([{ user: null }, { producer_byte_rate: 1_000 }]);
  expect(ofUser.record("producer_byte_rate", "a", 10_000, 0)).toBe(0);
  expect(ofUser.record("producer_byte_rate", "b", 1_000, 0)).toBe(1_000);
  const ofClients = counting([{ clientId: null }, { producer_byte_rate: 1_000 }]);
  expect(ofClients.record("producer_byte_rate", "a", 10_000, 0)).toBe(0);
  expect(ofClients.record("producer_byte_rate", "b", 1_000, 0)).toBe(0);
});

test("Q18 a quota of a user is shared by whatever client, one of a client is its own", () => {
  expect(counting([{ user: null }, { consumer_byte_rate: 1 }]).isShared("c")).toBe(true);
  expect(counting([{ user: null, clientId: null }, { consumer_byte_rate: 1 }]).isShared("c")).toBe(false);
  expect(counting([{ clientId: "c" }, { request_percentage: 1 }]).isShared("c")).toBe(false);
});

test("Q4 request time throttles for one window at most", () => {
  const counted = counting([{ clientId: "c" }, { request_percentage: 1 }]);
  // Two seconds of work are 200 percent of one.
  expect(counted.record("request_percentage", "c", 200, 0)).toBe(1_000);
});

test("Q5 the bound on remembered clients forgets the quietest one", () => {
  const counted = counting([{ clientId: null }, { producer_byte_rate: 1_000 }]);
  expect(counted.record("producer_byte_rate", "first", 20_000, 0)).toBe(10_000);
  for (let n = 0; n < 10_000; n++) counted.record("producer_byte_rate", `client-${n}`, 1, 0);
  expect(counted.record("producer_byte_rate", "first", 1, 0)).toBe(0);
});

test("Q8 a batch beyond all that the windows allow for comes all the same, to whoever has used nothing lately", () => {
  const counted = counting([{ clientId: "c" }, { consumer_byte_rate: 100 }]);
  expect(counted.maxFetchBytes("c")).toBe(1_000);
  expect(counted.consume("c", 50_000, 0)).toBe(0);
  expect(counted.consume("c", 50_000, 1_000)).toBeGreaterThan(0);
  // What was not given is not counted: after the windows nothing is left of it.
  expect(counted.consume("c", 50_000, 12_001)).toBe(0);
  expect(counting().consume("c", 50_000, 0)).toBe(0);
});

test("Q6 one large change passes and is paid for; a client that knows the error is refused meanwhile", () => {
  const counted = counting([{ user: null }, { controller_mutation_rate: 2 }]);
  const at = (nowMs: number, strict = true) => counted.mutationBudget("c", strict, nowMs)!;
  // 11 s of two a second: 22 are there.
  const first = at(0);
  expect([first.spend(30), first.throttleTimeMs()]).toEqual([true, 0]);
  const second = at(0);
  expect([second.spend(1), second.spend(1), second.throttleTimeMs()]).toEqual([false, false, 4_000]);
  const older = at(0, false);
  expect([older.spend(2), older.throttleTimeMs()]).toEqual([true, 5_000]);
  const later = at(5_000);
  expect([later.spend(1), later.throttleTimeMs()]).toEqual([true, 0]);
});

test("a quota that is raised holds at once, also for what was used before", () => {
  const counted = counting([{ clientId: "c" }, { producer_byte_rate: 1_000 }]);
  expect(counted.record("producer_byte_rate", "c", 20_000, 0)).toBe(10_000);
  counted.update(quotas([{ clientId: "c" }, { producer_byte_rate: 4_000 }]));
  expect(counted.record("producer_byte_rate", "c", 0, 0)).toBe(0);
  counted.update(quotas());
  expect(counted.isActive).toBe(false);
});
