import { Offset } from "@vitrine/core";
import { expect, test } from "vitest";
import { ReplicaProgress } from "./replica-progress.ts";

const report = (fields: { fetch: number; durable?: number; leader: number; nowMs: number; brokerEpoch?: number }) => ({
  brokerEpoch: fields.brokerEpoch ?? 7,
  fetchOffset: Offset(fields.fetch),
  durableEndOffset: Offset(fields.durable ?? fields.fetch),
  logStartOffset: Offset(0),
  leaderEndOffset: Offset(fields.leader),
  nowMs: fields.nowMs,
});
const caughtUp = (progress: ReplicaProgress, leader: number, nowMs: number) =>
  progress.isCaughtUp({ leaderEndOffset: Offset(leader), nowMs, lagMaxMs: 100 });

test("P10 reports that overtook each other never lower progress", () => {
  const progress = new ReplicaProgress(2, 0);
  progress.record(report({ fetch: 10, durable: 8, leader: 10, nowMs: 1 }));
  progress.record(report({ fetch: 6, durable: 5, leader: 10, nowMs: 2 }));
  expect([progress.fetchOffset, progress.durableEndOffset]).toEqual([10, 8]);
});

test("P10 a new broker epoch starts a replica's progress anew (KAFKA-15221)", () => {
  const progress = new ReplicaProgress(2, 0);
  progress.record(report({ fetch: 10, leader: 10, nowMs: 1 }));
  progress.record(report({ fetch: 4, durable: 3, leader: 10, nowMs: 2, brokerEpoch: 8 }));
  expect([progress.fetchOffset, progress.durableEndOffset, progress.brokerEpoch]).toEqual([4, 3, 8]);
});

test("P10 a durable end beyond the fetch offset is cut down to it", () => {
  const progress = new ReplicaProgress(2, 0);
  progress.record(report({ fetch: 4, durable: 9, leader: 10, nowMs: 1 }));
  expect(progress.durableEndOffset).toBe(4);
});

test("P14 a replica that reaches where the leader was counts as caught up as of then, also under load that never pauses", () => {
  const progress = new ReplicaProgress(2, 0);
  // The leader grows by ten every 10 ms; the follower's disk trails by 35, so it never has everything.
  for (let nowMs = 10; nowMs <= 1000; nowMs += 10) {
    progress.record(report({ fetch: nowMs - 5, durable: Math.max(0, nowMs - 35), leader: nowMs, nowMs }));
  }
  expect(caughtUp(progress, 1000, 1000)).toBe(true);
});

test("P14 a replica whose disk stands still falls behind though it fetches on", () => {
  const progress = new ReplicaProgress(2, 0);
  for (let nowMs = 10; nowMs <= 1000; nowMs += 10) {
    progress.record(report({ fetch: nowMs, durable: 50, leader: nowMs, nowMs }));
  }
  expect(caughtUp(progress, 1000, 1000)).toBe(false);
});

test("P14 a silent replica stays caught up for the lag time, or as long as there is nothing new", () => {
  const progress = new ReplicaProgress(2, 0);
  progress.record(report({ fetch: 10, leader: 10, nowMs: 50 }));
  expect([caughtUp(progress, 11, 150), caughtUp(progress, 11, 151), caughtUp(progress, 10, 9_999)]).toEqual([
    true,
    false,
    true,
  ]);
});
