/**
 * An unmodified C client, librdkafka's `rdkafka_performance`, against our brokers, and with `--peer kafka` in alternation against Apache Kafka
 * on the same machine: rates, records per CPU second of the brokers, tails. Beside each result stands what the client does alone, against the
 * mock broker inside it.
 */
import { residentBytes } from "../fixtures/process-memory.ts";
import { performanceTool } from "../native/performance-tool.ts";
import { type CpuSeconds, CpuMeter } from "./cpu-seconds.ts";
import { type ClientRun, consume, pacing, produce, produceToMock } from "./kafka-client.ts";
import { RECORD_BYTES, SHAPES, type Shape } from "./kafka-shapes.ts";
import { createTopic, deleteTopic, startKafkaPeer, startVitrine, type Target } from "./kafka-targets.ts";
import { median } from "./percentiles.ts";
import { type Bench, type BenchOptions, type BenchRow, rounded } from "./result.ts";

const ROUNDS = 3;
/** A broker that has just started, ours and a JVM alike, is slower: these rounds do not count. */
const WARM_UP_ROUNDS = 1;
const PEER_WARM_UP_ROUNDS = 2;
const SETTLE_MS = 1_000;
/** An open loop that reached less of its rate than this measured something else. */
const RATE_SHARE_MIN = 0.95;

interface Round extends ClientRun {
  /** CPU seconds of all brokers. */
  readonly cpuSeconds: number | null;
  /** The largest broker afterwards. */
  readonly residentMiB: number | null;
}

export const kafka: Bench = {
  name: "kafka",
  title: "Kafka's protocol, an unmodified C client",
  shapes: SHAPES.map((shape) => shape.name),
  async run(options) {
    const tool = await performanceTool((line) => options.say(line));
    if (!tool.ok) {
      options.say(`  skipped: ${tool.reason}`);
      return { method: `Not measured here: ${tool.reason}.`, cpuSeconds: NOTHING, rows: [] };
    }
    const rows: BenchRow[] = [];
    const spent = { vitrine: 0, decoded: null as number | null };
    for (const brokers of [1, 3] as const) {
      const shapes = SHAPES.filter(
        (shape) => shape.brokers === brokers && (options.only === null || options.only.includes(shape.name)),
      );
      if (shapes.length === 0) continue;
      await using targets = await startTargets(brokers, options);
      for (const shape of shapes) rows.push(...(await measure(tool.path, shape, targets.all, options, spent)));
      const decoded = await targets.all[0]!.decodedRecords();
      if (decoded !== null) spent.decoded = (spent.decoded ?? 0) + decoded;
    }
    const decoded =
      spent.decoded === null ? "" : ` Records that the brokers decoded on the way in and out: ${spent.decoded}.`;
    return {
      method: method(tool.version, options) + decoded,
      cpuSeconds: {
        ...NOTHING,
        brokers: rounded(spent.vitrine),
        reason: "brokers: Vitrine's, all counted rounds together",
      },
      rows,
    };
  },
};

const NOTHING: CpuSeconds = { brokers: null, gateway: null, client: null };

function method(version: string, options: BenchOptions): string {
  const rounds = options.repeat ?? ROUNDS;
  const peer =
    options.peer === null
      ? ""
      : ` Apache Kafka runs beside it with 1 GB of heap per broker and G1, warmed up, ${options.peer === "kafka" ? "with its own default of leaving the fsync to the page cache" : "with `flush.messages=1`, an fsync for each batch, as Vitrine has it"}; rounds alternate, and a ratio is the median of the ratios of neighbours, with the smallest and the largest.`;
  return (
    `\`rdkafka_performance\` of librdkafka ${version}, records of ${RECORD_BYTES} bytes, plaintext on loopback, brokers and client on the same cores; fsync before each acknowledgement. ` +
    `Medians of ${rounds} rounds with a topic of its own each, after a round that does not count. *Client alone*: the same load against the mock broker inside the client. ` +
    `CPU seconds are those of the broker processes (user and system); memory is the resident size of the largest broker after a round. Latency counts from produce() to the acknowledgement.${peer}`
  );
}

/** Ours, and the peer where one is asked for and can run here. */
async function startTargets(brokers: number, options: BenchOptions) {
  const all: Target[] = [await startVitrine(brokers)];
  if (options.peer !== null) {
    const peer = await startKafkaPeer(options.peer, brokers);
    if (peer.ok) all.push(peer.target);
    else options.say(`  without a peer: ${peer.reason}`);
  }
  const stop = async () => {
    for (const target of all) await target.stop();
  };
  return { all, [Symbol.asyncDispose]: stop };
}

