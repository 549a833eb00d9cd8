/** Requests to the controller and to brokers that change or describe metadata; failures become problems in words. */
import { kafkaProblem } from "@vitrine/api";
import type { Problem } from "@vitrine/api";
import { errorFromCode } from "@vitrine/core";
import type { ErrorName } from "@vitrine/core";
import type { CallFailure, Engine, Target } from "@vitrine/engine";
import { refuse } from "./error-reply.ts";
import { nextMetadata, untilMetadata } from "./metadata-wait.ts";

/** How long an admin request may take, retries included. */
export const ADMIN_MS = 10_000;
/** How long this process's own metadata may take to show what the controller confirmed. */
const ECHO_MS = 5_000;

/** Sends to the active controller; tries again while there certainly was no effect. Fails with 503 in words. */
export async function controllerCall<Body>(
  engine: Engine,
  apiKey: number,
  body: unknown,
  retry: (body: Body) => ErrorName | null,
): Promise<Body> {
  const deadline = performance.now() + ADMIN_MS;
  for (;;) {
    const leftMs = Math.max(100, deadline - performance.now());
    const result = await engine.call<Body>(apiKey, body, { to: "controller", timeoutMs: leftMs });
    const again = result.ok ? retry(result.body) : isHarmless(result.reason) ? "LEADER_NOT_AVAILABLE" : null;
    if (result.ok && again === null) return result.body;
    if (again === null || performance.now() >= deadline) refuse(noController(engine, result.ok ? null : result.reason));
    await nextMetadata(engine, Math.min(100, deadline - performance.now()));
  }
}

function isHarmless(reason: CallFailure): boolean {
  return reason === "refused" || reason === "not-sent" || reason === "no-controller";
}

function noController(engine: Engine, reason: CallFailure | null): Problem {
  const lost = !engine.hasQuorum();
  const why = lost
    ? "the controller quorum is lost: a majority of the controllers must be back before anything can be changed"
    : engine.controllerId() === -1
      ? "no controller is active yet"
      : `the active controller ${engine.controllerId()} does not answer`;
  const harmless = reason === null || isHarmless(reason);
  return kafkaProblem(harmless ? "NOT_CONTROLLER" : "REQUEST_TIMED_OUT", why, {
    controller: engine.controllerId(),
    quorum: engine.hasQuorum(),
    side_effects: harmless ? "none" : "possible",
  });
}

/** Errors of the controller that pass by themselves. */
export function passing(code: number): ErrorName | null {
  const { name } = errorFromCode(code);
  return name === "NOT_CONTROLLER" || name === "REQUEST_TIMED_OUT" || name === "LEADER_NOT_AVAILABLE" ? name : null;
}

/** Fails unless the code is NONE. */
export function check(
  code: number,
  message: string | null,
  about: string,
  extra: Readonly<Record<string, unknown>> = {},
): void {
  if (code === 0) return;
  const { name, message: sentence } = errorFromCode(code);
  refuse(
    kafkaProblem(name, message ?? `${about}: ${sentence}`, {
      ...extra,
      ...(name === "UNKNOWN_TOPIC_OR_PARTITION" ? { retriable: false } : {}),
    }),
  );
}

/** Waits until this process sees what the controller confirmed, so that the caller reads its own write. */
export function echo(engine: Engine, seen: () => boolean): Promise<boolean> {
  return untilMetadata(engine, seen, performance.now() + ECHO_MS);
}

/** The first living broker that answers, for requests that any broker can serve. */
export async function brokerCall<Body>(
  engine: Engine,
  apiKey: number,
  body: unknown,
  to: Target | null,
): Promise<Body> {
  const deadline = performance.now() + ADMIN_MS;
  const tried = new Set<number>();
  for (let target = to; performance.now() < deadline;) {
    if (target !== null) {
      const result = await engine.call<Body>(apiKey, body, { to: target, timeoutMs: 3_000 });
      if (result.ok) return result.body;
      if (typeof target === "object") tried.add(target.node);
    }
    const next = engine.brokers().find((broker) => !broker.fenced && !tried.has(broker.id));
    if (next === undefined) break;
    target = { node: next.id };
  }
  return refuse(kafkaProblem("BROKER_NOT_AVAILABLE", "no broker answers", { retriable: true }));
}
