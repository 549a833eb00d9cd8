/** From what the runner printed to a verdict per test. Pure. */

export type Verdict = "pass" | "fail" | "skip" | "hang" | "broke-cluster";

export interface TestResult {
  readonly test: string;
  readonly verdict: Verdict;
  readonly seconds: number;
  /** The runner's own words; empty when it passed. */
  readonly said: string;
}

export interface RunnerEnd {
  readonly output: string;
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  readonly seconds: number;
}

/** `| 0001_multiobj | PASSED | 1.234s | why` of the table that the runner prints at its end. */
const SUMMARY_LINE = /^\| (\d{4}\w*) +\| +(PASSED|FAILED|SKIPPED|RUNNING) \| +([\d.]+)s \|?(.*)$/;
// oxlint-disable-next-line no-control-regex
const COLOUR = /\u001B\[[0-9;]*m/g;

/** `names` as the plan has them: where a test is run in parts, the runner knows only what stands before the slash. */
export function verdicts(names: readonly string[], end: RunnerEnd): readonly TestResult[] {
  const lines = end.output.replaceAll(COLOUR, "").split("\n");
  const found = new Map<string, TestResult>();
  for (const line of lines) {
    const match = SUMMARY_LINE.exec(line);
    if (!match) continue;
    const [, test, state, seconds, rest] = match as unknown as [string, string, string, string, string];
    const verdict = state === "PASSED" ? "pass" : state === "SKIPPED" ? "skip" : "fail";
    found.set(test, { test, verdict, seconds: Number(seconds), said: said(rest) });
  }
  const someFailed = [...found.values()].some((result) => result.verdict === "fail");
  return names.map((name) => {
    const [test, part] = name.split("/") as [string, string | undefined];
    const result = { ...(found.get(test) ?? missing(test, lines, end)), test: name };
    if (result.verdict !== "pass") return result;
    // A test may say "passed" and its runner still find threads of the client that never end.
    if (end.exitCode !== 0 && !someFailed)
      return { ...result, verdict: "fail", said: said(lastFailure(lines) || `the runner ended with ${end.exitCode}`) };
    const isRun = part === undefined || lines.some((line) => line.includes(`[ do_test_${part}:`));
    return isRun ? result : { ...result, verdict: "skip", said: "the test has no such part, or leaves it out" };
  });
}

/** What did not come as far as the table: the runner was killed, or aborted and lost what it had not printed yet. */
function missing(test: string, lines: readonly string[], end: RunnerEnd): TestResult {
  const seconds = Number(end.seconds.toFixed(3));
  const failed = firstFailure(test, lines);
  const lastLine = lines.filter((line) => line.trim() !== "").at(-1) ?? "";
  if (end.timedOut) return { test, verdict: "hang", seconds, said: said(failed || lastLine) };
  if (failed !== "") return { test, verdict: "fail", seconds, said: said(failed) };
  const skipped = lines.find((line) => line.includes(`Skipping test ${test}`) || line.includes(`Test ${test} SKIPPED`));
  if (skipped !== undefined || end.exitCode === 0)
    return { test, verdict: "skip", seconds: 0, said: said(/\(([^)]*)\)/.exec(skipped ?? "")?.[1] ?? "") };
  return { test, verdict: "fail", seconds, said: said(lastFailure(lines) || lastLine) };
}

/** The sentence after the runner's `### Test "..." failed at ...: ###`. */
function firstFailure(test: string, lines: readonly string[]): string {
  const at = lines.findIndex((line) => line.startsWith(`### Test "${test}`) && line.includes(" failed at "));
  return at === -1 ? "" : (lines[at + 1] ?? "");
}

function lastFailure(lines: readonly string[]): string {
  const at = lines.findLastIndex((line) => /^### Test .* failed at /.test(line));
  return at === -1 ? "" : (lines[at + 1] ?? "");
}

const SAID_MAX = 300;

function said(text: string): string {
  const plain = text.replaceAll(/\s+/g, " ").trim();
  return plain.length > SAID_MAX ? `${plain.slice(0, SAID_MAX)}...` : plain;
}
