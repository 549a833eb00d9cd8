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
  return names.map((test) => {
    const result = found.get(test) ?? missing(test, lines, end);
    // A test may say "passed" and its runner still find threads of the client that never end.
    if (result.verdict === "pass" && end.exitCode !== 0 && !someFailed(found))
      return { ...result, verdict: "fail", said: said(lastFailure(lines) || `the runner ended with ${end.exitCode}`) };
    return result;
  });
}

function missing(test: string, lines: readonly string[], end: RunnerEnd): TestResult {
  const skipped = lines.some((line) => line.includes(`Skipping test ${test}`) || line.includes(`Test ${test} SKIPPED`));
  const why = lastFailure(lines) || lines.filter((line) => line.trim() !== "").at(-1) || "";
  const seconds = Number(end.seconds.toFixed(3));
  if (end.timedOut) return { test, verdict: "hang", seconds, said: said(why) };
  if (skipped || end.exitCode === 0) return { test, verdict: "skip", seconds: 0, said: said(skipReason(test, lines)) };
  return { test, verdict: "fail", seconds, said: said(why || `the runner ended with ${end.exitCode}`) };
}

function someFailed(found: ReadonlyMap<string, TestResult>): boolean {
  return [...found.values()].some((result) => result.verdict === "fail");
}

function skipReason(test: string, lines: readonly string[]): string {
  const line = lines.find((text) => text.includes(`Skipping test ${test}`));
  return /\(([^)]*)\)/.exec(line ?? "")?.[1] ?? "";
}

/** The sentence after the runner's `### Test "..." failed at ...: ###`. */
function lastFailure(lines: readonly string[]): string {
  const at = lines.findLastIndex((line) => /^### Test .* failed at /.test(line));
  return at === -1 ? "" : (lines[at + 1] ?? "");
}

const SAID_MAX = 300;

function said(text: string): string {
  const plain = text.replaceAll(/\s+/g, " ").trim();
  return plain.length > SAID_MAX ? `${plain.slice(0, SAID_MAX)}...` : plain;
}
