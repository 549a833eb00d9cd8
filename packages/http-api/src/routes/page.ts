/** Lists: `limit` and an opaque `cursor` in, `{data, next}` and a Link header out. */
import type { FastifyReply, FastifyRequest } from "fastify";
import Type from "typebox";
import { parameterProblem } from "../query.ts";
import { refuse } from "../error-reply.ts";

export const ListQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, description: "rows at most; default 1000" })),
  cursor: Type.Optional(Type.String({ maxLength: 1_000, description: "`next` of the page before" })),
});

const LIMIT_DEFAULT = 1_000;

/** Sends one page of rows, ordered by their key; the cursor is the last key, so that rows may come and go between pages. */
export function page<Row>(
  request: FastifyRequest,
  reply: FastifyReply,
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  query: { limit?: number; cursor?: string },
): FastifyReply {
  const { data, next } = pageOf(rows, keyOf, query);
  if (next !== null) {
    const url = new URL(request.url, "http://x");
    url.searchParams.set("cursor", next);
    url.searchParams.sort();
    reply.header("link", `<${url.pathname}${url.search}>; rel="next"`);
  }
  return reply.header("cache-control", "no-store").send({ data, next });
}

/** The rows of one page and the cursor of the next, for lists whose rows are filled in only where they are shown. */
export function pageOf<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  query: { limit?: number; cursor?: string },
): { readonly data: Row[]; readonly next: string | null } {
  const after = query.cursor === undefined ? null : decode(query.cursor);
  const sorted = rows.toSorted((a, b) => compare(keyOf(a), keyOf(b)));
  const rest = after === null ? sorted : sorted.filter((row) => compare(keyOf(row), after) > 0);
  const data = rest.slice(0, query.limit ?? LIMIT_DEFAULT);
  return { data, next: data.length < rest.length ? Buffer.from(keyOf(data.at(-1)!)).toString("base64url") : null };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function decode(cursor: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(cursor))
    refuse(parameterProblem([{ pointer: "?cursor", detail: "is not a cursor of this list" }]));
  return Buffer.from(cursor, "base64url").toString("utf8");
}
