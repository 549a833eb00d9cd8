/** Which file holds what: rotation, retention by unlinking, copying forward, cuts across files, searches, and the full disk. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Offset } from "@vitrine/core";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { makeBatch } from "../test/batches.ts";
import { descriptor, openInFreshDir, type TestOptions, TestStore } from "../test/open-store.ts";

let dir: string;
const open = openInFreshDir((fresh) => (dir = fresh));

const SIZE = 10_000;
/** About eight batches per file. */
const SMALL: TestOptions = { segmentBytes: 160_000 };

const batches = (from: number, until: number) =>
  Array.from({ length: until - from }, (_, i) => makeBatch({ baseOffset: from + i, sizeBytes: SIZE }));
const range = (from: number, until: number) => Array.from({ length: until - from }, (_, i) => from + i);
const dataFiles = () =>
  readdirSync(dir)
    .filter((name) => /^data-.*\.db$/.test(name))
    .toSorted();
const dataBytes = () => dataFiles().reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
const logOf = (store: TestStore, partition = 0) => store.store.logs.get(descriptor(partition).key)!;

/** Appends one batch per hand-over, so that files are rotated in between. */
async function fill(store: TestStore, from: number, until: number, partition = 0): Promise<void> {
  for (const batch of batches(from, until)) await store.append(descriptor(partition), batch);
}

