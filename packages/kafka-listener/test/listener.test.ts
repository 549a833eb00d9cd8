import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import {
  ApiKey,
  CLIENT_ADVERTISED,
  decodeResponse,
  encodeRequest,
  newApiVersionsRequest,
  newApiVersionsResponse,
  newFetchRequest,
  newFetchResponse,
  newProduceResponse,
  newSaslHandshakeRequest,
  newSaslHandshakeResponse,
  newVoteRequest,
} from "@vitrine/protocol";
import { ask, askFrame, cluster, Inbox, Opened, produce } from "./support.ts";

let opened = new Opened();
afterEach(async () => {
  await opened.close();
  opened = new Opened();
});

describe("requests and answers", () => {
  test("answers keep the order of the requests, however they are handled", async () => {
    const handler = new Inbox();
    const { port } = await opened.listen({ handler });
    const client = await opened.client(port);
    const order: string[] = [];
    const answers = ["a", "b", "c", "d"].map(() =>
      client.request(ApiKey.DescribeCluster, 2, ask).then((body) => order.push(body.clusterId)),
    );
    const seen = await handler.count(4);
    for (const index of [3, 1, 0, 2]) seen[index]!.reply(cluster("abcd"[index]!));
    await Promise.all(answers);
    expect(order).toEqual(["a", "b", "c", "d"]);
  });

  test("a thousand pipelined requests are all answered", async () => {
    const handler = new Inbox();
    handler.auto = ({ reply, request }) => setImmediate(() => reply(cluster(String(request.clientId))));
    const { port } = await opened.listen({ handler });
    const client = await opened.client(port);
    const bodies = await Promise.all(
      Array.from({ length: 1000 }, () => client.request(ApiKey.DescribeCluster, 1, ask)),
    );
    expect(bodies.every((body) => body.clusterId === "vitrine")).toBe(true);
  });

  test("Q7 a connection that is muted gets its answer at once and is not read for as long; others are", async () => {
    const handler = new Inbox();
    const { port } = await opened.listen({ handler });
    const [throttled, other] = [await opened.client(port), await opened.client(port)];
    const muteMs = 150;
    const first = throttled.request(ApiKey.DescribeCluster, 2, ask);
    (await handler.count(1))[0]!.reply(cluster("first"), muteMs);
    const sinceMs = performance.now();
    expect((await first).clusterId).toBe("first");
    const second = throttled.request(ApiKey.DescribeCluster, 2, ask);
    const third = other.request(ApiKey.DescribeCluster, 2, ask);
    (await handler.count(2))[1]!.reply(cluster("third"));
    expect((await third).clusterId).toBe("third");
    (await handler.count(3))[2]!.reply(cluster("second"));
    // Timers count whole milliseconds.
    expect(performance.now() - sinceMs).toBeGreaterThanOrEqual(muteMs - 2);
    expect((await second).clusterId).toBe("second");
  });

  test("bytes that come one by one make a request", async () => {
    const handler = new Inbox();
    handler.auto = ({ reply }) => reply(cluster("x"));
    const { port } = await opened.listen({ handler });
    const socket = await opened.raw(port);
    socket.setNoDelay(true);
    for (const byte of askFrame(77)) {
      socket.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    const [chunk] = (await once(socket, "data")) as [Buffer];
    expect(decodeResponse(ApiKey.DescribeCluster, 0, chunk.subarray(4))).toMatchObject({
      correlationId: 77,
      body: { clusterId: "x" },
    });
  });

  test("acks=0 has no answer, and what follows it has one", async () => {
    const handler = new Inbox();
    handler.auto = ({ request, reply }) => reply(request.apiKey === ApiKey.Produce ? null : cluster("after"));
    const { port } = await opened.listen({ handler });
    const client = await opened.client(port);
    void client.request(ApiKey.Produce, 9, produce(0));
    expect(await client.request(ApiKey.DescribeCluster, 0, ask)).toMatchObject({ clusterId: "after" });
    expect(handler.seen[0]!.request).toMatchObject({ apiKey: 0, apiVersion: 9, body: { acks: 0 } });
  });

  test("a handler that has no honest answer ends the connection, after the answers before it", async () => {
    const handler = new Inbox();
    const { port } = await opened.listen({ handler });
    const client = await opened.client(port);
    const first = client.request(ApiKey.DescribeCluster, 0, ask);
    const second = client.request(ApiKey.DescribeCluster, 0, ask);
    const refused = expect(second).rejects.toThrow("ended");
    const seen = await handler.count(2);
    seen[1]!.reply("close");
    seen[0]!.reply(cluster("first"));
    expect(await first).toMatchObject({ clusterId: "first" });
    await refused;
  });

  test("the handler learns where a request comes from", async () => {
    const handler = new Inbox();
    handler.auto = ({ reply }) => reply(cluster("x"));
    const { port } = await opened.listen({ handler });
    await (await opened.client(port)).request(ApiKey.DescribeCluster, 0, ask);
    expect(handler.seen[0]!.from).toMatchObject({
      listener: "client",
      remote: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    });
  });
});

describe("versions", () => {
  test("an ApiVersions version of the future is answered with what this listener serves", async () => {
    const { port } = await opened.listen({ handler: new Inbox() });
    const socket = await opened.raw(port);
    const frame = Buffer.from(
      encodeRequest({ apiKey: 18, apiVersion: 3, correlationId: 5, clientId: null }, newApiVersionsRequest()),
    );
    frame.writeInt16BE(99, 6);
    socket.write(frame);
    const [chunk] = (await once(socket, "data")) as [Buffer];
    const { body } = decodeResponse(ApiKey.ApiVersions, 0, chunk.subarray(4));
    expect(body).toMatchObject({ errorCode: 35, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] });
  });

  test.each([
    ["a version that is not served", ApiKey.Fetch, 13, newFetchRequest()],
    ["an advertised version that nobody serves", ApiKey.Produce, 2, null],
    ["a request of peers", ApiKey.Vote, 0, newVoteRequest()],
    ["a key that does not exist", 99, 0, null],
  ])("%s ends the connection and says so", async (_what, apiKey, apiVersion, body) => {
    const handler = new Inbox();
    const { port } = await opened.listen({ handler });
    const socket = await opened.raw(port);
    const frame = Buffer.from(
      body === null ? askFrame(1) : encodeRequest({ apiKey, apiVersion, correlationId: 1, clientId: null }, body),
    );
    frame.writeInt16BE(apiKey, 4);
    frame.writeInt16BE(apiVersion, 6);
    socket.write(frame);
    await once(socket, "close");
    expect(await opened.journalSays(/does not serve/)).toContain(`version ${apiVersion}`);
    expect(handler.seen).toHaveLength(0);
  });

  test("ApiVersions goes to the handler in the versions of the table", async () => {
    const handler = new Inbox();
    handler.auto = ({ reply }) => reply(newApiVersionsResponse());
    const { port } = await opened.listen({ handler });
    const client = await opened.client(port);
    const { max } = CLIENT_ADVERTISED.get(ApiKey.ApiVersions)!;
    expect(await client.request(ApiKey.ApiVersions, max, newApiVersionsRequest())).toMatchObject({ errorCode: 0 });
  });
});

