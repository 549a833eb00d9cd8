/** Every error leaves as a problem document: thrown ProblemErrors, Fastify's own errors, unknown paths (404) and methods (405 with Allow). */
import { STATUS_CODES } from "node:http";
import { httpProblem } from "@vitrine/api";
import type { Problem } from "@vitrine/api";
import { InvariantViolation } from "@vitrine/core";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { closest } from "./did-you-mean.ts";

/** Thrown by handlers at any depth; the error handler of the plugin answers with the document. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;

  constructor(problem: Problem, headers: Readonly<Record<string, string>> = {}) {
    super(problem.detail);
    this.problem = problem;
    this.headers = headers;
  }
}

/** Shorthand: fails the request with a problem. */
export function refuse(problem: Problem, headers?: Readonly<Record<string, string>>): never {
  throw new ProblemError(problem, headers);
}

const RETRY_AFTER = new Set([429, 503]);

/** Sends a problem document. */
export function sendProblem(
  reply: FastifyReply,
  problem: Problem,
  headers: Readonly<Record<string, string>> = {},
): FastifyReply {
  if (RETRY_AFTER.has(problem.status)) reply.header("retry-after", "1");
  if (problem.status === 401) reply.header("www-authenticate", 'Bearer realm="vitrine"');
  return (
    reply
      .code(problem.status)
      .headers(headers)
      .header("cache-control", "no-store")
      .header("content-type", "application/problem+json")
      // As bytes: to text Fastify would add a charset, which the type does not have.
      .send(Buffer.from(problemText(problem, reply.request.id)))
  );
}

/** The document as text, with its `instance` and a newline at the end. */
export function problemText(problem: Problem, requestId?: string): string {
  const instance = requestId === undefined ? {} : { instance: `/v1/requests/${requestId}` };
  return `${JSON.stringify({ ...problem, ...instance })}\n`;
}

/** Turns whatever was thrown into a problem. What nobody foresaw is 500 and says nothing of its inside. */
export function toProblem(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  const known = error as Partial<FastifyError>;
  const status = known.statusCode ?? 500;
  if (status >= 400 && status < 500 && typeof known.code === "string" && known.code.startsWith("FST_"))
    return httpProblem({
      status,
      slug: known.code.slice(4).toLowerCase().replaceAll("_", "-"),
      title: STATUS_CODES[status] ?? "Bad request",
      detail: known.message ?? "the request cannot be read",
    });
  return httpProblem({
    status: 500,
    slug: "internal-error",
    title: "Internal error",
    detail: "this server failed while it worked on the request; its log has the details under this instance",
    sideEffects: "possible",
  });
}

/** A broken invariant ends the process (the caller's hook decides how); every other surprise is logged once, here. */
export function setErrorReplies(app: FastifyInstance, routes: RouteTable): void {
  app.setErrorHandler((error, request, reply) => {
    const problem = toProblem(error);
    if (problem.status >= 500 && !(error instanceof ProblemError)) request.log.error({ err: error }, "request failed");
    if (error instanceof InvariantViolation)
      setImmediate(() => {
        throw error;
      });
    if (reply.sent) return;
    void sendProblem(reply, problem, error instanceof ProblemError ? error.headers : {});
  });
  app.setNotFoundHandler((request, reply) => sendProblem(reply, ...routes.missing(request)));
}

/** Knows the registered paths, so that a wrong method gets 405 with Allow and a wrong word gets a hint. */
export class RouteTable {
  readonly #routes: { readonly segments: readonly string[]; readonly method: string }[] = [];
  readonly #words = new Set<string>();

  add(url: string, methods: readonly string[]): void {
    const segments = url.split("/").slice(1);
    for (const word of segments.slice(0, 2)) if (/^[a-z]/.test(word)) this.#words.add(word);
    for (const method of methods) this.#routes.push({ segments, method });
  }

  /** Methods that some route takes for this path. */
  methodsOf(path: string): string[] {
    const segments = path.split("/").slice(1);
    const methods = this.#routes.filter((route) => matches(route.segments, segments)).map((route) => route.method);
    return [...new Set(methods)].sort();
  }

  missing(request: FastifyRequest): [Problem, Record<string, string>] {
    const path = request.url.split("?")[0]!;
    const allow = this.methodsOf(path);
    if (allow.length > 0) {
      const list = allow.join(", ");
      const detail = `${path} does not take ${request.method}; it takes ${list}`;
      return [
        httpProblem({ status: 405, slug: "method-not-allowed", title: "Method not allowed", detail }),
        { allow: list },
      ];
    }
    const word = path.split("/").find((part) => part !== "" && part !== "v1") ?? "";
    const near = closest(word, this.#words);
    return [
      httpProblem({
        status: 404,
        slug: "unknown-path",
        title: "Unknown path",
        detail: `nothing is served at ${JSON.stringify(path.slice(0, 200))}`,
        hint: near === undefined || near === word ? "GET / lists what there is" : `did you mean /${near}?`,
      }),
      {},
    ];
  }
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === "*") return true;
    if (i >= path.length || (!pattern[i]!.startsWith(":") && pattern[i] !== path[i])) return false;
    if (pattern[i]!.startsWith(":") && path[i] === "") return false;
  }
  return pattern.length === path.length;
}
