/** What was acknowledged survives: SIGKILL of everything at once, damaged bytes, a shortened WAL. Files are judged with SQLite alone. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startCluster, waitFor, type RunningCluster } from "../fixtures/cluster.ts";
import { cutWal, filesOf, flipByte, readStored } from "../fixtures/data-files.ts";
import { expectProblem } from "../fixtures/problems.ts";
import { childrenOf } from "../fixtures/process-memory.ts";
import { createTopic, describeTopic, produce } from "../fixtures/topics.ts";
import { judge, readAll, WriteLoad } from "../fixtures/write-load.ts";

let dataDir: string;
let cluster: RunningCluster | null = null;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "vitrine-durable-"));
});
afterEach(async () => {
  await cluster?.stop();
  cluster = null;
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

const isGone = (pid: number) => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};

/** SIGKILL to the supervisor, the gateway and every broker, in one go. */
async function killEverything(running: RunningCluster): Promise<void> {
  const pids = [
    running.ready.pid,
    ...childrenOf(running.ready.pid).map((child) => child.pid),
    ...running.ready.brokers.map((broker) => broker.pid),
  ];
  const ended = new Promise((resolve) => running.supervisor.once("exit", resolve));
  for (const pid of new Set(pids)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself a moment ago, because the supervisor did.
    }
  }
  await ended;
  await waitFor(() => pids.every(isGone), { what: "every process to be gone" });
}

const isFull = async (topic: string) =>
  (await describeTopic(cluster!, topic)).partitions.every((partition) => partition.isr.length === 3);

test("everything is killed at once under load: the same directory has every acknowledged record at its offset, in order, once", async () => {
  cluster = await startCluster({ dataDir });
  await createTopic(cluster, "killed", { partitions: 3 });
  const load = new WriteLoad(cluster, "killed", { partitions: 3, timeout: "2s" });
  await waitFor(() => load.acknowledgedCount > 500, { what: "five hundred acknowledgements" });
  await killEverything(cluster);
  const report = await load.stop();
  cluster = await startCluster({ dataDir });
  await waitFor(() => isFull("killed"), { what: "every ISR to be full after the restart", timeoutMs: 30_000 });
  for (let partition = 0; partition < 3; partition++)
    expect(judge(report, partition, await readAll(cluster, "killed", partition))).toEqual([]);
  // And it goes on where it was.
  expect(
    (await cluster.fetch("/topics/killed/values?acks=all&partition=0", { method: "POST", body: "-1" })).status,
  ).toBe(201);
});

test("the files open with SQLite, say what is in them, and hold the bytes that were sent, on every replica", async () => {
  cluster = await startCluster({ dataDir });
  await createTopic(cluster, "plain");
  const values = Array.from({ length: 20 }, (_, i) => `needle-${i}-in-the-haystack`);
  for (const value of values) await produce(cluster, "plain", value);
  // Also while the broker runs: a reader disturbs nobody.
  const live = readStored(dataDir, 1, "plain");
  expect(live?.logEnd).toBeGreaterThan(0);
  await cluster.stop();
  cluster = null;
  for (const broker of [1, 2, 3]) {
    const stored = readStored(dataDir, broker, "plain");
    expect(stored, `broker ${broker}`).toMatchObject({ logStart: 0, logEnd: 20 });
    const bytes = Buffer.concat(stored!.batches.map((batch) => batch.bytes));
    for (const value of values) expect(bytes.includes(value), `${value} on broker ${broker}`).toBe(true);
    expect(stored!.batches.at(0)!.base).toBe(0);
    for (const [at, batch] of stored!.batches.entries())
      if (at > 0) expect(batch.base).toBe(stored!.batches[at - 1]!.last + 1);
    const db = new Database(stored!.file, { readonly: true });
    expect(db.pragma("integrity_check", { simple: true })).toBe("ok");
    expect(db.pragma("journal_mode", { simple: true })).toBe("wal");
    expect(db.prepare("SELECT topic_name, log_end FROM v_partitions WHERE topic_name = 'plain'").get()).toEqual({
      topic_name: "plain",
      log_end: 20,
    });
    db.close();
  }
});

