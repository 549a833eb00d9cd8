/** Bodies, decoded (gzip, deflate, br, zstd) and bounded: whole, or chunk by chunk. Every bound answers with a sentence; none is silent. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable, Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from "node:zlib";
import { httpProblem } from "@vitrine/api";
import { ProblemError, refuse } from "../error-reply.ts";

export interface BodyLimits {
  /** Decompressed bytes; null: no limit in total (streams). */
  readonly bytesMax: number | null;
  /** Silence beyond it ends the body. */
  readonly idleMs: number;
}

/** Bodies being read, so that a socket whose bytes stop making sense can tell its reader. */
const openBodies = new WeakMap<object, (why: string) => void>();

/** The reply that a socket is for at the moment; what Node keeps to itself. */
const replies = new WeakMap<object, ServerResponse>();

export function rememberReply(socket: object, reply: ServerResponse): void {
  replies.set(socket, reply);
}

/** Calls back when the reply that has begun on the socket has been written. */
export function afterReply(socket: object, then: () => void): void {
  replies.get(socket)?.once("finish", then);
}

/** Tells the reader of the socket's body that nothing more will come; false when nobody reads one. */
export function cutBody(socket: object, why: string): boolean {
  const cut = openBodies.get(socket);
  cut?.(why);
  return cut !== undefined;
}

/** Chunks of the body as they come, content codings removed. Leaving the loop early stops reading. Throws ProblemError, or BodyCut. */
export async function* bodyChunks(request: IncomingMessage, limits: BodyLimits): AsyncGenerator<Buffer> {
  const declared = Number(request.headers["content-length"] ?? 0);
  const codings = contentCodings(request.headers["content-encoding"]);
  if (limits.bytesMax !== null && codings.length === 0 && declared > limits.bytesMax) tooLarge(limits.bytesMax);
  const source = decoded(request, codings);
  const { socket } = request;
  // The reply still has to go out on this socket, so the body is abandoned, never destroyed.
  const chunks = source.iterator({ destroyOnReturn: false });
  let fail: ((error: Error) => void) | null = null;
  let cutBy: string | null = null;
  const cut = (why: string) => {
    cutBy = why;
    fail?.(new BodyCut(why));
  };
  openBodies.set(socket, cut);
  const timer = setTimeout(() => cut(`nothing came for ${limits.idleMs / 1000} s`), limits.idleMs);
  timer.unref();
  let total = 0;
  try {
    for (;;) {
      if (cutBy !== null) throw new BodyCut(cutBy);
      const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<Buffer>>();
      fail = reject;
      (chunks.next() as Promise<IteratorResult<Buffer>>).then(resolve, reject);
      const step = await promise;
      if (step.done === true) return;
      total += step.value.length;
      if (limits.bytesMax !== null && total > limits.bytesMax) tooLarge(limits.bytesMax);
      timer.refresh();
      yield step.value;
      timer.refresh();
    }
  } catch (error) {
    if (error instanceof ProblemError || error instanceof BodyCut) throw error;
    if (isZlibError(error)) throw new BodyCut(`the ${codings.join(", ")} coding of the body is damaged`, false);
    throw new BodyCut("the connection broke before the body ended");
  } finally {
    clearTimeout(timer);
    openBodies.delete(socket);
    if (source !== request) source.destroy();
  }
}

/** The body ended before its end: broken connection, silence, damaged coding. What came before it was good. */
export class BodyCut extends Error {
  override readonly name = "BodyCut";
  /** False for a damaged coding: the same bytes are as damaged the next time. */
  readonly retriable: boolean;

  constructor(message: string, retriable = true) {
    super(message);
    this.retriable = retriable;
  }
}

/** The whole body. Over the limit: 413; cut off: 400 or 408. */
export async function readBody(
  request: IncomingMessage,
  limits: { bytesMax: number; idleMs: number },
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of bodyChunks(request, limits)) chunks.push(chunk);
  } catch (error) {
    if (!(error instanceof BodyCut)) throw error;
    refuse(
      httpProblem({
        status: 400,
        slug: "body-cut",
        title: "The body is not whole",
        detail: `${error.message}; nothing was done`,
        retriable: error.retriable,
      }),
      { connection: "close" },
    );
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

function tooLarge(bytesMax: number): never {
  refuse(
    httpProblem({
      status: 413,
      slug: "body-too-large",
      title: "The body is too large",
      detail: `a body that is read whole may have ${bytesMax} bytes, decompressed; send many records as application/x-ndjson or text/plain with split=lines: those have no limit in total`,
    }),
    { connection: "close" },
  );
}

const CODINGS_MAX = 2;

function contentCodings(header: string | undefined): string[] {
  const codings = (header ?? "")
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity");
  // Nested codings multiply what a bomb can do; nobody sends more than one on purpose.
  if (codings.length > CODINGS_MAX) unsupportedCoding(codings.join(", "));
  return codings;
}

function decoded(request: IncomingMessage, codings: readonly string[]): Readable {
  let source: Readable = request;
  // All are made before the first is connected: an unknown coding leaves the body as it is.
  for (const decoder of codings.toReversed().map(decoderOf)) {
    const before = source;
    before.on("error", (error: Error) => decoder.destroy(error));
    before.on("close", () => {
      if (!before.readableEnded) decoder.destroy(new Error("the connection broke"));
    });
    decoder.on("close", () => {
      if (before !== request) before.destroy();
    });
    source = before.pipe(decoder);
  }
  return source;
}

function decoderOf(coding: string): Transform {
  switch (coding) {
    case "gzip":
    case "x-gzip":
      return createGunzip();
    case "deflate":
      return createInflate();
    case "br":
      return createBrotliDecompress();
    case "zstd":
      return createZstdDecompress();
    default:
      return unsupportedCoding(coding);
  }
}

function unsupportedCoding(coding: string): never {
  refuse(
    httpProblem({
      status: 415,
      slug: "unsupported-coding",
      title: "Unsupported content coding",
      detail: `Content-Encoding ${JSON.stringify(coding)} is not known; use gzip, deflate, br or zstd`,
    }),
    { "accept-encoding": "gzip, deflate, br, zstd" },
  );
}

function isZlibError(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return (
    typeof code === "string" &&
    (code.startsWith("Z_") ||
      code.startsWith("ERR_BROTLI") ||
      code.startsWith("ERR__ERROR") ||
      code.startsWith("ZSTD") ||
      code.startsWith("ERR_ZLIB") ||
      code.startsWith("ERR_PADDING"))
  );
}
