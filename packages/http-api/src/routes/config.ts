/** Configuration of topics: all settings with their source, and changes that take effect at once (IncrementalAlterConfigs, KIP-339). */
import type { FastifyInstance } from "fastify";
import { ConfigList, PatchConfigBody, httpProblem } from "@vitrine/api";
import type { ConfigEntry } from "@vitrine/api";
import type { Engine, TopicInfo } from "@vitrine/engine";
import { newDescribeConfigsRequest, newIncrementalAlterConfigsRequest } from "@vitrine/protocol/types";
import type { DescribeConfigsResponse, IncrementalAlterConfigsResponse } from "@vitrine/protocol/types";
import Type from "typebox";
import type { Static } from "typebox";
import { brokerCall, check, controllerCall, echo, passing } from "../admin-call.ts";
import { readJson } from "../body/read-json.ts";
import { closest } from "../did-you-mean.ts";
import { ProblemError, refuse } from "../error-reply.ts";
import { checkIfMatch, IfMatchHeaders, tagOf } from "../if-match.ts";
import type { HttpContext } from "../options.ts";
import { anyBroker } from "../broker-settings.ts";
import { findTopic } from "../topic-lookup.ts";
import { NodeParams } from "./brokers.ts";
import { ListQuery, page } from "./page.ts";
import { TopicParams, bodies, replies } from "./schemas.ts";

const DESCRIBE_CONFIGS = 32;
const INCREMENTAL_ALTER_CONFIGS = 44;
const TOPIC = 2;
const BROKER = 4;
const SET = 0;
const DELETE = 1;

const ConfigQuery = Type.Object(
  { ...ListQuery.properties, set: Type.Optional(Type.Boolean({ description: "only what is not the default" })) },
  { additionalProperties: false },
);
const PatchQuery = Type.Object(
  { dry_run: Type.Optional(Type.Boolean({ description: "check only, change nothing" })) },
  { additionalProperties: false },
);

export function configRoutes(app: FastifyInstance, context: HttpContext): void {
  const { engine } = context;

  app.get<{ Params: Static<typeof TopicParams>; Querystring: Static<typeof ConfigQuery> }>(
    "/topics/:topic/config",
    {
      schema: {
        tags: ["topics"],
        operationId: "describeTopicConfig",
        summary: "Every setting of a topic: value, source, meaning",
        params: TopicParams,
        querystring: ConfigQuery,
        response: replies({ 200: ConfigList }, [404, 422, 503]),
      },
    },
    async (request, reply) => {
      const topic = await findTopic(engine, request.params.topic);
      const rows = await describeConfig(engine, TOPIC, topic.name);
      reply.headers({ etag: configTag(topic), "cache-control": "no-cache" });
      return page(
        request,
        reply,
        request.query.set === true ? rows.filter((row) => !row.default) : rows,
        (row) => row.name,
        request.query,
      );
    },
  );

  app.get<{ Params: Static<typeof NodeParams>; Querystring: Static<typeof ConfigQuery> }>(
    "/brokers/:id/config",
    {
      schema: {
        tags: ["cluster"],
        operationId: "describeBrokerConfig",
        summary: "Every setting of a broker: value, source, meaning",
        params: NodeParams,
        querystring: ConfigQuery,
        response: replies({ 200: ConfigList }, [404, 422, 503]),
      },
    },
    async (request, reply) => {
      const rows = await describeConfig(engine, BROKER, String(request.params.id));
      return page(
        request,
        reply,
        request.query.set === true ? rows.filter((row) => !row.default) : rows,
        (row) => row.name,
        request.query,
      );
    },
  );

  app.patch<{ Params: Static<typeof TopicParams>; Querystring: Static<typeof PatchQuery> }>(
    "/topics/:topic/config",
    {
      schema: {
        tags: ["topics"],
        operationId: "alterTopicConfig",
        summary: "Change settings; null takes one back to its default",
        description:
          "The ETag of a read of the configuration, sent as If-Match, makes the change only while the topic's own settings are still the same.",
        params: TopicParams,
        headers: IfMatchHeaders,
        querystring: PatchQuery,
        body: bodies({ "application/json": PatchConfigBody }),
        response: replies({ 200: ConfigList }, [400, 404, 412, 415, 422, 503]),
      },
    },
    async (request, reply) => {
      const topic = await findTopic(engine, request.params.topic);
      const changes = Object.entries(
        await readJson(request.raw, PatchConfigBody, { idleMs: context.limits.closedBodyIdleMs }),
      );
      if (changes.length === 0)
        refuse(
          httpProblem({ status: 422, slug: "no-change", title: "No change", detail: "the body names no setting" }),
        );
      const validateOnly = request.query.dry_run === true;
      checkIfMatch(request, configTag(topic), `the settings of topic ${topic.name}`);
      await alter(engine, topic.name, changes, validateOnly);
      if (validateOnly) return reply.send({ topic: topic.name, would_change: Object.fromEntries(changes) });
      const rows = await describeConfig(engine, TOPIC, topic.name);
      reply.header("etag", configTag(await findTopic(engine, topic.name)));
      const names = new Set(changes.map(([name]) => name));
      return page(
        request,
        reply,
        rows.filter((row) => names.has(row.name)),
        (row) => row.name,
        {},
      );
    },
  );
}

