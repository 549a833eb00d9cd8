import { expect, test } from "vitest";
import { type GroupLook, judgeGroup, judgePartition, type LagSample } from "../src/index.ts";

/** Looks every ten seconds: pairs of committed offset and lag. */
function samples(...pairs: readonly (readonly [committed: number, lag: number])[]): LagSample[] {
  return pairs.map(([committed, lag], index) => ({ atMs: index * 10_000, committed, lag }));
}

test.each([
  ["no look yet", samples(), true, "unknown"],
  ["nothing waits", samples([5, 0], [5, 0]), true, "caught_up"],
  ["nothing waits and nobody reads", samples([5, 0], [5, 0]), false, "idle"],
  ["something waits and nobody reads", samples([5, 3], [5, 3]), false, "stopped"],
  ["it was caught up within the window", samples([5, 0], [5, 100], [5, 200]), true, "caught_up"],
  ["the first look at a lag", samples([5, 100]), true, "unknown"],
  ["no commit moved", samples([5, 100], [5, 100], [5, 300]), true, "stalled"],
  ["commits move and the lag shrinks", samples([5, 100], [50, 70], [90, 30]), true, "draining"],
  ["commits move and the lag grows", samples([5, 100], [50, 170], [90, 230]), true, "growing"],
  ["commits move and the lag stays", samples([5, 100], [50, 120], [90, 100]), true, "behind"],
  ["a commit went back", samples([90, 10], [5, 95], [40, 60]), true, "rewound"],
] as const)("a partition where %s", (_what, looks, hasMembers, verdict) => {
  expect(judgePartition(looks, hasMembers).verdict).toBe(verdict);
});

test("rates are per second over the window", () => {
  expect(judgePartition(samples([0, 400], [100, 300], [200, 200]), true)).toEqual({
    verdict: "draining",
    rate: 10,
    lagRate: -10,
  });
});

test("a first commit is no movement: nobody knows how much was read for it", () => {
  expect(judgePartition(samples([-1, 400], [400, 0]), true).rate).toBe(0);
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
  return { name, lag, ...judgePartition(samples(...looks), true) };
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
  const stopped = { name: "orders/0", lag: 1, ...judgePartition(samples([5, 1], [5, 1]), false) };
  const judged = judgeGroup({ ...look, state: "Empty", members: 0, partitions: [stopped], lag: 1 });
  expect(judged.text).toBe(
    "Stopped: 1 record waits on orders/0, and there is no member to read, the last commit is 5 min old",
  );
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
