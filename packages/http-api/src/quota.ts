/**
 * Client quotas over HTTP (http.md, rate limits): callers are one client to them. Up to a second of waiting is spent in the call; whoever would wait
 * longer is told so. Header fields and problem type of draft-ietf-httpapi-ratelimit-headers.
 */
import { kafkaProblem } from "@vitrine/api";
import type { Engine } from "@vitrine/engine";
import type { FastifyReply } from "fastify";
import { refuse } from "./error-reply.ts";

/** Longer waits are answered with 429. */
export const QUOTA_WAIT_MS_MAX = 1_000;
const PROBLEM_TYPE = "https://iana.org/assignments/http-problem-types#quota-exceeded";

const WORDS = { produce: "written", fetch: "read" } as const;

/** Names the quota in the answer; fails with 429 while it is used up for longer than a caller is kept waiting. */
export function checkQuota(engine: Engine, reply: FastifyReply, kind: "produce" | "fetch"): void {
  const quota = engine.quota(kind);
  if (quota === null) return;
  const { bytesPerSecond, waitMs } = quota;
  const policy = `"${kind}";q=${Math.floor(bytesPerSecond)};qu="content-bytes";w=1`;
  reply.header("ratelimit-policy", policy);
  if (waitMs <= QUOTA_WAIT_MS_MAX) return;
  const seconds = Math.ceil(waitMs / 1_000);
  const detail = `what is ${WORDS[kind]} over HTTP has used up its quota of ${Math.floor(bytesPerSecond)} bytes per second: come again in ${seconds} s`;
  const problem = kafkaProblem("THROTTLING_QUOTA_EXCEEDED", detail, {
    type: PROBLEM_TYPE,
    title: "Quota exceeded",
    "violated-policies": [kind],
    retriable: true,
    side_effects: "none",
    hint: "quotas are those of the client id vitrine-http: kafka-configs --describe --entity-type clients",
  });
  refuse(problem, {
    "retry-after": String(seconds),
    "ratelimit-policy": policy,
    ratelimit: `"${kind}";r=0;t=${seconds}`,
  });
}
