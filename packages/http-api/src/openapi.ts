/** OpenAPI 3.1 from the route schemas: what the validators check is what the document says. */
import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { ProblemSchema } from "@vitrine/api";
import type { HttpContext } from "./options.ts";

export async function addOpenApi(app: FastifyInstance, context: HttpContext): Promise<void> {
  await app.register(swagger, {
    hideUntagged: true,
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Vitrine",
        version: context.version,
        description:
          "Apache Kafka's semantics over HTTP. Every path is also served without /v1. Errors are problem documents (RFC 9457) with Kafka's code, `retriable` and `side_effects`. Streams (SSE, NDJSON) carry the frames of /asyncapi.json.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      servers: [{ url: "/" }],
      tags: [
        { name: "records", description: "Writing and reading" },
        { name: "topics", description: "Topics and their configuration" },
        { name: "cluster", description: "Brokers, controller, metadata" },
        { name: "process control", description: "Stop, kill, freeze, isolate, restart; needs the start-up token" },
        { name: "live", description: "Live views and events as SSE" },
        { name: "health", description: "Health and metrics" },
      ],
      components: {
        securitySchemes: {
          token: { type: "http", scheme: "bearer", description: "start-up token, printed by `vitrine up`" },
        },
        schemas: { Problem: JSON.parse(JSON.stringify(ProblemSchema)) as object },
      },
    },
  });
}

/** The document as text; built once all routes are known. */
export function openApiText(app: FastifyInstance): string {
  return `${JSON.stringify(app.swagger())}\n`;
}
