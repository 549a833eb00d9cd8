/** What the storage thread takes: rows of 16 KB, 64 KB and 1 MB into one partition, fsync on. The loop itself lives beside the store. */
import { runCommand } from "../run-command.ts";
import { median } from "./percentiles.ts";
import { type Bench, type BenchRow, rounded } from "./result.ts";

const REPEATS = 5;
const SECONDS_PER_ROW = 2;

interface AppendLine {
  readonly sizeBytes: number;
  readonly commits: number;
  readonly mbPerSecond: number;
  readonly cpuSeconds: number;
  readonly mbPerCpuSecond: number;
  readonly commitMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

export const append: Bench = {
  name: "append",
  title: "Appending to the store",
  async run(options) {
    const repeats = options.repeat ?? REPEATS;
    const lines: AppendLine[] = [];
    for (let i = 0; i < repeats; i++) {
      const run = await runCommand("node", ["packages/log-sqlite/bench/append.ts", "fsync", String(SECONDS_PER_ROW)], {
        timeoutMs: 60_000,
      });
      if (run.exitCode !== 0)
        throw new Error(`packages/log-sqlite/bench/append.ts ended with ${run.exitCode}:\n${run.output}`);
      const found = run.output
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as AppendLine);
      lines.push(...found);
      options.say(
        `  round ${i + 1} of ${repeats}: ${found.map((line) => `${label(line.sizeBytes)} ${line.mbPerSecond} MB/s`).join(", ")}`,
      );
    }
    return {
      method:
        `packages/log-sqlite/bench/append.ts: closed loop with at most 32 MB on their way into one partition, fsync and group commit; ` +
        `medians of ${repeats} runs of ${SECONDS_PER_ROW} s each. CPU seconds are those of the process, storage thread included; latency is that of a commit.`,
      cpuSeconds: {
        brokers: null,
        gateway: null,
        client: rounded(lines.reduce((sum, line) => sum + line.cpuSeconds, 0)),
        reason: "no broker takes part",
      },
      rows: [...new Set(lines.map((line) => line.sizeBytes))].map((size) =>
        rowOf(
          size,
          lines.filter((line) => line.sizeBytes === size),
        ),
      ),
    };
  },
};

function rowOf(sizeBytes: number, lines: readonly AppendLine[]): BenchRow {
  const of = (value: (line: AppendLine) => number) => rounded(median(lines.map(value)));
  return {
    shape: `rows of ${label(sizeBytes)}`,
    figures: {
      "MB/s": of((line) => line.mbPerSecond),
      "MB per CPU-s": of((line) => line.mbPerCpuSecond),
      commits: of((line) => line.commits),
      "commit p50 ms": of((line) => line.commitMs.p50),
      "commit p99 ms": of((line) => line.commitMs.p99),
      "commit max ms": of((line) => line.commitMs.max),
    },
  };
}

function label(sizeBytes: number): string {
  return sizeBytes >= 1024 * 1024 ? `${sizeBytes / 1024 / 1024} MB` : `${sizeBytes / 1024} KB`;
}
