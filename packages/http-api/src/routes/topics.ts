/** Topics: create, list, describe, grow, delete; records: delete up to an offset. */
import type { FastifyInstance } from "fastify";
import {
  CreateTopicBody,
  DeleteRecordsReply,
  PatchTopicBody,
  TopicDetail,
  TopicList,
  kafkaProblem,
} from "@vitrine/api";
import type { PartitionDetail, TopicSummary } from "@vitrine/api";
import { errorFromCode, isInternalTopic } from "@vitrine/core";
import type { Engine, TopicInfo } from "@vitrine/engine";
import {
  newCreatePartitionsRequest,
  newCreateTopicsRequest,
  newDeleteRecordsRequest,
  newDeleteTopicsRequest,
} from "@vitrine/protocol/types";
import type {
  CreatePartitionsResponse,
  CreateTopicsResponse,
  DeleteRecordsResponse,
  DeleteTopicsResponse,
} from "@vitrine/protocol/types";
import Type from "typebox";
import type { Static } from "typebox";
import { ADMIN_MS, check, controllerCall, echo, passing } from "../admin-call.ts";
import { readJson } from "../body/read-json.ts";
import { refuse } from "../error-reply.ts";
import { nextMetadata } from "../metadata-wait.ts";
import type { HttpContext } from "../options.ts";
import { EARLIEST, LATEST, listOffsets } from "../read/list-offsets.ts";
import { unreadable } from "../read/start-position.ts";
import { noPartition } from "../read/tail-loop.ts";
import { checkName, findTopic, unknownTopic } from "../topic-lookup.ts";
import { ListQuery, page } from "./page.ts";
import { PartitionParams, TopicParams, bodies, replies } from "./schemas.ts";

const CREATE_TOPICS = 19;
const DELETE_TOPICS = 20;
const DELETE_RECORDS = 21;
const CREATE_PARTITIONS = 37;

const DryRun = { dry_run: Type.Optional(Type.Boolean({ description: "check only, change nothing" })) };
const ChangeQuery = Type.Object(DryRun, { additionalProperties: false });
const DeleteQuery = Type.Object(
  { missing_ok: Type.Optional(Type.Boolean({ description: "204 also when there is none" })) },
  { additionalProperties: false },
);
const ListTopicsQuery = Type.Object(
  {
    ...ListQuery.properties,
    prefix: Type.Optional(Type.String({ maxLength: 249 })),
    internal: Type.Optional(Type.Boolean({ description: "the cluster's own topics too" })),
  },
  { additionalProperties: false },
);
const BeforeQuery = Type.Object(
  {
    before: Type.String({
      pattern: "^(\\d{1,16}|latest)$",
      errorMessage: "must be an offset or latest",
      description: "delete records below this offset",
    }),
  },
  { additionalProperties: false },
);

type Topic = { Params: Static<typeof TopicParams> };

