/** Query parameters of the routes that read records, and what they mean. */
import { httpProblem, parseCursor } from "@vitrine/api";
import type { TopicInfo } from "@vitrine/engine";
import Type from "typebox";
import type { Static } from "typebox";
import { refuse } from "../error-reply.ts";
import { DURATION, durationMs, parameterProblem } from "../query.ts";
import type { TailStart } from "../record-tail.ts";
import { VALUE_FORMATS } from "./format.ts";
import type { ValueFormat } from "./format.ts";
import { unpackCursor } from "./packed-cursor.ts";
import { noPartition } from "./tail-loop.ts";

export const ReadQuery = Type.Object(
  {
    offset: Type.Optional(
      Type.String({
        pattern: "^(earliest|latest|-?\\d{1,16})$",
        errorMessage: "must be a number, -N for the last N, earliest or latest",
        description: "a number, -N (the last N per partition), earliest (default; a tail starts at latest) or latest",
      }),
    ),
    since: Type.Optional(Type.String({ ...DURATION, description: "records of the last 15m, 2h, 7d" })),
    timestamp: Type.Optional(
      Type.String({ maxLength: 40, description: "ISO 8601 or milliseconds since 1970: records at or after it" }),
    ),
    cursor: Type.Optional(
      Type.String({
        maxLength: 400_000,
        description: "`next` of an earlier read: partition:offset@leaderEpoch, joined by commas",
      }),
    ),
    until: Type.Optional(
      Type.Integer({ minimum: 0, description: "stop before this offset: a closed range, which can be cached" }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, description: "records at most; default 500" })),
    max_bytes: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 16_777_216,
        description: "bytes at most, but always one record; default 1048576",
      }),
    ),
    wait: Type.Optional(
      Type.String({
        ...DURATION,
        description: "long poll: wait for the first record, at most 60s; also Prefer: wait=30",
      }),
    ),
    partitions: Type.Optional(
      Type.String({ pattern: "^\\d{1,9}(,\\d{1,9})*$", errorMessage: "must be partition numbers, joined by commas" }),
    ),
    value_format: Type.Optional(Type.String({ enum: [...VALUE_FORMATS] })),
    isolation: Type.Optional(Type.String({ enum: ["committed", "uncommitted"], description: "default committed" })),
    clamp: Type.Optional(
      Type.Boolean({ description: "an offset outside the log goes to its nearest end instead of 410 or 416" }),
    ),
    follow: Type.Optional(Type.Boolean({ description: "go on with new records as they come (NDJSON, lines)" })),
    ids: Type.Optional(Type.Boolean({ description: "SSE: send cursors as ids; default 1" })),
    accept: Type.Optional(Type.String({ maxLength: 200, description: "instead of Accept, for address bars" })),
  },
  { additionalProperties: false },
);
export type ReadQuery = Static<typeof ReadQuery>;

export const ValuesReadQuery = Type.Object(
  { ...ReadQuery.properties, raw: Type.Optional(Type.Boolean({ description: "values with nothing between them" })) },
  { additionalProperties: false },
);
export type ValuesReadQuery = Static<typeof ValuesReadQuery>;

const WAIT_MS_MAX = 60_000;
const LIMIT_DEFAULT = 500;
const BYTES_DEFAULT = 1024 * 1024;

export interface ReadOptions {
  readonly partitions: readonly number[];
  /** All partitions of the topic: a tail takes in those added later. */
  readonly whole: boolean;
  readonly start: TailStart;
  /** The caller named the offset: outside the log it is 410 or 416. */
  readonly strict: boolean;
  readonly until: number | null;
  readonly limit: number;
  readonly bytes: number;
  readonly waitMs: number;
  readonly isolation: "committed" | "uncommitted";
  readonly format: ValueFormat;
}

/** `fallback` is where reading starts when nothing is said: a read at the earliest record, a tail now. */
export function readOptions(
  query: ReadQuery,
  context: {
    topic: TopicInfo;
    partition: number | null;
    fallback: "earliest" | "latest";
    prefer: string | undefined;
    resume: string | undefined;
  },
): ReadOptions {
  const { topic } = context;
  const partitions = partitionsOf(topic, context.partition, query.partitions);
  const start = startOf(query, context, partitions);
  return {
    partitions,
    whole: context.partition === null && query.partitions === undefined,
    start,
    strict: query.clamp !== true,
    until: query.until ?? null,
    limit: query.limit ?? LIMIT_DEFAULT,
    bytes: query.max_bytes ?? BYTES_DEFAULT,
    waitMs: Math.min(
      WAIT_MS_MAX,
      (query.wait === undefined ? preferredWait(context.prefer) : durationMs(query.wait)) ?? 0,
    ),
    isolation: query.isolation === "uncommitted" ? "uncommitted" : "committed",
    format: (query.value_format ?? "auto") as ValueFormat,
  };
}

