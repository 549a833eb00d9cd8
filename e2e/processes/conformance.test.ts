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

/** Quick, and each about something else: acknowledgements, order, sizes, codecs, headers, timestamps, offsets, groups, purging, administration. */
const SMOKE = [
  "0001_multiobj",
  "0002_unkpart",
  "0003_msgmaxsize",
  "0005_order",
  "0007_autotopic",
  "0008_reqacks",
  "0011_produce_batch",
  "0012_produce_consume",
  "0013_null_msgs",
  "0016_client_swname",
  "0017_compression",
  "0019_list_groups",
  "0020_destroy_hang",
  "0021_rkt_destroy",
  "0022_consume_batch",
  "0029_assign_offset",
  "0030_offset_commit",
  "0031_get_offsets",
  "0034_offset_reset",
  "0035_api_version",
  "0036_partial_fetch",
  "0039_event_dr",
  "0040_io_event",
  "0044_partition_cnt",
  "0048_partitioner",
  "0052_msg_timestamps",
  "0054_offset_time",
  "0056_balanced_group_mt",
  "0057_invalid_topic",
  "0059_bsearch",
  "0060_op_prio",
  "0063_clusterid",
  "0064_interceptors",
  "0065_yield",
  "0067_empty_topic",
  "0070_null_empty",
  "0073_headers",
  "0081_admin/CreatePartitions",
  "0081_admin/DeleteRecords",
  "0081_admin/DeleteTopics",
  "0081_admin/DescribeCluster",
  "0081_admin/DescribeConfigs",
  "0081_admin/ListOffsets",
  "0083_cb_event",
  "0085_headers",
  "0086_purge_remote",
  "0090_idempotence",
  "0099_commit_metadata",
  "0118_commit_rebalance",
  "0130_store_offsets",
];

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
    300_000,
  );
});
