/** Reading: GET .../records (envelopes) and .../values (bare values), closed reads, long polls and tails, and one raw value. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ReadReply, formatCursor, kafkaProblem, offsetOutOfRange } from "@vitrine/api";
import type { TopicInfo } from "@vitrine/engine";
import Type from "typebox";
import type { Static } from "typebox";
import { isJson } from "../body/json-scanner.ts";
import { refuse } from "../error-reply.ts";
import { negotiate } from "../negotiation.ts";
import type { HttpContext } from "../options.ts";
import { cacheHeaders, notModified } from "../read/caching.ts";
import { readRecord, valueLines, valueNdjson, valueText, valuesRaw, wireRecord } from "../read/format.ts";
import type { LogRecord } from "../read/log-record.ts";
import { ReadQuery, ValuesReadQuery, readOptions, refuseClosedParameters } from "../read/read-options.ts";
import type { ReadOptions } from "../read/read-options.ts";
import { readRecords } from "../read/read-records.ts";
import type { ReadResult } from "../read/read-records.ts";
import { checkQuota } from "../quota.ts";
import { findTopic } from "../topic-lookup.ts";
import { followNdjson, followSse, followValues } from "../tail-reply.ts";
import type { TailGate } from "../tail-gate.ts";
import { PartitionParams, TopicParams, replies } from "./schemas.ts";

const ReadHeaders = { prefer: "prefer", resume: "last-event-id" } as const;
const RecordTypes = ["application/json", "application/x-ndjson", "text/event-stream"] as const;
const ValueTypes = ["text/plain", "application/x-ndjson", "application/json", "application/octet-stream"] as const;

type ReadRequest = FastifyRequest<{ Params: { topic: string; partition?: number }; Querystring: ValuesReadQuery }>;

export function recordRoutes(app: FastifyInstance, context: HttpContext, gate: TailGate): void {
  const problems = [400, 404, 406, 410, 416, 422, 429, 503];
  for (const [path, params, suffix] of [
    ["/topics/:topic", TopicParams, ""],
    ["/topics/:topic/partitions/:partition", PartitionParams, "OfPartition"],
  ] as const) {
    app.get<{ Params: Static<typeof PartitionParams>; Querystring: ReadQuery }>(
      `${path}/records`,
      {
        schema: {
          tags: ["records"],
          operationId: `readRecords${suffix}`,
          summary: "Read records by offset, time or cursor; long poll with wait; tail as SSE, or NDJSON with follow=1",
          params,
          querystring: ReadQuery,
          response: replies({ 200: ReadReply }, problems),
        },
      },
      (request, reply) => records(context, gate, request, reply),
    );
    app.get<{ Params: Static<typeof PartitionParams>; Querystring: ValuesReadQuery }>(
      `${path}/values`,
      {
        schema: {
          tags: ["records"],
          operationId: `readValues${suffix}`,
          summary: "Read bare values: lines as they were written, NDJSON, or raw=1 with nothing between",
          description:
            "As text/plain every value ends with LF, also the last one: a file without a final newline that was written with split=lines comes back one byte longer. raw=1 gives the bytes of the values alone.",
          params,
          querystring: ValuesReadQuery,
          response: replies({ 200: Type.Unknown() }, problems),
        },
      },
      (request, reply) => values(context, gate, request, reply),
    );
  }
  const OffsetParams = Type.Object({
    ...PartitionParams.properties,
    offset: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  });
  const OneQuery = Type.Object({ value_format: ReadQuery.properties.value_format }, { additionalProperties: false });
  app.get<{ Params: Static<typeof OffsetParams>; Querystring: Static<typeof OneQuery> }>(
    "/topics/:topic/partitions/:partition/records/:offset",
    {
      schema: {
        tags: ["records"],
        operationId: "readRecord",
        summary: "One record",
        params: OffsetParams,
        querystring: OneQuery,
        response: replies({ 200: ReadReply.properties.records.items }, [404, 410, 416, 429, 503]),
      },
    },
    async (request, reply) => {
      const { topic, partition, offset } = request.params;
      const info = await findTopic(context.engine, topic);
      checkQuota(context.engine, reply, "fetch");
      const record = await oneRecord(context, info, partition, offset, gate.signalOf(reply));
      return reply
        .type("application/json; charset=utf-8")
        .send(`${readRecord(record, partition, (request.query.value_format ?? "auto") as "auto")}\n`);
    },
  );
  app.get<{ Params: Static<typeof OffsetParams> }>(
    "/topics/:topic/partitions/:partition/records/:offset/value",
    {
      schema: {
        tags: ["records"],
        operationId: "readRawValue",
        summary: "One value as it was written, with its original content type",
        params: OffsetParams,
        response: replies({ 200: Type.Unknown() }, [404, 410, 416, 429, 503]),
      },
    },
    async (request, reply) => {
      const { topic, partition, offset } = request.params;
      const info = await findTopic(context.engine, topic);
      checkQuota(context.engine, reply, "fetch");
      const record = await oneRecord(context, info, partition, offset, gate.signalOf(reply));
      return sendRawValue(reply, info, partition, record);
    },
  );
}

function optionsOf(request: ReadRequest, topic: TopicInfo, fallback: "earliest" | "latest"): ReadOptions {
  const header = (name: string) => {
    const value = request.headers[name];
    return typeof value === "string" ? value : undefined;
  };
  return readOptions(request.query, {
    topic,
    partition: request.params.partition ?? null,
    fallback,
    prefer: header(ReadHeaders.prefer),
    resume: header(ReadHeaders.resume),
  });
}

async function records(context: HttpContext, gate: TailGate, request: ReadRequest, reply: FastifyReply) {
  const topic = await findTopic(context.engine, request.params.topic);
  const type = negotiate(request.headers.accept, request.query.accept, RecordTypes);
  if (type === "text/event-stream" || request.query.follow === true) {
    refuseClosedParameters(request.query);
    const options = optionsOf(request, topic, "latest");
    if (type === "text/event-stream")
      return gate.hold(reply, () =>
        followSse(context, { request, reply }, topic, options, request.query.ids !== false),
      );
    return gate.hold(reply, () => followNdjson(context, { request, reply }, topic, options));
  }
  const options = optionsOf(request, topic, "earliest");
  checkQuota(context.engine, reply, "fetch");
  const result = await closedRead(context, gate, reply, topic, options);
  resultHeaders(request, reply, result);
  if (cacheHeaders(reply, topic, options, result, `records-${type}-${options.format}`) && notModified(request, reply))
    return reply.code(304).send();
  if (type === "application/x-ndjson") {
    const lines = result.parts.flatMap((part) =>
      part.records.map((record) => `${wireRecord(record, { format: options.format, partition: part.partition })}\n`),
    );
    return sendNdjson(reply, lines.join(""));
  }
  return reply.type("application/json; charset=utf-8").send(readReply(result, options));
}

async function values(context: HttpContext, gate: TailGate, request: ReadRequest, reply: FastifyReply) {
  const topic = await findTopic(context.engine, request.params.topic);
  const type = negotiate(request.headers.accept, request.query.accept, ValueTypes);
  if (request.query.follow === true) {
    refuseClosedParameters(request.query);
    return gate.hold(reply, () =>
      followValues(
        context,
        { request, reply },
        topic,
        optionsOf(request, topic, "latest"),
        type === "application/x-ndjson",
      ),
    );
  }
  const options = optionsOf(request, topic, "earliest");
  checkQuota(context.engine, reply, "fetch");
  const result = await closedRead(context, gate, reply, topic, options);
  resultHeaders(request, reply, result);
  const raw = request.query.raw === true || type === "application/octet-stream";
  if (
    cacheHeaders(reply, topic, options, result, `values-${raw ? "raw" : type}-${options.format}`) &&
    notModified(request, reply)
  )
    return reply.code(304).send();
  const all = result.parts.flatMap((part) => part.records);
  if (raw)
    return reply.header("content-disposition", "attachment").type("application/octet-stream").send(valuesRaw(all));
  switch (type) {
    case "application/x-ndjson":
      return sendNdjson(reply, valueNdjson(all, options.format));
    case "application/json": {
      const list = all.map((record) => (record.value === null ? "null" : valueText(record.value, options.format).json));
      return reply.type("application/json; charset=utf-8").send(`{"values":[${list.join(",")}],${tail(result)}}\n`);
    }
    default:
      return reply.type("text/plain; charset=utf-8").send(valueLines(all));
  }
}

/** As bytes: to text Fastify would add a charset, which the type does not have. */
function sendNdjson(reply: FastifyReply, text: string): FastifyReply {
  return reply.header("content-type", "application/x-ndjson").send(Buffer.from(text));
}

