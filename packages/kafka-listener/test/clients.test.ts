import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { ApiKey, encodeRequest, newApiVersionsRequest, newApiVersionsResponse } from "@vitrine/protocol";
import { type Listener, TcpPeerNetwork } from "../src/index.ts";
import { ask, askFrame, askPeer, cluster, Inbox, Opened } from "./support.ts";

let opened = new Opened();
afterEach(async () => {
  await opened.close();
  opened = new Opened();
});

const introduce = (name: string, version: string, apiVersion = 4) =>
  encodeRequest(
    { apiKey: ApiKey.ApiVersions, apiVersion, correlationId: 1, clientId: "orders-app" },
    newApiVersionsRequest({ clientSoftwareName: name, clientSoftwareVersion: version }),
  );

/** A DescribeCluster frame that states another key and version. */
function renumbered(apiKey: number, apiVersion: number, clientId?: string): Buffer {
  const frame = Buffer.from(clientId === undefined ? askFrame(1) : clientFrame(clientId));
  frame.writeInt16BE(apiKey, 4);
  frame.writeInt16BE(apiVersion, 6);
  return frame;
}

const clientFrame = (clientId: string) =>
  encodeRequest({ apiKey: ApiKey.DescribeCluster, apiVersion: 0, correlationId: 1, clientId }, ask);

async function refusedBy(listener: Listener, bytes: Uint8Array): Promise<void> {
  const socket = await opened.raw(listener.port);
  socket.write(bytes);
  await once(socket, "close");
}

test("a connected client is shown with its names, what it last asked and how much it sent", async () => {
  const handler = new Inbox();
  handler.auto = ({ request, reply }) =>
    reply(request.apiKey === ApiKey.ApiVersions ? newApiVersionsResponse() : cluster("x"));
  const listener = await opened.listen({ handler });
  const socket = await opened.raw(listener.port);
  const hello = introduce("librdkafka", "2.15.1");
  socket.write(hello);
  await once(socket, "data");
  expect(listener.clients()).toMatchObject([
    {
      remote: `127.0.0.1:${socket.localPort}`,
      clientId: "orders-app",
      softwareName: "librdkafka",
      softwareVersion: "2.15.1",
      principal: "User:ANONYMOUS",
      requests: 1,
      bytesIn: hello.length,
      lastApi: "ApiVersions",
      lastApiVersion: 4,
      refusal: null,
      closedMs: null,
    },
  ]);
  socket.write(askFrame(2));
  await once(socket, "data");
  const [client] = listener.clients();
  expect(client).toMatchObject({
    requests: 2,
    lastApi: "DescribeCluster",
    softwareName: "librdkafka",
    clientId: "raw",
  });
  expect(client!.lastRequestMs).toBeGreaterThanOrEqual(client!.connectedSinceMs);
  expect(client!.bytesOut).toBeGreaterThan(0);
  socket.end();
  await once(socket, "close");
  expect(listener.clients()).toEqual([]);
});

test("a node that uses a client listener says what it is before it asks", async () => {
  const handler = new Inbox();
  handler.auto = ({ request, reply }) =>
    reply(request.apiKey === ApiKey.ApiVersions ? newApiVersionsResponse() : cluster("x"));
  const listener = await opened.listen({ handler });
  const software = { name: "vitrine-http", version: "1.2.3" };
  const gateway = opened.network(new TcpPeerNetwork({ clientId: "gateway", auth: null, software }));
  gateway.setEndpoints([{ nodeId: 2, host: "127.0.0.1", port: listener.port }]);
  expect(await askPeer(gateway, 2)).toMatchObject({ ok: true });
  expect(listener.clients()).toMatchObject([
    { softwareName: "vitrine-http", softwareVersion: "1.2.3", lastApi: "DescribeCluster", requests: 2 },
  ]);
});

test("a client that was refused stays to be seen, with the reason in words", async () => {
  const listener = await opened.listen({ handler: new Inbox() });
  await refusedBy(listener, renumbered(ApiKey.Produce, 2));
  await refusedBy(listener, renumbered(999, 0));
  await refusedBy(listener, Buffer.from("7fffffff", "hex"));
  expect(listener.clients().map(({ refusal }) => refusal)).toEqual([
    "sent Produce version 2, which this listener does not serve: it writes the record formats of before Kafka 0.11; use a client of 0.11 or newer",
    "sent key 999 version 0, which this listener does not serve",
    expect.stringMatching(/^sent what is no request: a frame of 2147483647 bytes/),
  ]);
  expect(listener.clients().every(({ closedMs }) => closedMs !== null)).toBe(true);
});

test("a client that comes again and again is one row with a count, and the rows are bounded", async () => {
  const listener = await opened.listen({ handler: new Inbox() });
  for (let i = 0; i < 3; i++) await refusedBy(listener, renumbered(ApiKey.Fetch, 99));
  expect(listener.clients()).toMatchObject([{ refusals: 3 }]);
  for (let i = 0; i < 150; i++) await refusedBy(listener, renumbered(900 + i, 0));
  expect(listener.clients()).toHaveLength(100);
});

test("the handler's refusal is shown at the connection that goes on", async () => {
  const handler = new Inbox();
  handler.auto = ({ from, reply }) => {
    from.noteRefusal?.("wrote to t-0: record format 1 is not supported");
    reply(cluster("x"));
  };
  const listener = await opened.listen({ handler });
  const client = await opened.client(listener.port);
  await client.request(ApiKey.DescribeCluster, 0, ask);
  expect(listener.clients()).toMatchObject([
    { refusal: "wrote to t-0: record format 1 is not supported", refusals: 1, closedMs: null },
  ]);
});

test("what a client says about itself is kept cut short", async () => {
  const handler = new Inbox();
  handler.auto = ({ reply }) => reply(cluster("x"));
  const listener = await opened.listen({ handler });
  const socket = await opened.raw(listener.port);
  socket.write(clientFrame("n".repeat(30_000)));
  await once(socket, "data");
  expect(listener.clients()[0]!.clientId!.length).toBeLessThan(300);
  expect(handler.seen[0]!.request.clientId).toHaveLength(30_000);
});
