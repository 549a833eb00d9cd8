/**
 * Requests of a member that another process holds: its name says which broker that is, so whoever is asked passes them on, once at most. What was
 * sent and not answered is never sent again.
 */
import { type IncomingMessage, request as httpRequest } from "node:http";
import { pipeline } from "node:stream/promises";
import { httpProblem, kafkaProblem } from "@vitrine/api";
import type { BrokerInfo, Engine } from "@vitrine/engine";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ProblemError } from "../error-reply.ts";

/** Set on what was passed on already. */
const HOP = "vitrine-hop";
/** Longer than the longest poll. */
const ANSWER_MS = 75_000;
const SENT_ON = ["accept", "content-type", "content-length", "prefer"] as const;
const GIVEN_BACK = ["content-type", "cache-control", "retry-after", "ratelimit", "ratelimit-policy"] as const;

/** The broker that holds a member of this name, where it is another one that can be asked; null: it is for this process to answer. */
export function holderOf(engine: Engine, member: string, request: FastifyRequest): BrokerInfo | null {
  const id = /^broker(\d{1,10})-[0-9a-f]{10}$/.exec(member)?.[1];
  if (id === undefined || Number(id) === engine.selfId || request.headers[HOP] !== undefined) return null;
  const broker = engine.broker(Number(id));
  return broker === undefined || broker.httpPort === 0 ? null : broker;
}

/** Passes a request on and gives back what comes. Fails with 503 where the broker cannot be reached, 502 where it broke off. */
export async function passOn(
  request: FastifyRequest,
  reply: FastifyReply,
  { broker, signal }: { readonly broker: BrokerInfo; readonly signal: AbortSignal },
): Promise<FastifyReply> {
  const answer = await ask(request, broker, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]));
  for (const name of GIVEN_BACK) {
    const value = answer.headers[name];
    if (value !== undefined) reply.header(name, value);
  }
  return reply
    .code(answer.statusCode ?? 502)
    .header("vitrine-served-by", `broker ${broker.id}`)
    .send(answer);
}

function ask(request: FastifyRequest, broker: BrokerInfo, signal: AbortSignal): Promise<IncomingMessage> {
  const headers: Record<string, string> = { [HOP]: "1" };
  for (const name of SENT_ON) {
    const value = request.headers[name];
    if (value !== undefined) headers[name] = String(value);
  }
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      host: broker.host,
      port: broker.httpPort,
      path: request.raw.url ?? "/",
      method: request.method,
      headers,
      signal,
    });
    let wasConnected = false;
    outgoing.on("socket", (socket) => {
      if (socket.connecting) socket.once("connect", () => (wasConnected = true));
      else wasConnected = true;
    });
    outgoing.on("response", resolve);
    outgoing.on("error", () => reject(new ProblemError(wasConnected ? brokeOff(broker) : unreachable(broker))));
    // A body that ends too early ends the request, which is told by its error.
    void pipeline(request.raw, outgoing).catch(() => outgoing.destroy());
  });
}

function unreachable({ id }: BrokerInfo) {
  return kafkaProblem("BROKER_NOT_AVAILABLE", `broker ${id} holds this member and cannot be reached over HTTP`, {
    retriable: true,
    side_effects: "none",
    hint: "if it is gone, join again: reading goes on at the committed offsets",
  });
}

function brokeOff({ id }: BrokerInfo) {
  return httpProblem({
    status: 502,
    slug: "answer-lost",
    title: "The answer was lost",
    detail: `broker ${id}, which holds this member, took the request and did not answer it`,
    sideEffects: "possible",
    hint: "poll again: what was delivered and not committed comes again",
  });
}
