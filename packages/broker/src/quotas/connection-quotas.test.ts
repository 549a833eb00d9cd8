import { type ClientQuota, quotaKey } from "@vitrine/metadata";
import { expect, test } from "vitest";
import { ConnectionQuotas } from "./connection-quotas.ts";

const windows = { count: 11, lengthMs: 1_000 };
const HOME = "127.0.0.1";

type Settings = Record<string, string>;
type Rates = readonly (readonly [address: string | null, rate: number])[];

function connections(settings: Settings, rates: Rates = []) {
  const quotas = new ConnectionQuotas(windows, (name) => settings[name]);
  const set = (given: Rates) => {
    const all = given.map(([address, rate]): [string, ClientQuota] => {
      const entity = new Map([["ip", address] as const]);
      return [quotaKey(entity), { entity, values: new Map([["connection_creation_rate", rate]]) }];
    });
    quotas.update(new Map(all));
  };
  set(rates);
  return { quotas, set };
}

test("Q13 there is room for max.connections, and again when one has ended", () => {
  const { quotas } = connections({ "max.connections": "2" });
  const rooms = [];
  for (const address of ["10.0.0.1", "10.0.0.2"]) {
    rooms.push(quotas.hasRoom);
    quotas.admit(address, 0);
  }
  expect([...rooms, quotas.hasRoom]).toEqual([true, true, false]);
  quotas.gone("10.0.0.1");
  expect(quotas.hasRoom).toBe(true);
});

test("Q13 Q16 new connections are slowed to max.connection.creation.rate, by a window at most", () => {
  const { quotas } = connections({ "max.connection.creation.rate": "2" });
  // Ten windows of two are there at first.
  for (let n = 0; n < 20; n++) expect(quotas.paceMs(0)).toBe(0);
  expect(quotas.paceMs(0)).toBe(500);
  for (let n = 0; n < 20; n++) quotas.paceMs(0);
  expect(quotas.paceMs(0)).toBe(1_000);
  expect(quotas.paceMs(30_000)).toBe(0);
});

test("Q14 an address has max.connections.per.ip, or its own bound, in whatever spelling", () => {
  const { quotas } = connections({
    "max.connections.per.ip": "1",
    "max.connections.per.ip.overrides": "10.0.0.1:2, ::1:0",
  });
  const outcomes = ["10.0.0.9", "10.0.0.9", "10.0.0.1", "::ffff:10.0.0.1", "10.0.0.1", "0:0:0:0:0:0:0:1"].map(
    (address) => quotas.admit(address, 0).outcome,
  );
  expect(outcomes).toEqual(["admitted", "refused", "admitted", "admitted", "refused", "refused"]);
  expect(quotas.admit("10.0.0.9", 0)).toEqual({
    outcome: "refused",
    reason: "has its 1 connections already (max.connections.per.ip)",
    closeAfterMs: 0,
  });
  quotas.gone("10.0.0.9");
  expect(quotas.admit("10.0.0.9", 0).outcome).toBe("admitted");
});

test("Q15 Q16 an address over its connection_creation_rate is closed after its time, and that one is not counted", () => {
  const { quotas } = connections({}, [
    [HOME, 1],
    [null, 100],
  ]);
  for (let n = 0; n < 10; n++) expect(quotas.admit(HOME, 0).outcome).toBe("admitted");
  for (let n = 0; n < 3; n++) expect(quotas.admit(HOME, 0)).toMatchObject({ outcome: "refused", closeAfterMs: 1_000 });
  expect(quotas.admit("10.0.0.1", 0).outcome).toBe("admitted");
  for (let n = 0; n < 10; n++) quotas.gone(HOME);
  // Ten in the first window: after eleven more they are forgotten, the refused ones never counted.
  expect(quotas.admit(HOME, 11_000).outcome).toBe("admitted");
});

test("Q15 one that is refused does not use up the rate of all", () => {
  const { quotas } = connections({ "max.connection.creation.rate": "2" }, [[HOME, 1]]);
  for (let n = 0; n < 30; n++) {
    quotas.paceMs(0);
    quotas.admit(HOME, 0);
  }
  // Ten were let in; the other twenty left no mark.
  for (let n = 0; n < 10; n++) expect(quotas.paceMs(0)).toBe(0);
  expect(quotas.paceMs(0)).toBeGreaterThan(0);
});

test("Q17 bounds that change hold at once, and whoever waits is told", () => {
  const settings: Settings = { "max.connections": "2" };
  const { quotas, set } = connections(settings);
  quotas.admit(HOME, 0);
  quotas.admit(HOME, 0);
  let told = 0;
  const stop = quotas.onChange(() => told++);
  settings["max.connections"] = "1";
  set([[null, 1]]);
  expect([told, quotas.excess, quotas.hasRoom]).toEqual([1, 1, false]);
  settings["max.connections"] = "3";
  set([]);
  expect([told, quotas.excess, quotas.hasRoom]).toEqual([2, 0, true]);
  stop();
  set([]);
  expect(told).toBe(2);
});
