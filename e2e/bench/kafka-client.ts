/** One run of `rdkafka_performance`, and what it printed. */
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build, type Histogram } from "hdr-histogram-js";
import { runCommand } from "../run-command.ts";
import { RECORD_BYTES, type Shape } from "./kafka-shapes.ts";

/** A run that hangs ends after this. */
const RUN_TIMEOUT_MS = 120_000;

export interface ClientRun {
  readonly recordsPerSecond: number;
  /** Acknowledged, or consumed. */
  readonly records: number;
  readonly failed: number;
  /** Of open loops: from produce() to the acknowledgement, microseconds. */
  readonly latencyUs: Histogram | null;
}

export interface Load {
  readonly shape: Shape;
  readonly topic: string;
  readonly bootstrapServers: string;
  /** What `-r` is told; see `pacing`. */
  readonly rate?: number;
}

/** Fills or produces as the shape says. Rejects with what the client printed when it did not come to an end. */
export async function produce(tool: string, load: Load): Promise<ClientRun> {
  const { shape, rate } = load;
  const dir = mkdtempSync(join(tmpdir(), "vitrine-bench-"));
  const latencies = join(dir, "latencies");
  try {
    const paced = rate === undefined ? [] : ["-r", String(rate), "-l", "-A", latencies];
    const acks = ["-a", String(shape.acks)];
    const records = ["-s", String(RECORD_BYTES), "-c", String(shape.records)];
    const row = await run(tool, load, ["-P", ...records, ...acks, ...paced]);
    return {
      records: row.get("dr") ?? 0,
      failed: (row.get("dr_err") ?? 0) + (shape.records - (row.get("dr") ?? 0) - (row.get("dr_err") ?? 0)),
      recordsPerSecond: perSecond(row.get("dr"), row.get("elapsed")),
      latencyUs: rate === undefined ? null : await readLatencies(latencies),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Reads the topic's only partition from its start. */
export async function consume(tool: string, load: Load): Promise<ClientRun> {
  const { records } = load.shape;
  const row = await run(tool, load, ["-C", "-p", "0", "-o", "beginning", "-c", String(records)]);
  const consumed = row.get("msgs") ?? 0;
  return {
    records: consumed,
    failed: (row.get("rx_err") ?? 0) + Math.max(0, records - consumed),
    recordsPerSecond: perSecond(consumed, row.get("elapsed")),
    latencyUs: null,
  };
}

/** The same load against the mock broker inside the client: what the client can do alone on this machine. */
export function produceToMock(tool: string, shape: Shape, rate?: number): Promise<ClientRun> {
  const properties = { ...shape.properties, "test.mock.num.brokers": String(shape.brokers) };
  return produce(tool, {
    shape: { ...shape, properties },
    topic: "mock",
    bootstrapServers: "localhost:1",
    ...(rate === undefined ? {} : { rate }),
  });
}

/**
 * What `-r` must be told to reach a rate: the client waits whole microseconds after each record, on top of the time that the record itself
 * took. Found with the mock broker.
 */
export async function pacing(tool: string, shape: Shape, wantedPerSecond: number): Promise<number> {
  const short = { ...shape, records: wantedPerSecond };
  let waitUs = Math.floor(1e6 / wantedPerSecond);
  for (; waitUs > 1; waitUs--) {
    const reached = await produceToMock(tool, short, Math.floor(1e6 / waitUs));
    if (reached.recordsPerSecond >= wantedPerSecond) break;
  }
  return Math.floor(1e6 / waitUs);
}

/** The last row of the table that `-u` prints, by column. */
async function run(tool: string, load: Load, args: readonly string[]): Promise<Map<string, number>> {
  const properties = Object.entries(load.shape.properties).flatMap(([name, value]) => ["-X", `${name}=${value}`]);
  const all = ["-u", "-b", load.bootstrapServers, "-t", load.topic, ...args, ...properties];
  const { exitCode, output } = await runCommand(tool, all, { timeoutMs: RUN_TIMEOUT_MS });
  const rows = output.split("\n").filter((line) => line.startsWith("|"));
  const cells = (line: string) =>
    line
      .split("|")
      .slice(1)
      .map((cell) => cell.trim());
  const head = rows.find((line) => line.includes("elapsed"));
  const last = rows.findLast((line) => !line.includes("elapsed"));
  if (exitCode !== 0 || head === undefined || last === undefined)
    throw new Error(`rdkafka_performance ${all.join(" ")} ended with ${exitCode}:\n${output.slice(-2000)}`);
  const values = cells(last);
  return new Map(cells(head).map((name, at) => [name, Number(values[at])]));
}

function perSecond(records: number | undefined, elapsedMs: number | undefined): number {
  return ((records ?? 0) * 1000) / Math.max(1, elapsedMs ?? 1);
}

async function readLatencies(file: string): Promise<Histogram> {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 120_000_000,
    numberOfSignificantValueDigits: 3,
  });
  for await (const line of createInterface({ input: createReadStream(file) }))
    if (line !== "") histogram.recordValue(Math.max(1, Number(line)));
  return histogram;
}
