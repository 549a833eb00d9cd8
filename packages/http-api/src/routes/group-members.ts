/** Members of groups over HTTP: join, poll, commit, leave. This process is the member on the caller's behalf. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import {
  CommitOffsetsBody,
  CommitOffsetsReply,
  GroupMember,
  JoinGroupBody,
  LeaveReply,
  MemberRecordsReply,
  MemberReply,
} from "@vitrine/api";
import Type from "typebox";
import type { Static } from "typebox";
import { readJson } from "../body/read-json.ts";
import { asOffsets } from "../groups/commit-offsets.ts";
import { describeGroup } from "../groups/group-reads.ts";
import { holderOf, passOn } from "../groups/member-forward.ts";
import type { MemberSession, PollResult } from "../groups/member-session.ts";
import type { MemberSessions } from "../groups/member-sessions.ts";
import { negotiate } from "../negotiation.ts";
import type { HttpContext } from "../options.ts";
import { DURATION, durationMs } from "../query.ts";
import { readRecord, type ValueFormat, wireRecord } from "../read/format.ts";
import { ReadQuery } from "../read/read-options.ts";
import type { TailGate } from "../tail-gate.ts";
import { checkQuota } from "../quota.ts";
import { findTopic } from "../topic-lookup.ts";
import { GroupParams, offsetsOf } from "./groups.ts";
import { bodies, replies } from "./schemas.ts";

const MemberParams = Type.Object({
  ...GroupParams.properties,
  member: Type.String({ maxLength: 300, description: "the `member` of the join" }),
});
const JoinQuery = Type.Object(
  {
    wait: Type.Optional(
      Type.String({ ...DURATION, description: "how long to wait for the assignment; default 10s, at most 60s" }),
    ),
  },
  { additionalProperties: false },
);
const { limit, max_bytes, wait, value_format, isolation, accept } = ReadQuery.properties;
const PollQuery = Type.Object(
  { limit, max_bytes, wait, value_format, isolation, accept },
  { additionalProperties: false },
);

const JOIN_WAIT_MS = 10_000;
const WAIT_MS_MAX = 60_000;
const LIMIT_DEFAULT = 500;
const BYTES_DEFAULT = 1024 * 1024;
const RecordTypes = ["application/json", "application/x-ndjson"] as const;

type Group = { Params: Static<typeof GroupParams> };
type Member = { Params: Static<typeof MemberParams> };

export function groupMemberRoutes(
  app: FastifyInstance,
  context: HttpContext,
  { sessions, gate }: { readonly sessions: MemberSessions; readonly gate: TailGate },
): void {
  const { engine } = context;
  const idleMs = context.limits.closedBodyIdleMs;
  /** What is for a member that another broker holds goes there. */
  const preHandler = async (request: FastifyRequest<Member>, reply: FastifyReply) => {
    const broker = holderOf(engine, request.params.member, request);
    if (broker === null) return undefined;
    return gate.count(() => passOn(request, reply, { broker, signal: gate.signalOf(reply) }));
  };

  app.post<Group & { Querystring: Static<typeof JoinQuery> }>(
    "/groups/:group/members",
    {
      schema: {
        tags: ["groups"],
        operationId: "joinGroup",
        summary: "Join as a member; the answer has its name and its partitions",
        description:
          "This process is the member on the caller's behalf and sends its heartbeats while it polls. 202: the group still waits for its other members, poll on. Joining again with the same name goes on with the same member.",
        params: GroupParams,
        querystring: JoinQuery,
        body: bodies({ "application/json": JoinGroupBody }),
        response: replies({ 200: MemberReply, 201: MemberReply, 202: MemberReply }, [400, 404, 409, 415, 422, 503]),
      },
    },
    async (request, reply) => {
      const body = await readJson(request.raw, JoinGroupBody, { idleMs });
      for (const topic of body.topics) await findTopic(engine, topic);
      const { session, created } = sessions.join(request.params.group, body);
      const waitMs = request.query.wait === undefined ? JOIN_WAIT_MS : (durationMs(request.query.wait) ?? 0);
      const signal = gate.signalOf(reply);
      await gate.count(() => session.untilStable(Math.min(WAIT_MS_MAX, waitMs), signal));
      const answer = session.reply();
      return reply
        .code(session.isStable ? (created ? 201 : 200) : 202)
        .header("location", answer.records)
        .send(answer);
    },
  );

  app.get<Group>(
    "/groups/:group/members",
    {
      schema: {
        tags: ["groups"],
        operationId: "listMembers",
        summary: "Members of a group with what they are assigned",
        params: GroupParams,
        response: replies({ 200: Type.Object({ data: Type.Array(GroupMember), next: Type.Null() }) }, [404, 503]),
      },
    },
    async (request) => ({ data: (await describeGroup(engine, request.params.group)).members, next: null }),
  );

  app.get<Member & { Querystring: Static<typeof PollQuery> }>(
    "/groups/:group/members/:member/records",
    {
      // A poll delivers: an answer without a body would lose what it delivered.
      exposeHeadRoute: false,
      preHandler,
      schema: {
        tags: ["groups"],
        operationId: "pollMember",
        summary: "Poll: the next records of the member's partitions, and its sign of life",
        params: MemberParams,
        querystring: PollQuery,
        response: replies({ 200: MemberRecordsReply }, [404, 406, 409, 422, 429, 502, 503]),
      },
    },
    async (request, reply) => {
      const { query } = request;
      const session = await sessions.find(request.params.group, request.params.member);
      const type = negotiate(request.headers.accept, query.accept, RecordTypes);
      const format = (query.value_format ?? "auto") as ValueFormat;
      const waitMs = query.wait === undefined ? 0 : (durationMs(query.wait) ?? 0);
      session.keepAlive();
      checkQuota(engine, reply, "fetch");
      const result = await gate.count(() =>
        session.poll({
          limit: query.limit ?? LIMIT_DEFAULT,
          bytes: query.max_bytes ?? BYTES_DEFAULT,
          waitMs: Math.min(WAIT_MS_MAX, waitMs),
          isolation: query.isolation === "uncommitted" ? "uncommitted" : "committed",
          signal: gate.signalOf(reply),
        }),
      );
      reply.header("cache-control", "no-store");
      return type === "application/x-ndjson"
        ? sendLines(reply, result, format)
        : sendJson(reply, session, result, format);
    },
  );

  for (const method of ["POST", "PUT"] as const) {
    app.route<Member>({
      method,
      url: "/groups/:group/members/:member/commit",
      preHandler,
      schema: {
        tags: ["groups"],
        operationId: method === "POST" ? "commitMember" : "putMemberCommit",
        summary: "Commit as the member: {} all that was delivered, or offsets by topic and partition",
        params: MemberParams,
        body: bodies({ "application/json": CommitOffsetsBody }),
        response: replies({ 200: CommitOffsetsReply }, [400, 404, 409, 415, 422, 502, 503]),
      },
      handler: async (request) => {
        const { group, member } = request.params;
        const session = await sessions.find(group, member);
        const body = await readJson(request.raw, CommitOffsetsBody, { idleMs, empty: {} });
        const named = Object.keys(body).length === 0 ? null : await offsetsOf(engine, body);
        return { group, committed: await session.commit(named) };
      },
    });
  }

  app.delete<Member>(
    "/groups/:group/members/:member",
    {
      preHandler,
      schema: {
        tags: ["groups"],
        operationId: "leaveGroup",
        summary: "Leave: the others get its partitions at once",
        params: MemberParams,
        response: replies({ 200: LeaveReply }, [404, 502, 503]),
      },
    },
    async (request) => {
      const { group, member } = request.params;
      const session = await sessions.find(group, member);
      const partitions = session.assigned;
      await session.leave("its caller let it leave");
      return { group, member, left: true, partitions };
    },
  );
}

function sendJson(reply: FastifyReply, session: MemberSession, result: PollResult, format: ValueFormat): FastifyReply {
  const records = result.records.map(
    ({ topic, partition, record }) =>
      `{"topic":${JSON.stringify(topic)},${readRecord(record, partition, format).slice(1)}`,
  );
  const { state, generation, assignment } = session.reply();
  const next = asOffsets(
    result.positions.map(({ topic, partition, next: at }) => ({ topic, partition, offset: at.offset })),
  );
  const rest = JSON.stringify({ state, generation, assignment, rebalanced: result.rebalanced, next, lag: result.lag });
  return reply.type("application/json; charset=utf-8").send(`{"records":[${records.join(",")}],${rest.slice(1)}\n`);
}

function sendLines(reply: FastifyReply, result: PollResult, format: ValueFormat): FastifyReply {
  const lines = result.records.map(
    ({ topic, partition, record }) =>
      `{"topic":${JSON.stringify(topic)},${wireRecord(record, { format, partition }).slice(1)}\n`,
  );
  return reply.header("content-type", "application/x-ndjson").send(Buffer.from(lines.join("")));
}
