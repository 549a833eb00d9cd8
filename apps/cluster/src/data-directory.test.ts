import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openDataDirectory } from "./data-directory.ts";
import { processIdentity } from "./process-identity.ts";

const base = mkdtempSync(join(tmpdir(), "vitrine-data-"));
const wanted = { brokers: null, controllers: null };
let count = 0;
const fresh = () => join(base, `d${++count}`);

afterAll(() => rmSync(base, { recursive: true, force: true }));

function opened(path: string) {
  const result = openDataDirectory(path, wanted);
  if (!result.ok) throw new Error(result.sentence);
  return result.value;
}

test("a new directory gets a cluster of three, kept at the next start, readable by its owner alone", () => {
  const path = fresh();
  const first = opened(path);
  expect([first.isNew, first.cluster.brokers, first.cluster.clusterId.length]).toEqual([true, [1, 2, 3], 22]);
  first.release();
  const second = opened(path);
  expect([second.isNew, second.cluster]).toEqual([false, first.cluster]);
  second.release();
  expect(statSync(join(path, "cluster.json")).mode & 0o777).toBe(0o600);
});

test("a directory whose supervisor lives is refused, with its pid", async () => {
  const path = fresh();
  opened(path).release();
  const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  await new Promise<void>((resolve) => other.once("spawn", () => resolve()));
  const identity = processIdentity(other.pid!);
  writeFileSync(join(path, "cluster.lock"), JSON.stringify({ pid: other.pid, identity, processes: [] }));
  const refused = openDataDirectory(path, wanted);
  expect(refused.ok ? "" : refused.sentence).toContain(
    `in use by another cluster (its supervisor is process ${other.pid})`,
  );

  other.kill("SIGKILL");
  await new Promise<void>((resolve) => other.once("exit", () => resolve()));
  const after = opened(path);
  expect(after.isNew).toBe(false);
  after.release();
  expect(existsSync(join(path, "cluster.lock"))).toBe(false);
});

test("processes that a killed supervisor left behind are told, unless their pids belong to others now", () => {
  const path = fresh();
  opened(path).release();
  const own = { pid: process.pid, identity: processIdentity(process.pid) };
  const reused = { pid: process.ppid, identity: "started-1" };
  writeFileSync(
    join(path, "cluster.lock"),
    JSON.stringify({ pid: 2 ** 22 - 1, identity: "started-1", processes: [own, reused] }),
  );
  const directory = opened(path);
  expect(directory.leftovers).toEqual([process.pid]);
  directory.noteProcesses([process.pid]);
  expect(JSON.parse(readFileSync(join(path, "cluster.lock"), "utf8")).processes).toEqual([own]);
  directory.release();
});

test("a path that is a file, and one below a file, get one sentence", () => {
  const path = fresh();
  writeFileSync(path, "x");
  for (const bad of [path, join(path, "below")]) {
    const refused = openDataDirectory(bad, wanted);
    expect(refused.ok ? "" : refused.sentence).toBe(`${bad} is not a directory; choose another one with --data-dir.`);
  }
});

test("a directory that cannot be written to gets one sentence", () => {
  // Root may write anywhere but where the kernel itself says no.
  const isRoot = process.getuid?.() === 0;
  const path = isRoot ? "/proc/vitrine" : fresh();
  if (!isRoot) {
    opened(path).release();
    chmodSync(path, 0o500);
  }
  const refused = openDataDirectory(path, wanted);
  if (!isRoot) chmodSync(path, 0o700);
  expect(refused.ok ? "" : refused.sentence).toContain(`Cannot write to the data directory ${path}: `);
});
