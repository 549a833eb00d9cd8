import { seededRandom } from "@vitrine/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { PlacementBroker } from "./placement.ts";
import { placeReplicas } from "./placement.ts";

function brokers(count: number, rackOf: (id: number) => string | null = () => null): PlacementBroker[] {
  return Array.from({ length: count }, (_, at) => ({ id: at + 1, rack: rackOf(at + 1), fenced: false }));
}

function place(from: readonly PlacementBroker[], partitions: number, replicationFactor: number, seed = 1) {
  const placed = placeReplicas(from, { partitions, replicationFactor }, seededRandom(seed));
  if (!placed.ok) throw new Error(placed.message);
  return placed.assignments;
}

function counts(ids: readonly number[]): number[] {
  const byId = new Map<number, number>();
  for (const id of ids) byId.set(id, (byId.get(id) ?? 0) + 1);
  return [...byId.values()];
}

test("M45 replicas are distinct, leaders and replicas are spread, the same seed places the same", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7 }), fc.nat(40), fc.nat(6), fc.nat(), (count, partitions, factor, seed) => {
      const replicationFactor = 1 + (factor % count);
      const placed = place(brokers(count), partitions, replicationFactor, seed);
      expect(placed).toHaveLength(partitions);
      for (const replicas of placed) expect(new Set(replicas).size).toBe(replicationFactor);
      const leaders = counts(placed.map((replicas) => replicas[0]!));
      const fewest = partitions < count ? 0 : Math.min(...leaders);
      expect(Math.max(0, ...leaders) - fewest).toBeLessThanOrEqual(1);
      if (partitions >= count) expect(leaders).toHaveLength(count);
      expect(place(brokers(count), partitions, replicationFactor, seed)).toEqual(placed);
    }),
    { numRuns: 200 },
  );
});

test("M45 the followers of one leader differ from round to round", () => {
  const placed = place(brokers(4), 12, 2);
  const pairs = new Set(placed.map((replicas) => replicas.join(",")));
  expect(pairs.size).toBe(12);
});

test("M45 racks are used before brokers are doubled up in one", () => {
  const placed = place(
    brokers(6, (id) => `rack-${id % 3}`),
    30,
    3,
  );
  for (const replicas of placed) expect(new Set(replicas.map((id) => id % 3)).size).toBe(3);
  expect(Math.max(...counts(placed.map((replicas) => replicas[0]!)))).toBe(5);
  for (const replicas of place(
    brokers(4, (id) => (id === 1 ? "a" : "b")),
    8,
    3,
  ))
    expect(replicas).toContain(1);
});

test("M45 fenced brokers never lead and are used only where live ones are too few", () => {
  const some = brokers(4).map((broker) => ({ ...broker, fenced: broker.id > 2 }));
  for (const replicas of place(some, 8, 2)) expect([...replicas].sort((a, b) => a - b)).toEqual([1, 2]);
  for (const replicas of place(some, 8, 3)) expect(replicas.slice(0, 2).sort((a, b) => a - b)).toEqual([1, 2]);
});

test("M45 too few brokers, or none alive, is told in a sentence", () => {
  const ask = (from: readonly PlacementBroker[], replicationFactor: number) =>
    placeReplicas(from, { partitions: 1, replicationFactor }, seededRandom(1));
  expect(ask(brokers(3), 4)).toEqual({
    ok: false,
    message: "The target replication factor of 4 cannot be reached because only 3 broker(s) are registered.",
  });
  expect(
    ask(
      brokers(1).map((broker) => ({ ...broker, fenced: true })),
      1,
    ),
  ).toEqual({
    ok: false,
    message: "All brokers are currently fenced.",
  });
});
