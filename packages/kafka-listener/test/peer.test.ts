import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createServer, type AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { ApiKey, CLIENT_ADVERTISED, newFetchRequest, newProduceRequest } from "@vitrine/protocol";
import { ClientConnection, TcpPeerNetwork } from "../src/index.ts";
import { ask, askFrame, askPeer, cluster, Events, Inbox, Opened } from "./support.ts";

const secret = "open sesame";
let opened = new Opened();
afterEach(async () => {
  await opened.close();
  opened = new Opened();
});

async function peer(handler = new Inbox()) {
  const listener = await opened.listen({ listener: "peer", secret, handler });
  return { handler, listener, port: listener.port };
}

function network(port: number, options: Partial<ConstructorParameters<typeof TcpPeerNetwork>[0]> = {}) {
  const created = opened.network(
    new TcpPeerNetwork({ clientId: "node-1", auth: { user: "1", secret }, connectTimeoutMs: 1_000, ...options }),
  );
  created.setEndpoints([{ nodeId: 2, host: "127.0.0.1", port }]);
  return { network: created, events: new Events(created) };
}

describe("the cluster secret", () => {
  test("who knows it is heard as a peer", async () => {
    const { handler, port } = await peer();
    handler.auto = ({ reply }) => reply(cluster("c"));
    const { network: net, events } = network(port);
    expect(await askPeer(net, 2)).toMatchObject({ ok: true, body: { clusterId: "c" } });
    expect(handler.seen[0]!.from.listener).toBe("peer");
    expect(events.all).toEqual(["connected 2"]);
  });

  test("who does not is refused in words, and its requests were not sent", async () => {
    const { handler, port } = await peer();
    const journal: string[] = [];
    const { network: net } = network(port, {
      auth: { user: "1", secret: "wrong" },
      journal: (_level, message) => journal.push(message),
    });
    expect(await askPeer(net, 2)).toEqual({ ok: false, reason: "not-sent" });
    await opened.journalSays(/does not know the cluster secret/);
    expect(journal.join()).toContain("Both need the same cluster secret");
    expect(handler.seen).toHaveLength(0);
  });

  test("nothing else is heard before it", async () => {
    const { handler, port } = await peer();
    const socket = await opened.raw(port);
    socket.write(askFrame(1));
    await once(socket, "close");
    await opened.journalSays(/before the cluster secret/);
    expect(handler.seen).toHaveLength(0);
  });

  test("before it frames are small", async () => {
    const { port } = await peer();
    const socket = await opened.raw(port);
    socket.write(Buffer.from("00100000", "hex"));
    await once(socket, "close");
    await opened.journalSays(/the most allowed here is 524288/);
  });

  test("a mechanism other than PLAIN gets error 33 with the list", async () => {
    const { port } = await peer();
    const client = await opened.client(port);
    const answer = await client.request(ApiKey.SaslHandshake, 1, { mechanism: "SCRAM-SHA-512" });
    expect(answer).toEqual({ errorCode: 33, mechanisms: ["PLAIN"] });
    await client.whenEnded();
  });
});

