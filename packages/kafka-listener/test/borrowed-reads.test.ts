import { once } from "node:events";
import { connect, createServer, Socket, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { BorrowedReads } from "../src/borrowed-reads.ts";

test("many sockets read through one buffer, and the server still counts its connections", async () => {
  const reads = new BorrowedReads();
  const buffers = new Set<ArrayBufferLike>();
  const received = new Map<Socket, string>();
  const server = createServer({ pauseOnConnect: true }, (accepted) => {
    const socket = reads.attach(accepted, (chunk) => {
      buffers.add(chunk.buffer);
      received.set(socket, (received.get(socket) ?? "") + Buffer.from(chunk).toString());
    });
    socket.on("end", () => socket.end());
    socket.resume();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const clients = [0, 1, 2].map(() => connect(port, "127.0.0.1"));
  for (const [at, client] of clients.entries()) client.resume().end(String(at).repeat(300_000));
  await Promise.all(clients.map((client) => once(client, "close")));
  // Resolves only when no connection is counted any more.
  await new Promise((closed) => server.close(closed));
  expect([...received.values()].toSorted()).toEqual(["0", "1", "2"].map((digit) => digit.repeat(300_000)));
  expect(buffers.size).toBe(1);
});

test("a socket that is not as expected inside is read in the ordinary way", () => {
  const taken: string[] = [];
  const strange = new Socket();
  const socket = new BorrowedReads().attach(strange, (chunk) => taken.push(Buffer.from(chunk).toString()));
  expect(socket).toBe(strange);
  socket.emit("data", Buffer.from("vitrine"));
  expect(taken).toEqual(["vitrine"]);
});
