/** Caching of reads (http.md section 6): closed ranges by name get an ETag and a short age, everything that can still grow gets no-store. */
import { createHash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { TopicInfo } from "@vitrine/engine";
import type { ReadOptions } from "./read-options.ts";
import type { ReadResult } from "./read-records.ts";

/** Sets the headers (a compacted topic is always asked again, by a weak tag: records may have left the range); true when the answer has an ETag and may be answered by 304. */
export function cacheHeaders(
  reply: FastifyReply,
  topic: TopicInfo,
  options: ReadOptions,
  result: ReadResult,
  format: string,
): boolean {
  const part = result.parts[0];
  const named = options.start.from === "cursor" && options.until !== null && result.parts.length === 1;
  // Closed: everything up to `until` is below what readers may see, so it will not grow.
  if (!named || part === undefined || options.until! > part.end) {
    reply.header("cache-control", "no-store");
    return false;
  }
  const compacted = topic.config.get("cleanup.policy")?.includes("compact") === true;
  const identity = [
    topic.topicId,
    part.partition,
    part.start.offset,
    part.next.offset,
    part.next.epoch,
    options.limit,
    options.bytes,
    options.isolation,
    format,
    // Every replica compacts at its own time: which records are left is what tells one answer from another.
    ...(compacted ? part.records.map(({ offset }) => offset) : []),
  ].join("-");
  const digest = createHash("sha256").update(identity).digest("base64url").slice(0, 22);
  const etag = `"${topic.topicId}-${part.partition}-${part.start.offset}-${part.next.offset}-${part.next.epoch}-${digest}"`;
  reply.headers({
    etag: compacted ? `W/${etag}` : etag,
    "cache-control": compacted ? "no-cache" : "private, max-age=60, stale-while-revalidate=300",
  });
  return true;
}

/** Whether the caller has this version already. */
export function notModified(request: FastifyRequest, reply: FastifyReply): boolean {
  const wanted = request.headers["if-none-match"];
  const etag = reply.getHeader("etag");
  return (
    typeof wanted === "string" &&
    typeof etag === "string" &&
    wanted.split(",").some((tag) => tag.trim() === etag || tag.trim() === "*")
  );
}
