import { createServer } from "node:net";
import { expect, test } from "vitest";
import { choosePorts, portBlock } from "./ports.ts";

const request = { brokers: 3, controllers: 0, host: "127.0.0.1" };

test("the block of 8080 is the one of the manual, and moves as a whole", () => {
  expect(portBlock(8080, 3, 1)).toEqual({
    gateway: 8080,
    brokers: [
      { kafka: 9092, peer: 9192, http: 8092 },
      { kafka: 9093, peer: 9193, http: 8093 },
      { kafka: 9094, peer: 9194, http: 8094 },
    ],
    controllers: [9292],
  });
  expect(portBlock(18080, 1, 0).brokers[0]).toEqual({ kafka: 19092, peer: 19192, http: 18092 });
});

test("no two faces of the largest cluster share a port", () => {
  const { gateway, brokers, controllers } = portBlock(8080, 32, 9);
  const all = [gateway, ...controllers, ...brokers.flatMap(({ kafka, peer, http }) => [kafka, peer, http])];
  expect(new Set(all).size).toBe(all.length);
});

test("port 0 gives free ports, each once", async () => {
  const chosen = await choosePorts({ ...request, port: 0, controllers: 2 });
  if (!chosen.ok) throw new Error(chosen.sentence);
  const { gateway, brokers, controllers } = chosen.value;
  const all = [gateway, ...controllers, ...brokers.flatMap(({ kafka, peer, http }) => [kafka, peer, http])];
  expect(all.length).toBe(12);
  expect(new Set(all).size).toBe(12);
  expect(all.every((port) => port > 0)).toBe(true);
});

test("a taken port is named with its face", async () => {
  // Below the range from which the system deals out ports, so that nobody else takes one of the block meanwhile.
  let gateway = 11_000 + (process.pid % 1_000);
  while (!(await choosePorts({ ...request, port: gateway })).ok) gateway += 1_501;
  const taken = portBlock(gateway, 3, 0).brokers[1]!.peer;
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(taken, "127.0.0.1", resolve));
  const chosen = await choosePorts({ ...request, port: gateway });
  squatter.close();
  expect(chosen.ok ? "" : chosen.sentence).toContain(`Port ${taken} (broker 2, peers) on 127.0.0.1 is taken`);
});

test("an address that is not ours is refused in words", async () => {
  const chosen = await choosePorts({ ...request, port: 0, host: "203.0.113.7" });
  expect(chosen.ok ? "" : chosen.sentence).toContain("203.0.113.7 is not an address of this machine");
});