/** The version of what is set on a topic itself; a topic that was made anew has another. */
function configTag({ topicId, config }: TopicInfo): string {
  return tagOf([topicId, ...[...config].toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}

async function alter(
  engine: Engine,
  topic: string,
  changes: readonly (readonly [string, string | null])[],
  validateOnly: boolean,
): Promise<void> {
  const body = newIncrementalAlterConfigsRequest({
    resources: [
      {
        resourceType: TOPIC,
        resourceName: topic,
        configs: changes.map(([name, value]) => ({ name, configOperation: value === null ? DELETE : SET, value })),
      },
    ],
    validateOnly,
  });
  const answer = await controllerCall<IncrementalAlterConfigsResponse>(engine, INCREMENTAL_ALTER_CONFIGS, body, (r) =>
    passing(r.responses[0]?.errorCode ?? 0),
  );
  const result = answer.responses[0];
  try {
    check(result?.errorCode ?? -1, result?.errorMessage ?? null, `the configuration of ${topic} cannot be changed so`, {
      topic,
    });
  } catch (error) {
    if (error instanceof ProblemError && error.problem.kafka_error === "INVALID_CONFIG")
      throw new ProblemError({ ...error.problem, ...(await spellingHint(engine, topic, changes)) });
    throw error;
  }
  if (!validateOnly)
    await echo(engine, () => {
      const config = engine.topic(topic)?.config;
      return config === undefined || changes.every(([name, value]) => (config.get(name) ?? null) === value);
    });
}

async function spellingHint(
  engine: Engine,
  topic: string,
  changes: readonly (readonly [string, string | null])[],
): Promise<{ hint?: string }> {
  const names = (await describeConfig(engine, TOPIC, topic)).map((row) => row.name);
  const unknown = changes.find(([name]) => !names.includes(name))?.[0];
  const near = unknown === undefined ? undefined : closest(unknown, names);
  return near === undefined ? {} : { hint: `did you mean ${near}?` };
}

const SOURCES: Record<number, string> = {
  1: "topic",
  2: "broker",
  3: "cluster",
  4: "static",
  5: "default",
  6: "logger",
};
const TYPES: Record<number, string> = {
  1: "boolean",
  2: "string",
  3: "int",
  4: "short",
  5: "long",
  6: "double",
  7: "list",
  8: "class",
  9: "password",
};
const DEFAULT_SOURCE = 5;

async function describeConfig(engine: Engine, resourceType: number, resourceName: string): Promise<ConfigEntry[]> {
  const body = newDescribeConfigsRequest({
    resources: [{ resourceType, resourceName, configurationKeys: null }],
    includeDocumentation: true,
  });
  // A broker's own settings are known to it alone.
  const to = resourceType === BROKER ? { node: Number(resourceName) } : anyBroker(engine);
  const answer = await brokerCall<DescribeConfigsResponse>(engine, DESCRIBE_CONFIGS, body, to);
  const result = answer.results[0];
  check(result?.errorCode ?? -1, result?.errorMessage ?? null, `the configuration of ${resourceName} cannot be read`);
  return (result?.configs ?? []).map((row) => ({
    name: row.name,
    value: row.isSensitive ? null : row.value,
    source: SOURCES[row.configSource] ?? "default",
    default: row.configSource === DEFAULT_SOURCE,
    read_only: row.readOnly,
    sensitive: row.isSensitive,
    type: TYPES[row.configType] ?? "string",
    doc: row.documentation === "" ? null : row.documentation,
  }));
}
