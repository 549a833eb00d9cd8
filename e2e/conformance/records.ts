/** Results on disk: one line each while a run goes on (so that it can be resumed), and the last whole result per target, which is committed. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "../run-command.ts";
import type { SuiteResult, Variant } from "./run-suite.ts";
import type { TargetName } from "./targets.ts";

export interface RecordedResult extends SuiteResult {
  readonly variant: Variant;
  /** What it ran against, with the version. */
  readonly against: string;
  /** The day, as in ISO 8601. */
  readonly on: string;
}

const RESULTS = join(import.meta.dirname, "results");
export const CACHE = join(ROOT, ".cache/conformance");

/** The results of a run that may still go on. */
export class RunState {
  readonly #file: string;

  constructor(target: TargetName, variant: Variant) {
    this.#file = join(CACHE, `${target}-${variant}.ndjson`);
  }

  read(): readonly RecordedResult[] {
    return existsSync(this.#file) ? parse(readFileSync(this.#file, "utf8")) : [];
  }

  append(result: RecordedResult): void {
    mkdirSync(dirname(this.#file), { recursive: true });
    appendFileSync(this.#file, `${JSON.stringify(result)}\n`);
  }

  clear(): void {
    rmSync(this.#file, { force: true });
  }
}

export function recordedResults(target: TargetName): readonly RecordedResult[] {
  const file = fileOf(target);
  return existsSync(file) ? parse(readFileSync(file, "utf8")) : [];
}

/**
 * Puts new results in the place of older ones of the same test and variant; after a whole run, in the place of all older ones of the
 * variants that ran.
 */
export function record(target: TargetName, results: readonly RecordedResult[], isWhole: boolean): void {
  const key = (result: RecordedResult) => `${result.test} ${result.variant}`;
  const variants = new Set(results.map((result) => result.variant));
  const kept = recordedResults(target).filter((result) => !isWhole || !variants.has(result.variant));
  const merged = new Map([...kept, ...results].map((result) => [key(result), result]));
  const sorted = [...merged.values()].toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(fileOf(target), sorted.map((result) => `${JSON.stringify(result)}\n`).join(""));
}

function fileOf(target: TargetName): string {
  return join(RESULTS, `${target}.ndjson`);
}

/** A line that was cut by the end of a process counts as not there. */
function parse(text: string): readonly RecordedResult[] {
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [JSON.parse(line) as RecordedResult];
    } catch {
      return [];
    }
  });
}
