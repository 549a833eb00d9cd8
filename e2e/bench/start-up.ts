/** From the start of the supervisor to the first acknowledged record (acks=all, fsync, a topic that this very request creates). */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ReadyFile } from "../fixtures/cluster.ts";
import { childrenOf } from "../fixtures/process-memory.ts";
import { ROOT } from "../run-command.ts";
import { addCpu, cpuSecondsOf, type CpuSeconds } from "./cpu-seconds.ts";
import { median } from "./percentiles.ts";
import { type Bench, type BenchRow, rounded } from "./result.ts";

const REPEATS = 10;
const DEADLINE_MS = 30_000;
const LOOK_EVERY_MS = 3;

export const startUp: Bench = {
  name: "start-up",
  title: "Start-up",
  async run(options) {
    const repeats = options.repeat ?? REPEATS;
    const fresh: Start[] = [];
    const again: Start[] = [];
    for (let i = 0; i < repeats; i++) {
      const dir = mkdtempSync(join(tmpdir(), "vitrine-start-"));
      try {
        fresh.push(await start(dir, "first"));
        again.push(await start(dir, "second"));
      } finally {
        rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
      }
      options.say(
        `  ${i + 1} of ${repeats}: new cluster ${Math.round(fresh.at(-1)!.acknowledgedMs)} ms, known cluster ${Math.round(again.at(-1)!.acknowledgedMs)} ms`,
      );
    }
    return {
      method:
        `spawn of \`node apps/cluster/src/main.ts up\` (3 brokers and a gateway, 5 processes with the supervisor) to the answer 201 of a produce with acks=all; ` +
        `${repeats} times each with an empty data directory and once more with the same one. CPU seconds up to that answer; dependencies are installed and compile caches warm.`,
      cpuSeconds: addCpu([...fresh, ...again].map((one) => one.cpu)),
      rows: [rowOf("new cluster", fresh), rowOf("known cluster, second start", again)],
    };
  },
};

interface Start {
  readonly readyMs: number;
  readonly acknowledgedMs: number;
  readonly cpu: CpuSeconds;
}

async function start(dir: string, topic: string): Promise<Start> {
  const readyFile = join(dir, "ready.json");
  const startedAtMs = performance.now();
  const child = spawn(
    join(ROOT, "node_modules/.bin/node"),
    ["apps/cluster/src/main.ts", "up", "--port", "0", "--data-dir", join(dir, "data"), "--ready-file", readyFile],
    { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] },
  );
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  try {
    while (!existsSync(readyFile)) {
      if (child.exitCode !== null || performance.now() - startedAtMs > DEADLINE_MS)
        throw new Error(`the cluster did not become ready: ${errors}`);
      await new Promise((next) => setTimeout(next, LOOK_EVERY_MS));
    }
    const readyMs = performance.now() - startedAtMs;
    const ready = JSON.parse(readFileSync(readyFile, "utf8")) as ReadyFile;
    const reply = await fetch(`${ready.gateway}/topics/${topic}/values?acks=all`, { method: "POST", body: "first" });
    const acknowledgedMs = performance.now() - startedAtMs;
    if (reply.status !== 201)
      throw new Error(`the first record was answered with ${reply.status}: ${await reply.text()}`);
    return { readyMs, acknowledgedMs, cpu: cpuOf(ready) };
  } finally {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
    await ended;
    clearTimeout(timer);
  }
}

function cpuOf(ready: ReadyFile): CpuSeconds {
  if (process.platform !== "linux")
    return { brokers: null, gateway: null, client: null, reason: "/proc/PID/stat cannot be read on this system" };
  const brokers = ready.brokers
    .map((broker) => cpuSecondsOf(broker.pid) ?? Number.NaN)
    .reduce((sum, seconds) => sum + seconds, 0);
  const gateway = childrenOf(ready.pid).find((child) => child.command.includes("gateway"))?.pid;
  return { brokers: rounded(brokers), gateway: gateway === undefined ? null : cpuSecondsOf(gateway), client: null };
}

function rowOf(shape: string, starts: readonly Start[]): BenchRow {
  const ms = starts.map((one) => one.acknowledgedMs);
  return {
    shape,
    figures: {
      "first record median ms": rounded(median(ms)),
      "min ms": rounded(Math.min(...ms)),
      "max ms": rounded(Math.max(...ms)),
      "ready median ms": rounded(median(starts.map((one) => one.readyMs))),
      "broker CPU-s each start":
        starts[0]?.cpu.brokers === null ? null : rounded(median(starts.map((one) => one.cpu.brokers ?? 0))),
      starts: starts.length,
    },
  };
}
