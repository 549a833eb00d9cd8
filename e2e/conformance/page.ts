/** apps/docs/conformance.md: the committed results of both targets side by side, with the reason for each that does not pass. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { markdownTable, replaceSection } from "../docs/marked-section.ts";
import { ROOT } from "../run-command.ts";
import { type Finding, FINDINGS } from "./findings.ts";
import { type RecordedResult, recordedResults } from "./records.ts";
import type { Variant } from "./run-suite.ts";
import type { Verdict } from "./verdict.ts";

export const PAGE_FILE = join(ROOT, "apps/docs/conformance.md");
const VARIANTS: readonly Variant[] = ["plain", "idempotent"];

export interface Recorded {
  readonly vitrine: readonly RecordedResult[];
  readonly kafka: readonly RecordedResult[];
}

export function recorded(): Recorded {
  return { vitrine: recordedResults("vitrine"), kafka: recordedResults("kafka") };
}

export function writePage(): void {
  writeFileSync(PAGE_FILE, conformancePage(readFileSync(PAGE_FILE, "utf8"), recorded(), FINDINGS));
}

/** The page anew from the one that is there. */
export function conformancePage(page: string, results: Recorded, findings: readonly Finding[]): string {
  const withSummary = replaceSection(page, "summary", summary(results));
  return replaceSection(withSummary, "tests", table(results, findings));
}

/** Tests that do not pass on one side at least, in one variant at least, and have no finding: nobody has said why yet. */
export function unexplained(results: Recorded, findings: readonly Finding[]): readonly string[] {
  const bad = [...results.vitrine, ...results.kafka].filter((result) => result.verdict !== "pass");
  return [...new Set(bad.map((result) => result.test))].filter((test) => reasonOf(test, findings) === "").toSorted();
}

function summary({ vitrine, kafka }: Recorded): string {
  const sides = [
    ["Vitrine", vitrine],
    ["Apache Kafka", kafka],
  ] as const;
  const rows = sides.flatMap(([side, results]) =>
    VARIANTS.map((variant) => {
      const of = results.filter((result) => result.variant === variant);
      const count = (...verdicts: Verdict[]) => String(of.filter(({ verdict }) => verdicts.includes(verdict)).length);
      return [side, variant, count("pass"), count("fail", "hang"), count("broke-cluster"), count("skip"), dates(of)];
    }),
  );
  const head = ["Against", "Variant", "Pass", "Fail", "Broker lost", "Skipped by the suite", "Run on"];
  const against = [...new Set([...vitrine, ...kafka].map((result) => result.against))].toSorted().join(" and ");
  return `${markdownTable(head, rows)}\n\nRun against ${against}.`;
}

function dates(results: readonly RecordedResult[]): string {
  const days = [...new Set(results.map((result) => result.on))].toSorted();
  return days.length === 0 ? "not yet" : days.length === 1 ? days[0]! : `${days[0]} to ${days.at(-1)}`;
}

function table(results: Recorded, findings: readonly Finding[]): string {
  const tests = [...new Set([...results.vitrine, ...results.kafka].map((result) => result.test))].toSorted();
  const rows = tests.map((test) => [
    test,
    ...VARIANTS.map((variant) => cell(results.vitrine, test, variant)),
    ...VARIANTS.map((variant) => cell(results.kafka, test, variant)),
    reasonOf(test, findings),
  ]);
  return markdownTable(["Test", "Vitrine", "Vitrine, -P", "Kafka", "Kafka, -P", "Why not"], rows);
}

function cell(results: readonly RecordedResult[], test: string, variant: Variant): string {
  const result = results.find((candidate) => candidate.test === test && candidate.variant === variant);
  if (result === undefined) return "not run";
  const verdict = result.verdict === "broke-cluster" ? "**broker lost**" : result.verdict;
  const again = result.verdict === "pass" && result.attempts > 1 ? ` (attempt ${result.attempts})` : "";
  return result.verdict === "pass" || result.verdict === "skip" ? verdict + again : `**${result.verdict}**`;
}

function reasonOf(test: string, findings: readonly Finding[]): string {
  return findings
    .filter((finding) => finding.tests.includes(test))
    .map((finding) => finding.reason)
    .join(" ");
}