function partitionsOf(topic: TopicInfo, partition: number | null, listed: string | undefined): readonly number[] {
  if (partition !== null) {
    if (listed !== undefined)
      refuse(parameterProblem([{ pointer: "?partitions", detail: "says nothing where the path names the partition" }]));
    if (topic.partitions[partition] === undefined) refuse(noPartition(topic, partition));
    return [partition];
  }
  if (listed === undefined) return topic.partitions.map((row) => row.partition);
  const wanted = [...new Set(listed.split(",").map(Number))];
  for (const row of wanted) if (topic.partitions[row] === undefined) refuse(noPartition(topic, row));
  return wanted;
}

const POSITIONS = ["offset", "since", "timestamp", "cursor"] as const;

function startOf(
  query: ReadQuery,
  context: { topic: TopicInfo; fallback: "earliest" | "latest"; resume: string | undefined },
  partitions: readonly number[],
): TailStart {
  // A reconnecting EventSource repeats the first URL; its Last-Event-ID knows better.
  if (context.resume !== undefined && context.resume !== "")
    return cursorStart(context.resume, "Last-Event-ID", context, partitions);
  const given = POSITIONS.filter((name) => query[name] !== undefined);
  if (given.length > 1) refuse(parameterProblem([{ pointer: `?${given[1]!}`, detail: `excludes ${given[0]!}` }]));
  if (query.cursor !== undefined) return cursorStart(query.cursor, "?cursor", context, partitions);
  if (query.since !== undefined)
    return { from: "timestamp", timestampMs: Math.max(0, Date.now() - (durationMs(query.since) ?? 0)) };
  if (query.timestamp !== undefined) {
    const ms = /^\d{1,16}$/.test(query.timestamp) ? Number(query.timestamp) : Date.parse(query.timestamp);
    if (!Number.isSafeInteger(ms))
      refuse(parameterProblem([{ pointer: "?timestamp", detail: "is neither ISO 8601 nor milliseconds since 1970" }]));
    return { from: "timestamp", timestampMs: ms };
  }
  const offset = query.offset ?? context.fallback;
  if (offset === "earliest" || offset === "latest") return { from: offset };
  const number = Number(offset);
  if (!Number.isSafeInteger(number)) refuse(parameterProblem([{ pointer: "?offset", detail: "is beyond 2^53" }]));
  if (offset.startsWith("-")) return { from: "last", count: -number };
  return {
    from: "cursor",
    positions: new Map(partitions.map((partition) => [partition, { offset: number, epoch: -1 }])),
    otherwise: "earliest",
  };
}

function cursorStart(
  text: string,
  pointer: string,
  context: { topic: TopicInfo },
  partitions: readonly number[],
): TailStart {
  const cursor = text.startsWith("b:") ? unpackCursor(text) : parseCursor(text);
  if (cursor === null)
    refuse(
      parameterProblem([
        {
          pointer,
          detail: "is not a cursor",
          hint: "take `next` of an earlier answer: partition:offset@leaderEpoch, joined by commas",
        },
      ]),
    );
  for (const partition of cursor.keys())
    if (context.topic.partitions[partition] === undefined) refuse(noPartition(context.topic, partition));
  const positions = new Map([...cursor].filter(([partition]) => partitions.includes(partition)));
  // Partitions that the cursor does not name were added later, or never read: all of them is news.
  return { from: "cursor", positions, otherwise: "earliest" };
}

function preferredWait(prefer: string | undefined): number | null {
  const match = /(?:^|[,;\s])wait=(\d{1,6})/.exec(prefer ?? "");
  return match === null ? null : Number(match[1]) * 1000;
}

/** 422 for a tail with parameters that only closed reads know. */
export function refuseClosedParameters(query: ReadQuery): void {
  const closed = (["until", "limit", "wait"] as const).filter((name) => query[name] !== undefined);
  if (closed.length > 0)
    refuse(
      httpProblem({
        status: 422,
        slug: "invalid-parameter",
        title: "Invalid parameter",
        detail: `?${closed[0]!} means nothing on a tail: it has no end`,
      }),
    );
}