/** Commits small things until the storage thread has done its housekeeping. */
async function whenFiles(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("files", () => {
  test("a shard is rotated by size; reads go on across files, also after a restart", async () => {
    const store = await open(SMALL);
    await fill(store, 0, 40);
    expect(dataFiles().length).toBeGreaterThan(2);
    expect(await store.offsets(descriptor())).toEqual(range(0, 40));
    await store.disk.abandon();
    const again = await open(SMALL);
    expect(logOf(again).sizeBytes).toBe(40 * SIZE);
    expect(await again.offsets(descriptor(), 7)).toEqual(range(7, 40));
    const read = await again.ask((id) =>
      logOf(again).readCold(id, { from: Offset(0), upTo: Offset(40), maxBytes: 25 * SIZE }),
    );
    expect(read).toHaveProperty("batches.length", 25);
    await fill(again, 40, 45);
    expect(await again.offsets(descriptor(), 30)).toEqual(range(30, 45));
  });

  test("large batches move on to a file with large pages, once; small ones stay with small pages", async () => {
    const store = await open();
    const append = async (key: number, from: number, count: number, sizeBytes: number) => {
      for (let i = 0; i < count; i++)
        await store.append(descriptor(key), makeBatch({ baseOffset: from + i, sizeBytes }));
    };
    await append(0, 0, 45, 100_000);
    await append(0, 45, 45, 100_000);
    const pagesOf = (name: string) => {
      const db = new Database(join(dir, name), { readonly: true });
      const bytes = db.pragma("page_size", { simple: true });
      db.close();
      return bytes;
    };
    expect(dataFiles().map(pagesOf)).toEqual([4096, 16_384]);
    expect(await store.offsets(descriptor())).toEqual(range(0, 90));
    await store.disk.abandon();
    const again = await open();
    expect(await again.offsets(descriptor(), 44)).toEqual(range(44, 90));
  });

  test("the WAL is moved into the file beside the commits, long before a commit does it itself", async () => {
    const store = await open();
    const log = store.store.create(descriptor());
    await store.commit();
    const size = () => statSync(join(dir, dataFiles()[0]!)).size;
    // A commit checkpoints when 16 MB wait; these are 12 MB at most.
    for (let i = 0; i < 120 && size() < 1_000_000; i++) {
      for (let k = 0; k < 16; k++) log.append(makeBatch({ baseOffset: i * 16 + k, sizeBytes: 6_000 }));
      await store.commit();
    }
    expect(size()).toBeGreaterThan(1_000_000);
    await store.close();
    expect(readdirSync(dir).filter((name) => name.endsWith("-wal"))).toEqual([]);
  });

  test("the log start is exact at once, and files below it are unlinked", async () => {
    const store = await open(SMALL);
    await fill(store, 0, 40);
    const before = dataBytes();
    logOf(store).setLogStartOffset(Offset(29));
    await store.commit();
    expect(logOf(store).sizeBytes).toBe(11 * SIZE);
    expect(await store.offsets(descriptor())).toEqual(range(29, 40));
    expect(
      await store.ask((id) => logOf(store).readCold(id, { from: Offset(28), upTo: Offset(40), maxBytes: 1 })),
    ).toMatchObject({
      error: "OFFSET_OUT_OF_RANGE",
    });
    await whenFiles(() => dataBytes() < before / 2);
    expect(await store.offsets(descriptor())).toEqual(range(29, 40));
    await store.disk.abandon();
    const again = await open(SMALL);
    expect([logOf(again).logStartOffset, logOf(again).sizeBytes]).toEqual([29, 11 * SIZE]);
    expect(await again.offsets(descriptor())).toEqual(range(29, 40));
  });

  test("a removed topic leaves no bytes behind, and its name may come again", async () => {
    const store = await open(SMALL);
    await fill(store, 0, 30, 0);
    await fill(store, 0, 3, 1);
    store.store.remove(descriptor(0).key);
    await store.commit();
    await fill(store, 3, 20, 1);
    // 370 KB of 500 KB are dead; what is left is one full file, one that is being written, and what is not worth copying.
    await whenFiles(() => dataBytes() < 42 * SIZE);
    expect(await store.offsets(descriptor(1))).toEqual(range(0, 20));
    await fill(store, 0, 2, 0);
    expect(await store.offsets(descriptor(0))).toEqual([0, 1]);
    await store.disk.abandon();
    const again = await open(SMALL);
    expect(await again.offsets(descriptor(0))).toEqual([0, 1]);
    expect(await again.offsets(descriptor(1))).toEqual(range(0, 20));
  });

  test("a file that is mostly dead is copied forward and goes", async () => {
    const store = await open(SMALL);
    // One batch of a quiet partition among those of a busy one.
    await fill(store, 0, 1, 1);
    await fill(store, 0, 30, 0);
    const first = dataFiles()[0]!;
    logOf(store).setLogStartOffset(Offset(30));
    await store.commit();
    await whenFiles(() => !dataFiles().includes(first) && dataBytes() < 10 * SIZE + 300_000);
    expect(await store.readAll(descriptor(1))).toEqual(batches(0, 1));
    await fill(store, 1, 12, 1);
    expect(await store.offsets(descriptor(1))).toEqual(range(0, 12));
    await store.close();
    const again = await open(SMALL);
    expect(again.store.cleanShutdown).toBe(true);
    expect(await again.readAll(descriptor(1))).toEqual(batches(0, 12));
    expect(logOf(again, 1).sizeBytes).toBe(12 * SIZE);
  });

  test("a truncation across files, then other batches at the same offsets", async () => {
    const store = await open(SMALL);
    await fill(store, 0, 30);
    logOf(store).truncateTo(Offset(4), { unclean: true });
    await store.commit();
    expect([logOf(store).logEndOffset, logOf(store).sizeBytes]).toEqual([4, 4 * SIZE]);
    const others = range(4, 20).map((baseOffset) => makeBatch({ baseOffset, epoch: 1, sizeBytes: SIZE + 1 }));
    for (const batch of others) await store.append(descriptor(), batch);
    const expected = [...batches(0, 4), ...others];
    expect(await store.readAll(descriptor())).toEqual(expected);
    await store.disk.abandon();
    const again = await open(SMALL);
    expect(await again.readAll(descriptor())).toEqual(expected);
    expect(logOf(again).sizeBytes).toBe(4 * SIZE + 16 * (SIZE + 1));
    expect(logOf(again).epochs.entries).toEqual([
      { epoch: 0, startOffset: 0 },
      { epoch: 1, startOffset: 4 },
    ]);
  });

  test("a log that begins anew forgets what lay at the same offsets", async () => {
    const store = await open(SMALL);
    await fill(store, 0, 20);
    logOf(store).truncateFullyAndStartAt(Offset(10));
    await store.append(descriptor(), makeBatch({ baseOffset: 12, epoch: 2 }));
    expect(await store.readAll(descriptor())).toEqual([makeBatch({ baseOffset: 12, epoch: 2 })]);
    await store.disk.abandon();
    const again = await open(SMALL);
    expect(await again.readAll(descriptor())).toEqual([makeBatch({ baseOffset: 12, epoch: 2 })]);
    expect([logOf(again).logStartOffset, logOf(again).logEndOffset]).toEqual([10, 13]);
  });

  test("a changed retention class moves the log to another shard and back", async () => {
    const store = await open(SMALL);
    await fill(store, 0, 3);
    for (const [retentionClass, from] of [
      ["compact", 3],
      ["delete:604800000:-1", 6],
    ] as const) {
      store.store.create(descriptor(0, retentionClass));
      await store.commit();
      for (const batch of batches(from, from + 3)) await store.append(descriptor(0, retentionClass), batch);
    }
    expect(await store.readAll(descriptor())).toEqual(batches(0, 9));
    logOf(store).truncateTo(Offset(2), { unclean: true });
    await store.append(descriptor(), ...batches(2, 5));
    expect(await store.readAll(descriptor())).toEqual(batches(0, 5));
    await store.disk.abandon();
    const again = await open(SMALL);
    expect(dataFiles().some((name) => name.startsWith("data-compact-"))).toBe(true);
    expect(await again.readAll(descriptor())).toEqual(batches(0, 5));
    expect(logOf(again).descriptor.retentionClass).toBe("delete:604800000:-1");
  });

  test("searches by timestamp and by size answer across files", async () => {
    const store = await open(SMALL);
    await fill(store, 0, 30);
    const find = async (timestampMs: number, upTo: number) => {
      const found = await store.ask((id) => logOf(store).findTimestamp(id, timestampMs, Offset(upTo)));
      return found.type === "found" ? (found.batch?.facts.baseOffset ?? null) : found.type;
    };
    expect(await Promise.all([find(0, 30), find(1_000_000, 30), find(1_000_013, 30), find(1_000_029, 30)])).toEqual([
      0, 0, 13, 29,
    ]);
    expect(await Promise.all([find(1_000_029, 29), find(1_000_030, 30)])).toEqual([null, null]);
    logOf(store).setLogStartOffset(Offset(15));
    await store.commit();
    expect(await find(0, 30)).toBe(15);
    const kept = async (bytes: number) => {
      const found = await store.ask((id) => logOf(store).findKept(id, bytes));
      return found.type === "kept" ? found.offset : found.type;
    };
    expect(
      await Promise.all([kept(1), kept(SIZE), kept(SIZE + 1), kept(14 * SIZE), kept(15 * SIZE), kept(99 * SIZE)]),
    ).toEqual([29, 29, 28, 16, null, null]);
  });

  test("the metadata log has a file of its own, whose prefix goes", async () => {
    const store = await open(SMALL);
    const metadata = {
      ...descriptor(),
      key: "__cluster_metadata-0" as ReturnType<typeof descriptor>["key"],
      topicName: "__cluster_metadata",
    };
    await store.append(metadata, ...batches(0, 10));
    expect(dataFiles()).toEqual([]);
    store.store.logs.get(metadata.key)!.setLogStartOffset(Offset(8));
    await store.commit();
    await store.append(metadata, ...batches(10, 18));
    expect(statSync(join(dir, "metadata.db")).size).toBeLessThan(16 * SIZE);
    await store.disk.abandon();
    const again = await open(SMALL);
    expect(again.store.logs.get(metadata.key)!.sizeBytes).toBe(10 * SIZE);
    expect(await again.readAll(metadata)).toEqual(batches(8, 18));
  });
});

describe("a full disk", () => {
  test("gives up the ballast, commits what was handed over, and refuses more until there is room", async () => {
    const store = await open({ pagesMax: 40, freeSpacePollMs: 20 });
    await fill(store, 0, 20);
    expect(store.journal.join()).toMatch(/is full: produce is refused/);
    expect(await store.readAll(descriptor())).toEqual(batches(0, 20));
    await whenFiles(() => store.journal.join().includes("There is room again"));
    expect(store.store.health).toMatchObject({ state: "online", nearlyFull: false });
  });

  test("that stays full fails the directory: nothing is acknowledged any more, and a restart finds what was", async () => {
    const store = await open({ pagesMax: -40, fullRetryMs: 50 });
    let acknowledged = 0;
    for (; store.store.health.state === "online"; acknowledged++) await fill(store, acknowledged, acknowledged + 1);
    expect(store.events.at(-1)).toMatchObject({ type: "failed", reason: expect.stringMatching(/SQLITE_FULL/) });
    const { committedTicket } = store.store;
    await store.append(descriptor(), ...batches(acknowledged, acknowledged + 1));
    expect(store.store.committedTicket).toBe(committedTicket);
    await store.disk.abandon();
    const again = await open();
    expect(again.store.cleanShutdown).toBe(true);
    expect(await again.readAll(descriptor())).toEqual(batches(0, acknowledged - 1));
  });

  test("nearly full is told before it happens", async () => {
    const store = await open({ freeBytesMin: Number.MAX_SAFE_INTEGER });
    expect(store.store.health.nearlyFull).toBe(true);
    expect(store.journal.join()).toMatch(/produce is refused, reading goes on/);
  });
});
