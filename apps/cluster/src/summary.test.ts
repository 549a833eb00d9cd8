import { expect, test } from "vitest";
import { newClusterFile } from "./cluster-file.ts";
import { planLayout } from "./layout.ts";
import { portBlock } from "./ports.ts";
import { readyReport } from "./ready-file.ts";
import { PLAIN, summaryText } from "./summary.ts";

const cluster = newClusterFile({ brokers: 1, controllers: 1 }, { clusterId: "abc", secret: "s" });
const layout = planLayout({
  cluster,
  ports: portBlock(8080, 1, 1),
  dataDir: "/d",
  host: "127.0.0.1",
  rackPrefix: null,
});
const nodes = layout.nodes.map((spec, at) => ({ spec, pid: 4709 + at }));
const ready = readyReport({ pid: 4700, gateway: "http://127.0.0.1:8080", token: "tok", nodes });

test("the ready file says what other programs need", () => {
  expect(ready).toEqual({
    pid: 4700,
    gateway: "http://127.0.0.1:8080",
    token: "tok",
    controllers: [{ id: 101, pid: 4709 }],
    brokers: [
      { id: 1, pid: 4710, kafka: "127.0.0.1:9092", http: "http://127.0.0.1:8092", controller: "127.0.0.1:9192" },
    ],
  });
});

test("the summary has the URL with the ticket, the token, the bootstrap addresses and three curl lines", () => {
  const text = summaryText({ ready, ticket: "once", dataDir: "/d", startedInMs: 840, consoleState: "ready" }, PLAIN);
  expect(text).toContain("Ready after 0.84 s");
  expect(text).toContain("http://127.0.0.1:8080/?ticket=once");
  expect(text).toContain("127.0.0.1:9092");
  expect(text.split("\n").filter((line) => line.trim().startsWith("curl ")).length).toBe(3);
  expect(text).not.toContain("\u001b");
});
