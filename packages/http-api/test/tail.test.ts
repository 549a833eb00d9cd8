import { connect } from "node:net";
import { beforeAll, expect, test } from "vitest";
import { serve } from "./harness.ts";
import type { Harness } from "./harness.ts";

let h: Harness;
let base: string;
beforeAll(async () => {
  h = await serve();
  base = await h.app.listen({ port: 0, host: "127.0.0.1" });
});

/** Reads a stream until its text satisfies the test, then hangs up. */
async function until(
  path: string,
  headers: Record<string, string>,
  done: (text: string) => boolean,
  act?: () => Promise<unknown>,
): Promise<string> {
  const stop = new AbortController();
  const response = await fetch(base + path, { headers, signal: stop.signal });
  await act?.();
  let text = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (done(text)) break;
  }
  stop.abort();
  return text;
}

const sse = { accept: "text/event-stream" };

test("SSE starts now, says so at once, carries cursors as ids, and resumes by Last-Event-ID without a hole", async () => {
  h.engine.create("s", 2);
  await h.ask("POST", "/topics/s/partitions/0/values", "before");
  const first = await until(
    "/topics/s/records",
    sse,
    (text) => text.includes("one"),
    () => h.ask("POST", "/topics/s/partitions/0/values", "one"),
  );
  expect(first.startsWith(": connected\nretry: 2000\n\n")).toBe(true);
  expect(first).not.toContain("before");
  expect(first).toContain('event: records\ndata: {"p":0,"r":[{"o":1,');
  const id = /id: (\S+)\nevent: records/.exec(first)![1]!;
  expect(id).toBe("0:2@0,1:0");
  await h.ask("POST", "/topics/s/partitions/1/values", "two");
  await h.ask("POST", "/topics/s/partitions/0/values", "three");
  const again = await until(
    "/topics/s/records",
    { ...sse, "last-event-id": id },
    (text) => text.includes("two") && text.includes("three"),
  );
  expect(again).not.toContain('"one"');
});

test("ids of many partitions are packed, and resume all the same", async () => {
  h.engine.create("wide", 12);
  const text = await until(
    "/topics/wide/records",
    sse,
    (seen) => seen.includes('"x"'),
    () => h.ask("POST", "/topics/wide/partitions/11/values", "x"),
  );
  const id = /id: (b:\S+)\nevent: records/.exec(text)![1]!;
  await h.ask("POST", "/topics/wide/partitions/11/values", "y");
  const again = await until("/topics/wide/records", { ...sse, "last-event-id": id }, (seen) => seen.includes('"y"'));
  expect(again).not.toContain('"x"');
});

test("NDJSON follows from the earliest when asked, values follow as lines, and ?accept= serves address bars", async () => {
  h.engine.create("n");
  await h.ask("POST", "/topics/n/values", "a\r");
  const text = await until(
    "/topics/n/records?follow=1&offset=earliest",
    {},
    (seen) => seen.split("\n").length > 2,
    () => h.ask("POST", "/topics/n/values", "b"),
  );
  expect(
    text
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { v: string }).v),
  ).toEqual(["a\r", "b"]);
  expect(await until("/topics/n/values?follow=1&offset=earliest", {}, (seen) => seen.length > 4)).toBe("a\r\nb\n");
  expect(
    await until("/topics/n/records?offset=earliest&accept=text/event-stream", {}, (seen) => seen.includes("records")),
  ).toContain('"v":"b"');
});

test("retention faster than the reader is a gap, never silence; a deleted topic is an error and the end", async () => {
  h.engine.create("g");
  for (let i = 0; i < 4; i++)
    await h.ask("POST", "/topics/g/values", String(i), { "content-type": "application/json" });
  await h.ask("DELETE", "/topics/g/partitions/0/records?before=3");
  const text = await until(
    "/topics/g/records?cursor=0:1@0",
    sse,
    (seen) => seen.includes("event: error"),
    async () => {
      await h.ask("POST", "/topics/g/values", "4", { "content-type": "application/json" });
      await expect.poll(async () => (await h.ask("DELETE", "/topics/g?missing_ok=1")).status).toBe(204);
    },
  );
  expect(text).toContain('event: gap\ndata: {"p":0,"from":1,"to":3,"reason":"retention","next":"0:3"}');
  expect(text).toContain("/problems/unknown-topic-or-partition");
});

test("a tail goes on at the new leader and takes in new partitions", async () => {
  h.engine.create("m");
  const text = await until(
    "/topics/m/records",
    sse,
    (seen) => seen.includes('"b"') && seen.includes('"c"'),
    async () => {
      await h.ask("POST", "/topics/m/values", "a");
      h.engine.setLeader("m", 0, 3);
      await h.ask("POST", "/topics/m/values", "b");
      await h.ask("PATCH", "/topics/m", { partitions: 2 });
      await h.ask("POST", "/topics/m/partitions/1/values", "c");
    },
  );
  expect(text).toContain('"a"');
});

test("a reader that never reads costs one fetch, not the log", async () => {
  h.engine.create("stall");
  for (let i = 0; i < 40; i++) await h.ask("POST", "/topics/stall/values", Buffer.alloc(1_000_000, 97));
  const socket = connect(Number(new URL(base).port), "127.0.0.1");
  socket.pause();
  const fetches = () =>
    h.engine.calls.filter(
      (call) => call.apiKey === 1 && (call.body as { topics: { topic: string }[] }).topics[0]!.topic === "stall",
    ).length;
  const before = fetches();
  socket.write("GET /topics/stall/records?follow=1&offset=earliest HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await expect.poll(fetches).toBeGreaterThan(before);
  let last = -1;
  await expect.poll(() => last === (last = fetches()), { interval: 100 }).toBe(true);
  // What the kernel's buffers take, and one fetch more; far from the 40 MB of the log.
  expect(fetches() - before).toBeLessThan(25);
  socket.destroy();
});

/** Sends bytes, ends the sending half, and gives all that comes back. */
function raw(bytes: string, end: "half" | "destroy"): Promise<string> {
  const socket = connect({ port: Number(new URL(base).port), host: "127.0.0.1", allowHalfOpen: true });
  let text = "";
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    // The first receipt is there: now the sender goes away.
    if (text.includes('"offset"')) {
      if (end === "half") socket.end();
      else socket.destroy();
    }
  });
  socket.on("close", () => resolve(text));
  socket.on("end", () => socket.end());
  socket.write(bytes);
  return promise;
}

test.each(["half", "destroy"] as const)(
  "half a stream cut off (%s): what came whole is in the log",
  async (end) => {
    const topic = `cut-${end}`;
    h.engine.create(topic);
    const text = await raw(
      `POST /topics/${topic}/values HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n{"a":1}\n{"b"\r\n`,
      end,
    );
    expect((await h.ask("GET", `/topics/${topic}/values`)).text).toBe('{"a":1}\n');
    if (end === "half") expect(text).toContain('"type":"/problems/body-cut"');
  },
  10_000,
);

test.each([
  ["NONSENSE\r\n\r\n", "400 Bad Request"],
  [`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"a".repeat(20_000)}\r\n\r\n`, "431 "],
  [
    "POST /topics/t/values HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "400 Bad Request",
  ],
])("bytes that are no request get a problem and the end", async (bytes, status) => {
  const text = await raw(bytes, "half");
  expect(text.startsWith(`HTTP/1.1 ${status}`)).toBe(true);
  expect(text).toContain("application/problem+json");
});
