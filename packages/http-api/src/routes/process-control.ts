/** Verbs on processes: POST /brokers/{id}/{verb} and /controllers/{id}/{verb}; `?dry_run=1` is the preflight. Needs the start-up token. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { PROCESS_VERBS, ProcessReply, httpProblem, preflight } from "@vitrine/api";
import type { PreflightNode, PreflightReport, PreflightTopic, ProcessRow, ProcessVerb } from "@vitrine/api";
import type { Engine } from "@vitrine/engine";
import Type from "typebox";
import type { Static } from "typebox";
import { closest } from "../did-you-mean.ts";
import { refuse } from "../error-reply.ts";
import type { HttpContext, ProcessControl, ProcessResult } from "../options.ts";
import { replies } from "./schemas.ts";

const VerbParams = Type.Object({
  id: Type.Integer({ minimum: 0, maximum: 2_147_483_647 }),
  verb: Type.String({ description: PROCESS_VERBS.join(", ") }),
});
const VerbQuery = Type.Object(
  { dry_run: Type.Optional(Type.Boolean({ description: "only say what would happen" })) },
  { additionalProperties: false },
);
const Report = Type.Object(
  {},
  {
    additionalProperties: true,
    description: "preflight: severity, sentences, moves, below_min_isr, leaderless, quorum, confirm",
  },
);

type VerbRequest = FastifyRequest<{ Params: Static<typeof VerbParams>; Querystring: Static<typeof VerbQuery> }>;

/** Topic defaults that the preflight needs where the topic sets nothing. */
export interface TopicDefaults {
  readonly minInsyncReplicas: number;
  readonly uncleanLeaderElection: boolean;
}

export function processControlRoutes(
  app: FastifyInstance,
  context: HttpContext,
  defaults: () => Promise<TopicDefaults>,
): void {
  for (const kind of ["broker", "controller"] as const)
    app.post<{ Params: Static<typeof VerbParams>; Querystring: Static<typeof VerbQuery> }>(
      `/${kind}s/:id/:verb`,
      {
        schema: {
          tags: ["process control"],
          operationId: `${kind}Verb`,
          summary: `stop, kill, restart, freeze, unfreeze, isolate or rejoin a ${kind}'s process; ?dry_run=1 says what would move`,
          security: [{ token: [] }],
          params: VerbParams,
          querystring: VerbQuery,
          response: replies({ 200: Type.Union([ProcessReply, Report]) }, [401, 403, 404, 409, 422, 501, 503]),
        },
      },
      (request, reply) => act(context, kind, request, reply, defaults),
    );
}

async function act(
  context: HttpContext,
  kind: "broker" | "controller",
  request: VerbRequest,
  reply: FastifyReply,
  defaults: () => Promise<TopicDefaults>,
): Promise<FastifyReply> {
  const { id } = request.params;
  const verb = verbOf(request.params.verb);
  const control = context.processControl;
  if (control === null)
    refuse(
      httpProblem({
        status: 501,
        slug: "no-process-control",
        title: "No process control here",
        detail:
          "this server does not own the processes of the cluster; ask the gateway (vitrine up), port 8080 unless told otherwise",
      }),
    );
  const row = control.rows().find((process) => process.kind === kind && process.id === id);
  if (row === undefined) refuse(unknownProcess(control, kind, id));
  if (request.query.dry_run === true)
    return reply
      .header("cache-control", "no-store")
      .send(preflightOf(context.engine, control, { verb, node: id }, await defaults()));
  if (!context.guard.mayControl(request.headers)) refuse(context.guard.controlProblem());
  const result = await control.run({ verb, kind, id });
  if (!result.ok) refuse(refusal(result, kind, id, verb));
  return reply.header("cache-control", "no-store").send(result.reply);
}

function verbOf(word: string): ProcessVerb {
  const verb = PROCESS_VERBS.find((candidate) => candidate === word);
  if (verb !== undefined) return verb;
  const near = closest(word, PROCESS_VERBS);
  return refuse(
    httpProblem({
      status: 404,
      slug: "unknown-verb",
      title: "Unknown verb",
      detail: `there is no verb ${JSON.stringify(word.slice(0, 40))}; there are ${PROCESS_VERBS.join(", ")}`,
      ...(near === undefined ? {} : { hint: `did you mean ${near}?` }),
    }),
  );
}

function unknownProcess(control: ProcessControl, kind: string, id: number) {
  const ids = control
    .rows()
    .filter((row) => row.kind === kind)
    .map((row) => row.id);
  return httpProblem({
    status: 404,
    slug: "unknown-process",
    title: "Unknown process",
    detail: `there is no ${kind} process ${id}; ${ids.length === 0 ? `there are no ${kind} processes of their own` : `there are ${ids.join(", ")}`}`,
  });
}

const STATUS = { unknown: 404, unsupported: 501, conflict: 409, failed: 503 } as const;

function refusal(result: ProcessResult & { ok: false }, kind: string, id: number, verb: ProcessVerb) {
  return httpProblem({
    status: STATUS[result.reason],
    slug: `process-${result.reason}`,
    title: `Cannot ${verb} ${kind} ${id}`,
    detail: result.detail,
    retriable: result.reason === "failed",
    sideEffects: result.reason === "failed" ? "possible" : "none",
  });
}

/** What the verb would do, from the metadata at hand and the rows of the processes. */
export function preflightOf(
  engine: Engine,
  control: ProcessControl,
  act: { verb: ProcessVerb; node: number },
  defaults: TopicDefaults,
): PreflightReport {
  const rows = control.rows();
  const nodes = rows.map((row): PreflightNode => ({
    id: row.id,
    roles: row.roles,
    alive: isAlive(row),
    active: engine.broker(row.id)?.fenced === false,
  }));
  const topics = [...engine.topics()].map((topic): PreflightTopic => ({
    name: topic.name,
    minInsyncReplicas: Number(topic.config.get("min.insync.replicas") ?? defaults.minInsyncReplicas),
    uncleanLeaderElection:
      (topic.config.get("unclean.leader.election.enable") ?? String(defaults.uncleanLeaderElection)) === "true",
    partitions: topic.partitions,
  }));
  const voters = rows.filter((row) => row.roles.includes("controller")).map((row) => row.id);
  return preflight({ ...act, topics, nodes, voters, controllerId: engine.controllerId() });
}

function isAlive(row: ProcessRow): boolean {
  return row.state === "running" || row.state === "starting";
}
