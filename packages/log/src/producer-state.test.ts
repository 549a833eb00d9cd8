import { Offset } from "@vitrine/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { testBatch } from "../test/batches.ts";
import { nextSequence, ProducerState } from "./producer-state.ts";

const PID = 7;
const LAST_SEQUENCE = 2 ** 31 - 1;
const facts = (
  baseOffset: number,
  baseSequence: number,
  options: { records?: number; producerEpoch?: number; isControl?: boolean } = {},
) => testBatch({ baseOffset, baseSequence, producerId: PID, timestampMs: 1000 + baseOffset, ...options }).facts;
const OK = { kind: "ok" };
const OUT_OF_ORDER = { kind: "error", error: "OUT_OF_ORDER_SEQUENCE_NUMBER" };
const FENCED = { kind: "error", error: "INVALID_PRODUCER_EPOCH" };

/** Producer 7 wrote `count` batches of one record: sequence n at offset n. */
function written(count: number, highWatermark = 0): ProducerState {
  const producers = new ProducerState();
  for (let n = 0; n < count; n++) producers.append(facts(n, n), Offset(highWatermark));
  return producers;
}

describe("producer state", () => {
  test.each([
    ["the next sequence", facts(3, 3), OK],
    ["a gap", facts(3, 4), OUT_OF_ORDER],
    ["a sequence that overlaps what is known without being it", facts(3, 2, { records: 2 }), OUT_OF_ORDER],
    ["an older epoch", facts(3, 3, { producerEpoch: -1 }), FENCED],
    ["a newer epoch from 0", facts(3, 0, { producerEpoch: 1 }), OK],
    ["a newer epoch that does not begin at 0", facts(3, 3, { producerEpoch: 1 }), OUT_OF_ORDER],
  ])("L30 %s", (_, batch, expected) => {
    expect(written(3).check(batch)).toEqual(expected);
  });

  test("L31 a batch sent again is a duplicate and gets the offsets it got then", () => {
    const producers = written(3);
    expect(producers.check(facts(99, 1))).toEqual({
      kind: "duplicate",
      baseOffset: 1,
      lastOffset: 1,
      timestampMs: 1001,
    });
  });

  test("L31 only the newest five batches are known for duplicates", () => {
    const producers = written(7);
    expect(producers.check(facts(99, 2))).toMatchObject({ kind: "duplicate", baseOffset: 2 });
    expect(producers.check(facts(99, 1))).toEqual(OUT_OF_ORDER);
  });

  test("L38 beyond the bound the producer that has been quiet longest is forgotten", () => {
    const producers = new ProducerState([], () => {}, { producersMax: 3 });
    const write = (producerId: number, baseOffset: number) =>
      producers.append(testBatch({ baseOffset, baseSequence: 0, producerId }).facts, Offset(0));
    for (const [offset, producerId] of [1, 2, 3, 1, 4].entries()) write(producerId, offset);
    expect(producers.entries.map(({ producerId }) => producerId)).toEqual([3, 1, 4]);
    expect(producers.takeChanges().removed).toEqual([2]);
  });

  test("L32 after sequence 2^31-1 comes 0, also inside a batch", () => {
    const producers = new ProducerState();
    producers.append(facts(0, LAST_SEQUENCE), Offset(0));
    expect(producers.check(facts(1, 0))).toEqual(OK);
    const crossing = new ProducerState();
    crossing.append(facts(0, LAST_SEQUENCE - 1, { records: 4 }), Offset(0));
    expect(crossing.check(facts(4, 2))).toEqual(OK);
    expect(crossing.check(facts(9, LAST_SEQUENCE - 1, { records: 4 }))).toMatchObject({
      kind: "duplicate",
      lastOffset: 3,
    });
    expect(nextSequence(LAST_SEQUENCE)).toBe(0);
  });

  test("L33 an unknown producer may begin anywhere; a batch without producer is always let through", () => {
    expect(new ProducerState().check(facts(0, 41))).toEqual(OK);
    expect(written(3).check(testBatch({ baseOffset: 3 }).facts)).toEqual(OK);
  });

  test("L34 a marker raises the epoch without a sequence, and the next batch begins at 0", () => {
    const producers = written(3);
    producers.append(facts(3, -1, { producerEpoch: 2, isControl: true }), Offset(0));
    expect(producers.check(facts(4, 3))).toEqual(FENCED);
    expect(producers.check(facts(4, 3, { producerEpoch: 2 }))).toEqual(OUT_OF_ORDER);
    expect(producers.check(facts(4, 0, { producerEpoch: 2 }))).toEqual(OK);
  });

  test("L35 a truncation to the high watermark or above leaves exactly what was known before", () => {
    const steps = fc.array(fc.record({ producerId: fc.nat(2), newEpoch: fc.boolean() }), { maxLength: 40 });
    fc.assert(
      fc.property(steps, fc.nat(40), fc.nat(40), (batches, cut, mark) => {
        const cutAt = Math.min(cut, batches.length);
        const highWatermark = Math.min(mark, cutAt);
        const run = (upTo: number) => {
          const producers = new ProducerState();
          const next = new Map<number, { epoch: number; sequence: number }>();
          for (const [offset, step] of batches.slice(0, upTo).entries()) {
            const at = next.get(step.producerId) ?? { epoch: 0, sequence: 0 };
            if (step.newEpoch) next.set(step.producerId, Object.assign(at, { epoch: at.epoch + 1, sequence: 0 }));
            const made = testBatch({
              baseOffset: offset,
              producerId: step.producerId,
              producerEpoch: at.epoch,
              baseSequence: at.sequence,
            });
            next.set(step.producerId, { epoch: at.epoch, sequence: at.sequence + 1 });
            producers.append(made.facts, Offset(Math.min(highWatermark, offset)));
          }
          return producers;
        };
        const truncated = run(batches.length);
        truncated.truncateFromEnd(Offset(cutAt));
        const visible = (producers: ProducerState) =>
          producers.entries
            .map((entry) => ({ ...entry, batches: entry.batches.slice(-5), lastSeenMs: null }))
            .sort((a, b) => a.producerId - b.producerId);
        expect(visible(truncated)).toEqual(visible(run(cutAt)));
      }),
    );
  });

  test("L35 what lies below the high watermark and is not among the newest five is forgotten", () => {
    expect(written(50, 50).get(PID)!.batches).toHaveLength(5);
    expect(written(50, 0).get(PID)!.batches).toHaveLength(50);
  });

  test("L36 a producer expires by broker time since the sweep that saw it last used, whatever its data say", () => {
    const day = 86_400_000;
    const producers = written(1);
    producers.expire(5 * day, day);
    producers.expire(6 * day - 1, day);
    expect(producers.size).toBe(1);
    producers.append(facts(1, 1), Offset(0));
    producers.expire(6 * day, day);
    producers.expire(7 * day - 1, day);
    expect(producers.size).toBe(1);
    producers.expire(7 * day, day);
    expect(producers.size).toBe(0);
  });

  test("L37 changes are told once, as rows to write and rows to delete", () => {
    let told = 0;
    const producers = new ProducerState([], () => told++);
    producers.append(facts(0, 0), Offset(0));
    producers.append(facts(1, 1), Offset(0));
    expect(told).toBe(2);
    const { changed, removed } = producers.takeChanges();
    expect(changed.map((entry) => entry.batches.length)).toEqual([2]);
    expect(removed).toEqual([]);
    expect(new ProducerState(changed).check(facts(2, 2))).toEqual(OK);
    expect(producers.takeChanges()).toEqual({ changed: [], removed: [] });
    producers.clear();
    expect(producers.takeChanges()).toEqual({ changed: [], removed: [PID] });
  });
});
