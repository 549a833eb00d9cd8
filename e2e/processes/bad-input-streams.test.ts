/** Streams and connections that go wrong: the receipts say what was taken, what came whole is there, nothing else is. */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, type RunningCluster } from "../fixtures/cluster.ts";
import { expectProblem, expectProblemBody, type ProblemBody } from "../fixtures/problems.ts";
import { call, RawSocket, splitAnswers } from "../fixtures/raw-http.ts";
import { createTopic, valuesOf } from "../fixtures/topics.ts";

let cluster: RunningCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster?.stop());

interface Receipt {
  readonly n?: number;
  readonly partition?: number;
  readonly offset?: number;
  readonly error?: ProblemBody;
}

const receiptsOf = (text: string): Receipt[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Receipt);

const NDJSON = { "content-type": "application/x-ndjson" };

async function stream(
  path: string,
  body: string | Uint8Array,
  headers: Record<string, string> = NDJSON,
): Promise<Receipt[]> {
  const reply = await cluster.fetch(path, { method: "POST", headers, body: body as RequestInit["body"] & {} });
  expect(reply.status).toBe(200);
  expect(reply.headers.get("content-type")).toMatch(/^application\/x-ndjson/);
  return receiptsOf(await reply.text());
}

/** Opens a chunked POST by hand; the receipts of what was sent come on the same socket. */
async function openUpload(path: string, contentType: string): Promise<RawSocket> {
  const socket = await RawSocket.open(cluster.url);
  const { host } = new URL(cluster.url);
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: ${contentType}\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  return socket;
}

const receiptCount = (received: Buffer) => received.toString().match(/"offset":\d+/g)?.length ?? 0;

/** One record through a fresh connection: the cluster is alive, and everything before it is decided. */
async function barrier(topic: string): Promise<void> {
  expect((await cluster.fetch(`/topics/${topic}/values?partition=0`, { method: "POST", body: "barrier" })).status).toBe(
    201,
  );
}

describe("a stream that is not whole", () => {
  test("one bad line in the middle is told at its place; the lines around it are taken in order", async () => {
    const receipts = await stream(
      "/topics/middle/records?partition=0",
      '{"value":0}\n{"value":1}\n{"value":}\n{"value":3}\n{"valeu":4}\n{"value":5}\n',
    );
    expect(receipts.map((receipt) => receipt.n)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(receipts.map((receipt) => receipt.offset)).toEqual([0, 1, undefined, 2, undefined, 3]);
    expectProblemBody(receipts[2]!.error!, { status: 400, detail: /\d/ });
    expectProblemBody(receipts[4]!.error!, { status: 422 });
    expect(await valuesOf(cluster, "middle")).toEqual(["0", "1", "3", "5"]);
  });

  test("a body that ends in the middle of a record: the receipts name the half one, the whole ones are there", async () => {
    const receipts = await stream("/topics/ended/records?partition=0", '{"value":"a"}\n{"value":"b"}\n{"value":"c');
    expect(receipts.slice(0, 2).map((receipt) => receipt.offset)).toEqual([0, 1]);
    expectProblemBody(receipts[2]!.error!, { status: 400 });
    expect(receipts).toHaveLength(3);
    expect(await valuesOf(cluster, "ended")).toEqual(["a", "b"]);
  });

  test.each([
    ["application/x-ndjson", ""],
    ["text/plain", "?split=lines"],
  ])(
    "a connection cut in the middle of a record (%s): what had a receipt is there, the half record is not",
    async (type, query) => {
      const topic = type === "text/plain" ? "cut-lines" : "cut-ndjson";
      await createTopic(cluster, topic);
      const socket = await openUpload(`/topics/${topic}/values${query}`, type);
      socket.writeChunk("100\n101\n10");
      await socket.until((received) => receiptCount(received) === 2, "two receipts while the body is still open");
      socket.writeChunk("2\n103\n10");
      const received = await socket.until((bytes) => receiptCount(bytes) === 4, "four receipts");
      expect(received.toString()).not.toContain('"error"');
      socket.destroy();
      await barrier(topic);
      expect(await valuesOf(cluster, topic)).toEqual(["100", "101", "102", "103", "barrier"]);
    },
  );

  test("a line longer than the limit of a record ends the stream with a receipt that says so; the lines before it are taken", async () => {
    const socket = await openUpload("/topics/long-line/values?split=lines", "text/plain");
    socket.writeChunk("short\n");
    for (let i = 0; i < 40; i++) socket.writeChunk("x".repeat(64 << 10));
    const received = await socket.until((bytes) => bytes.includes('"error"'), "the receipt of the long line");
    expect(received.toString()).toMatch(/"status":413/);
    socket.destroy();
    await barrier("long-line");
    expect(await valuesOf(cluster, "long-line")).toEqual(["short", "barrier"]);
  });

  test("a record over max.message.bytes in a stream fails alone", async () => {
    await createTopic(cluster, "small-lines", { config: { "max.message.bytes": "1000" } });
    const receipts = await stream("/topics/small-lines/values", `1\n"${"x".repeat(5000)}"\n3\n`);
    expect(receipts[0]!.offset).toBe(0);
    expectProblemBody(receipts[1]!.error!, { status: 413, kafka: [10, "MESSAGE_TOO_LARGE"] });
    expect(receipts[2]!.offset).toBe(1);
    expect(await valuesOf(cluster, "small-lines")).toEqual(["1", "3"]);
  });

  test("a compressed stream that unpacks into one endless record is ended at the limit of a record", async () => {
    const bomb = gzipSync(Buffer.alloc(300 << 20, "x"), { level: 1 });
    const reply = await cluster.fetch("/topics/bombed/values", {
      method: "POST",
      headers: { ...NDJSON, "content-encoding": "gzip" },
      body: bomb,
    });
    expect(await reply.text()).toMatch(/"status":413/);
    await barrier("bombed");
    expect(await valuesOf(cluster, "bombed")).toEqual(["barrier"]);
  });

  test("a compressed stream cut in the middle: what could be unpacked whole is taken, the end is told", async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `"${i}-${(i * 2_654_435_761) % 4_294_967_296}"\n`).join("");
    const packed = gzipSync(lines);
    const receipts = await stream("/topics/half-gzip/values?partition=0", packed.subarray(0, packed.length >> 1), {
      ...NDJSON,
      "content-encoding": "gzip",
    });
    const taken = receipts.filter((receipt) => receipt.offset !== undefined);
    expect(taken.length).toBeGreaterThan(100);
    expect(taken.length).toBeLessThan(20_000);
    expectProblemBody(receipts.at(-1)!.error!, { status: 400, sideEffects: "applied" });
    const values = await valuesOf(cluster, "half-gzip");
    expect(values.slice(0, 3)).toEqual(lines.split("\n", 3).map((line) => JSON.parse(line) as string));
    const described = await cluster.json<{ partitions: { high_watermark: number }[] }>("/topics/half-gzip");
    expect(described.partitions[0]!.high_watermark).toBe(taken.length);
  });
});

