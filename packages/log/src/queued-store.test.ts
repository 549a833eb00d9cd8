import { Offset, Uuid } from "@vitrine/core";
import { expect, test } from "vitest";
import { testBatch } from "../test/batches.ts";
import { descriptorOf } from "../test/store-driver.ts";
import { MemoryLogStore } from "./memory-log.ts";
import type { LogEvent, PartitionLog } from "./partition-log.ts";

const PAYLOAD = "x".repeat(39);
/** Bytes of a batch with that payload. */
const BATCH_BYTES = 100;

function openStore(tailBatches: number) {
  const store = new MemoryLogStore(Uuid("a0000000000000000000aA"), { tailBytesMax: tailBatches * BATCH_BYTES });
  const events: LogEvent[] = [];
  store.onEvent((event) => events.push(event));
  return { store, events, disk: store.disk, log: store.create(descriptorOf(0)) };
}

function append(log: PartitionLog, ...offsets: number[]): void {
  for (const baseOffset of offsets)
    log.append(testBatch({ baseOffset, payload: PAYLOAD, timestampMs: baseOffset * 10 }));
}

const basesOf = (event: LogEvent | undefined) =>
  event?.type === "read" ? event.batches.map(({ facts }) => facts.baseOffset) : event;
const isCold = (log: PartitionLog, from: number) =>
  log.readTail({ from: Offset(from), upTo: log.logEndOffset, maxBytes: 1 }).kind === "cold";

test("L43 memory keeps what is not on disk, however much it is, and lets the oldest go once it is", () => {
  const { store, disk, log } = openStore(2);
  append(log, 0, 1, 2);
  store.handOver();
  append(log, 3, 4, 5, 6);
  store.handOver();
  disk.commitNext();
  expect([0, 1, 2, 3].map((from) => isCold(log, from))).toEqual([true, true, true, false]);
  expect(log.readTail({ from: Offset(3), upTo: Offset(7), maxBytes: 1000 })).toMatchObject({
    kind: "batches",
    batches: { length: 4 },
  });
  disk.commitNext();
  expect([4, 5].map((from) => isCold(log, from))).toEqual([true, false]);
});

test("L43 a busy log does not push a quiet one out of memory", () => {
  const { store, disk, log: busy } = openStore(8);
  const quiet = store.create(descriptorOf(1));
  append(quiet, 0, 1);
  append(busy, ...Array.from({ length: 50 }, (_, i) => i));
  store.handOver();
  disk.commitNext();
  expect([isCold(quiet, 0), isCold(busy, 0), isCold(busy, 49)]).toEqual([false, true, false]);
});

test("L44 a search that reaches memory misses nothing that left memory while the disk was asked", () => {
  const { store, events, disk, log } = openStore(2);
  append(log, 0, 1, 2, 3);
  store.handOver();
  disk.commitNext();
  append(log, 4, 5, 6, 7);
  store.handOver();
  expect(isCold(log, 2)).toBe(false);
  log.findTimestamp(1, 25, Offset(8));
  disk.commitNext();
  expect(isCold(log, 3)).toBe(true);
  disk.settle();
  const found = events.at(-1)!;
  expect(found.type === "found" && found.batch?.facts.baseOffset).toBe(3);
});

test("L44 a read that falls into a hole goes on behind it, also when that left memory while the disk was asked", () => {
  const { store, events, disk, log } = openStore(2);
  append(log, 0, 1);
  store.handOver();
  disk.commitNext();
  // [2, 6) is a hole; after the cut memory begins at its end.
  append(log, 6, 7);
  store.handOver();
  disk.commitNext();
  expect(isCold(log, 1)).toBe(true);
  log.truncateTo(Offset(6));
  append(log, 6, 7, 8, 9);
  store.handOver();
  log.readCold(1, { from: Offset(0), upTo: Offset(10), maxBytes: 1000 });
  log.readCold(2, { from: Offset(2), upTo: Offset(10), maxBytes: 1000 });
  disk.commitNext();
  expect(isCold(log, 7)).toBe(true);
  disk.settle();
  const answers = new Map(events.flatMap((event) => (event.type === "read" ? [[event.id, event] as const] : [])));
  expect(basesOf(answers.get(1))).toEqual([0, 1]);
  expect(basesOf(answers.get(2))).toContain(6);
});

test("L45 a log start that is not on disk yet already hides what lies below it", () => {
  const { store, events, disk, log } = openStore(1);
  append(log, 0, 1, 2, 3);
  store.handOver();
  disk.commitNext();
  log.setHighWatermark(Offset(4));
  log.setLogStartOffset(Offset(2));
  log.findTimestamp(1, 0, Offset(4));
  disk.answerRead();
  store.handOver();
  disk.settle();
  const found = events.find((event) => event.type === "found");
  expect(found?.type === "found" && found.batch?.facts.baseOffset).toBe(2);
  expect(log.readTail({ from: Offset(1), upTo: Offset(4), maxBytes: 1 }).kind).toBe("out-of-range");
});

test("L46 a batch that an unclean truncation cut off is not delivered by a read that was under way", () => {
  const { store, events, disk, log } = openStore(1);
  append(log, 0, 1, 2, 3);
  store.handOver();
  disk.commitNext();
  log.readCold(1, { from: Offset(0), upTo: Offset(3), maxBytes: 1000 });
  log.truncateTo(Offset(1), { unclean: true });
  disk.answerRead();
  expect(basesOf(events.at(-1))).toEqual([0]);
});

test("L47 a cut inside a batch takes all of it, and the log ends where it began", () => {
  const { log } = openStore(10);
  log.append(testBatch({ baseOffset: 0, records: 5 }));
  log.append(testBatch({ baseOffset: 5, records: 5 }));
  log.truncateTo(Offset(7));
  expect(log.logEndOffset).toBe(5);
  log.append(testBatch({ baseOffset: 5, records: 5, epoch: 1 }));
  expect(log.logEndOffset).toBe(10);
});

test("L48 high watermarks are not worth a hand-over of their own, and ride along with the next one", () => {
  const { store, disk, log } = openStore(10);
  const other = store.create(descriptorOf(1));
  append(log, 0);
  const ticket = store.handOver();
  disk.commitNext();
  log.setHighWatermark(Offset(1));
  expect(store.handOver()).toBe(ticket);
  append(other, 0);
  store.handOver();
  disk.commitNext();
  const again = new MemoryLogStore(disk.crash());
  expect(again.logs.get(log.descriptor.key)!.highWatermark).toBe(1);
});
