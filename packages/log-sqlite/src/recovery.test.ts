/** What is left after a stop, a crash and damage. Real files, real threads. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Offset, ZERO_UUID } from "@vitrine/core";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeBatch } from "../test/batches.ts";
import { whySqliteRefused } from "./shard-file.ts";
import { descriptor, freshDir, removeDir, type TestOptions, TestStore } from "../test/open-store.ts";

let dir: string;
const opened: TestStore[] = [];
const open = async (options: TestOptions = {}) => {
  const store = await TestStore.open(dir, options);
  opened.push(store);
  return store;
};
beforeEach(() => {
  dir = freshDir();
});
afterEach(async () => {
  for (const { disk } of opened.splice(0)) await disk.abandon();
  removeDir(dir);
});

const dataFiles = () =>
  readdirSync(dir)
    .filter((name) => /^data-.*\.db$/.test(name))
    .toSorted();
const batches = (from: number, until: number, sizeBytes = 300) =>
  Array.from({ length: until - from }, (_, i) => makeBatch({ baseOffset: from + i, sizeBytes }));

/** Starts a process that appends and prints each ticket it was told of; kills it after so many. */
async function killedWriter(durability: "fsync" | "os", tickets: number): Promise<number> {
  const writer = fileURLToPath(new URL("../test/child-writer.ts", import.meta.url));
  const child = spawn(process.execPath, [writer, dir, durability], { stdio: ["ignore", "pipe", "inherit"] });
  let told = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    told = Number(line);
    if (told >= tickets && !child.killed) child.kill("SIGKILL");
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return told;
}

describe("restart", () => {
  test("everything that was acknowledged is there: batches, offsets, epochs, producers, vote, snapshot", async () => {
    const first = await open();
    const producer = { producerId: 9, records: 2 };
    await first.append(
      descriptor(),
      makeBatch({ baseOffset: 0, records: 2, epoch: 3, producerId: 9, baseSequence: 0 }),
      makeBatch({ baseOffset: 2, epoch: 4, ...producer, baseSequence: 2 }),
    );
    await first.append(descriptor(1), ...batches(0, 5));
    first.store.logs.get(descriptor(1).key)!.setLogStartOffset(Offset(2));
    first.store.saveQuorumState({ leaderEpoch: 4, leaderId: 1, votedId: -1, votedDirectoryId: ZERO_UUID });
    first.store.saveSnapshot({ endOffset: Offset(12), epoch: 4, bytes: new Uint8Array([1, 2, 3]) });
    await first.commit();
    await first.close();

    const second = await open();
    expect(second.store.cleanShutdown).toBe(true);
    expect(second.store.directoryId).toBe(first.store.directoryId);
    const log = second.store.logs.get(descriptor().key)!;
    expect(log.descriptor).toEqual(descriptor());
    expect([log.logStartOffset, log.logEndOffset, log.highWatermark, log.sizeBytes, log.maxTimestampMs]).toEqual([
      0, 4, 4, 400, 1_000_002,
    ]);
    expect(log.epochs.entries).toEqual([
      { epoch: 3, startOffset: 0 },
      { epoch: 4, startOffset: 2 },
    ]);
    expect(log.producers.entries).toEqual(first.store.logs.get(descriptor().key)!.producers.entries);
    expect(await second.readAll(descriptor())).toEqual([
      makeBatch({ baseOffset: 0, records: 2, epoch: 3, producerId: 9, baseSequence: 0 }),
      makeBatch({ baseOffset: 2, epoch: 4, ...producer, baseSequence: 2 }),
    ]);
    expect(await second.offsets(descriptor(1))).toEqual([2, 3, 4]);
    expect(second.store.quorumState).toEqual({ leaderEpoch: 4, leaderId: 1, votedId: -1, votedDirectoryId: ZERO_UUID });
    expect(second.store.latestSnapshot()).toEqual({ endOffset: 12, epoch: 4, bytes: new Uint8Array([1, 2, 3]) });
  });

  test.each(["fsync", "os"] as const)(
    "a process killed while it commits keeps all it was told of (%s)",
    async (durability) => {
      const told = await killedWriter(durability, 150);
      const after = await open({ durability });
      // With the page cache as the only promise, no more than an orderly stop is trusted.
      expect(after.store.cleanShutdown).toBe(durability === "fsync");
      for (const partition of [0, 1]) {
        const log = after.store.logs.get(descriptor(partition).key)!;
        // One batch per ticket and partition; the first hand-over also makes the logs.
        expect(log.logEndOffset).toBeGreaterThanOrEqual(told);
        expect(await after.offsets(descriptor(partition))).toEqual(
          Array.from({ length: log.logEndOffset }, (_, offset) => offset),
        );
        expect(log.producers.get(partition)!.batches.at(-1)!.lastOffset).toBe(log.logEndOffset - 1);
      }
    },
  );

  test("without fsync an orderly stop is clean", async () => {
    await (await open({ durability: "os" })).close();
    expect((await open({ durability: "os" })).store.cleanShutdown).toBe(true);
  });

  test("a directory in use, or written by a newer version, is refused with a sentence", async () => {
    const first = await open();
    await expect(TestStore.open(dir)).rejects.toThrow(/in use by another process/);
    await first.close();
    const path = join(dir, "directory.json");
    writeFileSync(path, readFileSync(path, "utf8").replace('"formatVersion":1', '"formatVersion":2'));
    await expect(TestStore.open(dir)).rejects.toThrow(/newer Vitrine/);
  });

  test.each([
    ["3.51.2", true],
    ["3.40.1", true],
    ["2.99.9", true],
    ["3.51.3", false],
    ["3.53.0", false],
    ["4.0.0", false],
  ])("SQLite %s is refused: %s", (version, isRefused) => {
    expect(whySqliteRefused(version) !== null).toBe(isRefused);
  });

  test("a stop before the first data file was finished leaves nothing behind", async () => {
    await (await open()).close();
    writeFileSync(join(dir, "data-delete-000001.db"), "");
    const again = await open();
    expect(dataFiles()).toEqual([]);
    await again.append(descriptor(), ...batches(0, 2));
    expect(await again.offsets(descriptor())).toEqual([0, 1]);
  });
});

