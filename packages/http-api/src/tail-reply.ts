/** Tails over plain HTTP: records as SSE, as NDJSON, or bare values line by line. One batch is written, then the socket is waited for. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { formatCursor } from "@vitrine/api";
import type { TopicInfo } from "@vitrine/engine";
import { problemText } from "./error-reply.ts";
import type { HttpContext } from "./options.ts";
import { cursorOf, valueLines, valueNdjson, wireRecord } from "./read/format.ts";
import { packCursor } from "./read/packed-cursor.ts";
import type { ReadOptions } from "./read/read-options.ts";
import { openRecordTail } from "./record-tail.ts";
import type { RecordTail, TailEvent } from "./record-tail.ts";
import { StreamReply } from "./stream-reply.ts";

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** Keeps proxies from closing a quiet stream. */
const COMMENT_MS = 15_000;
const RETRY_MS = 2_000;
/** Above it ids are packed. */
const TEXT_IDS_MAX = 8;

/** Server-sent events: `records` with the whole cursor as id, `gap`, `caught_up`, `error`. */
export async function followSse(
  context: HttpContext,
  exchange: Exchange,
  topic: TopicInfo,
  options: ReadOptions,
  withIds: boolean,
): Promise<void> {
  const tail = await open(context, topic, options);
  const out = new StreamReply(exchange.request, exchange.reply, "text/event-stream");
  out.write(`: connected\nretry: ${RETRY_MS}\n\n`);
  if (withIds)
    out.write(
      `id: ${idOf(tail)}\nevent: subbed\ndata: ${JSON.stringify({ topic: topic.name, start: formatCursor(tail.positions()) })}\n\n`,
    );
  const comments = setInterval(() => out.write(": alive\n\n"), COMMENT_MS);
  await pump(context, tail, out, (event) => {
    const id = withIds && event.type !== "error" ? `id: ${idOf(tail)}\n` : "";
    const [name, data] = sseBody(event, options);
    return `${id}event: ${name}\ndata: ${data}\n\n`;
  });
  clearInterval(comments);
  out.end();
}

function sseBody(event: TailEvent, options: ReadOptions): [string, string] {
  switch (event.type) {
    case "records": {
      const list = event.records.map((record) => wireRecord(record, { format: options.format })).join(",");
      const lag = Math.max(0, event.highWatermark - event.next.offset);
      return [
        "records",
        `{"p":${event.partition},"r":[${list}],"next":"${cursorOf(event.partition, event.next)}","hw":${event.highWatermark},"lag":${lag}}`,
      ];
    }
    case "gap":
      return [
        "gap",
        JSON.stringify({
          p: event.partition,
          from: event.from,
          to: event.to,
          reason: event.reason,
          next: cursorOf(event.partition, event.next),
        }),
      ];
    case "caught-up":
      return ["caught_up", "{}"];
    case "error":
      return ["error", problemText(event.problem).trimEnd()];
  }
}

/** Up to 8 partitions in text, beyond that packed, so that ids stay small beside small records. */
function idOf(tail: RecordTail): string {
  const positions = tail.positions();
  return positions.size <= TEXT_IDS_MAX ? formatCursor(positions) : packCursor(positions);
}

/** One record per line; gaps and errors are lines of their own, with `gap` or `error` as their only member. */
export async function followNdjson(
  context: HttpContext,
  exchange: Exchange,
  topic: TopicInfo,
  options: ReadOptions,
): Promise<void> {
  const tail = await open(context, topic, options);
  const out = new StreamReply(exchange.request, exchange.reply, "application/x-ndjson");
  await pump(context, tail, out, (event) => {
    switch (event.type) {
      case "records":
        return event.records
          .map((record) => `${wireRecord(record, { format: options.format, partition: event.partition })}\n`)
          .join("");
      case "gap":
        return `${JSON.stringify({ gap: { p: event.partition, from: event.from, to: event.to, reason: event.reason } })}\n`;
      case "caught-up":
        return "";
      case "error":
        return `${JSON.stringify({ error: event.problem })}\n`;
    }
  });
  out.end();
}

/** Bare values as they come: `tail -f` over HTTP. */
export async function followValues(
  context: HttpContext,
  exchange: Exchange,
  topic: TopicInfo,
  options: ReadOptions,
  ndjson: boolean,
): Promise<void> {
  const tail = await open(context, topic, options);
  const out = new StreamReply(
    exchange.request,
    exchange.reply,
    ndjson ? "application/x-ndjson" : "text/plain; charset=utf-8",
  );
  await pump(context, tail, out, (event) => {
    if (event.type !== "records") return "";
    return ndjson ? valueNdjson(event.records, options.format) : valueLines(event.records);
  });
  out.end();
}

function open(context: HttpContext, topic: TopicInfo, options: ReadOptions): Promise<RecordTail> {
  return openRecordTail(context, {
    topic: topic.name,
    ...(options.whole ? {} : { partitions: options.partitions }),
    start: options.start,
    isolation: options.isolation,
  });
}

async function pump(
  context: HttpContext,
  tail: RecordTail,
  out: StreamReply,
  write: (event: TailEvent) => string | Uint8Array,
): Promise<void> {
  const signal = AbortSignal.any([out.gone, context.closing]);
  for (;;) {
    const event = await tail.next(signal);
    if (event === null) break;
    const data = write(event);
    if (data.length > 0 && !out.write(data)) await out.drained();
    if (event.type === "error") break;
  }
  tail.close();
}
