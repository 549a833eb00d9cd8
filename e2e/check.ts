/** `pnpm check`: types (three programs), lint, format, dead code. Exit code 1 when one of them complains. */
import { pathToFileURL } from "node:url";
import { runCommand, type CommandResult } from "./run-command.ts";

const CHECKS: readonly (readonly [name: string, program: string, args: readonly string[]])[] = [
  ["types: Node", "tsc", ["-p", "tsconfig.json"]],
  ["types: machines, without Node", "tsc", ["-p", "tsconfig.pure.json"]],
  ["types: console", "tsc", ["--noEmit", "-p", "apps/console/tsconfig.json"]],
  ["lint", "oxlint", ["--type-aware", "--quiet", "."]],
  ["format", "oxfmt", ["--check", "."]],
  ["dead code", "knip", ["--no-config-hints"]],
];

export interface CheckReport {
  readonly name: string;
  readonly ok: boolean;
}

/** Runs every check, one after the other, and prints what the failing ones said. */
export async function runChecks(): Promise<readonly CheckReport[]> {
  const reports: CheckReport[] = [];
  for (const [name, program, args] of CHECKS) {
    const result: CommandResult = await runCommand(program, args);
    const ok = result.exitCode === 0;
    console.log(`${ok ? "ok  " : "FAIL"} ${name} (${result.seconds.toFixed(1)} s)`);
    if (!ok) console.log(result.output.trimEnd());
    reports.push({ name, ok });
  }
  return reports;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const reports = await runChecks();
  process.exitCode = reports.every((report) => report.ok) ? 0 : 1;
}
