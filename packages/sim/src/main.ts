/** `pnpm sim`: runs seeds, replays one, or checks that planted bugs are caught. Exit code 1 when anything failed. */
import { availableParallelism } from "node:os";
import { readArguments, USAGE, type Arguments } from "./arguments.ts";
import { PLANTED_BUGS } from "./planted-bugs.ts";
import { runJobs } from "./pool.ts";
import type { Profile } from "./profiles.ts";
import { runSeed, type RunReport } from "./run.ts";
import type { Job } from "./worker.ts";

/** Failures told in full; of more only the number. */
const TOLD_MAX = 3;

async function main(): Promise<number> {
  const args = readArguments(process.argv.slice(2), availableParallelism());
  if (args.help) {
    console.log(USAGE);
    return 0;
  }
  if (args.planted) return checkPlanted(args);
  return args.replay ? replay(args) : runAll(args);
}

function replay(args: Arguments): number {
  const profile = args.profiles[0] ?? "swarm";
  const report = runSeed({ seed: args.from, profile, onTrace: (line) => console.log(line) });
  console.log(args.json ? JSON.stringify(report) : summary(report));
  return report.failure === null ? 0 : 1;
}

function summary(report: RunReport): string {
  const outcome = report.failure === null ? "ok" : `FAILED: ${report.failure}`;
  return `seed ${report.seed} ${report.profile}: ${outcome} (${report.turns} turns, ${report.acknowledged} records acknowledged, hash ${report.hash.toString(16)})`;
}

function* jobsOf(args: Arguments): Generator<Job> {
  for (let seed = args.from; seed <= args.to; seed++)
    yield { seed, profile: args.profiles[seed % args.profiles.length]!, bug: null };
}

async function runAll(args: Arguments): Promise<number> {
  const startedMs = performance.now();
  const failures: RunReport[] = [];
  let runs = 0;
  let turns = 0;
  let acknowledged = 0;
  let elections = 0;
  await runJobs(jobsOf(args), args.threads, (report) => {
    runs += 1;
    turns += report.turns;
    acknowledged += report.acknowledged;
    elections += report.elections;
    if (report.failure !== null) {
      failures.push(report);
      if (failures.length <= TOLD_MAX) tell(report);
    }
    return "go on";
  });
  const seconds = Math.round(performance.now() - startedMs) / 1000;
  const result = { passed: runs - failures.length, failed: failures.length, turns, acknowledged, elections, seconds };
  const failed = failures.map(({ seed, profile, failure }) => ({ seed, profile, failure }));
  if (args.json) console.log(JSON.stringify({ ...result, failures: failed }));
  else
    console.log(
      `${runs} seeds, ${failures.length} failed; ${turns} turns, ${acknowledged} records acknowledged, ${elections} elections, ${seconds} s`,
    );
  return failures.length === 0 ? 0 : 1;
}

function tell(report: RunReport): void {
  for (const line of report.trace) console.log(`  ${line}`);
  console.log(`FAILED: ${report.failure}`);
  console.log(`replay: ${replayCommand(report.seed, report.profile)}`);
}

function replayCommand(seed: number, profile: Profile): string {
  return `pnpm sim --seed ${seed} --profile ${profile}`;
}

async function checkPlanted(args: Arguments): Promise<number> {
  let missed = 0;
  for (const { bug, is, profile, seeds } of PLANTED_BUGS) {
    const jobs = Array.from({ length: seeds }, (_, at): Job => ({ seed: at + 1, profile, bug }));
    let tried = 0;
    let caught: RunReport | null = null;
    await runJobs(jobs, args.threads, (report) => {
      tried += 1;
      if (report.failure === null) return "go on";
      caught ??= report;
      return "stop";
    });
    const found = caught as RunReport | null;
    if (!found) missed += 1;
    console.log(
      found
        ? `caught  ${bug} in ${tried} seeds: ${found.failure?.split("\n")[0]}`
        : `MISSED  ${bug} (${is}) in ${seeds} seeds`,
    );
  }
  return missed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
