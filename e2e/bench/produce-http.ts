/**
 * Producing over HTTP through the gateway into three brokers: replication 3, min.insync.replicas 2, acks=all, fsync before each
 * acknowledgement. Three shapes: one record per request, NDJSON of 100 records per request, one long NDJSON stream per connection.
 */
import { Readable } from "node:stream";
import { Pool } from "undici";
import { build } from "hdr-histogram-js";
import { startCluster, type RunningCluster } from "../fixtures/cluster.ts";
import { createTopic } from "../fixtures/topics.ts";
import { addCpu, type CpuSeconds, watchCpu } from "./cpu-seconds.ts";
import { OpenLoop } from "./open-loop.ts";
import { median } from "./percentiles.ts";
import { type Bench, type BenchOptions, type BenchRow, type Measured, rounded } from "./result.ts";

const VALUE_BYTES = 100;
const PARTITIONS = 6;
const SECONDS = 4;
const WARM_UP_SECONDS = 3;
const REPEATS = 3;
/** Share of the measured closed-loop rate at which latency is measured. */
const OPEN_LOOP_SHARE = 0.6;
const OUTSTANDING_MAX = 1_000;

interface Shape {
  readonly name: string;
  readonly connections: number;
  readonly recordsPerRequest: number;
  readonly path: string;
}

const SHAPES: readonly Shape[] = [
  {
    name: "1 record per request",
    connections: 64,
    recordsPerRequest: 1,
    path: "/topics/bench/values?acks=all&timeout=10s",
  },
  {
    name: "NDJSON, 100 records per request",
    connections: 64,
    recordsPerRequest: 100,
    path: "/topics/bench/values?acks=all&timeout=10s",
  },
  {
    name: "NDJSON, streamed",
    connections: 8,
    recordsPerRequest: 20_000,
    path: "/topics/bench/values?acks=all&timeout=10s",
  },
];

export const produceHttp: Bench = {
  name: "produce-http",
  title: "Producing over HTTP",
  async run(options) {
    await using cluster = await startCluster();
    await createTopic(cluster, "bench", { partitions: PARTITIONS, replication: 3 });
    const rows: BenchRow[] = [];
    const cpu: CpuSeconds[] = [];
    for (const shape of SHAPES) {
      const rounds = await measure(cluster, shape, options);
      cpu.push(...rounds.map((round) => round.cpu));
      rows.push(closedRow(shape, rounds));
      if (shape.recordsPerRequest === 1) {
        const open = await openLoop(
          cluster,
          median(rounds.map((round) => round.recordsPerSecond)) * OPEN_LOOP_SHARE,
          options,
        );
        cpu.push(open.cpu);
        rows.push(open.row);
      }
    }
    return { method: METHOD, cpuSeconds: addCpu(cpu), rows } satisfies Measured;
  },
};

const METHOD =
  `Closed loop over keep-alive connections (undici) to the gateway; values of ${VALUE_BYTES} bytes, no key, ${PARTITIONS} partitions, replication 3, acks=all, ` +
  `fsync. Medians of ${REPEATS} rounds of ${SECONDS} s after a warm-up; latency there is service time. The open loop sends at ${OPEN_LOOP_SHARE * 100} % of the measured ` +
  "rate and counts latency from the time a request was due. Client, gateway and brokers share the machine.";

interface Round {
  readonly recordsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
  readonly cpu: CpuSeconds;
  readonly records: number;
}

async function measure(cluster: RunningCluster, shape: Shape, options: BenchOptions): Promise<Round[]> {
  await round(cluster, shape, WARM_UP_SECONDS);
  const rounds: Round[] = [];
  for (let i = 0; i < (options.repeat ?? REPEATS); i++) {
    const one = await round(cluster, shape, SECONDS);
    options.say(`  ${shape.name}: ${Math.round(one.recordsPerSecond)} records/s, p99 ${one.p99Ms.toFixed(1)} ms`);
    rounds.push(one);
  }
  return rounds;
}

function closedRow(shape: Shape, rounds: readonly Round[]): BenchRow {
  const of = (value: (one: Round) => number) => rounded(median(rounds.map(value)));
  const perCpu = (seconds: (cpu: CpuSeconds) => number | null) => {
    const each = rounds.map((one) => one.records / (seconds(one.cpu) ?? Number.NaN));
    return each.some((value) => !Number.isFinite(value)) ? null : rounded(median(each));
  };
  return {
    shape: shape.name,
    figures: {
      connections: shape.connections,
      "records/s": of((one) => one.recordsPerSecond),
      "p50 ms": of((one) => one.p50Ms),
      "p99 ms": of((one) => one.p99Ms),
      "records per broker CPU-s": perCpu((cpu) => cpu.brokers),
      "records per gateway CPU-s": perCpu((cpu) => cpu.gateway),
      failed: rounds.reduce((sum, one) => sum + one.failed, 0),
    },
  };
}

