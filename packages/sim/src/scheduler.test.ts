import { expect, test } from "vitest";
import { VirtualTime } from "./scheduler.ts";

test("S1 things happen by time, and at one time in the order they were asked for", () => {
  const time = new VirtualTime();
  const seen: string[] = [];
  for (const [delayMs, name] of [
    [5, "c"],
    [1, "a"],
    [5, "d"],
    [3, "b"],
    [9, "never"],
  ] as const)
    time.after(delayMs, () => seen.push(`${name}@${time.nowMs}`));
  time.runUntil(6);
  expect(seen).toEqual(["a@1", "b@3", "c@5", "d@5"]);
  expect(time.nowMs).toBe(6);
});

test("a cancelled timer does not run, and stopping leaves time where it is", () => {
  const time = new VirtualTime();
  let ran = 0;
  const timer = time.after(1, () => (ran += 100));
  time.after(2, () => (ran += 1));
  time.after(3, () => (ran += 10));
  time.cancel(timer);
  time.runUntil(50, () => ran > 0);
  expect([ran, time.nowMs]).toEqual([1, 2]);
  time.runUntil(50);
  expect([ran, time.nowMs]).toEqual([11, 50]);
});
