import type { FastifyInstance } from "fastify";
import { registerLiveRoutes } from "./live-sse.ts";
import type { LiveSource } from "./live/source.ts";
import { ViewHub } from "./live/view-hub.ts";
import type { HttpContext, HttpFace } from "./options.ts";
import { engineRecordSource, type RecordSource } from "./subscriptions/record-source.ts";
import type { SessionTiming } from "./subscriptions/session.ts";
import { serveWebSocket } from "./ws.ts";

export interface LiveFacesOptions {
  /** Other gateways, as `ws://host:port/v1/ws`, told to clients when this one closes. */
  readonly alt?: () => readonly string[];
  /** Tests pass their own. */
  readonly records?: RecordSource;
  readonly timing?: Partial<SessionTiming>;
  readonly socketsMax?: number;
}

/** The WebSocket and the SSE twin over one source: `createHttpServer({ ..., live: liveFaces(cluster) })`. */
export function liveFaces(source: LiveSource, options: LiveFacesOptions = {}): HttpFace {
  return (app: FastifyInstance, context: HttpContext) => {
    const hub = new ViewHub(source);
    const records = options.records ?? engineRecordSource(context);
    registerLiveRoutes(app, context, source, { hub });
    serveWebSocket(app, context, { source, hub, ...options, records });
    app.addHook("onClose", (_app, done) => {
      hub.close();
      done();
    });
  };
}
