/** The Fastify instance under the plugin: limits of sockets, headers and paths, and problem documents for what never becomes a request. */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import Fastify from "fastify";
import type { FastifyHttpOptions, FastifyInstance } from "fastify";
import { httpProblem } from "@vitrine/api";
import { afterReply, cutBody } from "./body/read-body.ts";
import { problemText, sendProblem, toProblem } from "./error-reply.ts";
import { DEFAULT_LIMITS } from "./options.ts";
import type { HttpApiOptions } from "./options.ts";
import { httpApi } from "./plugin.ts";
import { requestId } from "./request-id.ts";

/** Options that `httpApi` relies on; pass them to Fastify when the instance is made elsewhere. */
export function httpServerOptions(): FastifyHttpOptions<Server> {
  return {
    logger: false,
    genReqId: requestId,
    // Bodies are read by us, with our own limits; this one guards routes of others.
    bodyLimit: 1024 * 1024,
    // `tail -f | curl -T -` may run for days; idle bodies are bounded by our own timer.
    requestTimeout: 0,
    connectionTimeout: 0,
    // Longer than a load balancer's usual 60 s, so that it and not we close idle connections.
    keepAliveTimeout: 75_000,
    forceCloseConnections: "idle",
    http: { headersTimeout: 10_000, maxHeaderSize: 16 * 1024 },
    routerOptions: { maxParamLength: 2_048 },
    frameworkErrors(error, _request, reply) {
      void sendProblem(reply, toProblem(error));
    },
    clientErrorHandler(error, socket) {
      refuseSocket(error, socket);
    },
  };
}

/** A server with the HTTP face on it, not yet listening. */
export async function createHttpServer(options: HttpApiOptions): Promise<FastifyInstance> {
  const app = Fastify(httpServerOptions());
  app.server.maxConnections = options.limits?.connectionsMax ?? DEFAULT_LIMITS.connectionsMax;
  await app.register(httpApi, options);
  return app;
}

/** A broken socket stays this long for the reply; the records it brought are confirmed within it, or nobody is there to be told. */
const LAST_WORDS_MS = 30_000;

/** After the last word the peer may still be sending; bytes of a broken message are thrown away for so long. */
const LINGER_MS = 2_000;
/** Each further piece of a broken message is an error of its own; one answer is enough. */
const refused = new WeakSet<Socket>();

/** Bytes that are not HTTP, or headers over the limit: one problem document and the end of the connection. */
function refuseSocket(error: NodeJS.ErrnoException, socket: Socket): void {
  if (refused.has(socket)) return;
  refused.add(socket);
  // In the middle of a body: its reader finishes the reply that has begun (receipts say what was taken), then the socket ends.
  if (socket.writable && cutBody(socket, "the connection broke before the body ended")) {
    afterReply(socket, () => {
      socket.end();
      setTimeout(() => socket.destroy(), LINGER_MS).unref();
    });
    setTimeout(() => socket.destroy(), LAST_WORDS_MS).unref();
    return;
  }
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const overflow = error.code === "HPE_HEADER_OVERFLOW";
  const timeout = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
  const [status, title] = overflow
    ? ([431, "Request Header Fields Too Large"] as const)
    : timeout
      ? ([408, "Request Timeout"] as const)
      : ([400, "Bad Request"] as const);
  const detail = overflow
    ? "the request's headers are larger than 16 KiB"
    : timeout
      ? "the request's headers did not arrive within 10 s"
      : "the bytes received are not an HTTP/1.1 request";
  const body = problemText(httpProblem({ status, slug: "bad-request", title, detail }));
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
