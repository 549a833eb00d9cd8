/**
 * Conditional changes (RFC 9110, If-Match): a change is made only while the thing is as its caller last saw it. Kafka has no conditional commit or
 * alteration, so the tag is compared immediately before the change; two changes within the same moment can still both pass.
 */
import { createHash } from "node:crypto";
import { httpProblem } from "@vitrine/api";
import type { FastifyRequest } from "fastify";
import Type from "typebox";
import { refuse } from "./error-reply.ts";

/** For the schema of a route that takes If-Match. */
export const IfMatchHeaders = Type.Object({
  "if-match": Type.Optional(
    Type.String({
      description:
        "ETag of the state that the change is meant for, several with commas, or * for any; 412 when it is another",
    }),
  ),
});

/** A strong ETag: the same for the same content. */
export function tagOf(content: unknown): string {
  return `"${createHash("sha256").update(JSON.stringify(content)).digest("base64url").slice(0, 22)}"`;
}

/** Refuses with 412 where the caller meant another state. `current`: null where there is nothing yet. `what` begins the sentence. */
export function checkIfMatch(request: FastifyRequest, current: string | null, what: string): void {
  const wanted = request.headers["if-match"];
  if (wanted === undefined) return;
  // Weak tags never match here (RFC 9110, 13.1.1).
  const tags = wanted.split(",").map((tag) => tag.trim());
  if (current !== null && (tags.includes("*") || tags.includes(current))) return;
  const detail =
    current === null
      ? `${what} do not exist, and If-Match asks for ${wanted}`
      : `${what} are no longer those of ${wanted}: somebody changed them since`;
  refuse(
    httpProblem({
      status: 412,
      slug: "precondition-failed",
      title: "Changed meanwhile",
      detail,
      hint: "read them again, decide anew, and send the new ETag",
      extra: { etag: current },
    }),
  );
}
