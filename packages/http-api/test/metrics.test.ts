/** /metrics of a broker: OpenMetrics, names and types as dashboards expect them, bounded in series. */
import { expect, test } from "vitest";
import type { BrokerReading } from "../src/index.ts";
import { serve } from "./harness.ts";

const traffic = (n: number) => ({ recordsIn: n, bytesIn: 10 * n, recordsOut: 2 * n, bytesOut: 20 * n });

function reading(change: Partial<BrokerReading> = {}): BrokerReading {
  return {
    total: traffic(7),
    replicationBytesOut: 140,
    decodedRecords: 12,
    byTopic: new Map([["orders", traffic(7)]]),
    requests: new Map([["Fetch", 5]]),
    connections: 3,
    disk: {
      online: true,
      usedBytes: 1_000,
      freeBytes: 2_000,
      uncommittedBytes: 30,
      uncommittedBytesMax: 400,
      commits: 4,
      committedBytes: 900,
      commitMs: { p50: 2, p99: 8, max: 20 },
    },
    led: [
      {
        isr: 3,
        replicas: 3,
        minIsr: 2,
        lag: new Map([
          [2, 0],
          [3, 4],
        ]),
      },
      { isr: 1, replicas: 3, minIsr: 2, lag: new Map([[2, 9]]) },
    ],
    cleaner: {
      maxDirtyPercent: 40,
      recopyPercent: 25,
      bufferUtilizationPercent: 3,
      cleanTimeMs: 1_500,
      uncleanablePartitions: 1,
      sinceLastLookMs: 2_000,
      compactions: 6,
    },
    quorum: { role: "leader", epoch: 6, leader: 1, logEnd: 50, highWatermark: 49 },
    ...change,
  };
}

async function scrape(readings: readonly BrokerReading[]): Promise<string[]> {
  const left = [...readings];
  const h = await serve({ brokerMetrics: () => left.shift()! });
  const pages: string[] = [];
  for (const _ of readings) pages.push((await h.ask("GET", "/metrics")).text);
  return pages;
}

const sample = (page: string, name: string) =>
  page
    .split("\n")
    .find((line) => line.startsWith(`${name} `))
    ?.split(" ")[1];

test("what the broker knows is there, fresh at each scrape, and every sample has the form of OpenMetrics", async () => {
  const [page, later] = await scrape([reading(), reading({ total: traffic(8), connections: 4 })]);
  for (const line of page!.trimEnd().split("\n"))
    expect(line).toMatch(/^(# (TYPE|HELP|EOF)|[a-z_]+(\{([a-z]+="[^"]*",?)+\})? \S+$)/);
  const samples = {
    vitrine_broker_records_in_total: "7",
    vitrine_broker_bytes_out_total: "140",
    'vitrine_topic_records_in_total{topic="orders"}': "7",
    'vitrine_broker_requests_total{api="Fetch"}': "5",
    vitrine_broker_replication_bytes_out_total: "140",
    vitrine_records_decoded_total: "12",
    vitrine_broker_connections: "3",
    vitrine_disk_commits_total: "4",
    'vitrine_disk_commit_seconds{quantile="0.99"}': "0.008",
    vitrine_disk_uncommitted_bytes: "30",
    vitrine_broker_leaders: "2",
    vitrine_broker_under_replicated: "1",
    vitrine_broker_below_min_isr: "1",
    'vitrine_broker_isr_size{size="3"}': "1",
    vitrine_replication_lag_records_max: "9",
    'vitrine_replication_lag_records{follower="3"}': "4",
    'vitrine_quorum_role{role="leader"}': "1",
    'vitrine_quorum_role{role="follower"}': "0",
    vitrine_quorum_high_watermark: "49",
    vitrine_cleaner_compactions_total: "6",
    vitrine_cleaner_max_dirty_percent: "40",
    vitrine_cleaner_max_clean_time_seconds: "1.5",
    vitrine_cleaner_uncleanable_partitions: "1",
  };
  expect(Object.fromEntries(Object.keys(samples).map((name) => [name, sample(page!, name)]))).toEqual(samples);
  expect(sample(later!, "vitrine_broker_records_in_total")).toBe("8");
  expect(sample(later!, "vitrine_broker_connections")).toBe("4");
});

test("counters of the process are counters", async () => {
  const [page] = await scrape([reading()]);
  expect(page).toContain("# TYPE process_cpu_seconds counter\n");
  expect(Number(sample(page!, "process_cpu_seconds_total"))).toBeGreaterThan(0);
  expect(Number(sample(page!, "process_start_time_seconds"))).toBeGreaterThan(1e9);
});

test("ten thousand topics are two hundred series and one for the others; the sum is whole and none goes back", async () => {
  const topics = Array.from({ length: 10_000 }, (_, i) => [`t${i}`, traffic(1)] as const);
  const pages = await scrape([
    reading({ byTopic: new Map(topics) }),
    reading({ byTopic: new Map(topics.toReversed().map(([name]) => [name, traffic(2)])) }),
  ]);
  const series = (page: string) =>
    new Map(
      Array.from(page.matchAll(/^vitrine_topic_records_in_total\{topic="([^"]+)"\} (\d+)$/gm), (found) => [
        found[1]!,
        Number(found[2]),
      ]),
    );
  const [first, second] = pages.map(series);
  expect(first!.size).toBe(201);
  expect(first!.get("(other)")).toBe(9_800);
  expect([...second!.keys()].toSorted()).toEqual([...first!.keys()].toSorted());
  expect([...second!.values()].reduce((sum, value) => sum + value, 0)).toBe(20_000);
});
