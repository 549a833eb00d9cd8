/** Compaction over real files: what the cleaner thread reads and the storage thread puts in place. What survives is tested in packages/log. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Offset } from "@vitrine/core";
import type { Batch, PartitionLog } from "@vitrine/log";
import { buildBatch, readRecords } from "@vitrine/protocol";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { batchOf } from "./batch-header.ts";
import { descriptor, openInFreshDir, TestStore } from "../test/open-store.ts";

const COMPACT = descriptor(0, "compact:-1:-1");
const OTHER = descriptor(1, "compact:-1:-1");
const VALUE = new Uint8Array(10_000);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

let dir: string;
const open = openInFreshDir((fresh) => (dir = fresh));

function put(baseOffset: number, key: string): Batch {
  return batchOf(
    buildBatch([{ key: encoder.encode(key), value: VALUE, timestampMs: 1000 + baseOffset }], {
      baseOffset,
      leaderEpoch: 0,
    }),
  );
}

/** Compacts [log start, upTo) as the broker does: piece by piece, each committed before the next is asked for. */
async function compact(store: TestStore, log: PartitionLog, upTo: number, run = 1): Promise<void> {
  const plan = {
    dirtyFrom: log.cleanedTo,
    upTo: Offset(upTo),
    highWatermark: log.highWatermark,
    nowMs: 5000,
    deleteRetentionMs: 100,
    keysMax: 1000,
    producers: new Map(),
  };
  for (let from = log.logStartOffset; ;) {
    const answer = await store.ask((id) => log.clean(id, { run, plan, from }));
    if (answer.type !== "cleaned") throw new Error(JSON.stringify(answer));
    const { step } = answer;
    if (step.kind === "noted") continue;
    if (step.batches) log.replace(step.from, step.upTo, step.batches);
    if (step.upTo >= step.end) log.setCleanedTo(step.end, true);
    await store.commit();
    if (step.upTo >= step.end) return;
    from = step.upTo;
  }
}

async function keysOf(store: TestStore): Promise<string[]> {
  const batches = await store.readAll(COMPACT);
  return batches.flatMap((batch) => {
    if (typeof batch === "string") return [batch];
    return readRecords(batch.bytes).map(({ key, offset }) => `${decoder.decode(key!)}@${offset}`);
  });
}

const dataFiles = () => readdirSync(dir).filter((name) => /^data-.*\.db$/.test(name));
const whenFiles = async (done: () => boolean) => {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 20));
};

test("survivors leave files that are not written any more, which are unlinked when nothing lives there", async () => {
  const store = await open({ segmentBytes: 160_000, copyForwardBelow: 0 });
  for (let at = 0; at < 60; at++) await store.append(COMPACT, put(at, `k${at % 3}`));
  const before = dataFiles();
  expect(before.length).toBeGreaterThan(3);
  const log = store.store.logs.get(COMPACT.key)!;
  await compact(store, log, 50);
  const expected = ["k0@48", "k1@49", "k2@47", ...Array.from({ length: 10 }, (_, i) => `k${(50 + i) % 3}@${50 + i}`)];
  expect((await keysOf(store)).toSorted()).toEqual(expected.toSorted());
  expect(log.sizeBytes).toBe(expected.length * put(0, "k0").bytes.length);
  await whenFiles(() => !dataFiles().includes(before[0]!));
  await store.disk.abandon();
  const again = await open();
  expect((await keysOf(again)).toSorted()).toEqual(expected.toSorted());
  expect(again.store.logs.get(COMPACT.key)).toMatchObject({ cleanedTo: 50, cleanings: 1 });
});

test("a reader that was given places before they changed gets the records of before or of after", async () => {
  const store = await open({ segmentBytes: 160_000, copyForwardBelow: 0 });
  for (let at = 0; at < 40; at++) await store.append(COMPACT, put(at, `k${at % 2}`));
  const log = store.store.logs.get(COMPACT.key)!;
  const spec = { from: Offset(0), upTo: Offset(40), maxBytes: 1e9 };
  const reads = [];
  const cleaning = compact(store, log, 30);
  for (let i = 0; i < 20; i++) reads.push(store.ask((id) => log.readCold(id, spec)));
  await cleaning;
  for (const answer of await Promise.all(reads)) {
    const offsets = answer.type === "read" ? answer.batches.map(({ facts }) => facts.baseOffset as number) : [];
    for (const offset of [28, 29, 30]) expect(offsets).toContain(offset);
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
  }
});

test("a damaged batch ends the compaction with its place, and nothing is changed", async () => {
  const store = await open();
  await store.append(COMPACT, ...[0, 1, 2, 3].map((at) => put(at, "k")));
  await store.append(OTHER, put(0, "other"));
  const file = new Database(join(dir, dataFiles()[0]!));
  file.prepare("UPDATE batches SET crc = 1, bytes = zeroblob(size_bytes) WHERE base_offset = 1").run();
  file.close();
  const log = store.store.logs.get(COMPACT.key)!;
  await expect(compact(store, log, 4)).rejects.toThrow(/CORRUPT_MESSAGE.*offset 1 of /);
  expect(log).toMatchObject({ cleanedTo: 0, cleanings: 0 });
});

test("files of before compaction are taken as they are", async () => {
  const store = await open();
  await store.append(COMPACT, put(0, "a"), put(1, "a"));
  await store.close();
  for (const name of dataFiles()) {
    const file = new Database(join(dir, name));
    file.exec("ALTER TABLE partitions DROP COLUMN cleaned_to; ALTER TABLE partitions DROP COLUMN cleanings");
    file.close();
  }
  const again = await open();
  const log = again.store.logs.get(COMPACT.key)!;
  expect(log).toMatchObject({ cleanedTo: 0, cleanings: 0 });
  await compact(again, log, 2);
  expect(await keysOf(again)).toEqual(["a@1"]);
});
