import { httpProblem, type Problem } from "@vitrine/api";

/** A request that failed, with the problem document that says why and whether a repeat is safe. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }

  /** The same request may succeed later, and repeating it does no harm. */
  get retriable(): boolean {
    return this.problem.retriable && this.problem.side_effects === "none";
  }
}

/** The problem of an answer that is not a success; made up where the server (or a proxy before it) sent something else. */
export function problemOf(status: number, text: string): Problem {
  try {
    const value: unknown = JSON.parse(text);
    if (isProblem(value)) return value;
  } catch {
    // Not JSON: a proxy's page. Its status is all that can be said.
  }
  return httpProblem({
    status,
    slug: "unexpected-answer",
    title: "Unexpected answer",
    detail: `the server answered with status ${status} and no problem document; something else may be listening there`,
    retriable: status === 502 || status === 503 || status === 504,
    sideEffects: "possible",
  });
}

/** Nobody answered: the request may or may not have been carried out. */
export function noAnswer(method: string, what: string): Problem {
  const reads = method === "GET" || method === "HEAD";
  return httpProblem({
    status: 0,
    slug: "no-answer",
    title: "No answer",
    detail: `${method} ${what} got no answer: the server cannot be reached or the connection was cut`,
    retriable: true,
    sideEffects: reads ? "none" : "possible",
  });
}

/** The caller's own handler threw or rejected: the subscription ends. `after`: what becomes of the batch. */
export function handlerFailed(error: unknown, after: string): Problem {
  const cause = error instanceof Error ? error.message : String(error);
  return httpProblem({
    status: 0,
    slug: "handler-failed",
    title: "Processing failed",
    detail: `a batch could not be processed: ${cause}; ${after}`,
  });
}

function isProblem(value: unknown): value is Problem {
  return (
    typeof value === "object" &&
    value !== null &&
    "type" in value &&
    "status" in value &&
    typeof value.status === "number" &&
    "detail" in value
  );
}
