/** Writing: POST /topics/{t}/values (bare values) and /topics/{t}/records (envelopes), whole bodies and streams. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ProduceReply, RecordEnvelope, httpProblem } from "@vitrine/api";
import type { Problem, ProducedRange } from "@vitrine/api";
import type { TopicInfo } from "@vitrine/engine";
import Type from "typebox";
import type { Static } from "typebox";
import { isBlank, jsonValue, parseRecordLine, parseRecordsBody } from "../body/envelope.ts";
import { mediaType } from "../body/media-type.ts";
import { readBody } from "../body/read-body.ts";
import { ProblemError, refuse } from "../error-reply.ts";
import type { HttpContext } from "../options.ts";
import { checkQuota } from "../quota.ts";
import type { TopicMaker } from "../produce/auto-create.ts";
import type { NewRecord } from "../produce/new-record.ts";
import type { ProduceOutcome, Producer } from "../produce/producer.ts";
import { produceStream } from "../produce/stream.ts";
import type { StreamSource } from "../produce/stream.ts";
import { ValuesQuery, WriteQuery, partitionFor, writeOptions } from "../produce/write-options.ts";
import type { WriteOptions } from "../produce/write-options.ts";
import { NO_CONTENT_SCHEMA, TopicParams, bodies, replies } from "./schemas.ts";

export interface WriteServices {
  readonly producer: Producer;
  readonly topics: TopicMaker;
}

const PartitionParams = Type.Object({
  topic: Type.String(),
  partition: Type.Integer({ minimum: 0, maximum: 2_147_483_647 }),
});

export function produceRoutes(app: FastifyInstance, context: HttpContext, services: WriteServices): void {
  const receipts = replies(
    { 200: ProduceReply, 201: ProduceReply, 202: NO_CONTENT_SCHEMA, 207: ProduceReply },
    [400, 403, 404, 413, 415, 422, 429, 503, 504],
  );
  for (const [path, params, suffix] of [
    ["/topics/:topic", TopicParams, ""],
    ["/topics/:topic/partitions/:partition", PartitionParams, "ToPartition"],
  ] as const) {
    app.post<{ Params: Static<typeof PartitionParams>; Querystring: ValuesQuery }>(
      `${path}/values`,
      {
        schema: {
          tags: ["records"],
          operationId: `produceValues${suffix}`,
          summary: "Write bare values: one body, or each line or text of a stream",
          params,
          querystring: ValuesQuery,
          body: bodies({
            "application/octet-stream": {},
            "application/json": {},
            "application/x-ndjson": {},
            "application/json-seq": {},
            "text/plain": {},
          }),
          response: receipts,
        },
      },
      (request, reply) => produceValues(context, services, request, reply),
    );
    app.post<{ Params: Static<typeof PartitionParams>; Querystring: Static<typeof WriteQuery> }>(
      `${path}/records`,
      {
        schema: {
          tags: ["records"],
          operationId: `produceRecords${suffix}`,
          summary: 'Write envelopes: one, an array, {"records": [...]}, or one per line of NDJSON',
          params,
          querystring: WriteQuery,
          body: bodies({ "application/json": RecordEnvelope, "application/x-ndjson": {}, "application/json-seq": {} }),
          response: receipts,
        },
      },
      (request, reply) => produceRecords(context, services, request, reply),
    );
  }
}

type WriteRequest = FastifyRequest<{ Params: { topic: string; partition?: number }; Querystring: ValuesQuery }>;

function optionsOf(request: WriteRequest): WriteOptions {
  const options = writeOptions(request.query);
  const { partition } = request.params;
  return partition === undefined ? options : { ...options, partition };
}

const NDJSON = new Set(["application/x-ndjson", "application/jsonl", "application/ndjson", "application/x-jsonlines"]);
const SEQUENCES = new Set(["application/json-seq"]);
/** What curl and forms send when nobody chose a type. */
const UNCHOSEN = new Set(["", "application/x-www-form-urlencoded"]);

async function produceValues(
  context: HttpContext,
  services: WriteServices,
  request: WriteRequest,
  reply: FastifyReply,
) {
  checkQuota(context.engine, reply, "produce");
  const type = mediaType(request.headers["content-type"]).name;
  const options = optionsOf(request);
  const source = valueSource(type, request.query.split, options);
  if (source !== null) {
    const topic = await services.topics.topicFor(request.params.topic, options.timeoutMs);
    return produceStream(context, services.producer, { request, reply }, { topic, options, source });
  }
  await services.producer.room();
  const body = await readBody(request.raw, {
    bytesMax: context.limits.closedBodyBytes,
    idleMs: context.limits.closedBodyIdleMs,
  });
  const isJson = type === "application/json" || type.endsWith("+json");
  const record: NewRecord = {
    key: options.key,
    value: isJson ? jsonValue(body) : body,
    headers: valueHeaders(request, type),
    timestampMs: Date.now(),
  };
  const topic = await services.topics.topicFor(request.params.topic, options.timeoutMs);
  return produceClosed(services.producer, reply, {
    topic,
    options,
    records: [{ record, partition: options.partition }],
    single: true,
  });
}

function valueSource(type: string, split: string | undefined, options: WriteOptions): StreamSource | null {
  const bare = (value: Uint8Array) => ({
    record: { key: options.key, value, headers: [], timestampMs: Date.now() },
    partition: options.partition,
  });
  if (split === "lines") {
    if (
      type !== "text/plain" &&
      !UNCHOSEN.has(type) &&
      !NDJSON.has(type) &&
      type !== "application/octet-stream" &&
      type !== "text/csv"
    )
      refuse(
        httpProblem({
          status: 415,
          slug: "unsupported-media-type",
          title: "Unsupported media type",
          detail: `split=lines takes text/plain, not ${JSON.stringify(type)}`,
        }),
      );
    if (!NDJSON.has(type)) return { mode: "lines", parse: bare };
  }
  if (NDJSON.has(type)) return { mode: "lines", parse: (line) => (isBlank(line) ? null : bare(jsonValue(line))) };
  if (SEQUENCES.has(type)) return { mode: "json-seq", parse: (text) => (isBlank(text) ? null : bare(jsonValue(text))) };
  return null;
}

