/** Counts long polls and tails: beyond the bound new ones are told to come later. Knows when a caller is gone. */
import type { FastifyReply } from "fastify";
import { httpProblem } from "@vitrine/api";
import { refuse } from "./error-reply.ts";

export class TailGate {
  readonly #max: number;
  readonly #closing: AbortSignal;
  #open = 0;

  constructor(max: number, closing: AbortSignal) {
    this.#max = max;
    this.#closing = closing;
  }

  get open(): number {
    return this.#open;
  }

  /** Aborted when the caller went away or the server closes. */
  signalOf(reply: FastifyReply): AbortSignal {
    const gone = new AbortController();
    reply.raw.once("close", () => gone.abort());
    return AbortSignal.any([gone.signal, this.#closing]);
  }

  /** Runs one tail. The reply is taken over by `run`. */
  async hold(reply: FastifyReply, run: () => Promise<void>): Promise<FastifyReply> {
    await this.count(run);
    return reply;
  }

  async count<Result>(run: () => Promise<Result>): Promise<Result> {
    if (this.#open >= this.#max)
      refuse(
        httpProblem({
          status: 503,
          slug: "too-many-tails",
          title: "Too many tails",
          detail: `${this.#max} long polls and tails are open already`,
          retriable: true,
        }),
      );
    this.#open += 1;
    try {
      return await run();
    } finally {
      this.#open -= 1;
    }
  }
}