test("a flipped bit in a stored batch is told as CORRUPT_MESSAGE, never served; its neighbours and the other replicas are fine", async () => {
  cluster = await startCluster({ dataDir });
  // One topic lives on broker 1 alone, so that nobody else can answer; the other has three replicas and begins on broker 1.
  await createTopic(cluster, "single", { assignments: { "0": [1] }, config: { "min.insync.replicas": "1" } });
  await createTopic(cluster, "threefold", { assignments: { "0": [1, 2, 3] } });
  for (let i = 0; i < 10; i++) {
    await produce(cluster, "single", `single-value-${i}!`);
    await produce(cluster, "threefold", `threefold-value-${i}!`);
  }
  await cluster.stop();
  for (const needle of ["single-value-5!", "threefold-value-5!"]) {
    const hit =
      filesOf(dataDir, 1, ".db").some((file) => flipByte(file, needle)) ||
      filesOf(dataDir, 1, ".db-wal").some((file) => flipByte(file, needle));
    expect(hit, `${needle} in a file of broker 1`).toBe(true);
  }
  cluster = await startCluster({ dataDir });
  const answer = await cluster.fetch("/topics/single/partitions/0/records?offset=5&limit=1");
  await expectProblem(answer, {
    status: [500, 503],
    kafka: [2, "CORRUPT_MESSAGE"],
    detail: /single-0/,
    retriable: answer.status === 503,
  });
  for (const offset of [0, 4, 6, 9]) {
    const value = await cluster.fetch(`/topics/single/partitions/0/records/${offset}/value`);
    expect(value.status, `offset ${offset}`).toBe(200);
    expect(await value.text()).toBe(`single-value-${offset}!`);
  }
  // With other replicas: whoever leads, what is read is what was written; a damaged copy is an error or is replaced, never an answer.
  for (let offset = 0; offset < 10; offset++) {
    const value = await cluster.fetch(`/topics/threefold/partitions/0/records/${offset}/value`);
    if (value.status === 200) expect(await value.text()).toBe(`threefold-value-${offset}!`);
    else {
      expect(offset).toBe(5);
      expect((await value.json()) as object).toMatchObject({ kafka_error: "CORRUPT_MESSAGE" });
    }
  }
  // The cluster goes on: both topics take writes.
  expect(await produce(cluster, "single", "after")).toBe(10);
  expect(await produce(cluster, "threefold", "after")).toBe(10);
});

test("the WAL of a killed broker is cut to 70 %: it rejoins, nothing acknowledged is lost, and its own files are whole again", async () => {
  cluster = await startCluster({ dataDir });
  await createTopic(cluster, "shortened", { assignments: { "0": [1, 2, 3], "1": [2, 3, 1], "2": [3, 1, 2] } });
  const load = new WriteLoad(cluster, "shortened", { partitions: 3, timeout: "3s" });
  await waitFor(() => load.acknowledgedCount > 500, { what: "five hundred acknowledgements" });
  expect((await cluster.control("/brokers/1/kill")).status).toBe(200);
  await waitFor(async () => (await describeTopic(cluster!, "shortened")).partitions.every((p) => p.leader !== 1), {
    what: "the leaders to move",
  });
  const wals = filesOf(dataDir, 1, ".db-wal").filter((file) => !file.includes("metadata"));
  expect(Math.max(...wals.map((file) => cutWal(file, 0.7))), "frames that were cut off").toBeGreaterThan(0);
  expect((await cluster.control("/brokers/1/restart")).status).toBe(200);
  await waitFor(() => isFull("shortened"), { what: "broker 1 to be back in every ISR", timeoutMs: 30_000 });
  const report = await load.stop();
  for (let partition = 0; partition < 3; partition++)
    expect(judge(report, partition, await readAll(cluster, "shortened", partition))).toEqual([]);
  await cluster.stop();
  cluster = null;
  for (let partition = 0; partition < 3; partition++) {
    const [damaged, sound] = [
      readStored(dataDir, 1, "shortened", partition)!,
      readStored(dataDir, 2, "shortened", partition)!,
    ];
    expect(damaged.logEnd).toBe(sound.logEnd);
    const whole = (stored: typeof damaged) => Buffer.concat(stored.batches.map((batch) => batch.bytes));
    expect(whole(damaged).equals(whole(sound)), `partition ${partition} byte for byte as on broker 2`).toBe(true);
  }
});

test("data and metadata WALs that were cut while everything was down: the broker does not lead with what is left, and the record is not lost", async () => {
  cluster = await startCluster({ dataDir });
  await createTopic(cluster, "cut-cold", { assignments: { "0": [1, 2, 3] } });
  const load = new WriteLoad(cluster, "cut-cold", { partitions: 1, timeout: "2s" });
  await waitFor(() => load.acknowledgedCount > 300, { what: "three hundred acknowledgements" });
  await killEverything(cluster);
  const report = await load.stop();
  const wals = filesOf(dataDir, 1, ".db-wal");
  expect(Math.max(...wals.map((file) => cutWal(file, 0.7))), "frames that were cut off").toBeGreaterThan(0);
  cluster = await startCluster({ dataDir });
  await waitFor(() => isFull("cut-cold"), { what: "broker 1 to be back in the ISR", timeoutMs: 30_000 });
  expect(judge(report, 0, await readAll(cluster, "cut-cold", 0))).toEqual([]);
});
