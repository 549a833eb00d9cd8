/** All routes of this package: those served at `/` and under `/v1`, and those that exist once. */
import type { FastifyInstance } from "fastify";
import { seededRandom } from "@vitrine/core";
import type { Engine } from "@vitrine/engine";
import { brokerSettings } from "../broker-settings.ts";
import { clusterGauges } from "../metrics.ts";
import type { HttpApiOptions, HttpContext } from "../options.ts";
import { TopicMaker } from "../produce/auto-create.ts";
import { Producer } from "../produce/producer.ts";
import { TailGate } from "../tail-gate.ts";
import { brokerRoutes } from "./brokers.ts";
import { configRoutes } from "./config.ts";
import { CommittedTimes } from "../groups/committed-times.ts";
import { MemberSessions } from "../groups/member-sessions.ts";
import { groupMemberRoutes } from "./group-members.ts";
import { groupRoutes } from "./groups.ts";
import { healthRoutes } from "./health.ts";
import { indexDocument } from "./index-document.ts";
import { processControlRoutes } from "./process-control.ts";
import type { TopicDefaults } from "./process-control.ts";
import { produceRoutes } from "./produce.ts";
import type { WriteServices } from "./produce.ts";
import { recordRoutes } from "./records.ts";
import { sessionRoutes } from "./session.ts";
import { topicRoutes } from "./topics.ts";

/** What the two sets of routes share, so that `/` and `/v1` meet in the same lanes and limits. */
export interface Services extends WriteServices {
  readonly gate: TailGate;
  readonly times: CommittedTimes;
  readonly sessions: MemberSessions;
}

export function createServices(context: HttpContext): Services {
  // Sticky choices spread load; nothing secret hangs on them.
  const random = seededRandom(Math.floor(Math.random() * 0x1_0000_0000));
  const producer = new Producer({ engine: context.engine, queueBytesMax: context.limits.produceQueueBytes, random });
  const gate = new TailGate(context.limits.tailsMax, context.closing);
  clusterGauges(context, { produceQueueBytes: () => producer.queuedBytes, openTails: () => gate.open });
  const sessions = new MemberSessions(context, context.members);
  return {
    producer,
    topics: new TopicMaker(context.engine),
    gate,
    times: new CommittedTimes(context.engine),
    sessions,
  };
}

/** Routes of http.md sections 1 to 7; registered at `/` and under `/v1`. */
export function apiRoutes(
  app: FastifyInstance,
  context: HttpContext,
  options: HttpApiOptions,
  services: Services,
): void {
  topicRoutes(app, context);
  configRoutes(app, context);
  produceRoutes(app, context, services);
  recordRoutes(app, context, services.gate);
  groupRoutes(app, context, services);
  groupMemberRoutes(app, context, services);
  brokerRoutes(app, context);
  processControlRoutes(app, context, () => topicDefaults(context.engine));
  sessionRoutes(app, context);
  healthRoutes(app, context, options);
}

/** The index for programs, also at /v1. */
export function v1Index(app: FastifyInstance, context: HttpContext): void {
  app.get("", { schema: { hide: true } }, (_request, reply) =>
    reply.header("cache-control", "no-store").send(indexDocument(context)),
  );
}

/** The cluster's defaults for topics, from a broker's own table; Kafka's when none answers, for the preflight is most wanted when brokers are dying. */
async function topicDefaults(engine: Engine): Promise<TopicDefaults> {
  const settings = await brokerSettings(engine, ["min.insync.replicas", "unclean.leader.election.enable"]);
  return {
    minInsyncReplicas: Number(settings.get("min.insync.replicas") ?? 1),
    uncleanLeaderElection: settings.get("unclean.leader.election.enable") === "true",
  };
}
