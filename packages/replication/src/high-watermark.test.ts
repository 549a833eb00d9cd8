import fc from "fast-check";
import { expect, test } from "vitest";
import { highWatermark } from "./high-watermark.ts";

const base = {
  highWatermark: 5,
  logEndOffset: 20,
  ownDurableEndOffset: 18,
  isrSize: 3,
  minIsr: 2,
  followerDurableEndOffsets: [12, 9],
};

test.each([
  ["P6 the smallest durable end of those who count", base, 9],
  ["P6 the leader's own disk counts", { ...base, followerDurableEndOffsets: [20, 20] }, 18],
  ["P6 a replica not heard of holds it", { ...base, followerDurableEndOffsets: [12, 0] }, 5],
  ["P7 nothing moves while the ISR is too small (KAFKA-15583)", { ...base, isrSize: 1 }, 5],
  ["P6 alone, the leader's disk decides", { ...base, isrSize: 1, minIsr: 1, followerDurableEndOffsets: [] }, 18],
])("%s", (_name, input, expected) => {
  expect(highWatermark(input)).toBe(expected);
});

test("P8 it never goes back and never passes the leader's disk or log", () => {
  const offset = fc.nat(100);
  fc.assert(
    fc.property(
      offset,
      offset,
      offset,
      fc.nat(4),
      fc.nat(4),
      fc.array(offset),
      (hw, end, durable, isrSize, minIsr, ends) => {
        const ownDurableEndOffset = hw + durable;
        const logEndOffset = ownDurableEndOffset + end;
        const next = highWatermark({
          highWatermark: hw,
          logEndOffset,
          ownDurableEndOffset,
          isrSize,
          minIsr,
          followerDurableEndOffsets: ends,
        });
        return next >= hw && next <= ownDurableEndOffset && next <= logEndOffset;
      },
    ),
  );
});