describe("requests to peers", () => {
  test("lanes do not wait for each other; each keeps its order", async () => {
    const { handler, port } = await peer();
    const { network: net } = network(port);
    const parked = askPeer(net, 2, "replication");
    const [first] = await handler.count(1);
    const quick = askPeer(net, 2, "control");
    (await handler.count(2))[1]!.reply(cluster("quick"));
    expect(await quick).toMatchObject({ ok: true });
    first!.reply(cluster("late"));
    expect(await parked).toMatchObject({ ok: true, body: { clusterId: "late" } });
  });

  test("polls have connections of their own, up to a bound; the rest waits and is served", async () => {
    const { handler, listener, port } = await peer();
    const { network: net } = network(port, { pollConnectionsMax: 3, pollQueuedMax: 2 });
    const results = Array.from({ length: 5 }, () => askPeer(net, 2, "poll"));
    expect(await askPeer(net, 2, "poll")).toEqual({ ok: false, reason: "not-sent" });
    const seen = await handler.count(3);
    expect(new Set(seen.map(({ from }) => from.connectionId)).size).toBe(3);
    expect(listener.connectionCount).toBe(3);
    handler.auto = ({ reply }) => reply(cluster("x"));
    for (const { reply } of seen.slice()) reply(cluster("x"));
    expect((await Promise.all(results)).every((result) => result.ok)).toBe(true);
    expect(listener.connectionCount).toBe(3);
  });

  test("a request without an answer in time is a timeout; the late answer disturbs nobody", async () => {
    const { handler, port } = await peer();
    const { network: net } = network(port);
    expect(await askPeer(net, 2, "control", 30)).toEqual({ ok: false, reason: "timeout" });
    const next = askPeer(net, 2);
    const seen = await handler.count(2);
    seen[0]!.reply(cluster("late"));
    seen[1]!.reply(cluster("next"));
    expect(await next).toMatchObject({ ok: true, body: { clusterId: "next" } });
  });

  test("a node nobody has named, and a version the other side does not serve, are not sent", async () => {
    const { port } = await peer();
    const { network: net } = network(port, { advertised: CLIENT_ADVERTISED });
    expect(await askPeer(net, 9)).toEqual({ ok: false, reason: "not-sent" });
    const request = { apiKey: ApiKey.Fetch, apiVersion: 17, clientId: null, body: newFetchRequest() };
    const result = await new Promise((resolve) => net.request(2, "data", request, 100, resolve));
    expect(result).toEqual({ ok: false, reason: "not-sent" });
  });

  test("acks=0 is done when it is written", async () => {
    const { handler, port } = await peer();
    const { network: net } = network(port);
    const request = { apiKey: ApiKey.Produce, apiVersion: 11, clientId: null, body: newProduceRequest({ acks: 0 }) };
    expect(await new Promise((resolve) => net.request(2, "data", request, 1_000, resolve))).toMatchObject({ ok: true });
    await handler.count(1);
  });

  test("a client listener can be asked too, without a secret", async () => {
    const handler = new Inbox();
    handler.auto = ({ reply, from }) => reply(cluster(from.listener));
    const { port } = await opened.listen({ handler });
    const { network: net } = network(port, { auth: null, advertised: CLIENT_ADVERTISED });
    expect(await askPeer(net, 2)).toMatchObject({ ok: true, body: { clusterId: "client" } });
  });
});

describe("dead, broken and silent peers", () => {
  test("nobody listens: refused, as result and as event", async () => {
    const { listener, port } = await peer();
    await listener.close();
    const { network: net, events } = network(port);
    expect(await askPeer(net, 2)).toEqual({ ok: false, reason: "refused" });
    await events.until("refused 2");
    expect(events.all).not.toContain("connected 2");
  });

  test("a peer that dies is lost and then refused, and what was in flight is disconnected", async () => {
    const { handler, listener, port } = await peer();
    const { network: net, events } = network(port);
    const inFlight = askPeer(net, 2);
    const parked = askPeer(net, 2, "replication");
    await handler.count(2);
    await listener.close();
    expect(await inFlight).toEqual({ ok: false, reason: "disconnected" });
    expect(await parked).toEqual({ ok: false, reason: "disconnected" });
    await events.until("refused 2");
    expect(events.all.slice(0, 2)).toEqual(["connected 2", "lost 2"]);
  });

  test("a connection that breaks while the peer lives is lost and found again", async () => {
    const { handler, port } = await peer();
    handler.auto = ({ reply }) => reply("close");
    const { network: net, events } = network(port);
    expect(await askPeer(net, 2)).toEqual({ ok: false, reason: "disconnected" });
    await events.until("lost 2");
    while (events.all.length < 3) await events.until("connected 2", "lost 2").then(() => new Promise(setImmediate));
    expect(events.all).toEqual(["connected 2", "lost 2", "connected 2"]);
    handler.auto = ({ reply }) => reply(cluster("again"));
    expect(await askPeer(net, 2)).toMatchObject({ ok: true });
  });

  test("a probe tells which it is", async () => {
    const { listener, port } = await peer();
    const first = network(port);
    first.network.probe(2);
    await first.events.until("connected 2");
    await listener.close();
    const second = network(port);
    second.network.probe(2);
    await second.events.until("refused 2");
  });

  test("a host that accepts and says nothing gives no event, and its requests were not sent", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { network: net, events } = network((silent.address() as AddressInfo).port, { connectTimeoutMs: 30 });
    expect(await askPeer(net, 2)).toEqual({ ok: false, reason: "not-sent" });
    expect(events.all).toEqual([]);
    net.close();
    silent.close();
  });

  test("a restarted peer at another port is found there", async () => {
    const one = await peer();
    one.handler.auto = ({ reply }) => reply(cluster("one"));
    const two = await peer();
    two.handler.auto = ({ reply }) => reply(cluster("two"));
    const { network: net } = network(one.port);
    expect(await askPeer(net, 2)).toMatchObject({ body: { clusterId: "one" } });
    net.setEndpoints([{ nodeId: 2, host: "127.0.0.1", port: two.port }]);
    expect(await askPeer(net, 2)).toMatchObject({ body: { clusterId: "two" } });
  });
});

