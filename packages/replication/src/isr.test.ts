import { expect, test } from "vitest";
import { IsrState } from "./isr.ts";
import type { AlterPartitionOutcome } from "./types.ts";

const state = () => new IsrState([1, 2], 5, 0);
const ok = (isr: number[], partitionEpoch: number, leaderEpoch = 3): AlterPartitionOutcome => ({
  ok: true,
  leaderId: 1,
  leaderEpoch,
  isr,
  partitionEpoch,
  leaderRecoveryState: 0,
});

test("P15 while an expansion is in flight the larger set counts, while a shrink is in flight the old one", () => {
  const growing = state();
  growing.propose(1, [1, 2, 3], "expand");
  const shrinking = state();
  shrinking.propose(1, [1], "shrink");
  expect([growing.maximal, shrinking.maximal]).toEqual([
    [1, 2, 3],
    [1, 2],
  ]);
});

test("P15 a second proposal while one is in flight is a bug", () => {
  const isr = state();
  isr.propose(1, [1], "shrink");
  expect(() => isr.propose(2, [1, 2, 3], "expand")).toThrow("one AlterPartition in flight");
});

test("P16 success commits the answer's ISR and partition epoch", () => {
  const isr = state();
  isr.propose(1, [1, 2, 3], "expand");
  expect(isr.answer(1, ok([1, 2, 3], 6), 3, 0, 50)).toBe("committed");
  expect([isr.committed, isr.partitionEpoch, isr.pending]).toEqual([[1, 2, 3], 6, null]);
});

test("P16 an answer to another proposal, or to none, changes nothing", () => {
  const isr = state();
  expect(isr.answer(1, ok([1], 6), 3, 0, 50)).toBe("ignored");
  isr.propose(2, [1, 2, 3], "expand");
  expect(isr.answer(1, ok([1], 6), 3, 0, 50)).toBe("ignored");
  expect(isr.committed).toEqual([1, 2]);
});

test.each(["INELIGIBLE_REPLICA", "OPERATION_NOT_ATTEMPTED"] as const)(
  "P16 %s is definite: the proposal is rolled back",
  (error) => {
    const isr = state();
    isr.propose(1, [1, 2, 3], "expand");
    expect(isr.answer(1, { ok: false, error }, 3, 0, 50)).toBe("rolled-back");
    expect([isr.maximal, isr.pending]).toEqual([[1, 2], null]);
  },
);

test.each(["INVALID_UPDATE_VERSION", "FENCED_LEADER_EPOCH", "INVALID_REQUEST", "UNKNOWN_TOPIC_OR_PARTITION"] as const)(
  "P16 after %s an earlier copy may have been carried out: the maximal ISR counts until metadata comes",
  (error) => {
    const isr = state();
    isr.propose(1, [1, 2, 3], "expand");
    expect(isr.answer(1, { ok: false, error }, 3, 0, 50)).toBe("await-metadata");
    expect(isr.maximal).toEqual([1, 2, 3]);
    expect(isr.applyMetadata([1, 2, 3], 6, 0)).toBe(true);
    expect(isr.pending).toBe(null);
  },
);

test.each(["no-answer", "NOT_CONTROLLER", "REQUEST_TIMED_OUT", "STALE_BROKER_EPOCH"] as const)(
  "P16 after %s it is asked again, later each time",
  (error) => {
    const isr = state();
    const pending = isr.propose(1, [1, 2, 3], "expand");
    expect(isr.answer(1, { ok: false, error }, 3, 1000, 50)).toBe("retry");
    expect(pending.retryAtMs).toBe(1050);
    pending.attempts = 4;
    isr.answer(1, { ok: false, error }, 3, 2000, 50);
    expect(pending.retryAtMs).toBe(2400);
  },
);

test("P16 metadata of a partition epoch already known is old news", () => {
  const isr = state();
  isr.propose(1, [1], "shrink");
  expect(isr.applyMetadata([1, 2, 3], 5, 0)).toBe(false);
  expect(isr.applyMetadata([1, 2, 3], 4, 0)).toBe(false);
  expect([isr.committed, isr.pending?.requestId]).toEqual([[1, 2], 1]);
});

test("P16 metadata that arrives before the answer settles the proposal, and the late answer is ignored", () => {
  const isr = state();
  isr.propose(1, [1, 2, 3], "expand");
  isr.applyMetadata([1, 2, 3], 6, 0);
  expect(isr.answer(1, ok([1, 2, 3], 6), 3, 0, 50)).toBe("ignored");
});