describe("damage", () => {
  /** A directory as a crash leaves it: files copied while the WAL holds commits that are not in the database yet. */
  async function crashImage(): Promise<void> {
    const store = await open();
    await store.append(descriptor(), ...batches(0, 1));
    for (let offset = 1; offset < 60; offset++) await store.append(descriptor(), ...batches(offset, offset + 1));
    const image = freshDir();
    for (const name of readdirSync(dir)) copyFileSync(join(dir, name), join(image, name));
    await store.disk.abandon();
    removeDir(dir);
    dir = image;
  }
  const walPath = () => join(dir, `${dataFiles()[0]}-wal`);

  test("a whole image loses nothing and is clean", async () => {
    await crashImage();
    const after = await open();
    expect(after.store.cleanShutdown).toBe(true);
    expect(await after.offsets(descriptor())).toHaveLength(60);
  });

  test("a WAL cut to 70 % is noticed; what is left is a prefix", async () => {
    await crashImage();
    truncateSync(walPath(), Math.floor(statSync(walPath()).size * 0.7));
    const after = await open();
    expect(after.store.cleanShutdown).toBe(false);
    expect(after.journal.join()).toMatch(/lost commits that were confirmed .* cut or damaged/);
    const left = await after.offsets(descriptor());
    expect(left.length).toBeLessThan(60);
    expect(left).toEqual(left.map((_, offset) => offset));
    // Said once: the node goes on from there.
    await after.close();
    expect((await open()).store.cleanShutdown).toBe(true);
  });

  test("a deleted WAL is noticed, not taken for a new database", async () => {
    await crashImage();
    rmSync(walPath());
    const after = await open();
    expect(after.store.cleanShutdown).toBe(false);
    expect(after.journal.join()).toMatch(/-wal file is missing/);
  });

  test("a deleted data file is noticed", async () => {
    const store = await open();
    await store.append(descriptor(), ...batches(0, 3));
    await store.close();
    rmSync(join(dir, dataFiles()[0]!));
    const after = await open();
    expect(after.store.cleanShutdown).toBe(false);
    expect(after.journal.join()).toMatch(/data file .* missing/i);
    expect(after.store.logs.size).toBe(0);
  });

  test("a flipped byte in a payload is CORRUPT_MESSAGE with its place; its neighbours are fine", async () => {
    const store = await open();
    const written = batches(0, 9, 6000);
    await store.append(descriptor(), ...written);
    await store.close();
    const path = join(dir, dataFiles()[0]!);
    const bytes = readFileSync(path);
    bytes[bytes.indexOf(Buffer.from(written[4]!.bytes.subarray(200, 240))) + 5]! ^= 1;
    writeFileSync(path, bytes);
    const after = await open();
    expect(after.store.cleanShutdown).toBe(true);
    expect(await after.offsets(descriptor())).toEqual([0, 1, 2, 3, "CORRUPT_MESSAGE"]);
    expect(await after.offsets(descriptor(), 5)).toEqual([5, 6, 7, 8]);
    const found = await after.ask((id) =>
      after.store.logs.get(descriptor().key)!.findTimestamp(id, 1_000_004, Offset(9)),
    );
    expect(found).toMatchObject({ type: "read-failed", error: "CORRUPT_MESSAGE" });
    expect(found).toHaveProperty(
      "reason",
      expect.stringMatching(new RegExp(`offset 4 of ${descriptor().key} in ${path} is damaged`)),
    );
  });

  test("the files are what the README says: people read them with sqlite3", async () => {
    const store = await open();
    await store.append(descriptor(), ...batches(0, 3));
    await store.close();
    expect(existsSync(join(dir, `${dataFiles()[0]!}-wal`))).toBe(false);
    const db = new Database(join(dir, dataFiles()[0]!), { readonly: true });
    expect(
      db
        .prepare("SELECT topic_name, partition, log_start, log_end, high_watermark, size_bytes FROM v_partitions")
        .all(),
    ).toEqual([{ topic_name: "orders", partition: 0, log_start: 0, log_end: 3, high_watermark: 3, size_bytes: 900 }]);
    expect(db.prepare("SELECT base_offset, record_count FROM v_batches").all()).toHaveLength(3);
    expect(db.pragma("integrity_check", { simple: true })).toBe("ok");
    db.close();
  });
});
