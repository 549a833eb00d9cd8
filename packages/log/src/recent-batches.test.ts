import { Offset } from "@vitrine/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { testBatch } from "../test/batches.ts";
import { RecentBatches } from "./recent-batches.ts";
import type { Batch } from "./partition-log.ts";

test("L42 the recent batches answer as an array does, from their start to the log's end, and count their bytes", () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant("push" as const), by: fc.integer({ min: 1, max: 4 }) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom("evict" as const, "truncate" as const, "below" as const),
        by: fc.nat(400),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("read" as const), by: fc.nat(400) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600, size: "max" }), (steps) => {
      const recent = new RecentBatches(Offset(0));
      let model: Batch[] = [];
      let [start, end] = [0, 0];
      for (const { do: what, by } of steps) {
        if (what === "push") {
          const batch = testBatch({ baseOffset: end, records: by, timestampMs: (end * 7) % 100 });
          recent.push(batch);
          model.push(batch);
          end += by;
        } else if (what === "evict") {
          const first = model[0];
          const goes = first !== undefined && first.facts.lastOffset < by;
          expect(recent.evictOne(Offset(by))).toBe(goes ? first.bytes.byteLength : 0);
          if (goes) model = model.slice(1);
          if (goes) start = first.facts.lastOffset + 1;
        } else if (what === "truncate") {
          const at = Offset(start + (by % (end - start + 1)));
          recent.truncateTo(at);
          model = model.filter(({ facts }) => facts.lastOffset < at);
          end = Math.min(end, at);
        } else if (what === "below") {
          const at = Offset(start + (by % (end - start + 1)));
          recent.dropBelow(at);
          const gone = model.findLast(({ facts }) => facts.lastOffset < at);
          if (gone) start = gone.facts.lastOffset + 1;
          model = model.filter(({ facts }) => facts.lastOffset >= at);
        } else {
          const from = Offset(start + (by % (end - start + 1)));
          const wanted = model.filter(({ facts }) => facts.lastOffset >= from);
          expect(recent.read({ from, upTo: Offset(end), maxBytes: 1e9 })).toEqual(wanted);
          expect(recent.read({ from, upTo: Offset(end), maxBytes: 1 })).toEqual(wanted.slice(0, 1));
          const newer = model.find(({ facts }) => facts.maxTimestampMs >= by % 100);
          expect(recent.findTimestamp(by % 100, recent.start, Offset(end))).toEqual(newer ?? null);
        }
        expect(recent.start).toBe(start);
        expect(recent.bytes).toBe(model.reduce((sum, batch) => sum + batch.bytes.byteLength, 0));
      }
    }),
    { numRuns: 25 },
  );
});
