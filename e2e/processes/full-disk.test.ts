/** A file system that really fills up, under load: writes are refused in words, reads go on, no process ends, nothing acknowledged is lost, and room heals it. */
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startCluster, waitFor, type RunningCluster } from "../fixtures/cluster.ts";
import { expectProblem } from "../fixtures/problems.ts";
import { createTopic, valuesOf } from "../fixtures/topics.ts";
import { judge, readAll, WriteLoad } from "../fixtures/write-load.ts";

const MEBIBYTE = 1024 * 1024;
/** Three brokers with their ballast, and some hundred MB above the bound of 512. */
const DISK_MEBIBYTES = 1_200;

/** A disk of our own: a tmpfs takes only root, so elsewhere there is a reason to print. */
function mountDisk(): { readonly dir: string } | { readonly reason: string } {
  const dir = mkdtempSync(join(tmpdir(), "vitrine-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_MEBIBYTES}m`, "tmpfs", dir], { stdio: "pipe" });
    return { dir };
  } catch (error) {
    rmSync(dir, { recursive: true });
    return {
      reason: `no file system of its own can be mounted here (${error instanceof Error ? error.message.split("\n")[0] : String(error)})`,
    };
  }
}

const disk = mountDisk();
if ("reason" in disk) console.log(`skipped: a full disk is not tested, because ${disk.reason}`);

let cluster: RunningCluster | null = null;
const files: number[] = [];

/** Fills the disk up to so many free bytes. What it holds is given back by `makeRoom`. */
function fill(dir: string, leaveBytes: number): void {
  const file = openSync(join(dir, `filler-${files.length}`), "w");
  files.push(file);
  const zeros = Buffer.alloc(4 * MEBIBYTE);
  try {
    for (;;) {
      const { bavail, bsize } = statfsSync(dir);
      const free = bavail * bsize - leaveBytes;
      if (free <= 0) return;
      writeSync(file, zeros, 0, Math.min(zeros.length, free));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
}

function makeRoom(dir: string): void {
  for (const [at, file] of files.entries()) {
    closeSync(file);
    rmSync(join(dir, `filler-${at}`));
  }
  files.length = 0;
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const write = (value: string) =>
  cluster!.fetch("/topics/full/values?partition=0&acks=all", { method: "POST", body: value });

describe.skipIf("reason" in disk)("a disk of its own", () => {
  const dir = "dir" in disk ? disk.dir : "";

  beforeAll(async () => {
    cluster = await startCluster({ dataDir: join(dir, "data") });
    await createTopic(cluster, "full");
  });
  afterEach(() => makeRoom(dir));
  afterAll(async () => {
    await cluster?.stop();
    execFileSync("umount", [dir]);
    rmSync(dir, { recursive: true });
  });

  test("below 512 MB free a write is refused with 507 and a sentence, reading goes on; with room again it is taken", async () => {
    expect((await write("before")).status).toBe(201);
    fill(dir, 300 * MEBIBYTE);
    const refused = await waitFor(
      async () => {
        const answer = await write("too late");
        return answer.status === 201 ? null : answer;
      },
      { what: "a write to be refused" },
    );
    await expectProblem(refused, {
      status: 507,
      kafka: [56, "KAFKA_STORAGE_ERROR"],
      detail: /nearly full/,
      sideEffects: "none",
    });
    const kept = await valuesOf(cluster!, "full");
    expect(kept[0]).toBe("before");
    makeRoom(dir);
    await waitFor(async () => (await write("after")).status === 201, { what: "a write to be taken again" });
    expect((await valuesOf(cluster!, "full")).slice(0, kept.length)).toEqual(kept);
  });

  test("full to the last byte while writers run: no process ends, nothing acknowledged is lost, and it goes on when there is room", async () => {
    await createTopic(cluster!, "loaded", { partitions: 3 });
    const load = new WriteLoad(cluster!, "loaded", { partitions: 3, timeout: "2s" });
    await waitFor(() => load.acknowledgedCount > 200, { what: "two hundred acknowledgements" });
    fill(dir, 0);
    await waitFor(() => load.refused.some(({ status }) => status === 507), { what: "a writer to be told 507" });
    expect(cluster!.ready.brokers.filter(({ pid }) => !isAlive(pid))).toEqual([]);
    expect((await cluster!.fetch("/topics/loaded/records?offset=-1")).status).toBe(200);
    makeRoom(dir);
    const roomAtMs = performance.now();
    await waitFor(() => [0, 1, 2].every((partition) => load.acknowledgedSince(roomAtMs, partition) > 20), {
      what: "every partition to take writes again",
      timeoutMs: 30_000,
    });
    const report = await load.stop();
    expect(cluster!.ready.brokers.filter(({ pid }) => !isAlive(pid))).toEqual([]);
    for (const partition of [0, 1, 2])
      expect(judge(report, partition, await readAll(cluster!, "loaded", partition))).toEqual([]);
  });
});