async function closedRead(
  context: HttpContext,
  gate: TailGate,
  reply: FastifyReply,
  topic: TopicInfo,
  options: ReadOptions,
): Promise<ReadResult> {
  const read = () => readRecords(context.engine, topic, options, gate.signalOf(reply));
  return options.waitMs > 0 ? gate.count(read) : read();
}

function readReply(result: ReadResult, options: ReadOptions): string {
  const list = result.parts.flatMap((part) =>
    part.records.map((record) => readRecord(record, part.partition, options.format)),
  );
  return `{"records":[${list.join(",")}],${tail(result)}}\n`;
}

function cursorText(result: ReadResult): string {
  return formatCursor(new Map(result.parts.map((part) => [part.partition, part.next])));
}

/** The members after the records. */
function tail(result: ReadResult): string {
  const numbers = (pick: (part: ReadResult["parts"][number]) => number) =>
    JSON.stringify(
      Object.fromEntries(
        result.parts.filter((part) => part.end !== -1).map((part) => [String(part.partition), pick(part)]),
      ),
    );
  const unavailable = result.unavailable.length === 0 ? "" : `,"unavailable":${JSON.stringify(result.unavailable)}`;
  return `"next":"${cursorText(result)}","up_to_date":${result.upToDate},"high_watermark":${numbers((part) => part.highWatermark)},"log_start":${numbers((part) => part.logStart)}${unavailable}`;
}

