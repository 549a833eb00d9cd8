import { Offset, Uuid } from "@vitrine/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  horizonOf,
  jsonFormat,
  keyedBatch,
  recordsOf,
  type KeyedBatch,
  type TestRecord,
} from "../test/keyed-batches.ts";
import { descriptorOf } from "../test/store-driver.ts";
import type { CleanStep } from "./cleaning-run.ts";
import type { CompactionPlan } from "./compaction.ts";
import { KeyOffsets } from "./key-offsets.ts";
import { MemoryLogStore } from "./memory-log.ts";
import type { Batch, LogEvent, PartitionLog } from "./partition-log.ts";

const DIRECTORY = Uuid("d0000000000000000000aA");
const RETENTION_MS = 100;

/** A log in memory whose disk does everything at once when it is told to. */
class TestLog {
  readonly store = new MemoryLogStore(DIRECTORY, { format: jsonFormat, tailBytesMax: 1 });
  readonly log: PartitionLog;
  #answer: LogEvent | null = null;
  #runs = 0;

  constructor(batches: readonly KeyedBatch[] = []) {
    this.store.onEvent((event) => {
      if ("id" in event) this.#answer = event;
    });
    this.log = this.store.create(descriptorOf(0, "compact:-1:-1"));
    for (const batch of batches) this.log.append(keyedBatch(batch));
    this.commit();
  }

  commit(): void {
    this.store.handOver();
    this.store.disk.settle();
    this.log.setHighWatermark(this.log.durableEndOffset);
  }

  batches(): readonly Batch[] {
    const spec = { from: this.log.logStartOffset, upTo: this.log.logEndOffset, maxBytes: 1e9 };
    const tail = this.log.readTail(spec);
    if (tail.kind === "batches") return tail.batches;
    const found: Batch[] = [];
    for (let from = spec.from; from < spec.upTo;) {
      const answer = this.#ask((id) => this.log.readCold(id, { ...spec, from }));
      const piece = answer.type === "read" ? answer.batches : [];
      if (piece.length === 0) break;
      found.push(...piece);
      from = Offset(piece.at(-1)!.facts.lastOffset + 1);
    }
    return found;
  }

  records(): TestRecord[] {
    return this.batches().flatMap(recordsOf);
  }

  /** As text: `k=v@offset`. */
  shown(): string[] {
    return this.records().map(({ key, value, offset }) => `${key}=${value}@${offset}`);
  }

  /** Compacts [log start, upTo) and puts the pieces in place, at most so many of them. */
  clean(plan: Partial<CompactionPlan> = {}, piecesMax = Infinity): CleanStep & { readonly kind: "filtered" } {
    const { log } = this;
    const run = ++this.#runs;
    const dirtyFrom = Offset(Math.max(log.cleanedTo, log.logStartOffset));
    const whole: CompactionPlan = {
      dirtyFrom,
      upTo: log.highWatermark,
      highWatermark: log.highWatermark,
      nowMs: 1000,
      deleteRetentionMs: RETENTION_MS,
      keysMax: 1000,
      producers: new Map(
        log.producers.entries.flatMap((it) => {
          const last = it.batches.at(-1);
          return last ? [[it.producerId, last.lastOffset] as const] : [];
        }),
      ),
      ...plan,
    };
    let from = log.logStartOffset;
    for (let pieces = 0; ;) {
      const answer = this.#ask((id) => log.clean(id, { run, plan: whole, from }));
      if (answer.type !== "cleaned") throw new Error(`unexpected ${JSON.stringify(answer)}`);
      const { step } = answer;
      if (step.kind === "noted") continue;
      if (step.batches) log.replace(step.from, step.upTo, step.batches);
      from = step.upTo;
      pieces += step.batches ? 1 : 0;
      const isDone = step.upTo >= step.end;
      if (isDone) log.setCleanedTo(step.end, pieces > 0);
      this.commit();
      if (isDone || pieces >= piecesMax) return step;
    }
  }

  #ask(question: (id: number) => void): LogEvent {
    this.#answer = null;
    question(1);
    this.store.disk.settle();
    return this.#answer!;
  }
}

const puts = (baseOffset: number, ...pairs: readonly [key: string | null, value: string | null][]): KeyedBatch => ({
  baseOffset,
  records: pairs.map(([key, value]) => ({ key, value })),
});

test("L50 the newest value of each key stays, at its old offset", () => {
  const test = new TestLog([puts(0, ["a", "1"], ["b", "1"]), puts(2, ["a", "2"]), puts(3, ["c", "1"], ["a", "3"])]);
  const before = new Map(test.batches().map(({ facts }) => [facts.baseOffset as number, facts.lastOffset as number]));
  test.clean();
  expect(test.shown()).toEqual(["b=1@1", "c=1@3", "a=3@4"]);
  for (const { facts } of test.batches()) expect(before.get(facts.baseOffset)).toBe(facts.lastOffset);
  expect([test.log.cleanedTo, test.log.cleanings]).toEqual([5, 1]);
});

