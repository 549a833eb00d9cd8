/** The Fastify plugin: the door, then the routes at `/` and under `/v1`, then the faces of others (WebSocket, views), then the console's files. */
import type { FastifyInstance } from "fastify";
import { Registry } from "prom-client";
import type { OpenMetricsContentType } from "prom-client";
import { RouteTable, sendProblem, setErrorReplies } from "./error-reply.ts";
import { SECURITY_HEADERS, createGuard } from "./guard.ts";
import { instrument } from "./metrics.ts";
import { addOpenApi } from "./openapi.ts";
import { DEFAULT_LIMITS } from "./options.ts";
import type { HttpApiOptions, HttpContext } from "./options.ts";
import { brokerMetrics } from "./broker-metrics.ts";
import { MemberRoom } from "./groups/member-sessions.ts";
import { lingerBeforeClose } from "./body/linger.ts";
import { rememberReply } from "./body/read-body.ts";
import { parameterParser } from "./query.ts";
import type { ParameterPlace } from "./query.ts";
import { consoleRoutes } from "./routes/console.ts";
import { documentRoutes } from "./routes/documents.ts";
import { apiRoutes, createServices, v1Index } from "./routes/index.ts";

const EMPTY_QUERY = { type: "object", properties: {}, additionalProperties: false };

/** Routes of http.md sections 1 to 7. Register it on an instance made with `httpServerOptions()`, or use `createHttpServer`. */
export async function httpApi(app: FastifyInstance, options: HttpApiOptions): Promise<void> {
  const closing = new AbortController();
  const context: HttpContext = {
    engine: options.engine,
    role: options.role,
    guard: createGuard(options.guard),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    processControl: options.processControl ?? null,
    closing: closing.signal,
    registry: options.metrics ?? openMetrics(),
    version: options.version ?? "0.1.0",
    members: new MemberRoom(),
  };
  const table = new RouteTable();

  // Bodies are read by their routes; headers of a schema are for the description, their readers check them.
  app.setValidatorCompiler(({ schema, httpPart }) =>
    httpPart === "body" || httpPart === "headers"
      ? (value: unknown) => ({ value })
      : parameterParser(schema, (httpPart ?? "querystring") as ParameterPlace),
  );
  app.setSerializerCompiler(() => (data) => `${JSON.stringify(data)}\n`);
  app.setReplySerializer((data) => `${JSON.stringify(data)}\n`);
  // Bodies are streams to us; each route reads its own with its own limit.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
  setErrorReplies(app, table);

  app.addHook("onRoute", (route) => {
    if (route.url !== "/:file") table.add(route.url, Array.isArray(route.method) ? route.method : [route.method]);
    route.schema ??= {};
    route.schema.querystring ??= EMPTY_QUERY;
  });
  app.addHook("onRequest", (request, reply, done) => {
    reply.headers(SECURITY_HEADERS);
    rememberReply(request.raw.socket, reply.raw);
    const problem = context.guard.check({
      method: request.method,
      headers: request.headers,
      upgrade: request.headers.upgrade !== undefined,
    });
    if (problem === null) done();
    else void sendProblem(reply, problem);
  });
  app.addHook("preClose", (done) => {
    closing.abort();
    done();
  });
  lingerBeforeClose(app);
  instrument(app, context);
  if (options.brokerMetrics !== undefined) brokerMetrics(context.registry, options.brokerMetrics);
  await addOpenApi(app, context);

  const services = createServices(context);
  // Before the connections go: members leave, so that the others get their partitions at once.
  app.addHook("preClose", () => services.sessions.closeAll());
  await app.register((root, _options, done) => {
    // The same routes without /v1 are not described twice.
    root.addHook("onRoute", (route) => {
      route.schema = { ...route.schema, hide: true };
    });
    apiRoutes(root, context, options, services);
    done();
  });
  await app.register(
    (v1, _options, done) => {
      apiRoutes(v1, context, options, services);
      v1Index(v1, context);
      done();
    },
    { prefix: "/v1" },
  );
  documentRoutes(app, options);
  if (options.live !== undefined) await options.live(app, context);
  consoleRoutes(app, context, options, table);
}

function openMetrics(): Registry<OpenMetricsContentType> {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return registry;
}

// Fastify's mark for plugins that are not encapsulated: hooks and error replies hold for the whole instance, and it belongs to us.
Object.assign(httpApi, { [Symbol.for("skip-override")]: true });
