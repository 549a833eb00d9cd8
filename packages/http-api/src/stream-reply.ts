/**
 * A reply written piece by piece (receipts, SSE, NDJSON): headers at once, then text, with the socket's back-pressure made visible.
 * The reply is taken from Fastify; headers set so far (security, ids) go out with it.
 */
import type { FastifyReply, FastifyRequest } from "fastify";

export class StreamReply {
  readonly #reply: FastifyReply;
  /** Aborted when the peer is gone or the reply has ended. */
  readonly gone: AbortSignal;
  readonly #gone = new AbortController();

  constructor(
    request: FastifyRequest,
    reply: FastifyReply,
    type: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    this.#reply = reply;
    this.gone = this.#gone.signal;
    reply.headers({
      "content-type": type,
      "cache-control": "no-store",
      // nginx would collect the stream into blocks.
      "x-accel-buffering": "no",
      ...headers,
    });
    reply.hijack();
    const { raw } = reply;
    raw.on("close", () => this.#gone.abort());
    raw.writeHead(reply.statusCode, reply.getHeaders() as Record<string, string>);
    raw.flushHeaders();
    request.raw.socket.setNoDelay(true);
    if (request.method === "HEAD") raw.end();
  }

  get ended(): boolean {
    return this.gone.aborted || this.#reply.raw.writableEnded;
  }

  /** Bytes that the socket has not taken. */
  get bufferedBytes(): number {
    return this.#reply.raw.writableLength;
  }

  /** Writes; false when the reader is slower than the writer: wait for `drained`. */
  write(data: string | Uint8Array): boolean {
    return this.ended ? true : this.#reply.raw.write(data);
  }

  /** Resolves when the socket has taken what was written, or is gone. */
  drained(): Promise<void> {
    const { raw } = this.#reply;
    if (this.ended || !raw.writableNeedDrain) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const finish = () => {
      raw.off("drain", finish);
      this.gone.removeEventListener("abort", finish);
      resolve();
    };
    raw.once("drain", finish);
    this.gone.addEventListener("abort", finish, { once: true });
    return promise;
  }

  /** Whether the connection goes on after the reply. */
  get staysOpen(): boolean {
    return this.#reply.raw.shouldKeepAlive;
  }

  end(): void {
    if (!this.ended) this.#reply.raw.end();
  }
}
