/**
 * The SSE twin of the socket's views: `GET /live?view=cluster&view=topic:orders&hz=4` and `GET /cluster/events`, both also under `/v1`.
 * Bodies are the WebSocket's messages without `t` and `id`. Asked for JSON, `/live` gives one snap and `/cluster/events` a list.
 */
import { describeEvent, httpProblem, parseView, type ViewSpec } from "@vitrine/api";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import Type from "typebox";
import { refuse } from "./error-reply.ts";
import type { RingEntry } from "./live/event-ring.ts";
import type { LiveSource } from "./live/source.ts";
import { snapBody, type ViewHub, type ViewMessage, type ViewSink } from "./live/view-hub.ts";
import { viewQuery } from "./live/view-query.ts";
import { negotiate } from "./negotiation.ts";
import type { HttpContext } from "./options.ts";
import { parameterProblem } from "./query.ts";
import { StreamReply } from "./stream-reply.ts";
import { badEventCursor, unknownView } from "./subscriptions/subscription-problems.ts";
import { agesOf } from "./ws.ts";

const VIEWS_MAX = 16;
/** Bytes that may wait in a stream before ticks are skipped, as for the socket. */
const BUFFER_MAX = 1024 * 1024;
const COMMENT_MS = 15_000;
const EVENTS_DEFAULT = 100;

const SSE = "text/event-stream";
const JSON_TYPE = "application/json";
const NDJSON = "application/x-ndjson";

