/** Groups: list, describe, lag, offsets (read, set, reset, delete), deletion. Members are in group-members.ts. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import {
  CommitOffsetsBody,
  CommitOffsetsReply,
  DeleteOffsetsReply,
  GroupDetail,
  GroupLagReply,
  GroupList,
  GroupOffsetsReply,
  httpProblem,
  kafkaProblem,
  type OffsetsByTopic,
  PartitionsByTopic,
  ResetOffsetsBody,
  ResetOffsetsReply,
} from "@vitrine/api";
import { errorFromCode } from "@vitrine/core";
import type { Engine } from "@vitrine/engine";
import { ApiKey, type DeleteGroupsResponse, newDeleteGroupsRequest } from "@vitrine/protocol/types";
import Type from "typebox";
import type { Static } from "typebox";
import { readJson } from "../body/read-json.ts";
import { refuse } from "../error-reply.ts";
import { asOffsets, commitFromOutside, type OffsetToCommit } from "../groups/commit-offsets.ts";
import type { CommittedTimes } from "../groups/committed-times.ts";
import { coordinatorCall, groupProblem } from "../groups/coordinator-call.ts";
import { deleteOffsets } from "../groups/delete-offsets.ts";
import { groupLag } from "../groups/group-lag.ts";
import {
  type Committed,
  committedOffsets,
  describeGroup,
  findGroup,
  listGroups,
  summarize,
} from "../groups/group-reads.ts";
import type { MemberSessions } from "../groups/member-sessions.ts";
import { planReset, resetScope, resetTarget } from "../groups/reset-offsets.ts";
import { checkIfMatch, IfMatchHeaders, tagOf } from "../if-match.ts";
import type { HttpContext } from "../options.ts";
import { findTopic } from "../topic-lookup.ts";
import { ListQuery, page, pageOf } from "./page.ts";
import { bodies, replies } from "./schemas.ts";

export const GroupParams = Type.Object({
  group: Type.String({ maxLength: 1_000, description: "the group's id (group.id), percent-encoded where it must be" }),
});

const ListGroupsQuery = Type.Object(
  {
    ...ListQuery.properties,
    prefix: Type.Optional(Type.String({ maxLength: 1_000 })),
    state: Type.Optional(
      Type.String({
        enum: ["Empty", "PreparingRebalance", "CompletingRebalance", "Stable"],
        description: "only these",
      }),
    ),
  },
  { additionalProperties: false },
);
const DryRunQuery = Type.Object(
  { dry_run: Type.Optional(Type.Boolean({ description: "say what it would do, change nothing" })) },
  { additionalProperties: false },
);
const DeleteQuery = Type.Object(
  { missing_ok: Type.Optional(Type.Boolean({ description: "204 also when there is none" })) },
  { additionalProperties: false },
);

type Group = { Params: Static<typeof GroupParams> };

export function groupRoutes(
  app: FastifyInstance,
  context: HttpContext,
  { times, sessions }: { readonly times: CommittedTimes; readonly sessions: MemberSessions },
): void {
  const { engine } = context;
  const idleMs = context.limits.closedBodyIdleMs;

  app.get<{ Querystring: Static<typeof ListGroupsQuery> }>(
    "/groups",
    {
      schema: {
        tags: ["groups"],
        operationId: "listGroups",
        summary: "List consumer groups by id",
        querystring: ListGroupsQuery,
        response: replies({ 200: GroupList }, [422]),
      },
    },
    async (request, reply) => {
      const { prefix = "", state } = request.query;
      const listed = await listGroups(engine);
      if (listed.unavailable.length > 0) reply.header("vitrine-unavailable", listed.unavailable.join(","));
      const wanted = listed.groups.filter(
        (row) => row.group.startsWith(prefix) && (state === undefined || row.state === state),
      );
      const { data } = pageOf(wanted, (row) => row.group, request.query);
      const rows = new Map((await summarize(engine, data)).map((row) => [row.group, row]));
      const all = wanted.map((row) => rows.get(row.group) ?? { group: row.group });
      return page(request, reply, all, (row) => row.group, request.query);
    },
  );

  app.get<Group>(
    "/groups/:group",
    {
      schema: {
        tags: ["groups"],
        operationId: "describeGroup",
        summary: "State, members, assignment, coordinator, lag in all",
        params: GroupParams,
        response: replies({ 200: GroupDetail }, [404, 503]),
      },
    },
    async (request) => {
      const group = await describeGroup(engine, request.params.group);
      const { lag } = await groupLag(engine, group, times, Date.now);
      return { ...group, lag };
    },
  );

  app.get<Group>(
    "/groups/:group/lag",
    {
      schema: {
        tags: ["groups"],
        operationId: "groupLag",
        summary: "How far the group is behind: records and seconds, by partition",
        params: GroupParams,
        response: replies({ 200: GroupLagReply }, [404, 503]),
      },
    },
    async (request) => groupLag(engine, await describeGroup(engine, request.params.group), times, Date.now),
  );

  app.get<Group>(
    "/groups/:group/offsets",
    {
      schema: {
        tags: ["groups"],
        operationId: "groupOffsets",
        summary: "Committed offsets; `offsets` has the form that PUT takes, the ETag is for If-Match",
        params: GroupParams,
        response: replies({ 200: GroupOffsetsReply }, [404, 503]),
      },
    },
    async (request, reply) => {
      const { group } = request.params;
      const committed = await committedOffsets(engine, group);
      if (committed.length === 0) await describeGroup(engine, group);
      reply.headers({ etag: offsetsTag(committed), "cache-control": "no-cache" });
      const data = committed.map((row) => ({
        topic: row.topic,
        partition: row.partition,
        offset: row.offset,
        leader_epoch: row.leaderEpoch < 0 ? null : row.leaderEpoch,
        metadata: row.metadata,
      }));
      return { group, offsets: asOffsets(committed), data };
    },
  );

  app.put<Group>(
    "/groups/:group/offsets",
    {
      schema: {
        tags: ["groups"],
        operationId: "commitOffsets",
        summary: "Commit offsets: of a group without members, or of partitions that a member held here has",
        description:
          "As Kafka has it, offsets of a group with members are committed by them. Where a partition belongs to a member that this process holds for a caller, the commit is made as that member. A group that does not exist is made.",
        params: GroupParams,
        headers: IfMatchHeaders,
        body: bodies({ "application/json": CommitOffsetsBody }),
        response: replies({ 200: CommitOffsetsReply }, [400, 404, 409, 412, 415, 422, 503]),
      },
    },
    async (request) => {
      const { group } = request.params;
      const offsets = await offsetsOf(engine, await readJson(request.raw, CommitOffsetsBody, { idleMs }));
      await checkOffsets(request, engine, group);
      return { group, committed: await commitOffsets(engine, group, offsets, sessions) };
    },
  );

  app.post<Group & { Querystring: Static<typeof DryRunQuery> }>(
    "/groups/:group/offsets/reset",
    {
      schema: {
        tags: ["groups"],
        operationId: "resetOffsets",
        summary: "Send a group without members elsewhere: earliest, latest, an offset, a time, a shift",
        description:
          "With dry_run=1 it says what would move where, and the ETag of the offsets that it looked at: sent as If-Match, the reset is made only while they are still the same.",
        params: GroupParams,
        headers: IfMatchHeaders,
        querystring: DryRunQuery,
        body: bodies({ "application/json": ResetOffsetsBody }),
        response: replies({ 200: ResetOffsetsReply }, [400, 404, 409, 412, 415, 422, 503]),
      },
    },
    async (request, reply) => {
      const body = await readJson(request.raw, ResetOffsetsBody, { idleMs });
      return resetOffsets(engine, body, {
        request,
        reply,
        group: request.params.group,
        dryRun: request.query.dry_run === true,
      });
    },
  );

  app.delete<Group>(
    "/groups/:group/offsets",
    {
      schema: {
        tags: ["groups"],
        operationId: "deleteOffsets",
        summary: "Forget committed offsets: topic to partitions, [] for all of the topic; without a body all",
        params: GroupParams,
        headers: IfMatchHeaders,
        body: bodies({ "application/json": PartitionsByTopic }),
        response: replies({ 200: DeleteOffsetsReply }, [400, 404, 409, 412, 415, 422, 503]),
      },
    },
    async (request) => {
      const body = await readJson(request.raw, PartitionsByTopic, { idleMs, empty: {} });
      await checkOffsets(request, engine, request.params.group);
      return deleteOffsets(engine, request.params.group, body);
    },
  );

  app.delete<Group & { Querystring: Static<typeof DeleteQuery> }>(
    "/groups/:group",
    {
      schema: {
        tags: ["groups"],
        operationId: "deleteGroup",
        summary: "Delete a group without members, with its offsets",
        params: GroupParams,
        querystring: DeleteQuery,
        response: replies({ 204: Type.Null() }, [404, 409, 503]),
      },
    },
    async (request, reply) => {
      await deleteGroup(engine, request.params.group, request.query.missing_ok === true);
      return reply.code(204).send();
    },
  );
}

/** Checks a commit body against the topics there are. */
export async function offsetsOf(engine: Engine, body: CommitOffsetsBody): Promise<OffsetToCommit[]> {
  const offsets: OffsetToCommit[] = [];
  for (const [name, partitions] of Object.entries(body)) {
    const topic = await findTopic(engine, name);
    for (const [text, value] of Object.entries(partitions)) {
      const partition = Number(text);
      if (topic.partitions[partition] === undefined)
        refuse(
          kafkaProblem("UNKNOWN_TOPIC_OR_PARTITION", `${name} has no partition ${text}`, {
            topic: name,
            partition,
            retriable: false,
            hint: `its partitions are 0 to ${topic.partitions.length - 1}`,
          }),
        );
      const at = typeof value === "number" ? { offset: value } : value;
      const { offset, metadata = "", leader_epoch = -1 } = at;
      offsets.push({ topic: name, partition, offset, leaderEpoch: leader_epoch, metadata });
    }
  }
  if (offsets.length === 0)
    refuse(
      httpProblem({
        status: 422,
        slug: "invalid-body",
        title: "Invalid body",
        detail: 'the body names no offset: {"orders":{"0":3}} commits 3 for partition 0 of orders',
      }),
    );
  return offsets;
}

