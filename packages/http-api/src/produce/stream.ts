/**
 * A streamed body (NDJSON, lines, json-seq): records are produced as they arrive, in batches that grow while earlier ones are in flight, and
 * receipts go back one line each, in order. No limit in total; per record, in flight and in silence there is one. A body that is cut off ends
 * with a line that says so: what came whole before it is produced.
 */
import type { IncomingMessage } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { httpProblem } from "@vitrine/api";
import type { Problem } from "@vitrine/api";
import type { TopicInfo } from "@vitrine/engine";
import { discardRest } from "../body/linger.ts";
import { BodyCut, bodyChunks } from "../body/read-body.ts";
import { RecordSplitter } from "../body/line-splitter.ts";
import type { SplitMode } from "../body/line-splitter.ts";
import { ProblemError } from "../error-reply.ts";
import type { HttpContext } from "../options.ts";
import { StreamReply } from "../stream-reply.ts";
import { recordBytesMax } from "./new-record.ts";
import type { NewRecord } from "./new-record.ts";
import type { Producer } from "./producer.ts";
import { ReceiptBook } from "./receipts.ts";
import type { Fate } from "./receipts.ts";
import { partitionFor } from "./write-options.ts";
import type { WriteOptions } from "./write-options.ts";

/** Receipts that a caller does not read while it sends: beyond it the body is not read either. */
const UNREAD_RECEIPTS_BYTES = 16 * 1024 * 1024;
const PENDING_RECORDS_MAX = 200_000;

export interface StreamSource {
  readonly mode: SplitMode;
  /** A record of the body; null: nothing (a blank line of NDJSON). Throws ProblemError for a faulty one. */
  readonly parse: (bytes: Uint8Array) => { record: NewRecord; partition: number | null } | null;
}

export async function produceStream(
  context: HttpContext,
  producer: Producer,
  exchange: { request: FastifyRequest; reply: FastifyReply },
  write: { topic: TopicInfo; options: WriteOptions; source: StreamSource },
): Promise<FastifyReply> {
  const { request, reply } = exchange;
  const minimal = /(?:^|[,;\s])return=minimal/.test(
    request.headers.prefer === undefined ? "" : String(request.headers.prefer),
  );
  const run = new StreamRun(
    context,
    producer,
    write,
    minimal ? null : new StreamReply(request, reply, "application/x-ndjson"),
  );
  await run.read(request);
  await run.settle(request.raw);
  if (!minimal) return reply;
  const { book } = run;
  const allFailed = book.taken === 0 && book.failed > 0;
  if (allFailed && run.cut === null) throw new ProblemError(book.failures[0]!.problem);
  if (run.cut !== null) reply.header("connection", "close");
  return reply.code(run.cut !== null ? 400 : book.failed > 0 ? 207 : 200).send({
    topic: write.topic.name,
    records: book.count,
    taken: book.taken,
    failed: book.failed,
    offsets: book.ranges(),
    ...(book.failed === 0 ? {} : { errors: book.failures.slice(0, 20) }),
    ...(run.cut === null ? {} : { error: run.cut }),
  });
}

class StreamRun {
  readonly book = new ReceiptBook();
  cut: Problem | null = null;
  readonly #context: HttpContext;
  readonly #producer: Producer;
  readonly #write: { topic: TopicInfo; options: WriteOptions; source: StreamSource };
  readonly #out: StreamReply | null;
  #inFlightBytes = 0;
  #inFlightJobs = 0;
  #moved: (() => void) | null = null;

  constructor(
    context: HttpContext,
    producer: Producer,
    write: { topic: TopicInfo; options: WriteOptions; source: StreamSource },
    out: StreamReply | null,
  ) {
    this.#context = context;
    this.#producer = producer;
    this.#write = write;
    this.#out = out;
  }

