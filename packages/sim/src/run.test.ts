import { expect, test } from "vitest";
import { PLANTED_BUGS } from "./planted-bugs.ts";
import { PROFILES } from "./profiles.ts";
import { runSeed } from "./run.ts";

test.each(PROFILES)("S6 profile %s: a few seeds end well, with records acknowledged", (profile) => {
  for (const seed of [1, 2]) {
    const report = runSeed({ seed, profile });
    expect({ seed, failure: report.failure }).toEqual({ seed, failure: null });
    expect(report.acknowledged).toBeGreaterThan(0);
  }
});

test("C8 in profile compact there is something to check", () => {
  const compactions = [1, 2, 3].map((seed) => runSeed({ seed, profile: "compact" }).compactions);
  expect(Math.min(...compactions)).toBeGreaterThan(0);
});

test.each(["swarm", "disk"] as const)("S1 profile %s: the same seed gives the same run", (profile) => {
  expect(runSeed({ seed: 3, profile })).toEqual(runSeed({ seed: 3, profile }));
});

/** The rest needs more seeds than a unit test may take: `pnpm sim --planted`. */
const QUICK = PLANTED_BUGS.filter(({ seeds }) => seeds <= 20);

test.each(QUICK.map(({ bug, profile, seeds }) => [bug, profile, seeds] as const))(
  "S7 planted bug %s is caught in profile %s within %i seeds",
  (bug, profile, seeds) => {
    const seedsTried = Array.from({ length: seeds }, (_, at) => at + 1);
    const caught = seedsTried.some((seed) => runSeed({ seed, profile, bugs: new Set([bug]) }).failure !== null);
    expect(caught).toBe(true);
  },
);