export function topicRoutes(app: FastifyInstance, context: HttpContext): void {
  const { engine } = context;
  const idleMs = context.limits.closedBodyIdleMs;

  app.put<Topic & { Querystring: Static<typeof ChangeQuery> }>(
    "/topics/:topic",
    {
      schema: {
        tags: ["topics"],
        operationId: "createTopic",
        summary: "Create a topic, or ensure that it is as described",
        params: TopicParams,
        querystring: ChangeQuery,
        body: bodies({ "application/json": CreateTopicBody }),
        response: replies({ 200: TopicDetail, 201: TopicDetail }, [400, 409, 415, 422, 503]),
      },
    },
    async (request, reply) => {
      const name = request.params.topic;
      checkName(name);
      const body = await readJson(request.raw, CreateTopicBody, { idleMs, empty: {} });
      if (body.assignments !== undefined && (body.partitions !== undefined || body.replication !== undefined))
        refuse(kafkaProblem("INVALID_REQUEST", "assignments excludes partitions and replication: it says both"));
      const dryRun = request.query.dry_run === true;
      const created = await createTopic(engine, name, body, dryRun);
      if (dryRun) return reply.send({ topic: name, would_create: created });
      if (created) reply.code(201).header("location", `/v1/topics/${name}`);
      return reply.send(await describe(engine, await findTopic(engine, name)));
    },
  );

  app.get<{ Querystring: Static<typeof ListTopicsQuery> }>(
    "/topics",
    {
      schema: {
        tags: ["topics"],
        operationId: "listTopics",
        summary: "List topics by name",
        querystring: ListTopicsQuery,
        response: replies({ 200: TopicList }, [422]),
      },
    },
    (request, reply) => {
      const { prefix = "", internal = false } = request.query;
      const rows = [...engine.topics()]
        .filter((topic) => (internal || !topic.internal) && topic.name.startsWith(prefix))
        .map(summary);
      return page(request, reply, rows, (row) => row.name, request.query);
    },
  );

  app.get<Topic>(
    "/topics/:topic",
    {
      schema: {
        tags: ["topics"],
        operationId: "describeTopic",
        summary: "Partitions, leaders, in-sync sets, epochs, offsets, configuration",
        params: TopicParams,
        response: replies({ 200: TopicDetail }, [404, 422]),
      },
    },
    async (request) => describe(engine, await findTopic(engine, request.params.topic)),
  );

  app.patch<Topic & { Querystring: Static<typeof ChangeQuery> }>(
    "/topics/:topic",
    {
      schema: {
        tags: ["topics"],
        operationId: "growTopic",
        summary: "Add partitions; the count only grows, and keys move to other partitions",
        params: TopicParams,
        querystring: ChangeQuery,
        body: bodies({ "application/json": PatchTopicBody }),
        response: replies({ 200: TopicDetail }, [400, 404, 415, 422, 503]),
      },
    },
    async (request, reply) => {
      const topic = await findTopic(engine, request.params.topic);
      const { partitions } = await readJson(request.raw, PatchTopicBody, { idleMs });
      const validateOnly = request.query.dry_run === true;
      if (partitions !== topic.partitions.length) {
        const body = newCreatePartitionsRequest({
          topics: [{ name: topic.name, count: partitions, assignments: null }],
          timeoutMs: ADMIN_MS,
          validateOnly,
        });
        const answer = await controllerCall<CreatePartitionsResponse>(engine, CREATE_PARTITIONS, body, (r) =>
          passing(r.results[0]?.errorCode ?? 0),
        );
        const result = answer.results[0];
        check(
          result?.errorCode ?? -1,
          result?.errorMessage ?? null,
          `${topic.name} cannot get ${partitions} partitions`,
          { topic: topic.name },
        );
        if (!validateOnly) await echo(engine, () => (engine.topic(topic.name)?.partitions.length ?? 0) >= partitions);
      }
      if (validateOnly) return reply.send({ topic: topic.name, would_have: partitions });
      return reply.send(await describe(engine, await findTopic(engine, topic.name)));
    },
  );

  app.delete<Topic & { Querystring: Static<typeof DeleteQuery> }>(
    "/topics/:topic",
    {
      schema: {
        tags: ["topics"],
        operationId: "deleteTopic",
        summary: "Delete a topic with all its records",
        params: TopicParams,
        querystring: DeleteQuery,
        response: replies({ 204: Type.Null() }, [403, 404, 422, 503]),
      },
    },
    async (request, reply) => {
      const name = request.params.topic;
      checkName(name);
      if (isInternalTopic(name))
        refuse(
          kafkaProblem("TOPIC_AUTHORIZATION_FAILED", `${name} belongs to the cluster and cannot be deleted`, {
            topic: name,
          }),
        );
      const body = newDeleteTopicsRequest({
        topics: [{ name, topicId: ZERO }],
        topicNames: [name],
        timeoutMs: ADMIN_MS,
      });
      const known = engine.topic(name);
      const answer = await controllerCall<DeleteTopicsResponse>(engine, DELETE_TOPICS, body, (r) =>
        passing(r.responses[0]?.errorCode ?? 0),
      );
      const result = answer.responses[0];
      const error = errorFromCode(result?.errorCode ?? -1).name;
      if (error === "UNKNOWN_TOPIC_OR_PARTITION") {
        if (request.query.missing_ok !== true) unknownTopic(engine, name);
      } else check(result?.errorCode ?? -1, result?.errorMessage ?? null, `${name} cannot be deleted`, { topic: name });
      if (known !== undefined) await echo(engine, () => engine.topic(name)?.topicId !== known.topicId);
      return reply.code(204).send();
    },
  );

  app.delete<{ Params: Static<typeof PartitionParams>; Querystring: Static<typeof BeforeQuery> }>(
    "/topics/:topic/partitions/:partition/records",
    {
      schema: {
        tags: ["records"],
        operationId: "deleteRecords",
        summary: "Delete the records below an offset",
        params: PartitionParams,
        querystring: BeforeQuery,
        response: replies({ 200: DeleteRecordsReply }, [404, 416, 422, 503]),
      },
    },
    async (request) => {
      const topic = await findTopic(engine, request.params.topic);
      const { partition } = request.params;
      const { before } = request.query;
      return {
        topic: topic.name,
        partition,
        log_start: await deleteRecords(engine, topic, partition, before === "latest" ? -1 : Number(before)),
      };
    },
  );
}

