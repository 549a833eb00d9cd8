/** The console's files and the front page: HTML for browsers, the JSON index for everybody else; tickets become sessions here. */
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { httpProblem } from "@vitrine/api";
import type { Problem } from "@vitrine/api";
import Type from "typebox";
import { sendProblem } from "../error-reply.ts";
import type { RouteTable } from "../error-reply.ts";
import type { HttpApiOptions, HttpContext } from "../options.ts";
import { indexDocument } from "./index-document.ts";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
};

/** Names without a dot in front and without anything that could climb out of the directory. */
const SAFE = /^(?:[\w-][\w.-]*\/)*[\w-][\w.-]*$/;

const RootQuery = Type.Object(
  { ticket: Type.Optional(Type.String({ maxLength: 100 })) },
  { additionalProperties: false },
);

export function consoleRoutes(
  app: FastifyInstance,
  context: HttpContext,
  options: HttpApiOptions,
  table: RouteTable,
): void {
  const { consoleDir } = options;
  app.get<{ Querystring: { ticket?: string } }>(
    "/",
    { schema: { hide: true, querystring: RootQuery } },
    async (request, reply) => {
      const { ticket } = request.query;
      if (ticket !== undefined) {
        const cookie = context.guard.redeem(ticket);
        if (cookie !== null) reply.header("set-cookie", cookie);
        // The ticket must not stay in the address bar, used or not.
        return reply.code(303).headers({ location: "/", "cache-control": "no-store" }).send("");
      }
      reply.header("vary", "Accept");
      if (consoleDir !== undefined && wantsHtml(request)) return sendShell(reply, consoleDir);
      return reply.header("cache-control", "no-store").send(indexDocument(context));
    },
  );
  if (consoleDir === undefined) return;
  for (const path of ["/c/*", "/settings", "/about"])
    app.get(
      path,
      {
        schema: { hide: true, querystring: Type.Object({}, { additionalProperties: true }) },
      },
      (_request, reply) => sendShell(reply, consoleDir),
    );
  app.get<{ Params: { "*": string } }>("/assets/*", { schema: { hide: true } }, (request, reply) =>
    sendFile(
      request,
      reply,
      { dir: join(consoleDir, "assets"), name: request.params["*"], cache: "public, max-age=31536000, immutable" },
      table,
    ),
  );
  app.get<{ Params: { file: string } }>("/:file", { schema: { hide: true } }, (request, reply) =>
    sendFile(request, reply, { dir: consoleDir, name: request.params.file, cache: "no-cache" }, table),
  );
}

function wantsHtml(request: FastifyRequest): boolean {
  return request.headers.accept?.includes("text/html") === true;
}

async function sendShell(reply: FastifyReply, consoleDir: string): Promise<FastifyReply> {
  const html = await readFile(join(consoleDir, "index.html")).catch(() => null);
  if (html === null)
    return reply
      .code(503)
      .type("text/html; charset=utf-8")
      .header("retry-after", "2")
      .send(
        "<!doctype html><title>Vitrine</title><p>The console is not built yet. The API answers already; reload in a moment.</p>\n",
      );
  return reply.type("text/html; charset=utf-8").header("cache-control", "no-cache").send(html);
}

async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: { dir: string; name: string; cache: string },
  table: RouteTable,
): Promise<FastifyReply> {
  const type = TYPES[extname(file.name)];
  const path = join(file.dir, file.name);
  const info = SAFE.test(file.name) && type !== undefined ? await stat(path).catch(() => null) : null;
  if (info === null || !info.isFile()) return sendProblem(reply, missingFile(request, file.name, table));
  const etag = `"${info.size.toString(36)}-${Math.trunc(info.mtimeMs).toString(36)}"`;
  reply.headers({ etag, "cache-control": file.cache });
  if (request.headers["if-none-match"] === etag) return reply.code(304).send();
  return reply.type(type!).header("content-length", info.size).send(createReadStream(path));
}

function missingFile(request: FastifyRequest, name: string, table: RouteTable): Problem {
  if (!request.url.startsWith("/assets/")) return table.missing(request)[0];
  const detail = `the console has no file ${JSON.stringify(name.slice(0, 100))}; it was built anew, so reload the page`;
  return httpProblem({ status: 404, slug: "unknown-file", title: "Unknown file", detail });
}
