import type { CpuSeconds } from "./cpu-seconds.ts";
import type { Machine } from "./machine.ts";

/** One measured shape: figures by name, the unit last in the name. null = could not be measured here. */
export interface BenchRow {
  readonly shape: string;
  readonly figures: Readonly<Record<string, number | string | null>>;
}

/** What one benchmark prints: one JSON object. */
export interface BenchResult {
  readonly name: string;
  /** How to run it again. */
  readonly command: string;
  readonly startedAt: string;
  readonly tookSeconds: number;
  readonly machine: Machine;
  /** What the load was, in a sentence or two: without it the figures say nothing. */
  readonly method: string;
  readonly cpuSeconds: CpuSeconds;
  readonly rows: readonly BenchRow[];
}

/** Apache Kafka as it comes, or with an fsync for each batch (`flush.messages=1`), which is what Vitrine promises. */
export const PEERS = ["kafka", "kafka-fsync"] as const;
export type Peer = (typeof PEERS)[number];

export interface BenchOptions {
  /** Repeats per shape; null: the benchmark's own number. */
  readonly repeat: number | null;
  /** Only these of the benchmark's shapes; null: all. */
  readonly only: readonly string[] | null;
  /** What to run in alternation with ours; null: nothing. */
  readonly peer: Peer | null;
  /** Progress for people; standard error, so that standard output stays JSON. */
  say(line: string): void;
}

export interface Bench {
  readonly name: string;
  readonly title: string;
  /** Names for `--only`, where a benchmark has shapes that can be run by themselves. */
  readonly shapes?: readonly string[];
  run(options: BenchOptions): Promise<Measured>;
}

/** What a benchmark itself knows; `main.ts` adds the rest. */
export type Measured = Pick<BenchResult, "method" | "cpuSeconds" | "rows">;

/** Keeps figures readable: three digits that matter. */
export function rounded(value: number): number {
  if (!Number.isFinite(value) || value === 0) return 0;
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return Number(value.toFixed(Math.min(digits, 3)));
}