function resultHeaders(request: ReadRequest, reply: FastifyReply, result: ReadResult): void {
  const next = cursorText(result);
  reply.headers({
    "next-cursor": next,
    "up-to-date": String(result.upToDate),
    "high-watermark": result.parts
      .filter((part) => part.end !== -1)
      .map((part) => `${part.partition}:${part.highWatermark}`)
      .join(","),
    vary: "Accept, Accept-Encoding",
  });
  if (result.unavailable.length > 0)
    reply.header("vitrine-unavailable", result.unavailable.map((row) => row.partition).join(","));
  const url = new URL(request.url, "http://x");
  for (const name of ["offset", "since", "timestamp", "cursor", "clamp"]) url.searchParams.delete(name);
  url.searchParams.set("cursor", next);
  url.searchParams.sort();
  reply.header("link", `<${url.pathname}${url.search}>; rel="next"`);
}

async function oneRecord(
  context: HttpContext,
  topic: TopicInfo,
  partition: number,
  offset: number,
  signal: AbortSignal,
): Promise<LogRecord> {
  const options = readOptions(
    { offset: String(offset), limit: 1 },
    { topic, partition, fallback: "earliest", prefer: undefined, resume: undefined },
  );
  const result = await readRecords(context.engine, topic, options, signal);
  const part = result.parts[0]!;
  const record = part.records[0];
  if (record === undefined)
    refuse(offsetOutOfRange({ topic: topic.name, partition, offset, logStart: part.logStart, end: part.end }));
  if (record.offset !== offset)
    refuse(
      kafkaProblem(
        "OFFSET_OUT_OF_RANGE",
        `offset ${offset} of ${topic.name}-${partition} holds no record: it was compacted away, or is a marker`,
        {
          status: 404,
          hint: `the next record is at offset ${record.offset}`,
        },
      ),
    );
  return record;
}

/** Types that a browser shows without running anything; all others are downloads, and every value is sent as one. */
function sendRawValue(reply: FastifyReply, topic: TopicInfo, partition: number, record: LogRecord) {
  if (record.value === null)
    refuse(
      kafkaProblem(
        "INVALID_RECORD",
        `offset ${record.offset} of ${topic.name}-${partition} is a tombstone: it has no value`,
        { status: 404 },
      ),
    );
  const stored = record.headers.findLast((header) => header.key.toLowerCase() === "content-type")?.value;
  const said = stored === null || stored === undefined ? "" : Buffer.from(stored).toString("latin1");
  // A header value from a record must not break out of ours.
  const type = /^[\w.+-]+\/[\w.+-]+(?:; ?[\w-]+=[\w."-]+)*$/.test(said)
    ? said
    : isJson(record.value)
      ? "application/json"
      : "application/octet-stream";
  return reply
    .headers({
      "content-disposition": `attachment; filename="${topic.name}-${partition}-${record.offset}"`,
      "content-security-policy": "default-src 'none'; sandbox",
      "cache-control": "private, max-age=60, stale-while-revalidate=300",
      "vitrine-offset": String(record.offset),
    })
    .type(type)
    .send(Buffer.from(record.value));
}
