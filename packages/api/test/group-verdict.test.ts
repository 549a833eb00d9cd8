import { expect, test } from "vitest";
import { type GroupLook, judgeGroup, judgePartition, type LagSample } from "../src/index.ts";

/** Looks every ten seconds: pairs of committed offset and lag. */
function samples(...pairs: readonly (readonly [committed: number, lag: number])[]): LagSample[] {
  return pairs.map(([committed, lag], index) => ({ atMs: index * 10_000, committed, lag }));
}

test.each([
  ["no look yet", samples(), "member", "unknown"],
  ["nothing waits", samples([5, 0], [5, 0]), "member", "caught_up"],
  ["nothing waits and nobody reads", samples([5, 0], [5, 0]), "nobody", "idle"],
  ["something waits and nobody reads", samples([5, 3], [5, 3]), "nobody", "stopped"],
  ["it was caught up within the window", samples([5, 0], [5, 100], [5, 200]), "member", "caught_up"],
  ["it was caught up within the window, and nobody reads it now", samples([5, 0], [5, 1]), "nobody", "stopped"],
  ["offsets move and no member has it", samples([5, 0], [25, 20], [45, 40]), "nobody", "growing"],
  ["offsets moved, but not lately", samples([5, 40], [25, 20], [25, 20], [25, 20]), "nobody", "stopped"],
  ["something waits while partitions change hands", samples([5, 0], [5, 3]), "changing", "rebalancing"],
  ["nothing waits while partitions change hands", samples([5, 0], [5, 0]), "changing", "idle"],
  ["the first look at a lag", samples([5, 100]), "member", "unknown"],
  ["no commit moved", samples([5, 100], [5, 100], [5, 300]), "member", "stalled"],
  ["commits move and the lag shrinks", samples([5, 100], [50, 70], [90, 30]), "member", "draining"],
  ["commits move and the lag grows", samples([5, 100], [50, 170], [90, 230]), "member", "growing"],
  ["commits move and the lag stays", samples([5, 100], [50, 120], [90, 100]), "member", "behind"],
  ["a commit went back", samples([90, 10], [5, 95], [40, 60]), "member", "rewound"],
] as const)("a partition where %s", (_what, looks, reader, verdict) => {
  expect(judgePartition(looks, reader).verdict).toBe(verdict);
});

test("rates are per second over the window", () => {
  expect(judgePartition(samples([0, 400], [100, 300], [200, 200]), "member")).toEqual({
    verdict: "draining",
    rate: 10,
    lagRate: -10,
  });
});

test("a first commit is no movement: nobody knows how much was read for it", () => {
  expect(judgePartition(samples([-1, 400], [400, 0]), "member").rate).toBe(0);
});

const look: GroupLook = {
  state: "Stable",
  members: 2,
  coordinator: 1,
  stateSinceMs: 0,
  partitions: [],
  lag: 0,
  commitMs: 0,
  nowMs: 300_000,
};

function partition(name: string, lag: number, ...looks: readonly (readonly [number, number])[]) {
  return { name, lag, ...judgePartition(samples(...looks), "member") };
}

test("the worst partition decides, and the sentence names it", () => {
  const partitions = [partition("orders/0", 0, [5, 0], [5, 0]), partition("orders/1", 7, [5, 7], [5, 7])];
  expect(judgeGroup({ ...look, partitions, lag: 7 })).toEqual({
    verdict: "stalled",
    level: "critical",
    text: "Stalled: 7 records wait on orders/1; members are there, but they commit nothing",
    drainS: null,
  });
});

test("a draining group says how long it takes", () => {
  const partitions = [partition("orders/0", 200, [0, 400], [100, 300], [200, 200])];
  const judged = judgeGroup({ ...look, partitions, lag: 200 });
  expect(judged.text).toBe("Draining: 200 records wait on orders/0, about 20 s to go");
  expect(judged.drainS).toBe(20);
});

test("a stopped group says since when nobody committed", () => {
  const stopped = { name: "orders/0", lag: 1, ...judgePartition(samples([5, 1], [5, 1]), "nobody") };
  const judged = judgeGroup({ ...look, state: "Empty", members: 0, partitions: [stopped], lag: 1 });
  expect(judged.text).toBe(
    "Stopped: 1 record waits on orders/0, and there is no member to read, the last commit is 5 min old",
  );
});

test("a partition that no member has is a warning in a group that reads others, and comes after one that stands still", () => {
  const unread = (name: string) => ({ name, lag: 3, ...judgePartition(samples([5, 0], [5, 3]), "nobody") });
  const partitions = [partition("orders/0", 0, [5, 0], [5, 0]), unread("orders/1"), unread("old/0")];
  expect(judgeGroup({ ...look, partitions, lag: 6 })).toMatchObject({
    verdict: "stopped",
    level: "warning",
    text: "Stopped: 6 records wait on 2 partitions, and no member has them, the last commit is 5 min old",
  });
  const stalled = partition("orders/2", 7, [5, 7], [5, 7]);
  expect(judgeGroup({ ...look, partitions: [...partitions, stalled], lag: 13 })).toMatchObject({
    verdict: "stalled",
    level: "critical",
  });
});

test("a rebalance and a lost coordinator come before the lag", () => {
  const partitions = [partition("orders/1", 7, [5, 7], [5, 7])];
  expect(judgeGroup({ ...look, state: "PreparingRebalance", stateSinceMs: 296_000, partitions, lag: 7 }).text).toBe(
    "Rebalancing for 4 s: partitions change hands among 2 members",
  );
  expect(judgeGroup({ ...look, coordinator: -1, partitions, lag: 7 })).toMatchObject({
    verdict: "unknown",
    level: "warning",
  });
});
