/** Connections that wait or are refused at the door, with the broker's own quotas and real sockets. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { ConnectionQuotas } from "../../broker/src/quotas/connection-quotas.ts";
import { type ClientQuota, quotaKey } from "../../metadata/src/image.ts";
import { askFrame, cluster, Inbox, Opened } from "./support.ts";

let opened = new Opened();
afterEach(async () => {
  await opened.close();
  opened = new Opened();
});

async function limited(settings: Record<string, string>, addressRate: number | null = null) {
  const quotas = new ConnectionQuotas({ count: 2, lengthMs: 200 }, (name) => settings[name]);
  const update = () => {
    const entity = new Map([["ip", null]] as const);
    const quota: ClientQuota = { entity, values: new Map([["connection_creation_rate", addressRate ?? 0]]) };
    quotas.update(new Map(addressRate === null ? [] : [[quotaKey(entity), quota]]));
  };
  update();
  const handler = new Inbox();
  handler.auto = ({ reply }) => reply(cluster("x"));
  const listener = await opened.listen({ handler, admission: quotas });
  return { listener, settings, update };
}

/** Asks, and resolves with what comes first: an answer, or the end. */
function askOn(socket: Socket): Promise<"answered" | "closed"> {
  return new Promise((resolve) => {
    socket.once("data", () => resolve("answered")).once("close", () => resolve("closed"));
    socket.write(askFrame(1));
  });
}

test("a connection beyond max.connections waits unread until another one ends", async () => {
  const { listener } = await limited({ "max.connections": "1" });
  const first = await opened.raw(listener.port);
  expect(await askOn(first)).toBe("answered");
  const second = await opened.raw(listener.port);
  let isAnswered = false;
  const outcome = askOn(second).then((said) => {
    isAnswered = true;
    return said;
  });
  first.write(askFrame(2));
  await once(first, "data");
  expect([isAnswered, listener.connectionCount]).toEqual([false, 1]);
  first.destroy();
  expect(await outcome).toBe("answered");
});

test("a connection beyond max.connections.per.ip is closed, and the console can say why", async () => {
  const { listener } = await limited({ "max.connections.per.ip": "1" });
  const first = await opened.raw(listener.port);
  expect(await askOn(first)).toBe("answered");
  expect(await askOn(await opened.raw(listener.port))).toBe("closed");
  expect(listener.clients().find(({ closedMs }) => closedMs !== null)).toMatchObject({
    refusal: "has its 1 connections already (max.connections.per.ip)",
    refusals: 1,
  });
  first.destroy();
  await once(first, "close");
  for (;;) if ((await askOn(await opened.raw(listener.port))) === "answered") break;
});

test("connections that come faster than max.connection.creation.rate are served all, the later ones later", async () => {
  const { listener } = await limited({ "max.connection.creation.rate": "20" });
  const outcomes = await Promise.all(Array.from({ length: 12 }, async () => askOn(await opened.raw(listener.port))));
  expect(new Set(outcomes)).toEqual(new Set(["answered"]));
});

test("an address beyond its connection_creation_rate is closed, and comes in again later", async () => {
  const { listener } = await limited({}, 10);
  const outcomes = await Promise.all(Array.from({ length: 8 }, async () => askOn(await opened.raw(listener.port))));
  expect(new Set(outcomes)).toEqual(new Set(["answered", "closed"]));
  expect(listener.clients().find(({ closedMs }) => closedMs !== null)!.refusal).toContain("connection_creation_rate");
  for (;;) if ((await askOn(await opened.raw(listener.port))) === "answered") break;
});

test("a lower max.connections ends those that were quiet longest", async () => {
  const { listener, settings, update } = await limited({ "max.connections": "3" });
  const sockets = [await opened.raw(listener.port), await opened.raw(listener.port), await opened.raw(listener.port)];
  for (const socket of sockets) expect(await askOn(socket)).toBe("answered");
  // A request within the same millisecond would leave it open who was quiet longer.
  for (const start = Date.now(); Date.now() === start;) await new Promise(setImmediate);
  expect(await askOn(sockets[0]!)).toBe("answered");
  settings["max.connections"] = "1";
  const ended = Promise.all(sockets.slice(1).map((socket) => once(socket, "close")));
  update();
  await ended;
  expect(await askOn(sockets[0]!)).toBe("answered");
});

test("a listener that closes leaves nobody waiting", async () => {
  const { listener } = await limited({ "max.connections": "0" });
  const socket = await opened.raw(listener.port);
  const ended = once(socket, "close");
  await listener.close();
  await ended;
});