const ZERO = "AAAAAAAAAAAAAAAAAAAAAA" as CreateTopicsResponse["topics"][number]["topicId"];

/** True: created; false: it was there, and as described. Fails with 409 when it is there and different. */
async function createTopic(
  engine: Engine,
  name: string,
  body: CreateTopicBody,
  validateOnly: boolean,
): Promise<boolean> {
  const there = engine.topic(name);
  if (there !== undefined) return ensureSame(there, body);
  const assignments = Object.entries(body.assignments ?? {}).map(([partition, brokerIds]) => ({
    partitionIndex: Number(partition),
    brokerIds,
  }));
  const request = newCreateTopicsRequest({
    topics: [
      {
        name,
        numPartitions: assignments.length > 0 ? -1 : (body.partitions ?? -1),
        replicationFactor: assignments.length > 0 ? -1 : (body.replication ?? -1),
        assignments,
        configs: Object.entries(body.config ?? {}).map(([key, value]) => ({ name: key, value })),
      },
    ],
    timeoutMs: ADMIN_MS,
    validateOnly,
  });
  const answer = await controllerCall<CreateTopicsResponse>(engine, CREATE_TOPICS, request, (r) =>
    passing(r.topics[0]?.errorCode ?? 0),
  );
  const result = answer.topics[0];
  if (errorFromCode(result?.errorCode ?? -1).name === "TOPIC_ALREADY_EXISTS") {
    await echo(engine, () => engine.topic(name) !== undefined);
    const now = engine.topic(name);
    if (now !== undefined) return ensureSame(now, body);
  }
  check(result?.errorCode ?? -1, result?.errorMessage ?? null, `${name} cannot be created`, { topic: name });
  if (!validateOnly)
    await echo(engine, () => engine.topic(name)?.partitions.every((partition) => partition.leader !== -1) === true);
  return true;
}

function ensureSame(topic: TopicInfo, body: CreateTopicBody): false {
  const differs: string[] = [];
  const replication = topic.partitions[0]?.replicas.length ?? 0;
  if (body.partitions !== undefined && body.partitions !== topic.partitions.length)
    differs.push(`it has ${topic.partitions.length} partitions`);
  if (body.replication !== undefined && body.replication !== replication)
    differs.push(`its replication is ${replication}`);
  for (const [name, value] of Object.entries(body.config ?? {}))
    if (topic.config.get(name) !== value) differs.push(`its ${name} is ${topic.config.get(name) ?? "the default"}`);
  for (const [partition, ids] of Object.entries(body.assignments ?? {}))
    if (topic.partitions[Number(partition)]?.replicas.join() !== ids.join())
      differs.push(`partition ${partition} has other replicas`);
  if (differs.length > 0)
    refuse(
      kafkaProblem("TOPIC_ALREADY_EXISTS", `${topic.name} exists and differs: ${differs.join(", ")}`, {
        topic: topic.name,
        hint: "PATCH it to add partitions, PATCH its /config to change settings",
      }),
    );
  return false;
}

