/** What `pnpm start` promises of its processes: they start together, stop together, and nothing outlives the supervisor. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startCluster, waitFor, type RunningCluster } from "../fixtures/cluster.ts";
import { ROOT } from "../run-command.ts";

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // A process that ended and was not waited for yet is a zombie, not a process that was left behind.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

const pidsOf = (cluster: RunningCluster): number[] => [
  cluster.ready.pid,
  ...cluster.ready.brokers.map((broker) => broker.pid),
  ...cluster.ready.controllers.map((controller) => controller.pid),
];

/** Runs `vitrine up` to its end; for starts that must fail. */
function up(args: readonly string[]): { status: number | null; output: string } {
  const run = spawnSync(join(ROOT, "node_modules/.bin/node"), [join(ROOT, "apps/cluster/src/main.ts"), "up", ...args], {
    encoding: "utf8",
    timeout: 30_000,
  });
  return { status: run.status, output: run.stdout + run.stderr };
}

test("a start prints the console's URL with a ticket, the token, the bootstrap addresses and three curl lines that work", async () => {
  await using cluster = await startCluster();
  const { ready, output } = cluster;
  expect(ready.brokers.map((broker) => broker.id)).toEqual([1, 2, 3]);
  expect(new Set(pidsOf(cluster)).size).toBe(4);
  expect(output).toContain(ready.token);
  expect(output).toMatch(new RegExp(`${ready.gateway}/?\\?ticket=`));
  for (const broker of ready.brokers) expect(output).toContain(broker.kafka);
  const curls = output
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("curl "));
  expect(curls.length).toBeGreaterThanOrEqual(3);
  for (const line of curls.slice(0, 3)) {
    const run = spawnSync("bash", ["-c", line.replace(/^curl /, "curl -sS --max-time 5 --fail-with-body ")], {
      encoding: "utf8",
    });
    expect([0, 28], `${line}\n${run.stdout}${run.stderr}`).toContain(run.status);
  }
});

test("SIGTERM stops everything in order, leaves no process behind, and the data is there at the next start", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "vitrine-e2e-"));
  try {
    const first = await startCluster({ dataDir });
    const sent = await first.fetch("/topics/kept/values?key=k", { method: "POST", body: "still here" });
    expect(sent.status).toBe(201);
    const pids = pidsOf(first);
    await first.stop();
    expect(first.supervisor.exitCode).toBe(0);
    await waitFor(() => pids.every((pid) => !isAlive(pid)), { what: "every process to be gone" });
    await using second = await startCluster({ dataDir });
    const values = await (await second.fetch("/topics/kept/values")).text();
    expect(values.trim()).toBe("still here");
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test("a SIGKILL of the supervisor leaves no process behind, not even a frozen one", async () => {
  await using cluster = await startCluster();
  const pids = pidsOf(cluster);
  expect((await cluster.control("/brokers/2/freeze")).status).toBe(200);
  process.kill(cluster.ready.pid, "SIGKILL");
  await waitFor(() => pids.every((pid) => !isAlive(pid)), { what: "every process to be gone", timeoutMs: 15_000 });
});

test("a taken port is one clear sentence and exit code 1", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const dataDir = mkdtempSync(join(tmpdir(), "vitrine-e2e-"));
  try {
    const run = up(["--port", String(port), "--data-dir", dataDir]);
    expect(run.status).toBe(1);
    expect(run.output).toContain(String(port));
    expect(run.output).not.toMatch(/\n\s+at /);
  } finally {
    server.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test("a data directory that cannot be written is one clear sentence and exit code 1", () => {
  const parent = mkdtempSync(join(tmpdir(), "vitrine-e2e-"));
  const file = join(parent, "file");
  writeFileSync(file, "in the way");
  const run = up(["--port", "0", "--data-dir", join(file, "data")]);
  expect(run.status).toBe(1);
  expect(run.output).toContain(join(file, "data"));
  expect(run.output).not.toMatch(/\n\s+at /);
  rmSync(parent, { recursive: true, force: true });
});

test("a data directory in use by another cluster, and a smaller number of brokers, are refused with a sentence", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "vitrine-e2e-"));
  try {
    {
      await using cluster = await startCluster({ dataDir });
      const run = up(["--port", "0", "--data-dir", cluster.dataDir]);
      expect(run.status).toBe(1);
      expect(run.output).toMatch(/in use/);
    }
    const fewer = up(["--port", "0", "--data-dir", dataDir, "--brokers", "1"]);
    expect(fewer.status).toBe(1);
    expect(fewer.output).toMatch(/3 brokers/);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test("a bind that is not loopback is refused without --insecure", () => {
  const run = up(["--port", "0", "--host", "0.0.0.0", "--data-dir", join(tmpdir(), "vitrine-never-made")]);
  expect(run.status).toBe(1);
  expect(run.output).toMatch(/--insecure/);
});

test("--help exits 0 and names every flag", () => {
  const run = up(["--help"]);
  expect(run.status).toBe(0);
  for (const flag of [
    "--brokers",
    "--controllers",
    "--port",
    "--data-dir",
    "--host",
    "--rack-per-broker",
    "--restart",
    "--ready-file",
    "--help",
  ])
    expect(run.output).toContain(flag);
});

test("--brokers 5 --controllers 3 --rack-per-broker starts eight nodes", async () => {
  await using cluster = await startCluster({ args: ["--brokers", "5", "--controllers", "3", "--rack-per-broker"] });
  expect(cluster.ready.brokers).toHaveLength(5);
  expect(cluster.ready.controllers).toHaveLength(3);
  const { data } = await cluster.json<{ data: { rack: string }[] }>("/brokers");
  expect(new Set(data.map((broker) => broker.rack)).size).toBe(5);
});

test("--restart on-crash brings a killed broker back", async () => {
  await using cluster = await startCluster({ args: ["--restart", "on-crash"] });
  const victim = cluster.ready.brokers[1]!;
  process.kill(victim.pid, "SIGKILL");
  await waitFor(
    async () => {
      const { data } = await cluster.json<{ data: { id: number; state: string; process: { pid: number } | null }[] }>(
        "/brokers",
      );
      const row = data.find((broker) => broker.id === victim.id);
      return row?.state === "active" && row.process !== null && row.process.pid !== victim.pid;
    },
    { what: "broker 2 to be back with a new process" },
  );
});