test("L51 what lies at or above the end stays as it is, and what it overwrites too", () => {
  const test = new TestLog([puts(0, ["a", "1"]), puts(1, ["a", "2"]), puts(2, ["a", "3"])]);
  test.clean({ upTo: Offset(2) });
  expect(test.shown()).toEqual(["a=2@1", "a=3@2"]);
});

test("L52 a batch of which nothing is taken passes byte for byte, and where nothing changes nothing is written", () => {
  const test = new TestLog([puts(0, ["a", "1"], ["b", "1"]), puts(2, ["c", "1"])]);
  const before = test.batches();
  expect(test.clean().batches).toBe(null);
  expect(test.batches()).toEqual(before);
  expect([test.log.cleanedTo, test.log.cleanings]).toEqual([3, 0]);
});

test("L53 a tombstone stays until delete.retention.ms after it was first cleaned, and hides what it deleted for ever", () => {
  const test = new TestLog([puts(0, ["a", "1"]), puts(1, ["a", null]), puts(2, ["b", "1"])]);
  test.clean({ nowMs: 1000 });
  expect(test.shown()).toEqual(["a=null@1", "b=1@2"]);
  expect(test.batches().map(horizonOf)).toEqual([1000 + RETENTION_MS, null]);
  test.clean({ nowMs: 1000 + RETENTION_MS - 1 });
  expect(test.shown()).toEqual(["a=null@1", "b=1@2"]);
  test.clean({ nowMs: 1000 + RETENTION_MS });
  expect(test.shown()).toEqual(["b=1@2"]);
});

test("L54 the last batch of a producer stays, empty if need be, so that its next sequence is still known", () => {
  const test = new TestLog([
    { ...puts(0, ["a", "1"], ["a", "2"]), producerId: 7, baseSequence: 0 },
    { ...puts(2, ["a", "3"]), producerId: 7, baseSequence: 2 },
    puts(3, ["a", "4"]),
  ]);
  test.clean();
  expect(test.shown()).toEqual(["a=4@3"]);
  const [empty] = test.batches();
  expect(empty!.facts).toMatchObject({ baseOffset: 2, lastOffset: 2, recordCount: 0, producerId: 7, baseSequence: 2 });
  test.log.producers.expire(0, 1);
  test.log.producers.expire(1, 1);
  test.clean();
  expect(test.batches().map(({ facts }) => facts.baseOffset)).toEqual([3]);
});

test("L55 the batch below the high watermark stays, empty if need be: the end of the log is never lost (KAFKA-17076)", () => {
  const test = new TestLog([puts(0, ["a", "1"]), puts(1, [null, "without a key"])]);
  test.clean();
  expect(test.batches().map(({ facts }) => [facts.baseOffset, facts.recordCount])).toEqual([
    [0, 1],
    [1, 0],
  ]);
});

test("L56 records without a key go; markers stay", () => {
  const test = new TestLog([
    puts(0, [null, "1"], ["a", "1"]),
    { baseOffset: 2, records: [{ key: null, value: null }], isControl: true },
    puts(3, ["b", "1"]),
  ]);
  expect(test.clean().counts).toMatchObject({ recordsRead: 3, recordsKept: 2, recordsWithoutKey: 1 });
  expect(test.batches().map(({ facts }) => facts.baseOffset)).toEqual([0, 2, 3]);
});

test("L57 when the map of keys is full the compaction ends there, and the next one goes on; one batch is always taken", () => {
  const test = new TestLog([
    puts(0, ["a", "1"], ["b", "1"]),
    puts(2, ["c", "1"]),
    puts(3, ["a", "2"]),
    puts(4, ["c", "2"]),
  ]);
  expect(test.clean({ keysMax: 1 }).end).toBe(2);
  expect(test.clean({ keysMax: 2 }).end).toBe(4);
  expect(test.shown()).toEqual(["b=1@1", "c=1@2", "a=2@3", "c=2@4"]);
  expect(test.clean({ keysMax: 2 }).end).toBe(5);
  expect(test.shown()).toEqual(["b=1@1", "a=2@3", "c=2@4"]);
});

test("L58 what was cut off or deleted meanwhile does not come back", () => {
  const test = new TestLog([puts(0, ["a", "1"], ["a", "2"]), puts(2, ["b", "1"])]);
  const batches = test.batches();
  test.log.setLogStartOffset(Offset(2));
  test.log.replace(Offset(0), Offset(2), batches.slice(0, 1));
  test.commit();
  expect(test.shown()).toEqual(["b=1@2"]);
  expect(test.log.cuts).toBe(0);
  test.clean();
  test.log.truncateTo(Offset(2), { unclean: true });
  expect([test.log.cuts, test.log.cleanedTo]).toEqual([1, 2]);
});

test("L59 the newest time of a log is that of what is left", () => {
  const test = new TestLog([
    { ...puts(0, ["a", "1"]), timestampMs: 9000 },
    { ...puts(1, ["a", "2"]), timestampMs: 5000 },
  ]);
  expect(test.log.maxTimestampMs).toBe(9000);
  test.clean();
  expect(test.log.maxTimestampMs).toBe(5000);
});

