/**
 * Who moves the WAL into the files. A checkpoint of 1.6 MB takes some 3 ms, in which nothing can be committed if the storage thread makes it; so
 * a thread of its own is asked after so much. It never is the only one: a WAL restarts only where a checkpoint finds no newer frame, which under
 * load happens to the storage thread alone, so past a larger bound SQLite checkpoints after a commit (`wal_autocheckpoint`).
 */
import { Worker } from "node:worker_threads";
import type { FromCheckpoint, ToCheckpoint } from "./messages.ts";
import type { SettledOptions } from "./options.ts";

/** Pages that a commit writes beside its batches: counters, rows of logs, the ends of table and index. */
const PAGES_PER_COMMIT = 8;
const PAGE_BYTES = 4096;

/** What it needs of a file. */
export interface Checkpointed {
  readonly path: string;
}

export class Checkpointer {
  readonly #options: SettledOptions;
  readonly #onFailed: (reason: string) => void;
  /** Bytes of WAL since the file was last asked for, by path: estimated. */
  readonly #walBytes = new Map<string, number>();
  #worker: Worker | null = null;
  #isAsked = false;
  #closed = false;

  /** `onFailed`: the disk failed while a WAL was being moved. */
  constructor(options: SettledOptions, onFailed: (reason: string) => void) {
    this.#options = options;
    this.#onFailed = onFailed;
  }

  /** Tells of a commit in a file; asks for a checkpoint when it is time for one. The thread is started with the first one. */
  noteCommit({ path }: Checkpointed, batchBytes: number): void {
    const walBytes = (this.#walBytes.get(path) ?? 0) + batchBytes + PAGES_PER_COMMIT * PAGE_BYTES;
    this.#walBytes.set(path, walBytes);
    if (this.#isAsked || this.#closed || walBytes < this.#options.checkpointPages * PAGE_BYTES) return;
    this.#isAsked = true;
    this.#walBytes.set(path, 0);
    this.#post({ type: "checkpoint", path });
  }

  /** The file is written no more. */
  release(path: string): void {
    this.#walBytes.delete(path);
    if (this.#worker) this.#post({ type: "release", path });
  }

  /** Ends the thread; resolves when its connections are closed. */
  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    if (!worker) return;
    const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    this.#post({ type: "close" });
    await ended;
  }

  #post(message: ToCheckpoint): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(message);
  }

  #start(): Worker {
    const { durability } = this.#options;
    const worker = new Worker(new URL("./checkpoint-thread.ts", import.meta.url), {
      workerData: { durability },
      name: "vitrine checkpoint",
    });
    worker.on("message", (message: FromCheckpoint) => {
      this.#isAsked = false;
      if (message.type === "failed") this.#onFailed(`the WAL of ${message.path} could not be moved: ${message.reason}`);
    });
    worker.on("error", (error) => this.#onFailed(`the checkpoint thread ended: ${String(error)}`));
    return worker;
  }
}
