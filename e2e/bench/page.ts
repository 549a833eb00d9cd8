/** apps/docs/benchmarks.md: its tables stand between marks and are written from results.ndjson, never by hand. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { markdownTable, replaceSection } from "../docs/marked-section.ts";
import { ROOT } from "../run-command.ts";
import type { BenchResult } from "./result.ts";

export const RESULTS_FILE = join(ROOT, "e2e/bench/results.ndjson");
export const PAGE_FILE = join(ROOT, "apps/docs/benchmarks.md");

/** Puts each result between its marks. Throws where the page has none for it. */
export function renderPage(page: string, results: readonly BenchResult[]): string {
  return results.reduce((text, result) => replaceSection(text, result.name, section(result)), page);
}

function section(result: BenchResult): string {
  const { machine, cpuSeconds } = result;
  const used = [
    ["brokers", cpuSeconds.brokers],
    ["gateway", cpuSeconds.gateway],
    ["load generator", cpuSeconds.client],
  ] as const;
  const cpu = used.flatMap(([who, seconds]) => (seconds === null ? [] : [`${who} ${seconds}`]));
  const facts = [
    `- Command: \`${result.command}\`, ${result.startedAt.slice(0, 16).replace("T", " ")} UTC, ${result.tookSeconds} s`,
    `- Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.system}, Node ${machine.node}; load average before the run ${machine.loadBefore}`,
    `- CPU seconds: ${cpu.length > 0 ? cpu.join(", ") : "not measured"}${cpuSeconds.reason ? ` (${cpuSeconds.reason})` : ""}`,
  ];
  return [table(result), result.method, facts.join("\n")].join("\n\n");
}

function table(result: BenchResult): string {
  const columns = [...new Set(result.rows.flatMap((row) => Object.keys(row.figures)))];
  const rows = result.rows.map((row) => [row.shape, ...columns.map((column) => cell(row.figures[column]))]);
  return markdownTable(["", ...columns], rows, 1);
}

function cell(value: number | string | null | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "number" ? value.toLocaleString("en-US", { maximumFractionDigits: 3 }) : value;
}

export function readResults(): BenchResult[] {
  try {
    return readFileSync(RESULTS_FILE, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as BenchResult);
  } catch {
    return [];
  }
}

/** Keeps the last result of every benchmark and rewrites the page. */
export function keepResults(fresh: readonly BenchResult[]): void {
  const kept = readResults().filter((old) => !fresh.some((result) => result.name === old.name));
  const all = [...kept, ...fresh].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  writeFileSync(RESULTS_FILE, all.map((result) => `${JSON.stringify(result)}\n`).join(""));
  writeFileSync(PAGE_FILE, renderPage(readFileSync(PAGE_FILE, "utf8"), all));
}
