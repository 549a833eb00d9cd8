/**
 * The rest of a body that nobody wants any more is read and thrown away before its connection ends: closing a socket with unread bytes resets it,
 * and the reset destroys the answer in the caller's hands (RFC 9112 9.6). Bounded in bytes, silence and time; who sends on after that is cut off.
 */
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";

const BYTES_MAX = 32 * 1024 * 1024;
const SILENCE_MS = 2_000;
const TOTAL_MS = 15_000;

/** Resolves when the body has ended (true), or will not be read any further (false). Rejects never. */
export function discardRest(request: IncomingMessage): Promise<boolean> {
  if (request.readableEnded) return Promise.resolve(true);
  if (request.destroyed) return Promise.resolve(false);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let left = BYTES_MAX;
  const stop = () => resolve(false);
  const silence = setTimeout(stop, SILENCE_MS).unref();
  const total = setTimeout(stop, TOTAL_MS).unref();
  const read = () => {
    silence.refresh();
    for (let chunk = nextChunk(request); chunk !== null && left >= 0; chunk = nextChunk(request)) left -= chunk.length;
    if (left < 0) stop();
  };
  request.unpipe();
  request.on("readable", read);
  request.once("end", () => resolve(true));
  request.on("error", stop);
  request.once("close", stop);
  // Who read before may have left a listener, and then nothing is announced that is at hand already.
  read();
  return promise.finally(() => {
    clearTimeout(silence);
    clearTimeout(total);
    request.off("readable", read);
  });
}

function nextChunk(request: IncomingMessage): Buffer | null {
  return request.read() as Buffer | null;
}

/** Answers that end their connection while the body is still coming go out at once; the connection ends when the rest of the body was discarded. */
export function lingerBeforeClose(app: FastifyInstance): void {
  app.addHook<Buffer | string>("onSend", (request, reply, payload, done) => {
    const { raw, headers } = request;
    const coming =
      !raw.complete && (headers["transfer-encoding"] !== undefined || Number(headers["content-length"]) > 0);
    const closes = reply.getHeader("connection") === "close" || !reply.raw.shouldKeepAlive;
    if (!coming || !closes || !(typeof payload === "string" || Buffer.isBuffer(payload))) {
      done(null, payload);
      return;
    }
    const bytes = Buffer.from(payload);
    reply.header("content-length", bytes.length);
    done(null, Readable.from(answerThenDiscard(bytes, raw)));
  });
}

async function* answerThenDiscard(answer: Buffer, request: IncomingMessage): AsyncGenerator<Buffer> {
  yield answer;
  await discardRest(request);
}
