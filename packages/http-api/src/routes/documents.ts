/** Documents that exist once: OpenAPI, AsyncAPI, the page to read them, the manual, and the meaning of each problem type. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { httpProblem, problemSlug } from "@vitrine/api";
import { ERRORS } from "@vitrine/core";
import Type from "typebox";
import { apiPage } from "../docs/api-page.ts";
import { htmlPage } from "../docs/html.ts";
import { manualPage } from "../docs/manual-page.ts";
import { refuse } from "../error-reply.ts";
import { openApiText } from "../openapi.ts";
import type { HttpApiOptions } from "../options.ts";

const hidden = { schema: { hide: true } };
const PAGE = /^[a-z0-9][a-z0-9-]*$/;
const IMAGE = /^[\w-]+\.(png|jpg|svg|webp)$/;
const IMAGE_TYPES: Record<string, string> = {
  png: "image/png",
  jpg: "image/jpeg",
  svg: "image/svg+xml",
  webp: "image/webp",
};

export function documentRoutes(app: FastifyInstance, options: HttpApiOptions): void {
  let openapi: string | null = null;
  const openapiText = () => (openapi ??= openApiText(app));
  const asyncapi = () => options.asyncapi?.() ?? null;

  for (const path of ["/openapi.json", "/v1/openapi.json"])
    app.get(path, hidden, (_request, reply) => reply.type("application/json; charset=utf-8").send(openapiText()));
  if (options.asyncapi !== undefined)
    for (const path of ["/asyncapi.json", "/v1/asyncapi.json"])
      app.get(path, hidden, (_request, reply) =>
        reply.type("application/json; charset=utf-8").send(`${JSON.stringify(asyncapi())}\n`),
      );

  app.get("/docs/api", hidden, (_request, reply) =>
    reply.type("text/html; charset=utf-8").send(apiPage(JSON.parse(openapiText()) as object, asyncapi())),
  );

  app.get<{ Params: { slug: string } }>(
    "/problems/:slug",
    { schema: { hide: true, params: Type.Object({ slug: Type.String({ maxLength: 100 }) }) } },
    (request) => {
      const { slug } = request.params;
      const error = ERRORS.find((row) => problemSlug(row.name) === slug);
      return error === undefined
        ? { type: `/problems/${slug}`, about: "a problem of HTTP itself; its detail says what happened" }
        : {
            type: `/problems/${slug}`,
            about: error.message,
            kafka_code: error.code,
            kafka_error: error.name,
            retriable: error.retriable,
            status: error.httpStatus,
          };
    },
  );

  const { docsDir } = options;
  if (docsDir === undefined) return;
  app.get("/docs", hidden, async (_request, reply) =>
    reply.type("text/html; charset=utf-8").send(await contents(docsDir)),
  );
  app.get<{ Params: { page: string } }>(
    "/docs/:page",
    { schema: { hide: true, params: Type.Object({ page: Type.String({ maxLength: 100 }) }) } },
    async (request, reply) => {
      const name = request.params.page.replace(/\.md$/, "");
      if (IMAGE.test(name)) {
        const bytes = await readFile(join(docsDir, name)).catch(() => noPage(name));
        return reply.type(IMAGE_TYPES[name.split(".").at(-1)!]!).header("cache-control", "no-cache").send(bytes);
      }
      const text = PAGE.test(name)
        ? await readFile(join(docsDir, `${name}.md`), "utf8").catch(() => noPage(name))
        : noPage(name);
      return reply
        .type("text/html; charset=utf-8")
        .header("cache-control", "no-cache")
        .send(manualPage(name, text, await pages(docsDir)));
    },
  );
}

function noPage(name: string): never {
  return refuse(
    httpProblem({
      status: 404,
      slug: "unknown-page",
      title: "Unknown page",
      detail: `the manual has no page ${JSON.stringify(name.slice(0, 100))}`,
      hint: "GET /docs lists the pages",
    }),
  );
}

async function pages(docsDir: string): Promise<{ name: string; title: string }[]> {
  const names = (await readdir(docsDir).catch(() => []))
    .filter((name) => name.endsWith(".md") && PAGE.test(name.slice(0, -3)))
    .toSorted();
  return Promise.all(
    names.map(async (file) => {
      const first = /^#\s+(.+)$/m.exec(await readFile(join(docsDir, file), "utf8"))?.[1];
      return { name: file.slice(0, -3), title: first ?? file.slice(0, -3) };
    }),
  );
}

async function contents(docsDir: string): Promise<string> {
  const list = await pages(docsDir);
  const index = list.find((page) => page.name === "index" || page.name === "start");
  if (index !== undefined)
    return manualPage(index.name, await readFile(join(docsDir, `${index.name}.md`), "utf8"), list);
  const items = list.map((page) => `- [${page.title}](/docs/${page.name})`).join("\n");
  return htmlPage(
    "Manual",
    manualPage("contents", `# Manual\n\n${items}\n\n- [HTTP and WebSocket reference](/docs/api)`, list),
  );
}
