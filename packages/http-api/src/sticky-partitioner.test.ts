import { seededRandom } from "@vitrine/core";
import { expect, test } from "vitest";
import { StickyPartitioner } from "./sticky-partitioner.ts";

function partitions(leaders: readonly number[]) {
  return leaders.map((leader, partition) => ({
    partition,
    leader,
    leaderEpoch: 0,
    partitionEpoch: 0,
    replicas: [1],
    isr: [1],
    elr: [],
  }));
}

test("T10 one partition is kept until its batch leaves", () => {
  const sticky = new StickyPartitioner(seededRandom(1));
  const rows = partitions([1, 1, 1, 1]);
  const first = sticky.choose("t", rows, () => 0);
  for (let i = 0; i < 20; i++) expect(sticky.choose("t", rows, () => 0)).toBe(first);
  sticky.batchLeft("t", (first + 1) % 4);
  expect(sticky.choose("t", rows, () => 0)).toBe(first);
  const seen = new Set<number>();
  for (let i = 0; i < 50; i++) {
    const next = sticky.choose("t", rows, () => 0);
    seen.add(next);
    sticky.batchLeft("t", next);
  }
  expect(seen).toEqual(new Set([0, 1, 2, 3]));
});

test("partitions without a leader are left out while others have one, and a choice is dropped when its leader goes", () => {
  const sticky = new StickyPartitioner(seededRandom(2));
  for (let i = 0; i < 50; i++) {
    const next = sticky.choose("t", partitions([-1, 1, -1]), () => 0);
    expect(next).toBe(1);
    sticky.batchLeft("t", next);
  }
  expect(sticky.choose("t", partitions([1, 1, -1]), () => 0)).toBeLessThan(2);
  expect([0, 1]).toContain(sticky.choose("u", partitions([-1, -1]), () => 0));
});

test("T10 a long queue is drawn less often, as its share of the room says", () => {
  const sticky = new StickyPartitioner(seededRandom(3));
  const queued = [9, 0];
  const counts = [0, 0];
  for (let i = 0; i < 2_000; i++) {
    const next = sticky.choose("t", partitions([1, 1]), (partition) => queued[partition]!);
    counts[next]! += 1;
    sticky.batchLeft("t", next);
  }
  // Weights 1 and 10: one in eleven.
  expect(counts[0]! / 2_000).toBeGreaterThan(0.06);
  expect(counts[0]! / 2_000).toBeLessThan(0.13);
});