async function round(cluster: RunningCluster, shape: Shape, seconds: number): Promise<Round> {
  const pool = new Pool(cluster.url, {
    connections: shape.connections,
    pipelining: 1,
    bodyTimeout: 0,
    headersTimeout: 0,
  });
  const latencyUs = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3,
  });
  const cpu = watchCpu(cluster);
  const startedAtMs = performance.now();
  const until = startedAtMs + seconds * 1000;
  let records = 0;
  let failed = 0;
  const worker = async () => {
    while (performance.now() < until) {
      const sentAtMs = performance.now();
      const taken = await send(pool, shape, until);
      if (taken === null) failed++;
      else {
        records += taken;
        latencyUs.recordValue(Math.max(1, Math.round((performance.now() - sentAtMs) * 1000)));
      }
    }
  };
  await Promise.all(Array.from({ length: shape.connections }, worker));
  const elapsedSeconds = (performance.now() - startedAtMs) / 1000;
  const used = cpu.result();
  await pool.close();
  const ms = (percentile: number) => latencyUs.getValueAtPercentile(percentile) / 1000;
  return { recordsPerSecond: records / elapsedSeconds, p50Ms: ms(50), p99Ms: ms(99), failed, cpu: used, records };
}

const VALUE = "v".repeat(VALUE_BYTES);
const LINE = `"${"v".repeat(VALUE_BYTES - 2)}"\n`;
const LINES_100 = Buffer.from(LINE.repeat(100));

/** One request; gives the records that were acknowledged, or null. */
async function send(pool: Pool, shape: Shape, until: number): Promise<number | null> {
  try {
    if (shape.recordsPerRequest === 1) {
      const reply = await pool.request({ method: "POST", path: shape.path, body: VALUE });
      await reply.body.dump();
      return reply.statusCode === 201 ? 1 : null;
    }
    const streamed = shape.recordsPerRequest > 100;
    const reply = await pool.request({
      method: "POST",
      path: shape.path,
      headers: { "content-type": "application/x-ndjson", prefer: "return=minimal" },
      body: streamed ? Readable.from(chunks(shape.recordsPerRequest / 100, until)) : LINES_100,
    });
    const text = await reply.body.text();
    return reply.statusCode === 200 ? recordsIn(text) : null;
  } catch {
    return null;
  }
}

function* chunks(count: number, until: number): Generator<Buffer> {
  for (let i = 0; i < count && performance.now() < until; i++) yield LINES_100;
}

/** With `Prefer: return=minimal` the answer is one sum of what was taken. */
function recordsIn(text: string): number {
  const { taken } = JSON.parse(text) as { taken?: number };
  if (typeof taken !== "number") throw new Error(`no sum in ${text.slice(0, 200)}`);
  return taken;
}

async function openLoop(
  cluster: RunningCluster,
  ratePerSecond: number,
  options: BenchOptions,
): Promise<{ row: BenchRow; cpu: CpuSeconds }> {
  const cpu = watchCpu(cluster);
  const load = new OpenLoop({
    url: cluster.url,
    path: SHAPES[0]!.path,
    ratePerSecond,
    valueBytes: VALUE_BYTES,
    outstandingMax: OUTSTANDING_MAX,
  });
  await new Promise((next) => setTimeout(next, SECONDS * 2 * 1000));
  const achieved = load.achievedPerSecond;
  await load.stop();
  const used = cpu.result();
  const isVoid = load.dropped > 0 || achieved < ratePerSecond * 0.95;
  const why = `void: reached ${Math.round(achieved)}/s, ${load.dropped} requests found all ${OUTSTANDING_MAX} connections taken`;
  options.say(
    `  open loop at ${Math.round(ratePerSecond)}/s: achieved ${Math.round(achieved)}/s, p99 ${load.latencyMs(99).toFixed(1)} ms${isVoid ? " (void)" : ""}`,
  );
  const row: BenchRow = {
    shape: `1 record per request, open loop at ${Math.round(ratePerSecond)}/s${isVoid ? ` (${why})` : ""}`,
    figures: {
      connections: OUTSTANDING_MAX,
      "records/s": rounded(achieved),
      "p50 ms": rounded(load.latencyMs(50)),
      "p99 ms": rounded(load.latencyMs(99)),
      "p99.9 ms": rounded(load.latencyMs(99.9)),
      "max ms": rounded(load.histogramUs.maxValue / 1000),
      failed: load.refused.length,
    },
  };
  return { row, cpu: used };
}
