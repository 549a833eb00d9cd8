import { Offset } from "@vitrine/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EpochCache, type EpochEntry } from "./epoch-cache.ts";

const entries = (...pairs: [number, number][]): EpochEntry[] =>
  pairs.map(([epoch, start]) => ({ epoch, startOffset: Offset(start) }));
const cache = (...pairs: [number, number][]) => new EpochCache(entries(...pairs));

describe("epoch cache", () => {
  test("L20 the same epoch again changes nothing, a later epoch at a later offset is added", () => {
    const epochs = cache([1, 0]);
    epochs.assign(1, Offset(5));
    epochs.assign(3, Offset(9));
    expect(epochs.entries).toEqual(entries([1, 0], [3, 9]));
    expect(epochs.latestEpoch).toBe(3);
  });

  test("L20 an epoch without a record gives way to the next one at the same offset", () => {
    const epochs = cache([1, 0], [2, 9]);
    epochs.assign(4, Offset(9));
    expect(epochs.entries).toEqual(entries([1, 0], [4, 9]));
  });

  test.each([
    ["a known epoch ends where the next begins", 2, { epoch: 2, endOffset: 20 }],
    ["the latest ends at the log's end", 6, { epoch: 6, endOffset: 50 }],
    ["an epoch between two gives the lower one, with its epoch (KIP-279)", 4, { epoch: 2, endOffset: 20 }],
    ["an epoch above the latest gives the latest", 9, { epoch: 6, endOffset: 50 }],
    ["an epoch before the first gives itself and the first start", 1, { epoch: 1, endOffset: 10 }],
    ["no epoch is answered by none", -1, { epoch: -1, endOffset: -1 }],
  ])("L21 %s", (_, requested, expected) => {
    expect(cache([2, 10], [5, 20], [6, 30]).endOffsetFor(requested, Offset(50))).toEqual(expected);
  });

  test("L21 an empty cache knows no end", () => {
    expect(cache().endOffsetFor(3, Offset(50))).toEqual({ epoch: -1, endOffset: -1 });
  });

  test("L22 truncation forgets epochs that begin at or after the new end", () => {
    const epochs = cache([1, 0], [2, 10], [3, 20]);
    epochs.truncateFromEnd(Offset(10));
    expect(epochs.entries).toEqual(entries([1, 0]));
  });

  test.each([
    ["inside an epoch: it begins there from now on", 15, entries([2, 15], [3, 20])],
    ["at the start of an epoch", 20, entries([3, 20])],
    ["at the first entry", 0, entries([1, 0], [2, 10], [3, 20])],
    ["beyond all: the latest is kept", 99, entries([3, 99])],
  ])("L23 a log start %s", (_, start, expected) => {
    const epochs = cache([1, 0], [2, 10], [3, 20]);
    epochs.truncateFromStart(Offset(start));
    expect(epochs.entries).toEqual(expected);
  });

  test("L23 a log start before the first entry changes nothing", () => {
    const epochs = cache([1, 10]);
    epochs.truncateFromStart(Offset(4));
    expect(epochs.entries).toEqual(entries([1, 10]));
  });

  test("L20 whatever is asked of it, entries strictly increase in epoch and offset, and every change is told", () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("assign" as const), epoch: fc.nat(20), offset: fc.nat(50) }),
      fc.record({ do: fc.constant("end" as const), offset: fc.nat(50) }),
      fc.record({ do: fc.constant("start" as const), offset: fc.nat(50) }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        let told = 0;
        const epochs = new EpochCache([], () => told++);
        for (const next of steps) {
          const held = epochs.entries;
          const before = JSON.stringify(held);
          const toldBefore = told;
          if (next.do === "assign") epochs.assign(next.epoch, Offset(next.offset));
          else if (next.do === "end") epochs.truncateFromEnd(Offset(next.offset));
          else epochs.truncateFromStart(Offset(next.offset));
          expect(told > toldBefore).toBe(JSON.stringify(epochs.entries) !== before);
          expect(JSON.stringify(held), "entries that a hand-over holds stay as they were").toBe(before);
          // Its constructor refuses entries that do not increase.
          expect(() => new EpochCache(epochs.entries)).not.toThrow();
        }
      }),
    );
  });

  test("L21 two logs that share a prefix find its end by asking each other", () => {
    const growth = fc.array(
      fc.record({ epochStep: fc.integer({ min: 1, max: 3 }), length: fc.integer({ min: 1, max: 5 }) }),
      {
        minLength: 1,
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(growth, growth, growth, (shared, ours, theirs) => {
        const build = (parts: typeof shared, startEpoch: number, parity: number) => {
          const epochs = new EpochCache();
          let [epoch, end] = [0, 0];
          for (const part of shared) {
            epochs.assign((epoch += part.epochStep), Offset(end));
            end += part.length;
          }
          // One leader per epoch: the two branches never use the same number.
          epoch = startEpoch + epoch + (epoch % 2);
          for (const part of parts) {
            epochs.assign((epoch += part.epochStep * 2) + parity, Offset(end));
            end += part.length;
          }
          return { epochs, end };
        };
        const follower = build(ours, 0, 0);
        const leader = build(theirs, 0, 1);
        const sharedEnd = shared.reduce((sum, part) => sum + part.length, 0);
        for (let round = 0; ; round++) {
          const asked = follower.epochs.latestEpoch;
          const answer = leader.epochs.endOffsetFor(asked, Offset(leader.end));
          const own = follower.epochs.endOffsetFor(answer.epoch, Offset(follower.end));
          const target = Math.min(answer.endOffset, own.endOffset);
          if (answer.epoch === asked && target >= follower.end) break;
          follower.end = Math.min(follower.end, target);
          follower.epochs.truncateFromEnd(Offset(follower.end));
          expect(round).toBeLessThan(20);
        }
        expect(follower.end).toBe(sharedEnd);
      }),
    );
  });
});
