/** Answers that go out while the caller still sends: they arrive whole, and the connection ends in peace. */
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { serve } from "./harness.ts";
import type { Harness } from "./harness.ts";

interface Exchange {
  readonly text: string;
  /** Code of the error that the socket ended with. */
  readonly error: string | null;
}

/** Sends a head and a body by hand, chunk after chunk whatever comes back, and reads until the server ends the connection. */
async function upload(h: Harness, head: readonly string[], chunks: Iterable<Buffer>): Promise<Exchange> {
  if (!h.app.server.listening) await h.app.listen({ port: 0, host: "127.0.0.1" });
  const socket = connect((h.app.server.address() as AddressInfo).port, "127.0.0.1");
  let text = "";
  let error: string | null = null;
  socket.on("error", (cause: NodeJS.ErrnoException) => (error = cause.code ?? cause.message));
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.write(`${head.join("\r\n")}\r\nHost: localhost\r\n\r\n`);
  for (const chunk of chunks) {
    if (socket.destroyed) break;
    if (!socket.write(chunk)) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  // Only now is anything read: an answer that a reset destroyed is gone by then.
  socket.on("data", (data: Buffer) => (text += data.toString()));
  socket.once("end", () => socket.end());
  await closed;
  return { text, error };
}

function* blocks(count: number, bytes = 64 * 1024): Iterable<Buffer> {
  const block = Buffer.alloc(bytes, "x");
  for (let i = 0; i < count; i++) yield block;
}

function* chunked(parts: Iterable<Buffer>): Iterable<Buffer> {
  for (const part of parts)
    yield Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]);
  yield Buffer.from("0\r\n\r\n");
}

test("a declared body over the limit: the problem arrives although all of it is sent", async () => {
  const h = await serve({ limits: { closedBodyBytes: 1_000 } });
  const answer = await upload(h, ["POST /topics/t/values HTTP/1.1", `Content-Length: ${100 * 64 * 1024}`], blocks(100));
  expect(answer.error).toBeNull();
  expect(answer.text).toMatch(/^HTTP\/1\.1 413 /);
  expect(answer.text.toLowerCase()).toContain("\r\nconnection: close\r\n");
  expect(answer.text).toContain('"type":"/problems/body-too-large"');
});

test("a compressed body that unfolds over the limit", async () => {
  const h = await serve({ limits: { closedBodyBytes: 1_000 } });
  const bomb = gzipSync(Buffer.alloc(300 << 20, "x"), { level: 1 });
  const answer = await upload(
    h,
    ["POST /topics/t/values HTTP/1.1", "Content-Encoding: gzip", `Content-Length: ${bomb.length}`],
    [bomb],
  );
  expect(answer.error).toBeNull();
  expect(answer.text).toContain('"type":"/problems/body-too-large"');
});

test.each([["receipts"], ["return=minimal"]])(
  "a stream that is ended at a record over the limit (%s)",
  async (prefer) => {
    const h = await serve({ limits: { recordBytes: 100 } });
    const answer = await upload(
      h,
      [
        "POST /topics/t/values HTTP/1.1",
        "Content-Type: application/x-ndjson",
        `Prefer: ${prefer}`,
        "Transfer-Encoding: chunked",
        // The receipts were promised on a connection that stays; this one ends it, so that the test sees its end.
        "Connection: close",
      ],
      chunked([Buffer.from("1\n"), ...blocks(100)]),
    );
    expect(answer.error).toBeNull();
    expect(answer.text).toContain('"status":413');
    if (prefer === "receipts") expect(answer.text.endsWith("\r\n0\r\n\r\n")).toBe(true);
  },
);

test("who sends without end is cut off after the answer", async () => {
  const h = await serve({ limits: { recordBytes: 100 } });
  function* endless() {
    for (;;) yield* blocks(1);
  }
  const answer = await upload(
    h,
    ["POST /topics/t/values HTTP/1.1", "Content-Type: application/x-ndjson", "Transfer-Encoding: chunked"],
    chunked(endless()),
  );
  // What ends it is the reset; nothing is promised to who does not read.
  expect(answer.error === null || /ECONNRESET|EPIPE/.test(answer.error)).toBe(true);
});

test("a connection that was kept goes on when the rest of the body came", async () => {
  const h = await serve({ limits: { recordBytes: 100 } });
  await h.app.listen({ port: 0, host: "127.0.0.1" });
  const socket = connect((h.app.server.address() as AddressInfo).port, "127.0.0.1");
  let text = "";
  socket.on("data", (data: Buffer) => (text += data.toString()));
  socket.write(
    "POST /topics/t/values HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n",
  );
  for (const chunk of chunked(blocks(4))) socket.write(chunk);
  await expect.poll(() => text).toContain("\r\n0\r\n\r\n");
  socket.write("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await expect.poll(() => text).toContain("\r\n\r\nok\n");
  socket.destroy();
});