/** Each offset as the member that has its partition, where that is one of ours; the others in nobody's name. */
async function commitOffsets(
  engine: Engine,
  group: string,
  offsets: readonly OffsetToCommit[],
  sessions: MemberSessions,
): Promise<OffsetsByTopic> {
  for (const [owner, rows] of Map.groupBy(offsets, (row) => sessions.ownerOf(group, row))) {
    if (owner === null) await commitFromOutside(engine, group, rows);
    else await owner.commit(rows);
  }
  return asOffsets(offsets);
}

interface ResetAsked {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly group: string;
  readonly dryRun: boolean;
}

async function resetOffsets(engine: Engine, body: ResetOffsetsBody, { request, reply, group, dryRun }: ResetAsked) {
  const target = resetTarget(body, Date.now());
  const found = await findGroup(engine, group);
  const named = body.topics !== undefined || body.partitions !== undefined;
  if (found === null && !named) refuse(groupProblem("GROUP_ID_NOT_FOUND", group, `there is no group ${group}`));
  const live = found?.members.length ?? 0;
  if (live > 0) {
    const members = live === 1 ? "a member" : `${live} members`;
    const detail = `group ${group} is ${found!.state} with ${members}: its offsets can be reset only when it is empty`;
    refuse({ ...groupProblem("NON_EMPTY_GROUP", group, detail), members: live, state: found!.state });
  }
  let committed = await committedOffsets(engine, group);
  checkIfMatch(request, found === null ? null : offsetsTag(committed), `the offsets of group ${group}`);
  const scope = await resetScope(engine, body, committed);
  const partitions = await planReset(engine, scope, target, committed);
  if (!dryRun && partitions.length > 0) {
    const offsets = partitions.map((row) => ({
      topic: row.topic,
      partition: row.partition,
      offset: row.after,
      leaderEpoch: -1,
      metadata: "",
    }));
    // Asking the leaders took its time: somebody may have committed meanwhile.
    if (request.headers["if-match"] !== undefined) await checkOffsets(request, engine, group);
    await commitFromOutside(engine, group, offsets);
    committed = await committedOffsets(engine, group);
  }
  const etag = offsetsTag(committed);
  reply.header("etag", etag);
  return { group, dry_run: dryRun, etag, partitions };
}

