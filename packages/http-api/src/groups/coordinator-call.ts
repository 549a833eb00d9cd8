/** Requests to the coordinator of a group, found anew each time; failures become problems in words. */
import { kafkaProblem } from "@vitrine/api";
import { errorFromCode, errorInfo, type ErrorName, type NodeId } from "@vitrine/core";
import type { CallFailure, Engine } from "@vitrine/engine";
import { ApiKey, newFindCoordinatorRequest, type FindCoordinatorResponse } from "@vitrine/protocol/types";
import { ADMIN_MS } from "../admin-call.ts";
import { refuse } from "../error-reply.ts";
import { nextMetadata } from "../metadata-wait.ts";

const ASK_MS = 5_000;

/** Errors that pass by themselves: the coordinator moves, loads, or its log waits for replicas. */
const PASSING: ReadonlySet<ErrorName> = new Set<ErrorName>([
  "COORDINATOR_LOAD_IN_PROGRESS",
  "COORDINATOR_NOT_AVAILABLE",
  "NOT_COORDINATOR",
  "LEADER_NOT_AVAILABLE",
  "NOT_LEADER_OR_FOLLOWER",
  "REQUEST_TIMED_OUT",
  "NETWORK_EXCEPTION",
]);

export function isPassing(error: ErrorName): boolean {
  return PASSING.has(error);
}

export interface CoordinatorAnswer<Body> {
  readonly body: Body;
  readonly coordinator: NodeId;
}

/**
 * Asks the coordinator of a group, again while the answer may change, for ten seconds at most. Only for requests of which a repeat does what
 * once does. `errorOf` gives the error code of an answer that decides whether to ask again. Fails with a problem where no answer came.
 */
export async function coordinatorCall<Body>(
  engine: Engine,
  groupId: string,
  request: { readonly apiKey: number; readonly body: unknown; readonly errorOf: (body: Body) => number },
): Promise<CoordinatorAnswer<Body>> {
  const deadline = performance.now() + ADMIN_MS;
  for (;;) {
    const found = await findCoordinator(engine, groupId, deadline);
    let failure: ErrorName | CallFailure = found.error;
    if (found.error === "NONE") {
      const leftMs = Math.max(100, Math.min(ASK_MS, deadline - performance.now()));
      const to = { node: found.coordinator };
      const result = await engine.call<Body>(request.apiKey, request.body, { to, timeoutMs: leftMs });
      failure = result.ok ? errorFromCode(request.errorOf(result.body)).name : result.reason;
      if (result.ok && !isPassing(failure as ErrorName)) return { body: result.body, coordinator: found.coordinator };
    }
    if (performance.now() >= deadline) refuse(noCoordinator(groupId, found.coordinator, failure));
    await nextMetadata(engine, Math.min(100, deadline - performance.now()));
  }
}

/** Asks any living broker which one coordinates the group. Other errors than passing ones fail at once. */
async function findCoordinator(
  engine: Engine,
  groupId: string,
  deadline: number,
): Promise<{ error: ErrorName | CallFailure; coordinator: NodeId }> {
  const body = newFindCoordinatorRequest({ coordinatorKeys: [groupId] });
  let failure: ErrorName | CallFailure = "COORDINATOR_NOT_AVAILABLE";
  for (const broker of engine.brokers()) {
    if (broker.fenced) continue;
    const timeoutMs = Math.max(100, Math.min(2_000, deadline - performance.now()));
    const result = await engine.call<FindCoordinatorResponse>(ApiKey.FindCoordinator, body, {
      to: { node: broker.id },
      timeoutMs,
    });
    if (!result.ok) {
      failure = result.reason;
      continue;
    }
    const found = result.body.coordinators[0] ?? result.body;
    const error = errorFromCode(found.errorCode).name;
    if (error !== "NONE" && !isPassing(error)) refuse(groupProblem(error, groupId));
    return { error, coordinator: error === "NONE" ? found.nodeId : -1 };
  }
  return { error: failure, coordinator: -1 };
}

function noCoordinator(groupId: string, coordinator: NodeId, failure: ErrorName | CallFailure) {
  const who =
    coordinator < 0
      ? `no broker says who coordinates group ${groupId} (${failure})`
      : `broker ${coordinator}, which coordinates group ${groupId}, does not answer it (${failure})`;
  const lost = failure === "timeout" || failure === "disconnected";
  return kafkaProblem("COORDINATOR_NOT_AVAILABLE", `${who}; ask again when it is back, or another has taken over`, {
    group: groupId,
    coordinator,
    side_effects: lost ? "possible" : "none",
  });
}

/** The problem of an error that a coordinator answered about a group. */
export function groupProblem(error: ErrorName, groupId: string, detail?: string) {
  const said = detail ?? `group ${groupId}: ${errorInfo(error).message}`;
  const hint = HINTS[error];
  return kafkaProblem(error, said, {
    group: groupId,
    ...(hint === undefined ? {} : { hint }),
    // Kafka's flag is false, and yet the same request is taken as soon as the rebalance is over.
    ...(error === "REBALANCE_IN_PROGRESS" ? { retriable: true } : {}),
  });
}

const HINTS: Partial<Record<ErrorName, string>> = {
  NON_EMPTY_GROUP:
    "stop its members first (GET /groups/{group} lists them), or leave with DELETE /groups/{group}/members/{member}",
  GROUP_ID_NOT_FOUND: "GET /groups lists those there are",
  UNKNOWN_MEMBER_ID:
    "the group has live members, which commit by themselves: stop them first, or commit as one of them",
  GROUP_SUBSCRIBED_TO_TOPIC: "a member still subscribes to the topic: stop it first",
};
