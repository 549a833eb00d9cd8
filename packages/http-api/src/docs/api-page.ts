/** The page to read OpenAPI and AsyncAPI by: rendered here, because viewers from elsewhere need scripts that our CSP refuses. */
import { escapeHtml, htmlPage } from "./html.ts";

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: { readonly type?: string; readonly enum?: readonly string[]; readonly description?: string };
}

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: unknown }>> };
  readonly responses?: Readonly<
    Record<
      string,
      { readonly description?: string; readonly content?: Readonly<Record<string, { readonly schema?: unknown }>> }
    >
  >;
}

interface OpenApi {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly tags?: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface AsyncApi {
  readonly components?: {
    readonly messages?: Readonly<
      Record<string, { readonly summary?: string; readonly description?: string; readonly payload?: unknown }>
    >;
  };
}

/** Both documents as one page. */
export function apiPage(openapi: object, asyncapi: unknown): string {
  const doc = openapi as OpenApi;
  const operations = Object.entries(doc.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const sections = (doc.tags ?? []).map((tag) => {
    const own = operations.filter(({ operation }) => operation.tags?.includes(tag.name));
    if (own.length === 0) return "";
    return `<h2 id="${escapeHtml(tag.name.replaceAll(" ", "-"))}">${escapeHtml(tag.name)}</h2><p class="soft">${escapeHtml(tag.description ?? "")}</p>${own.map(operationHtml).join("")}`;
  });
  return htmlPage(
    "API",
    `<h1>${escapeHtml(doc.info.title)} ${escapeHtml(doc.info.version)}</h1><p>${escapeHtml(doc.info.description ?? "")}</p>
<p><a href="/openapi.json">openapi.json</a> ${asyncapi === null ? "" : '<a href="/asyncapi.json">asyncapi.json</a>'}</p>${sections.join("")}${asyncapi === null ? "" : framesHtml(asyncapi as AsyncApi)}`,
  );
}

function operationHtml({ path, method, operation }: { path: string; method: string; operation: Operation }): string {
  const parameters = (operation.parameters ?? []).map(
    (row) =>
      `<tr><td><code>${escapeHtml(row.name)}</code></td><td>${row.in}${row.required === true ? ", needed" : ""}</td><td>${escapeHtml(row.schema?.enum?.join(", ") ?? row.schema?.type ?? "")}</td><td>${escapeHtml(row.description ?? row.schema?.description ?? "")}</td></tr>`,
  );
  const body = Object.entries(operation.requestBody?.content ?? {});
  const responses = Object.entries(operation.responses ?? {}).map(
    ([status, row]) =>
      `<tr><td>${escapeHtml(status)}</td><td>${escapeHtml(row.description ?? "")}</td><td>${Object.keys(
        row.content ?? {},
      )
        .map(escapeHtml)
        .join(", ")}</td></tr>`,
  );
  const good = Object.entries(operation.responses ?? {}).find(([status]) => status.startsWith("2"))?.[1].content?.[
    "application/json"
  ]?.schema;
  return `<details><summary><span class="method">${method.toUpperCase()}</span><code>${escapeHtml(path)}</code> <span class="soft">${escapeHtml(operation.summary ?? "")}</span></summary>
${parameters.length === 0 ? "" : `<h3>Parameters</h3><table><tr><th>name</th><th>in</th><th>type</th><th>meaning</th></tr>${parameters.join("")}</table>`}
${body.length === 0 ? "" : `<h3>Body</h3><p>${body.map(([type]) => `<code>${escapeHtml(type)}</code>`).join(" ")}</p>${schemaHtml(body.find(([type]) => type === "application/json")?.[1].schema)}`}
<h3>Answers</h3><table>${responses.join("")}</table>${schemaHtml(good)}</details>`;
}

function schemaHtml(schema: unknown): string {
  if (schema === undefined || Object.keys(schema as object).length === 0) return "";
  return `<pre><code>${escapeHtml(JSON.stringify(schema, null, 2))}</code></pre>`;
}

function framesHtml(doc: AsyncApi): string {
  const frames = Object.entries(doc.components?.messages ?? {}).map(
    ([name, message]) =>
      `<details><summary><span class="method">frame</span><code>${escapeHtml(name)}</code> <span class="soft">${escapeHtml(message.summary ?? message.description ?? "")}</span></summary>${schemaHtml(message.payload)}</details>`,
  );
  return `<h2 id="frames">WebSocket frames (/v1/ws, subprotocol vitrine.v1+json)</h2>${frames.join("")}`;
}
