import { expect, test } from "vitest";
import type { TimeQuestion } from "../src/groups/committed-times.ts";
import { WaitingTimes } from "../src/live/waiting-times.ts";

/** Times that are there once they were asked for, as of a leader. */
function times() {
  const read = new Map<number, number>();
  const ends = {
    timeAt: ({ offset }: TimeQuestion) => read.get(offset),
    ask: (_ends: unknown, questions: readonly TimeQuestion[]) => {
      for (const { offset } of questions) read.set(offset, 1_000 + offset);
      return Promise.resolve();
    },
  };
  return new WaitingTimes(ends);
}

const at = (offset: number) => ({ key: "orders/0/billing", topic: "orders", partition: 0, offset });

test("a group that commits in every round is told the last time that was read, not nothing", async () => {
  const waiting = times();
  expect(waiting.timeOf(at(5), 0)).toBeUndefined();
  await waiting.ask(new Map(), [at(5)], 0);
  // It has committed again before the round came back, and does so before every one.
  expect(waiting.timeOf(at(9), 1_000)).toBe(1_005);
  await waiting.ask(new Map(), [at(9)], 1_000);
  expect(waiting.timeOf(at(9), 2_000)).toBe(1_009);
  expect(waiting.timeOf(at(14), 2_000)).toBe(1_009);
});

test("a time that is no longer of now is not told, nor one of a row that is gone", async () => {
  const waiting = times();
  await waiting.ask(new Map(), [at(5)], 0);
  expect(waiting.timeOf(at(9), 3_001)).toBeUndefined();
  await waiting.ask(new Map(), [at(9)], 4_000);
  waiting.keepOnly(new Set());
  expect(waiting.timeOf(at(14), 4_000)).toBeUndefined();
});