const LiveQuery = Type.Object({
  view: Type.Optional(
    Type.Array(Type.String(), {
      description:
        "clusters, cluster, metrics, events, topics, topic:NAME, topic:*, partition:NAME/N, quorum, groups, group:ID, clients; several are possible",
    }),
  ),
  hz: Type.Optional(Type.Number({ description: "frames a second wished for" })),
  from: Type.Optional(Type.String({ description: "event cursor to resume from; Last-Event-ID wins" })),
  accept: Type.Optional(Type.String({ description: "as the header, for EventSource and address bars" })),
});
const EventsQuery = Type.Object({
  from: Type.Optional(Type.String({ description: "event cursor, earliest, or -N for the last N" })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
  follow: Type.Optional(Type.Boolean({ description: "NDJSON: stay and send what happens" })),
  accept: Type.Optional(Type.String()),
});

export interface LiveRoutesOptions {
  readonly hub: ViewHub;
  readonly streamsMax?: number;
}

/** Adds the routes at `/` and under `/v1`. */
export function registerLiveRoutes(
  app: FastifyInstance,
  context: HttpContext,
  source: LiveSource,
  options: LiveRoutesOptions,
): void {
  const streams = { open: 0, max: options.streamsMax ?? context.limits.tailsMax };
  const parts = { context, source, hub: options.hub, streams };
  for (const prefix of ["/v1", ""]) {
    const hide = prefix === "";
    app.get(
      `${prefix}/live`,
      {
        ...asTheyAre,
        schema: {
          hide,
          tags: ["cluster"],
          operationId: "live",
          summary: "Live views, as SSE or one snapshot",
          querystring: LiveQuery,
        },
      },
      (request, reply) => live(request, reply, parts),
    );
    app.get(
      `${prefix}/cluster/events`,
      {
        ...asTheyAre,
        schema: {
          hide,
          tags: ["cluster"],
          operationId: "clusterEvents",
          summary: "Events of the cluster, as SSE, NDJSON or a list",
          description:
            'As text/event-stream it is the view `events`: a snap first, whose id is the cursor to resume from (with Last-Event-ID or from: what happened since, then the snap), then every event at once. As NDJSON with follow=1 the same without the snap: lines are events, or {"gap": ...} where events were lost.',
          querystring: EventsQuery,
        },
      },
      (request, reply) => clusterEvents(request, reply, parts),
    );
  }
}

/** `view` may be given more than once, so these parameters are read here. */
const asTheyAre = { validatorCompiler: () => (value: unknown) => ({ value }) };

interface Parts {
  readonly context: HttpContext;
  readonly source: LiveSource;
  readonly hub: ViewHub;
  readonly streams: { open: number; readonly max: number };
}

function live(request: FastifyRequest, reply: FastifyReply, parts: Parts): FastifyReply {
  const query = new Query(request, ["view", "hz", "from", "accept"]);
  const names = query.all("view");
  if (names.length === 0) refuse(parameterProblem([{ pointer: "?view", detail: "is missing", hint: "?view=cluster" }]));
  if (names.length > VIEWS_MAX)
    refuse(parameterProblem([{ pointer: "?view", detail: `may be given ${VIEWS_MAX} times` }]));
  const views = names.map((name) => parseView(name) ?? refuse(unknownView(name)));
  const hz = query.number("hz", 0.1, 60);
  const type = negotiate(request.headers.accept, query.one("accept"), [JSON_TYPE, SSE]);
  if (type === JSON_TYPE) return sendSnaps(reply, parts.source, names, views);
  const from = cursorOf(request, query, parts.source);
  const stream = openStream(request, reply, parts);
  const subscriptions = views.map((view, index) => {
    const name = names.length > 1 ? `"view":${JSON.stringify(names[index])},` : "";
    return parts.hub.subscribe({ view, hz, from, sink: sseSink(stream, name) });
  });
  const clock = setInterval(() => {
    if (stream.bufferedBytes < BUFFER_MAX)
      stream.write(`event: clock\ndata: ${JSON.stringify({ ts: Date.now(), ages: agesOf(parts.source) })}\n\n`);
  }, 1_000);
  stream.gone.addEventListener("abort", () => {
    clearInterval(clock);
    for (const subscription of subscriptions) subscription.close();
  });
  for (const subscription of subscriptions) subscription.begin();
  return reply;
}

/** One snap as a document; with several views a list of them. */
function sendSnaps(
  reply: FastifyReply,
  source: LiveSource,
  names: readonly string[],
  views: readonly ViewSpec[],
): FastifyReply {
  source.refresh();
  const snaps = views.map((view, index) => {
    const { rows, info } = viewQuery(source.tables, view, source.selfId).snapshot();
    const body = snapBody({ view, nowMs: Date.now(), next: source.events.cursor, rows, info });
    return `{"view":${JSON.stringify(names[index])},${body}}`;
  });
  const text = snaps.length === 1 ? snaps[0]! : `[${snaps.join(",")}]`;
  return reply.header("cache-control", "no-store").type(JSON_TYPE).serializer(String).send(`${text}\n`);
}

function clusterEvents(request: FastifyRequest, reply: FastifyReply, parts: Parts): FastifyReply {
  const query = new Query(request, ["from", "limit", "follow", "accept"]);
  const limit = query.number("limit", 1, 10_000) ?? EVENTS_DEFAULT;
  const follow = ["1", "true", ""].includes(query.one("follow") ?? "0");
  const type = negotiate(request.headers.accept, query.one("accept"), [JSON_TYPE, SSE, NDJSON]);
  const from = cursorOf(request, query, parts.source);
  const { events } = parts.source;
  if (type === SSE || (type === NDJSON && follow)) {
    followEvents(openStream(request, reply, parts, type), { from, type, ...parts });
    return reply;
  }
  const start =
    from === undefined ? Math.max(events.begin, events.end - limit) : (events.resume(from)?.index ?? events.end);
  const entries = [...events.from(start)].slice(0, limit);
  reply.header("cache-control", "no-store").serializer(String).type(type);
  if (type === NDJSON) return reply.send(entries.map(eventLine).join(""));
  const next = entries.at(-1)?.next ?? events.cursor;
  return reply.send(
    `{"data":[${entries.map((entry) => eventLine(entry).trimEnd()).join(",")}],"next":${JSON.stringify(next)}}\n`,
  );
}

/** Events as they happen: the view `events`. Lines of NDJSON are events only, and gaps, so that each can be read alike. */
function followEvents(
  stream: StreamReply,
  options: Parts & { readonly from: string | undefined; readonly type: string },
): void {
  const { hub, type } = options;
  const write = (messages: readonly ViewMessage[]) => {
    for (const message of messages) {
      if (message.t === "event") stream.write(`{${message.body}}\n`);
      else if (message.t === "gap") stream.write(`{"gap":{${message.body}}}\n`);
    }
  };
  const lines: ViewSink = { write, blocked: () => stream.bufferedBytes > BUFFER_MAX };
  const sink = type === SSE ? sseSink(stream, "") : lines;
  const subscription = hub.subscribe({ view: { kind: "events" }, from: options.from, sink });
  stream.gone.addEventListener("abort", () => subscription.close());
  subscription.begin();
}

/** With the sentence, for people who read it in a terminal. */
function eventLine(entry: RingEntry): string {
  return `{${entry.body},"text":${JSON.stringify(describeEvent(entry.e))}}\n`;
}

function openStream(request: FastifyRequest, reply: FastifyReply, parts: Parts, type: string = SSE): StreamReply {
  const { streams, context } = parts;
  if (streams.open >= streams.max) {
    const detail = `this process serves ${streams.max} live streams, the most it takes; try again later or use the WebSocket`;
    refuse(httpProblem({ status: 503, slug: "too-many-streams", title: "Too many streams", detail, retriable: true }));
  }
  const stream = new StreamReply(request, reply, type);
  streams.open++;
  if (type === SSE) stream.write(": connected\nretry: 2000\n\n");
  const comment = setInterval(() => type === SSE && stream.write(": \n\n"), COMMENT_MS);
  const end = () => stream.end();
  context.closing.addEventListener("abort", end);
  stream.gone.addEventListener("abort", () => {
    streams.open--;
    clearInterval(comment);
    context.closing.removeEventListener("abort", end);
  });
  return stream;
}

function sseSink(stream: StreamReply, name: string): ViewSink {
  return {
    write: (messages: readonly ViewMessage[]) => {
      stream.write(messages.map((message) => sseText(message, name)).join(""));
    },
    blocked: () => stream.bufferedBytes > BUFFER_MAX,
  };
}

function sseText(message: ViewMessage, name: string): string {
  const id = message.next === null ? "" : `id: ${message.next}\n`;
  return `event: ${message.t}\n${id}data: {${name}"seq":${message.seq},${message.body}}\n\n`;
}

/** Last-Event-ID, else `?from=`; undefined: from now. */
function cursorOf(request: FastifyRequest, query: Query, source: LiveSource): string | undefined {
  const header = request.headers["last-event-id"];
  const text = typeof header === "string" && header !== "" ? header : query.one("from");
  if (text !== undefined && source.events.resume(text) === null) refuse(badEventCursor(text));
  return text;
}

/** Parameters as they came, strictly: unknown names are refused. */
class Query {
  readonly #values: Readonly<Record<string, string | string[] | undefined>>;

  constructor(request: FastifyRequest, names: readonly string[]) {
    this.#values = request.query as Record<string, string | string[] | undefined>;
    const unknown = Object.keys(this.#values).filter((name) => !names.includes(name));
    if (unknown.length === 0) return;
    refuse(
      parameterProblem(
        unknown.map((name) => ({
          pointer: `?${name}`,
          detail: "is not a parameter of this path",
          hint: `this path takes ${names.join(", ")}`,
        })),
      ),
    );
  }

  all(name: string): readonly string[] {
    const value = this.#values[name];
    if (value === undefined) return [];
    return Array.isArray(value) ? value : [value];
  }

  one(name: string): string | undefined {
    const values = this.all(name);
    if (values.length > 1) refuse(parameterProblem([{ pointer: `?${name}`, detail: "is given more than once" }]));
    return values[0];
  }

  number(name: string, min: number, max: number): number | undefined {
    const text = this.one(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text === "" || !(value >= min && value <= max))
      refuse(parameterProblem([{ pointer: `?${name}`, detail: `must be a number from ${min} to ${max}` }]));
    return value;
  }
}