test("a SASL request on a listener that asks for none is the handler's to answer, and the connection goes on", async () => {
  const handler = new Inbox();
  handler.auto = ({ request, reply }) =>
    reply(request.apiKey === ApiKey.SaslHandshake ? newSaslHandshakeResponse({ errorCode: 34 }) : cluster("x"));
  const { port } = await opened.listen({ handler });
  const client = await opened.client(port);
  const handshake = newSaslHandshakeRequest({ mechanism: "PLAIN" });
  expect(await client.request(ApiKey.SaslHandshake, 1, handshake)).toMatchObject({ errorCode: 34 });
  expect(await client.request(ApiKey.DescribeCluster, 0, ask)).toMatchObject({ clusterId: "x" });
});

describe("bytes that lie, and sides that do not listen", () => {
  test.each([
    ["a frame above the bound", Buffer.from("7fffffff", "hex"), /the most allowed here/],
    ["a negative length", Buffer.from("ffffffff00", "hex"), /length of -1/],
    ["a frame without a header", Buffer.from("0000000200ff", "hex"), /bytes are needed/],
    ["a body that is none", Buffer.from("0000000a" + "00030009" + "00000001" + "ffff", "hex"), /Metadata request v9/],
  ])("%s ends the connection and says so; others go on", async (_what, bytes, says) => {
    const handler = new Inbox();
    handler.auto = ({ reply }) => reply(cluster("alive"));
    const { port } = await opened.listen({ handler });
    const socket = await opened.raw(port);
    socket.write(bytes);
    await once(socket, "close");
    await opened.journalSays(says);
    const client = await opened.client(port);
    expect(await client.request(ApiKey.DescribeCluster, 0, ask)).toMatchObject({ clusterId: "alive" });
  });

  test("half a frame and a closed socket leave nothing behind", async () => {
    const handler = new Inbox();
    const listener = await opened.listen({ handler });
    const socket = await opened.raw(listener.port);
    socket.end(Buffer.from(askFrame(1)).subarray(0, 9));
    await once(socket, "close");
    expect(listener.connectionCount).toBe(0);
    expect(handler.seen).toHaveLength(0);
  });

  test("a client that never reads holds a bounded amount of answers, and gets all of them when it reads", async () => {
    const handler = new Inbox();
    const records = new Uint8Array(100_000);
    const body = newFetchResponse({
      responses: [{ topic: "t", topicId: cluster("").clusterId as never, partitions: [] }],
    });
    const partition = { partitionIndex: 0, errorCode: 0, highWatermark: 0, lastStableOffset: 0, logStartOffset: 0 };
    const rest = {
      divergingEpoch: { epoch: -1, endOffset: -1 },
      currentLeader: { leaderId: -1, leaderEpoch: -1 },
      snapshotId: { endOffset: -1, epoch: -1 },
      abortedTransactions: null,
      preferredReadReplica: -1,
    };
    body.responses = [{ ...body.responses[0]!, partitions: [{ ...partition, ...rest, records }] }];
    handler.auto = ({ reply }) => reply(body);
    const outputBytesMax = 1_000_000;
    const listener = await opened.listen({ handler, limits: { outputBytesMax } });
    const socket = await opened.raw(listener.port);
    socket.pause();
    const total = 400;
    const frame = encodeRequest(
      { apiKey: ApiKey.Fetch, apiVersion: 4, correlationId: 0, clientId: null },
      newFetchRequest(),
    );
    for (let i = 0; i < total; i++) socket.write(frame);
    // The listener stops by itself: nothing more is handled once the bound is reached.
    let before = -1;
    while (handler.seen.length !== before) {
      before = handler.seen.length;
      for (let i = 0; i < 50; i++) await new Promise(setImmediate);
    }
    expect(handler.seen.length).toBeLessThan(total);
    expect(listener.outputBytes()).toBeLessThan(outputBytesMax + 5 * 101_000);
    let received = 0;
    socket.on("data", (chunk: Buffer) => (received += chunk.length));
    socket.resume();
    await handler.count(total);
    while (received < total * 100_000) await once(socket, "data");
  });

  test("when all connections together hold too much unread, a fetch brings little; when they have read, as much as asked for", async () => {
    const handler = new Inbox();
    const topic = { topic: "t", topicId: cluster("").clusterId as never };
    const partition = {
      partitionIndex: 0,
      errorCode: 0,
      highWatermark: 0,
      lastStableOffset: 0,
      logStartOffset: 0,
      divergingEpoch: { epoch: -1, endOffset: -1 },
      currentLeader: { leaderId: -1, leaderEpoch: -1 },
      snapshotId: { endOffset: -1, epoch: -1 },
      abortedTransactions: null,
      preferredReadReplica: -1,
    };
    const asked: number[] = [];
    handler.auto = ({ request, reply }) => {
      const { maxBytes } = request.body as ReturnType<typeof newFetchRequest>;
      asked.push(maxBytes);
      const partitions = [{ ...partition, records: new Uint8Array(maxBytes) }];
      reply(newFetchResponse({ responses: [{ ...topic, partitions }] }));
    };
    // More than the operating system takes off our hands for a side that does not read.
    const much = 16 << 20;
    const little = 1 << 20;
    const listener = await opened.listen({ handler, limits: { outputTotalBytesMax: 24 << 20 } });
    const frame = encodeRequest(
      { apiKey: ApiKey.Fetch, apiVersion: 4, correlationId: 0, clientId: null },
      newFetchRequest({ maxBytes: much }),
    );
    const ask = async () => {
      const socket = await opened.raw(listener.port);
      socket.pause();
      socket.write(frame);
      await handler.count(asked.length + 1);
      return socket;
    };
    const deaf = [await ask()];
    expect(asked).toEqual([much]);
    // The sum is looked at anew every few milliseconds, so a few more may get much.
    while (asked.at(-1) === much) deaf.push(await ask());
    expect(asked.at(-1)).toBe(little);
    expect(listener.outputBytes()).toBeGreaterThan(24 << 20);
    for (const socket of deaf) socket.destroy();
    while (asked.at(-1) === little) (await ask()).destroy();
    expect(asked.at(-1)).toBe(much);
  });

  test("produce requests wait while the disk is behind; other connections go on", async () => {
    const handler = new Inbox();
    handler.auto = ({ request, reply }) =>
      reply(request.apiKey === ApiKey.Produce ? newProduceResponse() : cluster("x"));
    let behind = true;
    let asked = 0;
    const shouldPauseProduce = () => {
      asked += 1;
      return behind;
    };
    const { port } = await opened.listen({ handler, shouldPauseProduce });
    const producer = await opened.client(port);
    const produced = producer.request(ApiKey.Produce, 9, produce(-1));
    const behindIt = producer.request(ApiKey.DescribeCluster, 0, ask);
    const other = await opened.client(port);
    while (asked < 3) await other.request(ApiKey.DescribeCluster, 0, ask);
    expect(handler.seen.some(({ request }) => request.apiKey === ApiKey.Produce)).toBe(false);
    behind = false;
    await produced;
    await behindIt;
  });

  test("only so many fetches of one connection are handled at once", async () => {
    const handler = new Inbox();
    const { port } = await opened.listen({ handler, limits: { inFlightFetchesMax: 2 } });
    const client = await opened.client(port);
    const answers = Array.from({ length: 5 }, () => client.request(ApiKey.Fetch, 4, newFetchRequest()));
    await handler.count(2);
    const other = await opened.client(port);
    const probe = other.request(ApiKey.DescribeCluster, 0, ask);
    (await handler.count(3)).at(-1)!.reply(cluster("x"));
    await probe;
    expect(handler.seen.filter(({ request }) => request.apiKey === ApiKey.Fetch)).toHaveLength(2);
    handler.auto = ({ reply }) => reply(newFetchResponse());
    for (const { request, reply } of handler.seen.slice())
      if (request.apiKey === ApiKey.Fetch) reply(newFetchResponse());
    await Promise.all(answers);
  });

  test("more connections than allowed are refused, and there is room again when one leaves", async () => {
    const handler = new Inbox();
    handler.auto = ({ reply }) => reply(cluster("x"));
    const { port } = await opened.listen({ handler, limits: { connectionsMax: 1 } });
    const first = await opened.client(port);
    await first.request(ApiKey.DescribeCluster, 0, ask);
    const socket = await opened.raw(port);
    await once(socket, "close");
    await opened.journalSays(/refused/);
    first.close();
    for (;;) {
      const again = await opened.client(port);
      const answer = await again.request(ApiKey.DescribeCluster, 0, ask).catch(() => null);
      if (answer !== null) break;
    }
  });

  test("a silent connection is closed after the idle time", async () => {
    const { port } = await opened.listen({ handler: new Inbox(), limits: { idleTimeoutMs: 20 } });
    const socket = await opened.raw(port);
    await once(socket, "close");
    await opened.journalSays(/was silent for 20 ms/);
  });
});