/** Headers of a record from HTTP: CloudEvents attributes (Kafka binding), and the type of bytes that are neither JSON nor unsaid. */
function valueHeaders(request: FastifyRequest, type: string): NewRecord["headers"] {
  const headers: { key: string; value: Uint8Array }[] = [];
  if (!UNCHOSEN.has(type) && type !== "application/json" && type !== "application/octet-stream")
    headers.push({ key: "content-type", value: Buffer.from(request.headers["content-type"] ?? type) });
  for (const [name, value] of Object.entries(request.headers))
    if (name.startsWith("ce-") && typeof value === "string")
      headers.push({ key: `ce_${name.slice(3)}`, value: Buffer.from(value) });
  return headers;
}

async function produceRecords(
  context: HttpContext,
  services: WriteServices,
  request: WriteRequest,
  reply: FastifyReply,
) {
  checkQuota(context.engine, reply, "produce");
  const type = mediaType(request.headers["content-type"]).name;
  const options = optionsOf(request);
  const withKey = (envelope: { record: NewRecord; partition: number | null }) => ({
    record:
      envelope.record.key === null && options.key !== null ? { ...envelope.record, key: options.key } : envelope.record,
    partition: envelope.partition ?? options.partition,
  });
  if (NDJSON.has(type) || SEQUENCES.has(type)) {
    const topic = await services.topics.topicFor(request.params.topic, options.timeoutMs);
    const source: StreamSource = {
      mode: NDJSON.has(type) ? "lines" : "json-seq",
      parse: (text) => (isBlank(text) ? null : withKey(parseRecordLine(text, Date.now()))),
    };
    return produceStream(context, services.producer, { request, reply }, { topic, options, source });
  }
  if (!UNCHOSEN.has(type) && type !== "application/json")
    refuse(
      httpProblem({
        status: 415,
        slug: "unsupported-media-type",
        title: "Unsupported media type",
        detail: `/records takes envelopes as application/json, application/x-ndjson or application/json-seq, not ${JSON.stringify(type)}`,
        hint: "did you mean /values, which takes any type?",
      }),
    );
  await services.producer.room();
  const body = await readBody(request.raw, {
    bytesMax: context.limits.closedBodyBytes,
    idleMs: context.limits.closedBodyIdleMs,
  });
  const records = parseRecordsBody(body, Date.now()).map(withKey);
  if (records.length === 0)
    refuse(httpProblem({ status: 422, slug: "no-records", title: "No records", detail: "the body holds no record" }));
  const topic = await services.topics.topicFor(request.params.topic, options.timeoutMs);
  return produceClosed(services.producer, reply, { topic, options, records, single: records.length === 1 });
}

interface ClosedWrite {
  readonly topic: TopicInfo;
  readonly options: WriteOptions;
  readonly records: readonly { readonly record: NewRecord; readonly partition: number | null }[];
  readonly single: boolean;
}

/** One batch per partition; all of a partition is written or none of it. */
async function produceClosed(producer: Producer, reply: FastifyReply, write: ClosedWrite): Promise<FastifyReply> {
  const { topic, options } = write;
  const byPartition = Map.groupBy(write.records, ({ record, partition }) =>
    partitionFor(producer, topic, record, partition),
  );
  const sends = [...byPartition].map(async ([partition, group]) => {
    const records = group.map(({ record }) => record);
    const outcome = await producer.send(
      { topic, partition, acks: options.acks, timeoutMs: options.timeoutMs },
      records,
    );
    return { partition, records, outcome };
  });
  if (options.acks === "0") {
    void Promise.all(sends);
    return reply.code(202).send({ topic: topic.name, accepted: write.records.length });
  }
  const results = await Promise.all(sends);
  const offsets: ProducedRange[] = [];
  const failures: (Problem & { records: number })[] = [];
  for (const { partition, records, outcome } of results)
    if (outcome.ok) offsets.push(rangeOf(partition, records, outcome));
    else failures.push({ ...outcome.problem, records: records.length });
  if (offsets.length === 0) throw new ProblemError(worst(failures));
  const served = results.find(({ outcome }) => outcome.ok)?.outcome;
  if (served?.ok === true)
    reply.headers({ "vitrine-leader": String(served.leader), "vitrine-leader-epoch": String(served.leaderEpoch) });
  offsets.sort((a, b) => a.partition - b.partition);
  if (failures.length > 0) return reply.code(207).send({ topic: topic.name, offsets, errors: failures });
  if (write.single) {
    const { partition, first_offset: offset } = offsets[0]!;
    reply.code(201).header("location", `/v1/topics/${topic.name}/partitions/${partition}/records/${offset}`);
  }
  return reply.send({ topic: topic.name, offsets });
}

function rangeOf(
  partition: number,
  records: readonly NewRecord[],
  outcome: ProduceOutcome & { ok: true },
): ProducedRange {
  return {
    partition,
    first_offset: outcome.firstOffset,
    last_offset: outcome.firstOffset + records.length - 1,
    timestamp: outcome.logAppendTimeMs ?? records.at(-1)!.timestampMs,
  };
}

/** When all failed: the problem with the most doubt about effects, so that nobody repeats by mistake. */
function worst(failures: readonly (Problem & { records: number })[]): Problem {
  return failures.find((problem) => problem.side_effects !== "none") ?? failures[0]!;
}
