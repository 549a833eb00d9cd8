import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  assignCooperativeSticky,
  assignRange,
  assignRoundRobin,
  assignSticky,
  type AssignorMember,
  partitionId,
} from "../src/index.ts";

const TOPICS = ["a", "b", "c"];

const group = fc.record({
  counts: fc.tuple(fc.nat(6), fc.nat(6), fc.nat(6)).map((n) => new Map(n.map((count, i) => [TOPICS[i]!, count]))),
  members: fc.array(
    fc.record({
      instanceId: fc.option(fc.constantFrom("i1", "i2", "i3")),
      topics: fc.subarray(TOPICS),
      owned: fc.array(fc.record({ topic: fc.constantFrom(...TOPICS), partition: fc.nat(7) }), { maxLength: 6 }),
      generation: fc.integer({ min: -1, max: 3 }),
    }),
    { minLength: 1, maxLength: 6 },
  ),
});

describe.each([
  ["range", assignRange],
  ["roundrobin", assignRoundRobin],
  ["sticky", assignSticky],
  ["cooperative-sticky", assignCooperativeSticky],
] as const)("%s", (name, assign) => {
  test("A2 whatever members claim, no partition goes to two of them, or to one that does not subscribe", () => {
    fc.assert(
      fc.property(group, ({ counts, members }) => {
        const asked = members.map((member, i): AssignorMember => ({ ...member, memberId: `m${i}` }));
        const assigned = assign(asked, counts);
        const given = [...assigned].flatMap(([id, partitions]) => partitions.map((at) => ({ id, at })));
        expect(new Set(given.map(({ at }) => partitionId(at))).size).toBe(given.length);
        for (const { id, at } of given) {
          expect(asked.find((member) => member.memberId === id)!.topics).toContain(at.topic);
          expect(at.partition).toBeLessThan(counts.get(at.topic)!);
        }
        expect([...assigned.keys()].sort()).toEqual(asked.map((member) => member.memberId).sort());
        if (name !== "cooperative-sticky") expect(given.length).toBe(wanted(asked, counts));
      }),
    );
  });
});

test("A3 cooperative: what somebody else claims is given to nobody, and to its claimant at most", () => {
  fc.assert(
    fc.property(group, ({ counts, members }) => {
      const asked = members.map((member, i): AssignorMember => ({ ...member, memberId: `m${i}` }));
      for (const [id, partitions] of assignCooperativeSticky(asked, counts)) {
        for (const at of partitions) {
          const others = asked.filter(
            (member) => member.memberId !== id && member.owned.some((own) => partitionId(own) === partitionId(at)),
          );
          expect(others).toEqual([]);
        }
      }
    }),
  );
});

/** Partitions of topics that somebody subscribes to. */
function wanted(members: readonly AssignorMember[], counts: ReadonlyMap<string, number>): number {
  const topics = new Set(members.flatMap((member) => member.topics));
  return [...topics].reduce((sum, topic) => sum + (counts.get(topic) ?? 0), 0);
}
