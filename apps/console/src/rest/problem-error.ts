import type { Problem } from "@vitrine/api";
import { ProblemError } from "@vitrine/client";
import { plural } from "../format/numbers.ts";

/** The sentence under a toast's title: detail, faults, hint, and whether it was carried out all the same. */
export function problemText(problem: Problem): string {
  const parts = [problem.detail];
  const faults = problem.errors ?? [];
  for (const fault of faults.slice(0, 3))
    if (fault.detail !== problem.detail) parts.push(`${fault.pointer}: ${fault.detail}`);
  if (faults.length > 3) parts.push(`and ${plural(faults.length - 3, "more fault")}`);
  if (problem.hint !== undefined) parts.push(problem.hint);
  if (problem.side_effects === "possible") parts.push("It may have been carried out all the same");
  if (problem.side_effects === "applied") parts.push("It was carried out all the same");
  return parts
    .map((part) => part.replace(/\.$/, ""))
    .join(". ")
    .concat(".");
}

/** Title and text of anything that was thrown. */
export function explain(error: unknown): { title: string; text: string } {
  if (error instanceof ProblemError) return { title: error.problem.title, text: problemText(error.problem) };
  return { title: "No answer", text: error instanceof Error ? error.message : String(error) };
}
