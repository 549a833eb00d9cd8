/** Plans cold reads and gives them to the reader threads: knows where each log's batches lie, and asks again when a file moved meanwhile. */
import { Worker } from "node:worker_threads";
import { Offset } from "@vitrine/core";
import type { CleanRequest, CleanStep, DiskReport, LogKey, OffsetRange, ReadSpec, SurveySpec } from "@vitrine/log";
import { batchOf } from "./batch-header.ts";
import type {
  CleanMessage,
  FindRequest,
  FromReader,
  KeptRequest,
  LogLayout,
  ReadPlace,
  ReadRequest,
  SurveyMessage,
  ToReader,
} from "./messages.ts";
import { fromSharedMemory } from "./shared-batches.ts";
import { GarbagePressure } from "./slabs.ts";

/** Reader threads that die are replaced until so many have: then something is wrong that a new one does not mend. */
const DEATHS_MAX = 10;

type Request = ReadRequest | FindRequest | KeptRequest | SurveyMessage | CleanMessage;

interface Reader {
  readonly worker: Worker;
  waiting: number;
}

interface Pending {
  readonly request: Request;
  readonly reader: Reader;
  readonly plan: () => Request | DiskReport;
  /** Layout the request was planned with; another one by now = worth a second try. */
  readonly layout: LogLayout | undefined;
}

export class ReadPool {
  readonly #readers: Reader[] = [];
  readonly #layouts = new Map<string, LogLayout>();
  readonly #paths = new Map<number, string>();
  readonly #pending = new Map<number, Pending>();
  #listener: (report: DiskReport) => void = () => {};
  readonly #pressure = new GarbagePressure();
  #closing = false;
  #deaths = 0;

  readonly #wanted: number;
  readonly #kind: "reader" | "cleaner";
  /** The compaction whose plan the thread was given last. */
  #plannedRun = -1;

  /** Threads are started when they are first needed: many nodes never read cold, and a start should not wait for them. */
  constructor(readers: number, kind: "reader" | "cleaner" = "reader") {
    this.#wanted = Math.max(1, readers);
    this.#kind = kind;
  }

  onReport(listener: (report: DiskReport) => void): void {
    this.#listener = listener;
  }

  learn(layouts: readonly LogLayout[], files: readonly { readonly fileNo: number; readonly path: string }[]): void {
    for (const { fileNo, path } of files) this.#paths.set(fileNo, path);
    for (const layout of layouts) this.#layouts.set(layout.key, layout);
  }

  forgetLogs(keys: readonly string[]): void {
    for (const key of keys) this.#layouts.delete(key);
  }

