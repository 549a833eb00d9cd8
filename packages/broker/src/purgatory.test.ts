import fc from "fast-check";
import { expect, test } from "vitest";
import { Purgatory, type Parked } from "./purgatory.ts";

/** Waits until `ready` says so, or its time is over; notes how it ended. */
function waiter(deadlineMs: number, keys: string[], ready: () => boolean, ends: string[], name = ""): Parked {
  return {
    deadlineMs,
    keys,
    tryComplete(_nowMs, expired) {
      if (!ready() && !expired) return false;
      ends.push(`${name}${ready() ? "done" : "expired"}`);
      return true;
    },
  };
}

test("T5 a parked request is asked when one of its keys is touched, and only then", () => {
  const purgatory = new Purgatory();
  const ends: string[] = [];
  let isReady = false;
  purgatory.park(
    waiter(100, ["a", "b"], () => isReady, ends),
    0,
  );
  isReady = true;
  purgatory.settle(1);
  expect(ends).toEqual([]);
  purgatory.touch("b");
  purgatory.settle(2);
  expect(ends).toEqual(["done"]);
  expect(purgatory.size).toBe(0);
  purgatory.touch("a");
  purgatory.settle(200);
  expect(ends).toEqual(["done"]);
});

test("B4 a parked request ends when its time is over", () => {
  const purgatory = new Purgatory();
  const ends: string[] = [];
  purgatory.park(
    waiter(100, ["a"], () => false, ends),
    0,
  );
  expect(purgatory.nextDeadlineMs()).toBe(100);
  purgatory.settle(99);
  expect(ends).toEqual([]);
  purgatory.settle(100);
  expect(ends).toEqual(["expired"]);
  expect(purgatory.nextDeadlineMs()).toBe(Infinity);
});

test("completed requests are let go, also below one that waits long", () => {
  const purgatory = new Purgatory();
  purgatory.park(
    waiter(1, ["poll"], () => false, []),
    0,
  );
  for (let i = 0; i < 10_000; i++) {
    purgatory.park(
      waiter(30_000, ["a"], () => true, []),
      0,
    );
    purgatory.touch("a");
    purgatory.settle(0);
  }
  expect(purgatory.size).toBe(1);
  expect(purgatory.heldCount).toBeLessThan(200);
});

test("B1 whatever the order of deadlines and touches, every parked request ends exactly once", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ deadlineMs: fc.integer({ min: 1, max: 100 }), key: fc.constantFrom("a", "b", "c") }), {
        maxLength: 50,
      }),
      fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 10 }), touch: fc.constantFrom("a", "b", "c", "none") }), {
        maxLength: 30,
      }),
      (requests, steps) => {
        const purgatory = new Purgatory();
        const ends: string[] = [];
        const open = new Set<string>();
        requests.forEach((request, i) =>
          purgatory.park(
            waiter(request.deadlineMs, [request.key], () => open.has(request.key), ends, `${i} `),
            0,
          ),
        );
        let nowMs = 0;
        for (const step of steps) {
          nowMs += step.afterMs;
          open.add(step.touch);
          purgatory.touch(step.touch);
          purgatory.settle(nowMs);
        }
        purgatory.settle(1000);
        expect(ends.map((end) => Number(end.split(" ")[0])).toSorted((a, b) => a - b)).toEqual(
          requests.map((_, i) => i),
        );
      },
    ),
  );
});