test("L50 any history, compacted again and again and cut short anywhere, gives every reader the same newest values", () => {
  const key = fc.constantFrom("a", "b", "c", "d");
  const value = fc.option(fc.constantFrom("1", "2", "3"), { freq: 4 });
  const batch = fc.record({
    records: fc.array(fc.record({ key: fc.option(key, { freq: 20 }), value }), { minLength: 1, maxLength: 4 }),
    producerId: fc.option(fc.nat(2), { nil: undefined }),
  });
  const cleaning = fc.record({
    keysMax: fc.integer({ min: 1, max: 6 }),
    pieces: fc.nat(3),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    laterMs: fc.nat(2 * RETENTION_MS),
  });
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 12 }), fc.array(cleaning, { maxLength: 6 }), (batches, cleanings) => {
      const test = new TestLog();
      const sequences = new Map<number, number>();
      for (const { records, producerId } of batches) {
        const baseOffset = test.log.logEndOffset;
        const sequence = sequences.get(producerId ?? -1) ?? 0;
        const producer = producerId === undefined ? {} : { producerId, baseSequence: sequence };
        test.log.append(keyedBatch({ baseOffset, records, ...producer }));
        sequences.set(producerId ?? -1, sequence + records.length);
      }
      test.commit();
      const original = test.records();
      const originalAt = new Map(original.map((record) => [record.offset, record]));
      const spans = new Map(test.batches().map(({ facts }) => [facts.baseOffset, facts.lastOffset]));
      const firstCleaned = new Map<number, number>();
      let nowMs = 1000;
      for (const { keysMax, pieces, share, laterMs } of cleanings) {
        nowMs += laterMs;
        const dirtyFrom = test.log.cleanedTo;
        const ends = test
          .batches()
          .flatMap(({ facts }) => (facts.lastOffset >= dirtyFrom ? [facts.lastOffset + 1] : []));
        if (ends.length === 0) break;
        const upTo = Offset(ends[Math.min(ends.length - 1, Math.floor(share * ends.length))]!);
        const { end } = test.clean({ keysMax, upTo, nowMs }, pieces + 1);
        const isDone = test.log.cleanedTo === end;
        const after = test.records();
        for (const record of after) expect(record).toEqual(originalAt.get(record.offset));
        for (const { facts } of test.batches()) expect(facts.lastOffset).toBe(spans.get(facts.baseOffset));
        // What lies above the end is as it was.
        const rest = (records: readonly TestRecord[]) => records.filter(({ offset }) => offset >= end);
        expect(rest(after)).toEqual(rest(original));
        const newestBelow = newest(original.filter(({ offset }) => offset < end));
        if (isDone) {
          const offsets = after.filter(({ offset }) => offset < end).map(({ offset }) => offset);
          for (const offset of offsets) expect([...newestBelow.values()].map((it) => it.offset)).toContain(offset);
        }
        for (const { offset, value: last } of newestBelow.values()) {
          const isThere = after.some((record) => record.offset === offset);
          if (!firstCleaned.has(offset)) firstCleaned.set(offset, nowMs);
          const mayBeGone = last === null && nowMs >= firstCleaned.get(offset)! + RETENTION_MS;
          if (!mayBeGone) expect(isThere, `record ${offset} is there`).toBe(true);
        }
        expect(valuesOf(after)).toEqual(valuesOf(original));
        for (const entry of test.log.producers.entries) {
          const last = entry.batches.at(-1)!;
          expect(test.batches().some(({ facts }) => facts.lastOffset === last.lastOffset)).toBe(true);
        }
        expect(test.batches().at(-1)!.facts.lastOffset + 1).toBe(test.log.logEndOffset);
      }
    }),
    { numRuns: 300 },
  );
});

/** The newest record of each key. */
function newest(records: readonly TestRecord[]): Map<string, TestRecord> {
  return new Map(records.flatMap((record) => (record.key === null ? [] : [[record.key, record] as const])));
}

/** What a reader of the whole log ends with. */
function valuesOf(records: readonly TestRecord[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const { key, value } of records) {
    if (key === null) continue;
    if (value === null) delete values[key];
    else values[key] = value;
  }
  return values;
}

test("the map of keys agrees with a Map, also where it has grown", () => {
  const keys = new KeyOffsets(1e6);
  const model = new Map<number, number>();
  const digestOf = (n: number) => jsonFormat.digest(new TextEncoder().encode(String(n)));
  for (let i = 0; i < 5000; i++) {
    const key = (i * 7919) % 3001;
    const offset = i * 4_000_000_007;
    keys.set(digestOf(key), offset);
    model.set(key, offset);
  }
  expect(keys.size).toBe(model.size);
  for (const [key, offset] of model) expect(keys.get(digestOf(key))).toBe(offset);
  expect(keys.get(digestOf(4000))).toBe(-1);
});
