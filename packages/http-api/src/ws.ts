/** `/v1/ws`: the upgrade at the server's door, and all sessions of the process. Views and records ride on one socket per page. */
import { randomInt } from "node:crypto";
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { httpProblem, type Problem, WS_LIMITS, WS_SUBPROTOCOL } from "@vitrine/api";
// For `hide`, which it adds to a route's schema.
import type {} from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { WebSocket, WebSocketServer } from "ws";
import { problemText, sendProblem } from "./error-reply.ts";
import type { LiveSource } from "./live/source.ts";
import type { ViewHub } from "./live/view-hub.ts";
import type { HttpContext } from "./options.ts";
import type { RecordSource } from "./subscriptions/record-source.ts";
import { GroupMemberships } from "./subscriptions/group-memberships.ts";
import { Session, type SessionTiming } from "./subscriptions/session.ts";

export interface WsOptions {
  readonly source: LiveSource;
  readonly hub: ViewHub;
  readonly records: RecordSource;
  /** Other gateways to go to when this one closes, as `ws://host:port/v1/ws`. */
  readonly alt?: () => readonly string[];
  readonly timing?: Partial<SessionTiming>;
  readonly socketsMax?: number;
}

const PATHS = new Set(["/v1/ws", "/ws"]);
const SOCKETS_MAX = 1_000;
const RECONNECT_MS = 2_000;
/** Bytes waiting in all sockets together; above it new data waits. */
const BUFFERED_MAX = 64 * 1024 * 1024;

/** Says in our own code that a frame was too large; everything else as `ws` does it. */
class Socket extends WebSocket {
  override close(code?: number, data?: string | Buffer): void {
    super.close(code === 1009 ? 4413 : code, data);
  }
}

/** Serves the WebSocket on the instance's server until it closes. */
export function serveWebSocket(app: FastifyInstance, context: HttpContext, options: WsOptions): void {
  const sessions = new Set<Session>();
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: WS_LIMITS.frame,
    handleProtocols: () => WS_SUBPROTOCOL,
    WebSocket: Socket,
  });
  const overfull = cachedSum(() => {
    let bytes = 0;
    for (const session of sessions) bytes += session.bufferedAmount;
    return bytes > BUFFERED_MAX;
  });
  const timing = {
    helloMs: WS_LIMITS.hello_ms,
    pingMs: WS_LIMITS.ping_ms,
    reconnectMs: RECONNECT_MS,
    ...options.timing,
  };
  const groups = new GroupMemberships(context.engine, context.members);
  const host = {
    ...options,
    groups,
    timing,
    overfull,
    closed: (session: Session) => {
      sessions.delete(session);
    },
  };

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const problem = refusal(request, context, sessions.size >= (options.socketsMax ?? SOCKETS_MAX));
    if (problem === null) server.handleUpgrade(request, socket, head, (ws) => sessions.add(new Session(ws, host)));
    else refuseUpgrade(socket, problem);
  };
  app.server.on("upgrade", onUpgrade);

  const clock = setInterval(() => tellAges(options.source, sessions), 1_000);
  clock.unref();
  context.closing.addEventListener("abort", () => {
    for (const session of sessions)
      session.drain("restart", randomInt(timing.reconnectMs / 8, timing.reconnectMs), options.alt?.() ?? []);
  });
  // Members that wait for their sockets to come back would wait in vain.
  app.addHook("preClose", () => groups.closeAll("its server is stopping"));
  app.addHook("onClose", (_app, done) => {
    clearInterval(clock);
    app.server.off("upgrade", onUpgrade);
    server.close();
    done();
  });
  for (const path of PATHS) {
    app.get(path, { schema: { hide: true } }, (_request, reply) =>
      sendProblem(reply, upgradeNeeded(), { upgrade: "websocket", connection: "Upgrade" }),
    );
  }
}

/** Why an upgrade may not come in, or null. */
function refusal(request: IncomingMessage, context: HttpContext, full: boolean): Problem | null {
  const path = request.url?.split("?")[0] ?? "";
  if (!PATHS.has(path)) {
    const detail = `no WebSocket is served at ${JSON.stringify(path.slice(0, 100))}; it is at /v1/ws`;
    return httpProblem({ status: 404, slug: "unknown-path", title: "Unknown path", detail });
  }
  const door = context.guard.check({ method: "GET", headers: request.headers, upgrade: true });
  if (door !== null) return door;
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  if (!offered.includes(WS_SUBPROTOCOL)) {
    const detail = `the subprotocol ${WS_SUBPROTOCOL} is spoken here; send it in Sec-WebSocket-Protocol`;
    return httpProblem({ status: 400, slug: "unknown-subprotocol", title: "Unknown subprotocol", detail });
  }
  if (!full) return null;
  const detail = "this process has as many WebSockets as it takes; try again later";
  return httpProblem({ status: 503, slug: "too-many-sockets", title: "Too many sockets", detail, retriable: true });
}

function refuseUpgrade(socket: Duplex, problem: Problem): void {
  const body = problemText(problem);
  socket.on("error", () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? "Refused"}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function upgradeNeeded(): Problem {
  return httpProblem({
    status: 426,
    slug: "upgrade-needed",
    title: "Upgrade needed",
    detail: `/v1/ws speaks WebSocket, subprotocol ${WS_SUBPROTOCOL}; the same views are at /v1/live for plain HTTP`,
  });
}

function tellAges(source: LiveSource, sessions: ReadonlySet<Session>): void {
  const watching = [...sessions].filter((session) => session.watches);
  if (watching.length === 0) return;
  const text = clockText(source);
  for (const session of watching) session.sendShared(text);
}

/** The `clock` frame: server time and how long ago each node was heard. */
export function clockText(source: LiveSource): string {
  return JSON.stringify({ t: "clock", ts: Date.now(), ages: agesOf(source) });
}

/** Milliseconds since each node was heard, by its id. */
export function agesOf(source: LiveSource): Record<string, number> {
  return Object.fromEntries([...source.ages()].map(([node, ms]) => [node, Math.round(ms)]));
}

/** Asks at most once in 50 ms: it is asked before every frame. */
function cachedSum(isOver: () => boolean): () => boolean {
  let atMs = Number.NEGATIVE_INFINITY;
  let over = false;
  return () => {
    const nowMs = performance.now();
    if (nowMs - atMs >= 50) {
      atMs = nowMs;
      over = isOver();
    }
    return over;
  };
}