/** The version of what a group has committed. */
function offsetsTag(committed: readonly Committed[]): string {
  const rows = committed.map((row) => [row.topic, row.partition, row.offset, row.leaderEpoch, row.metadata] as const);
  return tagOf(rows.toSorted((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1])));
}

/** 412 where the caller means other offsets than those that the group has committed now. */
async function checkOffsets(request: FastifyRequest, engine: Engine, group: string): Promise<void> {
  if (request.headers["if-match"] === undefined) return;
  const committed = await committedOffsets(engine, group);
  const isThere = committed.length > 0 || (await findGroup(engine, group)) !== null;
  checkIfMatch(request, isThere ? offsetsTag(committed) : null, `the offsets of group ${group}`);
}

async function deleteGroup(engine: Engine, group: string, missingOk: boolean): Promise<void> {
  const { body } = await coordinatorCall<DeleteGroupsResponse>(engine, group, {
    apiKey: ApiKey.DeleteGroups,
    body: newDeleteGroupsRequest({ groupsNames: [group] }),
    errorOf: (reply) => reply.results[0]?.errorCode ?? -1,
  });
  const error = errorFromCode(body.results[0]!.errorCode).name;
  if (error === "NONE" || (error === "GROUP_ID_NOT_FOUND" && missingOk)) return;
  const detail =
    error === "NON_EMPTY_GROUP"
      ? `group ${group} has members: it can be deleted only when it is empty`
      : error === "GROUP_ID_NOT_FOUND"
        ? `there is no group ${group}`
        : undefined;
  refuse(groupProblem(error, group, detail));
}
