import { expect, test } from "vitest";
import { SampledRate, throttleTimeMs } from "./sampled-rate.ts";

const windows = { count: 11, lengthMs: 1_000 };

test("Q1 a young rate is taken over ten windows, so that a first burst is no rate", () => {
  const rate = new SampledRate(windows);
  rate.record(20_000, 5_000);
  expect(rate.measure(5_000)).toEqual({ rate: 2_000, spanMs: 10_000 });
  // Half a window later nothing more came: the span has grown with it.
  expect(rate.measure(5_500).spanMs).toBe(10_500);
});

test("Q1 an even stream is measured as what it is, and a window counts until all of it is out of sight", () => {
  const rate = new SampledRate(windows);
  for (let nowMs = 0; nowMs <= 30_000; nowMs += 100) rate.record(100, nowMs);
  const { rate: perSecond } = rate.measure(30_000);
  expect(perSecond).toBeGreaterThan(950);
  expect(perSecond).toBeLessThan(1_050);
  expect(rate.measure(30_000 + 10_900).rate).toBeGreaterThan(0);
  expect(rate.measure(30_000 + 11_001).rate).toBe(0);
});

test("Q2 the wait is by how much the rate is over, times the span it was taken over", () => {
  const rate = new SampledRate(windows);
  rate.record(20_000, 0);
  expect(throttleTimeMs(rate.measure(0), 1_000)).toBe(10_000);
  expect(throttleTimeMs(rate.measure(0), 500)).toBe(30_000);
  expect(throttleTimeMs(rate.measure(0), 2_000)).toBe(0);
  expect(throttleTimeMs({ rate: 1e15, spanMs: 10_000 }, 1)).toBe(2 ** 31 - 1);
});

test("Q2 what is taken back does not count", () => {
  const rate = new SampledRate(windows);
  rate.record(20_000, 0);
  rate.record(-20_000, 0);
  expect(rate.measure(0).rate).toBe(0);
});
