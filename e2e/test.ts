/**
 * `pnpm test`: every ring, from small to real, in one run: checks, unit and property tests, simulation, real processes and clients,
 * a real browser. The last line is `N passed, N failed, N skipped`, alone on it. `pnpm test unit` (or check, sim, processes, browser)
 * runs the named rings only.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runChecks } from "./check.ts";
import { ROOT, runCommand } from "./run-command.ts";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const RESULTS = join(ROOT, ".cache", "test-results");

/** vitest's JSON report. A run that ended badly without naming a failed test counts as one failure. */
async function vitest(name: string, args: readonly string[]): Promise<Counts> {
  const file = join(RESULTS, `${name}.json`);
  const run = await runCommand(
    "vitest",
    ["run", ...args, "--reporter=default", "--reporter=json", `--outputFile=${file}`],
    {
      echo: true,
    },
  );
  const report = readJson(file) as { numPassedTests: number; numFailedTests: number; numPendingTests: number } | null;
  const counts = {
    passed: report?.numPassedTests ?? 0,
    failed: report?.numFailedTests ?? 0,
    skipped: report?.numPendingTests ?? 0,
  };
  if (run.exitCode !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

async function playwright(): Promise<Counts> {
  const file = join(RESULTS, "browser.json");
  const run = await runCommand("playwright", ["test", "--config", "e2e/playwright.config.ts"], {
    echo: true,
    env: { PLAYWRIGHT_JSON_OUTPUT_NAME: file },
  });
  const report = readJson(file) as {
    stats: { expected: number; unexpected: number; flaky: number; skipped: number };
  } | null;
  const stats = report?.stats ?? { expected: 0, unexpected: 0, flaky: 0, skipped: 0 };
  const counts = { passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped };
  if (run.exitCode !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}

async function check(): Promise<Counts> {
  const reports = await runChecks();
  const passed = reports.filter((report) => report.ok).length;
  return { passed, failed: reports.length - passed, skipped: 0 };
}

/** The seeds of a test run; each seed is one test. */
const SEEDS = 2000;

async function simulation(): Promise<Counts> {
  const run = await runCommand("node", ["packages/sim/src/main.ts", "--seeds", `1..${SEEDS}`, "--json"], {
    echo: false,
  });
  const lastLine = run.output.trimEnd().split("\n").at(-1) ?? "";
  let counts: Counts = { passed: 0, failed: 1, skipped: 0 };
  try {
    const report = JSON.parse(lastLine) as { passed: number; failed: number };
    counts = { passed: report.passed, failed: report.failed, skipped: 0 };
  } catch {
    console.log(run.output.slice(-8000));
  }
  if (counts.failed > 0) console.log(run.output.slice(-8000));
  if (run.exitCode !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

const RINGS: Record<string, () => Promise<Counts>> = {
  check,
  unit: () => vitest("unit", []),
  sim: simulation,
  processes: () => vitest("processes", ["--config", "e2e/vitest.processes.config.ts"]),
  browser: playwright,
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in RINGS));
if (unknown.length > 0) {
  console.error(`unknown ring ${unknown.join(", ")}; there are ${Object.keys(RINGS).join(", ")}`);
  process.exit(2);
}
rmSync(RESULTS, { recursive: true, force: true });
mkdirSync(RESULTS, { recursive: true });
const total: Counts = { passed: 0, failed: 0, skipped: 0 };
for (const [name, ring] of Object.entries(RINGS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`\n== ${name} ==`);
  const started = performance.now();
  const counts = await ring();
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(
    `== ${name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${seconds} s`,
  );
}
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;