async function measure(
  tool: string,
  shape: Shape,
  targets: readonly Target[],
  options: BenchOptions,
  spent: { vitrine: number },
): Promise<BenchRow[]> {
  const rate = shape.rate === undefined ? undefined : await pacing(tool, shape, shape.rate);
  const alone = shape.kind === "consume" ? null : await produceToMock(tool, shape, rate);
  const rounds = new Map<Target, Round[]>(targets.map((target) => [target, []]));
  const warmUps = targets.length > 1 ? PEER_WARM_UP_ROUNDS : WARM_UP_ROUNDS;
  for (let i = -warmUps; i < (options.repeat ?? ROUNDS); i++) {
    for (const target of targets) {
      const round = await measureOnce(tool, shape, target, rate);
      const told = `${Math.round(round.recordsPerSecond).toLocaleString("en-US")} records/s, ${perCpu(round)?.toLocaleString("en-US") ?? "?"} per CPU-s`;
      const tail = round.latencyUs ? `, p99 ${ms(round, 99)} ms` : "";
      options.say(`  ${shape.name}, ${target.name}${i < 0 ? " (warm-up)" : ""}: ${told}${tail}`);
      if (i >= 0) rounds.get(target)!.push(round);
    }
  }
  for (const round of rounds.get(targets[0]!)!) spent.vitrine += round.cpuSeconds ?? 0;
  const rows = targets.map((target) => rowOf(shape, target, rounds.get(target)!, alone));
  const [ours, theirs] = targets.map((target) => rounds.get(target)!);
  if (ours && theirs) rows.push(ratioRow(shape, ours, theirs));
  return rows;
}

let topics = 0;

async function measureOnce(tool: string, shape: Shape, target: Target, rate: number | undefined): Promise<Round> {
  const topic = `bench-${process.pid}-${topics++}`;
  await createTopic(target, topic, shape);
  const load = { shape, topic, bootstrapServers: target.bootstrapServers, ...(rate === undefined ? {} : { rate }) };
  if (shape.kind === "consume") {
    await produce(tool, load);
    // What the brokers still do for the writing belongs to nobody's reading.
    await new Promise((next) => setTimeout(next, SETTLE_MS));
  }
  const cpu = new CpuMeter();
  for (const pid of target.pids) cpu.watch(pid);
  const run = await (shape.kind === "consume" ? consume : produce)(tool, load);
  const cpuSeconds = cpu.total();
  const residentMiB =
    process.platform === "linux" ? Math.max(...target.pids.map((pid) => residentBytes(pid))) / 2 ** 20 : null;
  await deleteTopic(target, topic);
  return { ...run, cpuSeconds, residentMiB };
}

function rowOf(shape: Shape, target: Target, rounds: readonly Round[], alone: ClientRun | null): BenchRow {
  const of = (value: (round: Round) => number) => rounded(median(rounds.map(value)));
  const isVoid = shape.rate !== undefined && of((round) => round.recordsPerSecond) < shape.rate * RATE_SHARE_MIN;
  const figures: Record<string, number | string | null> = {
    "records/s": of((round) => round.recordsPerSecond),
    "records per broker CPU-s": rounds.some((round) => perCpu(round) === null)
      ? null
      : of((round) => perCpu(round) ?? 0),
    "client alone records/s": alone && rounded(alone.recordsPerSecond),
  };
  if (shape.kind === "latency") {
    figures["p50 ms"] = of((round) => ms(round, 50));
    figures["p99 ms"] = of((round) => ms(round, 99));
    figures["p99.9 ms"] = of((round) => ms(round, 99.9));
    figures["max ms"] = rounded(Math.max(...rounds.map((round) => ms(round, 100))));
  }
  figures["failed"] = rounds.reduce((sum, round) => sum + round.failed, 0);
  figures["memory MiB"] = rounds.some((round) => round.residentMiB === null)
    ? null
    : of((round) => round.residentMiB ?? 0);
  return { shape: `${shape.title}: ${target.name}${isVoid ? " (void: missed its rate)" : ""}`, figures };
}

/** Of neighbours, because the minute decides as much as the program. Tails the other way round, so that above 1 is better everywhere. */
function ratioRow(shape: Shape, ours: readonly Round[], theirs: readonly Round[]): BenchRow {
  const ratio = (value: (round: Round) => number | null) => {
    const each = ours.map((round, at) => (value(round) ?? Number.NaN) / (value(theirs[at]!) ?? Number.NaN));
    if (each.some((one) => !Number.isFinite(one))) return null;
    return `${rounded(median(each))} (${rounded(Math.min(...each))} to ${rounded(Math.max(...each))})`;
  };
  const tail = shape.kind === "latency";
  return {
    shape: `${shape.title}: ratio, above 1 is better`,
    figures: {
      "records/s": tail ? null : ratio((round) => round.recordsPerSecond),
      "records per broker CPU-s": ratio(perCpu),
      ...(tail
        ? {
            "p50 ms": ratio((round) => 1 / ms(round, 50)),
            "p99 ms": ratio((round) => 1 / ms(round, 99)),
            "p99.9 ms": ratio((round) => 1 / ms(round, 99.9)),
          }
        : {}),
    },
  };
}

function perCpu(round: Round): number | null {
  return round.cpuSeconds === null ? null : Math.round(round.records / Math.max(0.01, round.cpuSeconds));
}

function ms(round: Round, percentile: number): number {
  return (round.latencyUs?.getValueAtPercentile(percentile) ?? 0) / 1000;
}
