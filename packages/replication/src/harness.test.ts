import { expect, test } from "vitest";
import { Harness, type HarnessOptions } from "../test/harness.ts";

const calm = { lostPerMille: 0, doubledPerMille: 0, troublesPerSecond: 0, troubledMs: 2_000 };
const rough = { lostPerMille: 20, doubledPerMille: 20, troublesPerSecond: 2, troubledMs: 5_000 };
const SEEDS = 8;

const cases: [string, Omit<HarnessOptions, "seed">][] = [
  ["two replicas, nothing goes wrong", { ...calm, replicas: 2, minIsr: 2 }],
  ["three replicas, messages are lost and doubled", { ...rough, troublesPerSecond: 0, replicas: 3, minIsr: 2 }],
  ["two replicas, one may serve alone", { ...rough, replicas: 2, minIsr: 1 }],
  ["three replicas, one may serve alone", { ...rough, replicas: 3, minIsr: 1 }],
  ["three replicas, two must have everything", { ...rough, replicas: 3, minIsr: 2 }],
  ["three replicas, crash upon crash", { ...rough, replicas: 3, minIsr: 2, troublesPerSecond: 8 }],
];

test.each(cases)("P1 P3 P6 P10 P11 P12 P13 P14 P15 of reliability.md hold, and all heals: %s", (_name, options) => {
  let acked = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const harness = new Harness({ ...options, seed });
    harness.run();
    acked += harness.counts.acked;
  }
  expect(acked).toBeGreaterThan(SEEDS * 20);
});

test("a seed gives the same story again", () => {
  const tell = () => {
    const harness = new Harness({ ...rough, replicas: 3, minIsr: 2, seed: 7 });
    harness.run();
    return [harness.counts, [...harness.committed]];
  };
  expect(tell()).toEqual(tell());
});
