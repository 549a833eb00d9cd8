/**
 * A smoke of librdkafka's own test suite against a cluster of three brokers: each of its tests is one here. All of it, and Apache Kafka's own result:
 * `pnpm conformance`, apps/docs/conformance.md. Skipped where there is no C compiler.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CACHE } from "../conformance/records.ts";
import { runSuite, type SuiteResult } from "../conformance/run-suite.ts";
import { buildRunner, runnerObstacle, suiteOf } from "../conformance/runner.ts";
import { planRuns } from "../conformance/suite.ts";
import { vitrineTarget } from "../conformance/targets.ts";

/** Quick, and each about something else: produce, acknowledgements, ordering, sizes, codecs, headers, timestamps, offsets, groups, purge, admin. */
const SMOKE = ["0001_multiobj", "0002_unkpart", "0003_msgmaxsize", "0005_order", "0007_autotopic", "0008_reqacks"];

const obstacle = runnerObstacle();
if (obstacle !== null) console.log(`skipped, the conformance smoke: ${obstacle}`);

describe.skipIf(obstacle !== null)("librdkafka's test suite", () => {
  const settled = new Map<string, PromiseWithResolvers<SuiteResult>>(
    SMOKE.map((name) => [name, Promise.withResolvers()]),
  );
  const ending = Promise.withResolvers<void>();

  beforeAll(async () => {
    const built = await buildRunner(console.log);
    if (!built.ok) throw new Error(built.reason);
    const plan = planRuns(suiteOf(built.runner), SMOKE);
    void runSuite({
      runner: built.runner,
      target: vitrineTarget(),
      variant: "plain",
      runs: plan,
      jobs: 4,
      timeLimitMs: 90_000,
      repeats: 1,
      say: () => {},
      onResult: (result) => settled.get(result.test)?.resolve(result),
      outputDir: join(CACHE, "smoke"),
    }).then(
      () => ending.resolve(),
      (error: unknown) => {
        for (const { reject } of settled.values()) reject(error);
        ending.resolve();
      },
    );
  }, 300_000);

  afterAll(() => ending.promise, 60_000);

  test.each(SMOKE)(
    "%s",
    async (name) => {
      const { verdict, said } = await settled.get(name)!.promise;
      expect({ verdict, said }).toEqual({ verdict: "pass", said: "" });
    },
    200_000,
  );
});
