/** Where a reset sends a group: each partition's offset by name, number, time or shift, held within its log. As `kafka-consumer-groups` has it. */
import { httpProblem, type ResetOffset, type ResetOffsetsBody } from "@vitrine/api";
import type { Engine } from "@vitrine/engine";
import { refuse } from "../error-reply.ts";
import { durationMs } from "../query.ts";
import { listOffsets } from "../read/list-offsets.ts";
import { unreadable } from "../read/start-position.ts";
import { findTopic } from "../topic-lookup.ts";
import { endsOf } from "./group-lag.ts";
import type { Committed } from "./group-reads.ts";

export type ResetTarget =
  | { readonly to: "earliest" | "latest" }
  | { readonly to: "offset"; readonly offset: number }
  | { readonly to: "time"; readonly timestampMs: number }
  | { readonly to: "shift"; readonly by: number };

const TIMES_MS = 5_000;

/** Reads `to` and `shift`. Fails with 422 when they say nothing, or two things. */
export function resetTarget(body: ResetOffsetsBody, nowMs: number): ResetTarget {
  if (body.shift !== undefined && body.to !== undefined) refuse(badTarget("/shift", "excludes to: say one of them"));
  if (body.shift !== undefined) return { to: "shift", by: body.shift };
  if (body.to === undefined) return refuse(badTarget("/to", "is missing: earliest, latest, an offset, a time, or 15m"));
  if (typeof body.to === "number") return { to: "offset", offset: body.to };
  return targetOf(body.to, nowMs) ?? refuse(badTarget("/to", WANTED));
}

const WANTED =
  "is none of earliest, latest, an offset, a time (2026-11-20T09:00:00Z), or a duration back from now (15m, 2h, PT15M)";

function targetOf(text: string, nowMs: number): ResetTarget | null {
  if (text === "earliest" || text === "latest") return { to: text };
  if (/^\d{1,16}$/.test(text)) return { to: "offset", offset: Number(text) };
  const ago = isoDurationMs(text) ?? (/[a-z]$/.test(text) ? durationMs(text) : null);
  if (ago !== null) return { to: "time", timestampMs: Math.max(0, nowMs - ago) };
  const time = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? null : { to: "time", timestampMs: time };
}

/** `PT15M`, `P1DT2H`: days, hours, minutes, seconds. */
function isoDurationMs(text: string): number | null {
  const match = /^P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?$/.exec(text);
  if (match === null || text.endsWith("P") || text.endsWith("T")) return null;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return (((days! * 24 + hours!) * 60 + minutes!) * 60 + seconds!) * 1_000;
}

function badTarget(pointer: string, detail: string) {
  return httpProblem({
    status: 422,
    slug: "invalid-body",
    title: "Invalid body",
    detail: `${pointer} ${detail}`,
    errors: [{ pointer, detail }],
  });
}

/** Topic to partitions that the reset is about: those named, else all that the group has committed. */
export async function resetScope(
  engine: Engine,
  body: ResetOffsetsBody,
  committed: readonly Committed[],
): Promise<Map<string, Set<number>>> {
  const scope = new Map<string, Set<number>>();
  if (body.topics === undefined && body.partitions === undefined) {
    for (const { topic, partition } of committed) {
      if (engine.topic(topic)?.partitions[partition] === undefined) continue;
      scope.set(topic, (scope.get(topic) ?? new Set()).add(partition));
    }
    return scope;
  }
  for (const name of body.topics ?? []) {
    const topic = await findTopic(engine, name);
    scope.set(name, new Set(topic.partitions.map((row) => row.partition)));
  }
  for (const [name, partitions] of Object.entries(body.partitions ?? {})) {
    const topic = await findTopic(engine, name);
    const strange = partitions.find((partition) => topic.partitions[partition] === undefined);
    if (strange !== undefined) {
      const detail = `${name} has ${topic.partitions.length} partitions, ${strange} is none of them`;
      refuse(badTarget(`/partitions/${name}`, detail));
    }
    scope.set(name, new Set(partitions));
  }
  return scope;
}

/** What the reset would set, partition by partition. Fails with 503 where a leader does not answer: half a reset is none. */
export async function planReset(
  engine: Engine,
  scope: ReadonlyMap<string, ReadonlySet<number>>,
  target: ResetTarget,
  committed: readonly Committed[],
): Promise<ResetOffset[]> {
  const [ends, times] = await Promise.all([endsOf(engine, scope), offsetsByTime(engine, scope, target)]);
  const before = new Map(committed.map((row) => [`${row.topic}/${row.partition}`, row.offset]));
  const plan: ResetOffset[] = [];
  for (const [topic, partitions] of [...scope].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    for (const partition of [...partitions].toSorted((a, b) => a - b)) {
      const { logStart, end } = ends.get(topic)?.get(partition) ?? { logStart: null, end: null };
      if (logStart === null || end === null)
        return refuse(unreadable(engine, topic, partition, "LEADER_NOT_AVAILABLE"));
      const was = before.get(`${topic}/${partition}`) ?? null;
      const wished = wish(target, { logStart, end, was, byTime: times.get(`${topic}/${partition}`) ?? end });
      const after = Math.min(Math.max(wished, logStart), end);
      plan.push({ topic, partition, before: was, after, log_start: logStart, end, clamped: after !== wished });
    }
  }
  return plan;
}

function wish(
  target: ResetTarget,
  at: { readonly logStart: number; readonly end: number; readonly was: number | null; readonly byTime: number },
): number {
  switch (target.to) {
    case "earliest":
      return at.logStart;
    case "latest":
      return at.end;
    case "offset":
      return target.offset;
    case "time":
      return at.byTime;
    case "shift":
      return (at.was ?? at.logStart) + target.by;
  }
}

/** The first offset at or after the time, per partition; those without one are left out (the end is meant). */
async function offsetsByTime(
  engine: Engine,
  scope: ReadonlyMap<string, ReadonlySet<number>>,
  target: ResetTarget,
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  if (target.to !== "time") return found;
  await Promise.all(
    Array.from(scope, async ([name, partitions]) => {
      const topic = await findTopic(engine, name);
      const ask = { partitions: [...partitions], isolation: "uncommitted", timeoutMs: TIMES_MS } as const;
      const rows = await listOffsets(engine, topic, { ...ask, timestamp: target.timestampMs });
      for (const [partition, row] of rows) {
        if (row.error !== "NONE") refuse(unreadable(engine, name, partition, row.error));
        if (row.offset >= 0) found.set(`${name}/${partition}`, row.offset);
      }
    }),
  );
  return found;
}