  forgetFiles(fileNos: readonly number[]): void {
    for (const fileNo of fileNos) {
      const path = this.#paths.get(fileNo);
      if (path === undefined) continue;
      this.#paths.delete(fileNo);
      for (const { worker } of this.#readers) worker.postMessage({ type: "forget", path } satisfies ToReader);
    }
  }

  read(id: number, key: LogKey, { from, upTo, maxBytes }: ReadSpec): void {
    this.#ask(id, key, () => {
      const layout = this.#layouts.get(key);
      if (!layout) return removed(id, key);
      if (from < layout.logStart)
        return {
          type: "read-failed",
          id,
          error: "OFFSET_OUT_OF_RANGE",
          reason: `offset ${from} of ${key} was deleted`,
        };
      const places = this.#places(layout, from, upTo);
      return { type: "read", id, key, partitionId: layout.partitionId, places, from, upTo, maxBytes };
    });
  }

  findTimestamp(id: number, key: LogKey, timestampMs: number, range: OffsetRange): void {
    this.#ask(id, key, () => {
      const layout = this.#layouts.get(key);
      if (!layout) return { type: "found", id, batch: null };
      const from = Math.max(range.from, layout.logStart);
      const places = this.#places(layout, from, range.upTo);
      return {
        type: "find",
        id,
        key,
        partitionId: layout.partitionId,
        places,
        from,
        upTo: range.upTo,
        timestampMs,
      };
    });
  }

  findKept(id: number, key: LogKey, bytes: number): void {
    this.#ask(id, key, () => {
      const layout = this.#layouts.get(key);
      if (!layout) return { type: "kept", id, offset: null };
      const places = this.#places(layout, layout.logStart, Infinity);
      return {
        type: "kept",
        id,
        key,
        partitionId: layout.partitionId,
        places,
        from: layout.logStart,
        bytes,
      } satisfies KeptRequest;
    });
  }

  survey(id: number, key: LogKey, spec: SurveySpec): void {
    this.#ask(id, key, () => {
      const layout = this.#layouts.get(key);
      if (!layout) return { type: "surveyed", id, survey: { segments: [], upTo: spec.upTo } };
      const places = this.#places(layout, spec.from, spec.upTo);
      return { type: "survey", id, key, partitionId: layout.partitionId, places, spec };
    });
  }

  clean(id: number, key: LogKey, { run, plan, from }: CleanRequest): void {
    const isFirst = run !== this.#plannedRun;
    this.#plannedRun = run;
    this.#ask(id, key, () => {
      const layout = this.#layouts.get(key);
      if (!layout) return removed(id, key);
      const places = this.#places(layout, from, plan.upTo);
      const { partitionId } = layout;
      return { type: "clean", id, key, partitionId, places, run, plan: isFirst ? plan : null, from };
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(
      this.#readers.map(
        ({ worker }) =>
          new Promise<void>((resolve) => {
            worker.once("exit", () => resolve());
            worker.postMessage({ type: "close" } satisfies ToReader);
          }),
      ),
    );
  }

  #ask(id: number, key: string, plan: () => Request | DiskReport): void {
    const planned = plan();
    if (!isRequest(planned)) {
      // Answered as an event all the same: a caller must not see two ways.
      setImmediate(() => this.#report(planned));
      return;
    }
    if (this.#readers.length < this.#wanted && this.#deaths < DEATHS_MAX && !this.#closing) this.#start();
    let reader = this.#readers[0];
    for (const other of this.#readers) if (reader && other.waiting < reader.waiting) reader = other;
    if (!reader) {
      const why = `no ${this.#kind} thread runs any more; restart the node`;
      setImmediate(() => this.#report(unanswered(id, why)));
      return;
    }
    reader.waiting++;
    this.#pending.set(id, { request: planned, reader, plan, layout: this.#layouts.get(key) });
    reader.worker.postMessage(planned satisfies ToReader);
  }

  #places(layout: LogLayout, from: number, upTo: number): (ReadPlace & { path: string })[] {
    const places: (ReadPlace & { path: string })[] = [];
    for (const place of layout.places) {
      const path = this.#paths.get(place.fileNo);
      if (path !== undefined && place.untilOffset > from && place.fromOffset < upTo) places.push({ ...place, path });
    }
    return places;
  }

  #onAnswer(message: FromReader): void {
    if (message.type === "closed") return;
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    const { id } = message;
    this.#pending.delete(id);
    pending.reader.waiting--;
    switch (message.type) {
      case "answer": {
        this.#pressure.note(message.memory.byteLength);
        const batches = fromSharedMemory(message).map(batchOf);
        if (pending.request.type === "read") this.#listener({ type: "read", id, batches });
        else this.#listener({ type: "found", id, batch: batches[0] ?? null });
        return;
      }
      case "kept":
        this.#listener({ type: "kept", id, offset: message.offset === null ? null : Offset(message.offset) });
        return;
      case "surveyed":
        this.#listener({ type: "surveyed", id, survey: message.survey });
        return;
      case "cleaned":
        this.#listener({ type: "cleaned", id, step: this.#withSurvivors(message) });
        return;
      case "corrupt":
        this.#report({ type: "read-failed", id, error: "CORRUPT_MESSAGE", reason: message.reason });
        return;
      case "unreadable": {
        const { key } = pending.request;
        if (this.#layouts.get(key) !== pending.layout) this.#ask(id, key, pending.plan);
        else this.#report(unanswered(id, `${key} could not be read: ${message.reason}`));
        return;
      }
    }
  }

  #report(report: DiskReport): void {
    this.#listener(this.#kind === "cleaner" ? asCleaner(report) : report);
  }

  #withSurvivors({ step, survivors }: FromReader & { readonly type: "cleaned" }): CleanStep {
    if (step.kind === "noted" || survivors === null) return step;
    this.#pressure.note(survivors.memory.byteLength);
    const batches = fromSharedMemory(survivors).map((bytes, at) => {
      const batch = batchOf(bytes);
      return { ...batch, facts: { ...batch.facts, maxTimestampMs: survivors.timesMs[at]! } };
    });
    return { ...step, batches };
  }

  #start(): void {
    const entry = new URL(`./${this.#kind}-thread.ts`, import.meta.url);
    const worker = new Worker(entry, { name: `vitrine ${this.#kind}` });
    const reader: Reader = { worker, waiting: 0 };
    this.#readers.push(reader);
    worker.on("message", (message: FromReader) => this.#onAnswer(message));
    const died = (why: string) => {
      this.#readers.splice(this.#readers.indexOf(reader), 1);
      if (this.#closing) return;
      this.#deaths++;
      for (const [id, pending] of this.#pending) {
        if (pending.reader !== reader) continue;
        this.#pending.delete(id);
        this.#report(unanswered(id, `a ${this.#kind} thread ended: ${why}`));
      }
    };
    let why = "no reason given";
    worker.on("error", (error) => {
      why = error instanceof Error ? error.message : String(error);
    });
    worker.on("exit", () => died(why));
  }
}

function removed(id: number, key: string): DiskReport {
  return unanswered(id, `the log ${key} was removed`);
}

function unanswered(id: number, reason: string): DiskReport {
  return { type: "read-failed", id, error: "KAFKA_STORAGE_ERROR", reason };
}

/** What fails in the cleaner thread is no read. */
function asCleaner(report: DiskReport): DiskReport {
  if (report.type !== "read-failed") return report;
  const error = report.error === "CORRUPT_MESSAGE" ? "CORRUPT_MESSAGE" : "KAFKA_STORAGE_ERROR";
  return { type: "clean-failed", id: report.id, error, reason: report.reason };
}

function isRequest(planned: Request | DiskReport): planned is Request {
  return "places" in planned;
}