describe("connections that misbehave", () => {
  test("a client that disconnects in the middle of a closed body leaves nothing behind", async () => {
    await createTopic(cluster, "left");
    const { host } = new URL(cluster.url);
    const whole = JSON.stringify(Array.from({ length: 50 }, (_, i) => ({ value: i })));
    for (let i = 0; i < 20; i++) {
      const socket = await RawSocket.open(cluster.url);
      socket.write(
        `POST /topics/left/records HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${whole.length}\r\n\r\n${whole.slice(0, 200)}`,
      );
      socket.destroy();
    }
    await barrier("left");
    expect(await valuesOf(cluster, "left")).toEqual(["barrier"]);
  });

  test("a client that leaves without waiting for the answer has its request done once or not at all", async () => {
    await createTopic(cluster, "gone");
    const { host } = new URL(cluster.url);
    for (let i = 0; i < 20; i++) {
      const socket = await RawSocket.open(cluster.url);
      socket.write(
        `POST /topics/gone/values HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 2\r\n\r\n${String(i).padStart(2, "0")}`,
      );
      socket.destroy();
    }
    await barrier("gone");
    const values = (await valuesOf(cluster, "gone")).filter((value) => value !== "barrier");
    expect(new Set(values).size).toBe(values.length);
  });

  test("two hundred requests pipelined on one connection are answered in order, each once", async () => {
    await createTopic(cluster, "pipelined");
    const { host } = new URL(cluster.url);
    const socket = await RawSocket.open(cluster.url);
    let requests = "";
    for (let i = 0; i < 200; i++) {
      const value = `p${i}`;
      requests += `POST /topics/pipelined/values?partition=0 HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${value.length}\r\n\r\n${value}`;
    }
    socket.write(requests);
    await socket.until((received) => splitAnswers(received).length === 200, "two hundred answers", 20_000);
    const answers = splitAnswers(socket.received);
    socket.destroy();
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([201]));
    const offsets = answers.map(
      (answer) => (JSON.parse(answer.body) as { offsets: { first_offset: number }[] }).offsets[0]!.first_offset,
    );
    const values = await valuesOf(cluster, "pipelined");
    expect(values).toHaveLength(200);
    expect(offsets.map((offset) => values[offset])).toEqual(Array.from({ length: 200 }, (_, i) => `p${i}`));
  });

  test("a header over 16 KB is 431, a target over it 414 or 431, and the server goes on", async () => {
    const big = await call(cluster.url, "/topics", { headers: { "x-long": "x".repeat(20_000) } });
    expect(big.status).toBe(431);
    const socket = await RawSocket.open(cluster.url);
    socket.write(`GET /topics?prefix=${"x".repeat(20_000)} HTTP/1.1\r\nHost: ${new URL(cluster.url).host}\r\n\r\n`);
    await socket.until((received) => /^HTTP\/1\.1 (414|431) /.test(received.toString()), "414 or 431");
    socket.destroy();
    expect((await cluster.fetch("/livez")).status).toBe(200);
  });

  test("bytes that are not HTTP get 400 and the connection is closed", async () => {
    const socket = await RawSocket.open(cluster.url);
    socket.write("\u0016\u0003\u0001 not http at all\r\n\r\n");
    await socket.untilClosed("after garbage");
    expect(socket.received.toString()).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("a length that is no number, or that is given twice, is 400", async () => {
    for (const lengths of ["Content-Length: x", "Content-Length: 1\r\nContent-Length: 2"]) {
      const socket = await RawSocket.open(cluster.url);
      socket.write(
        `POST /topics/smuggled/values HTTP/1.1\r\nHost: ${new URL(cluster.url).host}\r\n${lengths}\r\n\r\nx`,
      );
      await socket.until((received) => received.toString().startsWith("HTTP/1.1 400 "), "400");
      socket.destroy();
    }
    await expectProblem(await cluster.fetch("/topics/smuggled"), { status: 404 });
  });
});