  async read(request: FastifyRequest): Promise<void> {
    const { limits } = this.#context;
    const splitter = new RecordSplitter(this.#write.source.mode, limits.recordBytes);
    try {
      for await (const chunk of bodyChunks(request.raw, { bytesMax: null, idleMs: limits.streamIdleMs })) {
        this.#produce(splitter.push(chunk));
        if (splitter.overflow) break;
        await this.#room();
      }
      const last = splitter.end();
      if (last !== null) this.#produce([last]);
      if (splitter.overflow) this.cut = this.#tooLong(limits.recordBytes);
    } catch (error) {
      this.cut = this.#cutProblem(error);
    }
  }

  /** Waits for every job, then ends the reply. */
  async settle(body: IncomingMessage): Promise<void> {
    while (this.#inFlightJobs > 0) await this.#next();
    this.#tell();
    const out = this.#out;
    if (out === null) return;
    if (this.cut === null) {
      out.end();
      return;
    }
    out.write(`${JSON.stringify({ error: this.cut, records: this.book.count, taken: this.book.taken })}\n`);
    if (out.staysOpen) out.end();
    const whole = await discardRest(body);
    if (!out.staysOpen) out.end();
    else if (!whole) body.socket.destroySoon();
  }

  #produce(lines: readonly Uint8Array[]): void {
    const runs = new Map<number, { records: NewRecord[]; bytes: number; fate: Fate }>();
    const { topic, options, source } = this.#write;
    const room = this.#producer.batchRoom(topic);
    for (const line of lines) {
      try {
        const parsed = source.parse(line);
        if (parsed === null) continue;
        const partition = partitionFor(
          this.#producer,
          this.#context.engine.topicById(topic.topicId) ?? topic,
          parsed.record,
          parsed.partition ?? options.partition,
        );
        const bytes = recordBytesMax(parsed.record);
        let run = runs.get(partition);
        if (run !== undefined && run.bytes + bytes > room) {
          this.#send(partition, run);
          run = undefined;
        }
        if (run === undefined)
          runs.set(partition, (run = { records: [], bytes: 0, fate: { partition, outcome: null } }));
        this.book.add(run.fate, run.records.length);
        run.records.push(parsed.record);
        run.bytes += bytes;
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        this.book.addFault(error.problem);
      }
    }
    for (const [partition, run] of runs) this.#send(partition, run);
    this.#tell();
  }

  #send(partition: number, run: { records: NewRecord[]; bytes: number; fate: Fate }): void {
    const { topic, options } = this.#write;
    this.#inFlightBytes += run.bytes;
    this.#inFlightJobs += 1;
    void this.#producer
      .send({ topic, partition, acks: options.acks, timeoutMs: options.timeoutMs }, run.records)
      .then((outcome) => {
        run.fate.outcome = outcome;
        this.#inFlightBytes -= run.bytes;
        this.#inFlightJobs -= 1;
        this.#tell();
        this.#moved?.();
      });
  }

  #tell(): void {
    const lines = this.book.drain();
    if (lines !== "") this.#out?.write(lines);
  }

  /** Reads on when the bytes in flight, the queue of the process and the unread receipts are below their bounds. */
  async #room(): Promise<void> {
    await this.#producer.room();
    while (this.#inFlightBytes > this.#context.limits.streamInFlightBytes || this.book.pending > PENDING_RECORDS_MAX)
      await this.#next();
    if (this.#out !== null && this.#out.bufferedBytes > UNREAD_RECEIPTS_BYTES) await this.#out.drained();
  }

  async #next(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#moved = resolve;
    await promise;
    this.#moved = null;
  }

  #tooLong(limit: number): Problem {
    return this.#ended(
      413,
      "record-too-large",
      "A record is too large",
      `record ${this.book.count} is longer than ${limit} bytes`,
    );
  }

  #cutProblem(error: unknown): Problem {
    if (error instanceof ProblemError) return error.problem;
    if (error instanceof BodyCut) return this.#ended(400, "body-cut", "The body is not whole", error.message);
    throw error;
  }

  /** Why the stream ended early; the records before it stand. */
  #ended(status: number, slug: string, title: string, what: string): Problem {
    const none = this.book.count === 0;
    const detail = `${what}; ${none ? "no record came before it" : "the records before it were produced, as their receipts say"}`;
    return httpProblem({ status, slug, title, detail, sideEffects: none ? "none" : "applied" });
  }
}