test.skipIf(process.platform === "win32")(
  "a process of its own: frozen it is silent, killed it is lost and refused",
  async () => {
    const child = spawn(process.execPath, [fileURLToPath(new URL("./peer-process.ts", import.meta.url)), secret], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    try {
      const [line] = (await once(child.stdout, "data")) as [Buffer];
      const { network: net, events } = network(Number(line.toString()));
      expect(await askPeer(net, 2)).toMatchObject({ ok: true, body: { clusterId: "child" } });
      child.kill("SIGSTOP");
      expect(await askPeer(net, 2, "control", 50)).toEqual({ ok: false, reason: "timeout" });
      expect(events.all).toEqual(["connected 2"]);
      child.kill("SIGCONT");
      expect(await askPeer(net, 2)).toMatchObject({ ok: true });
      const inFlight = askPeer(net, 2, "replication");
      child.kill("SIGSTOP");
      child.kill("SIGKILL");
      expect(await inFlight).toMatchObject({ ok: false });
      await events.until("refused 2");
      // Refused once by the try after the loss, perhaps once more by the request itself.
      expect([...new Set(events.all)]).toEqual(["connected 2", "lost 2", "refused 2"]);
    } finally {
      child.kill("SIGKILL");
    }
  },
);

describe("isolation", () => {
  test("an isolated node's requests end in silence, without an event; after rejoining they are answered", async () => {
    const { handler, port } = await peer();
    handler.auto = ({ reply }) => reply(cluster("c"));
    const { network: net, events } = network(port);
    await askPeer(net, 2);
    net.isolate(true);
    expect(await askPeer(net, 2, "control", 30)).toEqual({ ok: false, reason: "timeout" });
    net.probe(2);
    expect(await askPeer(net, 2, "raft", 30)).toEqual({ ok: false, reason: "timeout" });
    expect(events.all).toEqual(["connected 2"]);
    net.isolate(false);
    expect(await askPeer(net, 2)).toMatchObject({ ok: true });
    expect(events.all).not.toContain("refused 2");
  });

  test("towards an isolated listener everything is silent: old connections, new ones, and no RST", async () => {
    const { handler, listener, port } = await peer();
    handler.auto = ({ reply }) => reply(cluster("c"));
    const old = network(port);
    await askPeer(old.network, 2);
    listener.isolate(true);
    expect(await askPeer(old.network, 2, "control", 30)).toEqual({ ok: false, reason: "timeout" });
    const fresh = network(port, { connectTimeoutMs: 40 });
    expect(await askPeer(fresh.network, 2)).toEqual({ ok: false, reason: "not-sent" });
    expect(old.events.all).toEqual(["connected 2"]);
    expect(fresh.events.all).toEqual([]);
    listener.isolate(false);
    await old.events.until("lost 2");
    expect(await askPeer(old.network, 2)).toMatchObject({ ok: true });
    expect(old.events.all).not.toContain("refused 2");
  });

  test("an answer that was parked when the node was cut off never leaves", async () => {
    const { handler, listener, port } = await peer();
    const { network: net } = network(port);
    const parked = askPeer(net, 2, "replication");
    const [seen] = await handler.count(1);
    listener.isolate(true);
    seen!.reply(cluster("too late"));
    listener.isolate(false);
    expect(await parked).toEqual({ ok: false, reason: "disconnected" });
  });
});

test("a closed port tells a client in a sentence", async () => {
  const { listener, port } = await peer();
  await listener.close();
  await expect(ClientConnection.open({ host: "127.0.0.1", port })).rejects.toThrow("refused");
  void ask;
});