function summary(topic: TopicInfo): TopicSummary {
  return {
    name: topic.name,
    topic_id: topic.topicId,
    internal: topic.internal,
    partitions: topic.partitions.length,
    replication: topic.partitions[0]?.replicas.length ?? 0,
    under_replicated: topic.partitions.filter((row) => row.isr.length < row.replicas.length).length,
    leaderless: topic.partitions.filter((row) => row.leader === -1).length,
  };
}

const OFFSETS_MS = 1_000;

async function describe(engine: Engine, topic: TopicInfo): Promise<TopicDetail> {
  const partitions = topic.partitions.map((row) => row.partition);
  const ask = { partitions, isolation: "uncommitted", timeoutMs: OFFSETS_MS } as const;
  const [starts, ends] = await Promise.all([
    listOffsets(engine, topic, { ...ask, timestamp: EARLIEST }),
    listOffsets(engine, topic, { ...ask, timestamp: LATEST }),
  ]);
  const known = (found: typeof starts, partition: number) => {
    const row = found.get(partition);
    return row?.error === "NONE" ? row.offset : null;
  };
  return {
    name: topic.name,
    topic_id: topic.topicId,
    internal: topic.internal,
    replication: topic.partitions[0]?.replicas.length ?? 0,
    partitions: topic.partitions.map((row): PartitionDetail => ({
      partition: row.partition,
      leader: row.leader,
      leader_epoch: row.leaderEpoch,
      partition_epoch: row.partitionEpoch,
      replicas: [...row.replicas],
      isr: [...row.isr],
      elr: [...row.elr],
      log_start: known(starts, row.partition),
      high_watermark: known(ends, row.partition),
    })),
    config: Object.fromEntries(topic.config),
  };
}

async function deleteRecords(engine: Engine, topic: TopicInfo, partition: number, offset: number): Promise<number> {
  if (topic.partitions[partition] === undefined) refuse(noPartition(topic, partition));
  const deadline = performance.now() + ADMIN_MS;
  for (;;) {
    const leader = engine.topic(topic.name)?.partitions[partition]?.leader ?? -1;
    const body = newDeleteRecordsRequest({
      topics: [{ name: topic.name, partitions: [{ partitionIndex: partition, offset }] }],
      timeoutMs: ADMIN_MS,
    });
    const result =
      leader === -1
        ? ({ ok: false, reason: "not-sent" } as const)
        : await engine.call<DeleteRecordsResponse>(DELETE_RECORDS, body, {
            to: { node: leader },
            timeoutMs: Math.max(100, deadline - performance.now()),
          });
    const answer = result.ok ? result.body.topics[0]?.partitions[0] : undefined;
    const error = result.ok ? errorFromCode(answer?.errorCode ?? -1).name : result.reason;
    if (error === "NONE") return answer!.lowWatermark;
    if (error === "OFFSET_OUT_OF_RANGE")
      refuse(
        kafkaProblem(
          error,
          `${topic.name}-${partition} ends before offset ${offset}: there is nothing to delete up to it`,
          { topic: topic.name, partition, hint: "before=latest deletes all that is committed" },
        ),
      );
    // Deleting twice does what deleting once does, so every failure that may pass is tried again.
    const passes = !result.ok || error === "NOT_LEADER_OR_FOLLOWER" || error === "LEADER_NOT_AVAILABLE";
    if (!passes && result.ok)
      check(answer?.errorCode ?? -1, null, `records of ${topic.name}-${partition} cannot be deleted`, {
        topic: topic.name,
        partition,
      });
    if (performance.now() >= deadline) refuse(unreadable(engine, topic.name, partition, error));
    await nextMetadata(engine, 100);
  }
}
