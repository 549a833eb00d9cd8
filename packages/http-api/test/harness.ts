/** A server on the memory engine: requests by injection where the answer has an end, over a socket where it has none. */
import type { FastifyInstance, InjectOptions } from "fastify";
import { afterAll } from "vitest";
import { createHttpServer } from "../src/index.ts";
import type { HttpApiOptions } from "../src/index.ts";
import { MemoryEngine } from "./memory-engine.ts";

export const TOKEN = "token-of-the-tests";

export interface Harness {
  readonly engine: MemoryEngine;
  readonly app: FastifyInstance;
  /** Answers: status, headers, text, and the text parsed where it is JSON. */
  readonly ask: (
    method: InjectOptions["method"] & string,
    url: string,
    body?: string | Buffer | object,
    headers?: Record<string, string>,
  ) => Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
  // The tests compare whole documents; a type for each would say the same twice.
  readonly json: Record<string, never> & { [name: string]: unknown };
}

export async function serve(options: Partial<HttpApiOptions> = {}): Promise<Harness> {
  const engine = new MemoryEngine();
  const app = await createHttpServer({
    engine,
    role: "gateway",
    guard: { clusterId: engine.clusterId, token: TOKEN, tickets: ["printed"] },
    ...options,
  });
  apps.push(app);
  let base: Promise<string> | null = null;
  const ask: Harness["ask"] = async (method, url, body, headers = {}) => {
    const isObject = typeof body === "object" && !Buffer.isBuffer(body);
    const payload = isObject ? JSON.stringify(body) : body;
    const all = { ...(isObject ? { "content-type": "application/json" } : {}), ...headers };
    if (!/ndjson|json-seq/.test(headers["content-type"] ?? "") && !url.includes("split=")) {
      const given = payload === undefined ? {} : { payload };
      const response = await app.inject({
        method: method as "GET",
        url,
        headers: { host: "localhost:8080", ...all },
        ...given,
      });
      return answer(response.statusCode, response.headers, response.payload);
    }
    // A streamed reply needs a socket.
    base ??= app.listen({ port: 0, host: "127.0.0.1" });
    const response = await fetch((await base) + url, {
      method,
      headers: all,
      body: typeof payload === "string" ? payload : new Uint8Array(payload!),
    });
    return answer(response.status, Object.fromEntries(response.headers), await response.text());
  };
  return { engine, app, ask };
}

function answer(status: number, headers: Record<string, unknown>, text: string): Answer {
  try {
    return { status, headers, text, json: JSON.parse(text) as Answer["json"] };
  } catch {
    // Not JSON: the test looks at the text.
    return { status, headers, text, json: {} };
  }
}

const apps: FastifyInstance[] = [];
afterAll(() => Promise.all(apps.map((app) => app.close())));

/** Values of a partition as text, read back through the API. */
export async function valuesOf({ ask }: Harness, topic: string): Promise<string[]> {
  const { json } = await ask("GET", `/topics/${topic}/records?value_format=text&limit=10000`);
  return (json["records"] as unknown as { value: string }[]).map((record) => record.value);
}
