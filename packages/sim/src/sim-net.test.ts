import type { ApiRequest, PeerEvent, PeerResult, Reply } from "@vitrine/broker";
import { expect, test } from "vitest";
import { COPYING } from "./carry.ts";
import { Chance } from "./chance.ts";
import { VirtualTime } from "./scheduler.ts";
import { SimNetwork } from "./sim-net.ts";

/** Two nodes; the second answers when the test says so. */
function setUp() {
  const time = new VirtualTime();
  const net = new SimNetwork({
    time,
    chance: new Chance(7),
    carrier: COPYING,
    faults: { delayMs: [1, 2], tailPercent: 0, tailMs: 2, resetPercent: 0 },
  });
  const arrived: { request: ApiRequest; reply: Reply }[] = [];
  const one = net.join(1, { life: 1, accept: () => {} });
  const listen = (life: number) =>
    net.join(2, { life, accept: (request, _from, reply) => void arrived.push({ request, reply }) });
  listen(1);
  one.setEndpoints([{ nodeId: 2, host: "sim", port: 1 }]);
  const events: PeerEvent["type"][] = [];
  one.onPeerEvent((event) => events.push(event.type));
  const results: string[] = [];
  const ask = (name: string, timeoutMs = 1000) =>
    one.request(
      2,
      "raft",
      { apiKey: 1, apiVersion: 0, clientId: null, body: { name } },
      timeoutMs,
      (result: PeerResult) =>
        results.push(result.ok ? `${name}: ${JSON.stringify(result.body)}` : `${name}: ${result.reason}`),
    );
  return { time, net, arrived, events, results, ask, listen };
}

test("S4 replies come in the order of their requests", () => {
  const { time, arrived, results, ask } = setUp();
  ask("a");
  ask("b");
  time.runUntil(20);
  arrived[1]!.reply({ n: 2 });
  time.runUntil(40);
  expect(results).toEqual([]);
  arrived[0]!.reply({ n: 1 });
  time.runUntil(60);
  expect(results).toEqual(['a: {"n":1}', 'b: {"n":2}']);
});

test("S4 a process that dies breaks its connections, then refuses", () => {
  const { time, net, arrived, events, results, ask, listen } = setUp();
  ask("a");
  time.runUntil(20);
  expect(arrived).toHaveLength(1);
  net.leave(2);
  time.runUntil(40);
  expect([results, events]).toEqual([["a: disconnected"], ["connected", "lost", "refused"]]);
  ask("b");
  time.runUntil(60);
  expect(results.at(-1)).toBe("b: refused");
  listen(2);
  ask("c");
  time.runUntil(80);
  expect(events.at(-1)).toBe("connected");
});

test("S4 a cut swallows; when it is mended the old connection breaks and a new one works", () => {
  const { time, net, arrived, results, ask } = setUp();
  ask("a");
  time.runUntil(20);
  arrived[0]!.reply({});
  time.runUntil(40);
  net.cut(1, 2);
  ask("b", 100);
  time.runUntil(200);
  net.mend(1, 2);
  time.runUntil(600);
  ask("c");
  time.runUntil(620);
  arrived.at(-1)!.reply({});
  time.runUntil(640);
  expect(results).toEqual(["a: {}", "b: timeout", "c: {}"]);
});

test("S2 what arrives is a copy", () => {
  const { time, arrived, ask } = setUp();
  ask("a");
  time.runUntil(20);
  expect(arrived[0]!.request.body).toEqual({ name: "a" });
});
