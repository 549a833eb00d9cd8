import { Offset } from "@vitrine/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cleanableOf } from "./cleanable.ts";
import { type BatchPlace, SegmentCutter, type VirtualSegment } from "./virtual-segments.ts";

const RULES = { segmentBytes: 1000, segmentMs: 60_000 };
const at = (baseOffset: number, sizeBytes: number, maxTimestampMs: number): BatchPlace => ({
  baseOffset,
  lastOffset: baseOffset,
  sizeBytes,
  maxTimestampMs,
});

function cut(batches: readonly BatchPlace[], from = 0, last: VirtualSegment | null = null): readonly VirtualSegment[] {
  const cutter = new SegmentCutter({ from: Offset(from), upTo: Offset(1e6), rules: RULES, last });
  for (const batch of batches) cutter.add(batch);
  return cutter.result().segments;
}
const bases = (segments: readonly VirtualSegment[]) => segments.map(({ baseOffset }) => baseOffset as number);

test("L60 a segment ends before the batch that would make it larger than segment.bytes, however large that batch is", () => {
  expect(bases(cut([at(0, 600, 1), at(1, 400, 1), at(2, 1, 1), at(3, 5000, 1), at(4, 1, 1)]))).toEqual([0, 2, 3, 4]);
});

test("L60 a segment ends before the batch that comes more than segment.ms after its first", () => {
  expect(bases(cut([at(0, 1, 5), at(1, 1, 60_005), at(2, 1, 60_006), at(3, 1, 7)]))).toEqual([0, 2]);
});

test("L60 piece by piece the cuts are those of the whole", () => {
  const batch = fc.record({ sizeBytes: fc.integer({ min: 1, max: 700 }), maxTimestampMs: fc.nat(200_000) });
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 60 }), fc.nat(60), (sizes, split) => {
      const batches = sizes.map((it, baseOffset) => at(baseOffset, it.sizeBytes, it.maxTimestampMs));
      const before = cut(batches.slice(0, split));
      const after = cut(batches.slice(split), split, before.at(-1) ?? null);
      expect([...before.slice(0, -1), ...after]).toEqual(cut(batches));
    }),
  );
});

test("L60 one survey gives a bounded number of segments, and says how far it got", () => {
  const cutter = new SegmentCutter({ from: Offset(0), upTo: Offset(1e6), rules: RULES, last: null });
  let taken = 0;
  while (cutter.add(at(taken, 900, 1))) taken += 1;
  const { segments, upTo } = cutter.result();
  expect(segments).toHaveLength(taken);
  expect(upTo).toBe(segments.at(-1)!.endOffset);
});

describe("L61 what may be compacted", () => {
  const segments = cut([at(0, 600, 1_000), at(1, 600, 5_000), at(2, 600, 9_000), at(3, 600, 9_500)]);
  const rules = { minLagMs: 0, maxLagMs: Infinity, minDirtyRatio: 0.5 };
  const state = { segments, sizeBytes: 2400, nowMs: 10_000 };

  test("is never the active segment", () => {
    expect(cleanableOf(state, rules)).toMatchObject({ upTo: 3, bytes: 1800, ratio: 1, isDue: true });
    expect(cleanableOf({ ...state, segments: segments.slice(0, 1) }, rules)).toBe(null);
    expect(cleanableOf({ ...state, segments: [] }, rules)).toBe(null);
  });

  test("is older than min.compaction.lag.ms", () => {
    expect(cleanableOf(state, { ...rules, minLagMs: 2_000 })).toMatchObject({ upTo: 2, bytes: 1200 });
    expect(cleanableOf(state, { ...rules, minLagMs: 9_500 })).toBe(null);
  });

  test("is worth it when its share is above min.cleanable.dirty.ratio, or something waited for max.compaction.lag.ms", () => {
    const cleaner = { ...state, sizeBytes: 2400 + 3600 };
    expect(cleanableOf(cleaner, rules)).toMatchObject({ ratio: 1 / 3, isDue: false });
    expect(cleanableOf(cleaner, { ...rules, minDirtyRatio: 0.3 })).toMatchObject({ isDue: true });
    expect(cleanableOf(cleaner, { ...rules, maxLagMs: 8_999 })).toMatchObject({ isDue: true });
    expect(cleanableOf(cleaner, { ...rules, maxLagMs: 9_000 })).toMatchObject({ isDue: false });
  });
});
