/** Liveness, readiness, metrics: without the guard's token, cheap, never cached. */
import type { FastifyInstance } from "fastify";
import Type from "typebox";
import type { Static } from "typebox";
import type { HealthCheck, HttpApiOptions, HttpContext } from "../options.ts";
import { replies } from "./schemas.ts";

const VerboseQuery = Type.Object(
  { verbose: Type.Optional(Type.Boolean({ description: "each check on a line" })) },
  { additionalProperties: false },
);
const Text = Type.String();

export function healthRoutes(app: FastifyInstance, context: HttpContext, options: HttpApiOptions): void {
  for (const path of ["/livez", "/healthy"])
    app.get(
      path,
      { schema: { tags: ["health"], summary: "This process's event loop runs", response: replies({ 200: Text }, []) } },
      (_request, reply) => reply.header("cache-control", "no-store").type("text/plain; charset=utf-8").send("ok\n"),
    );
  for (const path of ["/readyz", "/ready", "/status/ready"])
    app.get<{ Querystring: Static<typeof VerboseQuery> }>(
      path,
      {
        schema: {
          tags: ["health"],
          summary: "This process can serve",
          querystring: VerboseQuery,
          response: replies({ 200: Text }, [503]),
        },
      },
      (request, reply) => {
        // What the process knows better of itself takes the place of what its metadata says.
        const own = options.health?.() ?? [];
        const known = clusterChecks(context).filter((check) => own.every(({ name }) => name !== check.name));
        const checks = [...known, ...own];
        const ready = checks.every((check) => check.ok);
        const lines = checks.map((check) => `[${check.ok ? "+" : "-"}] ${check.name}: ${check.detail}\n`).join("");
        const failing = checks
          .filter((check) => !check.ok)
          .map((check) => `${check.name}: ${check.detail}\n`)
          .join("");
        return reply
          .code(ready ? 200 : 503)
          .header("cache-control", "no-store")
          .type("text/plain; charset=utf-8")
          .send(
            request.query.verbose === true
              ? `${lines}${ready ? "ready" : "not ready"}\n`
              : ready
                ? "ready\n"
                : `not ready\n${failing}`,
          );
      },
    );
  app.get(
    "/metrics",
    { schema: { tags: ["health"], summary: "OpenMetrics", response: replies({ 200: Text }, []) } },
    async (_request, reply) =>
      reply
        .header("cache-control", "no-store")
        .header("content-type", context.registry.contentType)
        .send(await context.registry.metrics()),
  );
}

function clusterChecks({ engine, closing, role }: HttpContext): HealthCheck[] {
  const active = engine.brokers().filter((broker) => !broker.fenced).length;
  const self = engine.selfId;
  const registered = self === null ? active > 0 : engine.broker(self)?.fenced === false;
  const { offset, epoch } = engine.metadataPosition();
  return [
    { name: "metadata", ok: offset > 0, detail: `applied to offset ${offset} of epoch ${epoch}` },
    {
      name: "registered",
      ok: registered,
      detail:
        self === null
          ? `${role}: ${active} of ${engine.brokers().length} brokers are active`
          : registered
            ? `broker ${self} is active`
            : `broker ${self} is fenced or not registered`,
    },
    { name: "draining", ok: !closing.aborted, detail: closing.aborted ? "this process is stopping" : "no" },
  ];
}
