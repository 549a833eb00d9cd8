/** The disk of packages/log over SQLite: this thread's side. It posts hand-overs, plans reads, and never waits. */
import { mkdirSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { type Uuid } from "@vitrine/core";
import type {
  CleanRequest,
  DiskReport,
  HandOver,
  LoadedDisk,
  LogDisk,
  LogKey,
  OffsetRange,
  ReadSpec,
  StoreHealth,
  SurveySpec,
  Ticket,
} from "@vitrine/log";
import { readDirectoryIdentity } from "./directory-identity.ts";
import { type DiskStats, CommitTimes } from "./commit-times.ts";
import { FreeSpace } from "./free-space.ts";
import type { FromStorage, OpenedDirectory, StorageThreadData, ToStorage } from "./messages.ts";
import { type Journal, settleOptions, type SettledOptions, type SqliteDiskOptions } from "./options.ts";
import { postedFrom } from "./posted-hand-over.ts";
import { ReadPool } from "./read-pool.ts";
import { Slabs } from "./slabs.ts";

/** So much is not held back: the storage thread has enough to do with it. */
const HELD_BYTES_MAX = 256 * 1024;

/** Opens the log directory, making it where there is none. Rejects with a sentence when it must not be opened: in use, newer, damaged. */
export async function openSqliteDisk(options: SqliteDiskOptions): Promise<SqliteDisk> {
  const settled = settleOptions(options);
  const journal = options.journal ?? (() => {});
  mkdirSync(settled.dir, { recursive: true, mode: 0o700 });
  const { directoryId } = readDirectoryIdentity(settled.dir);
  const reads = new ReadPool(settled.readers);
  const cleaner = new ReadPool(1, "cleaner");
  const data: StorageThreadData = { options: settled };
  const worker = new Worker(new URL("./storage-thread.ts", import.meta.url), {
    workerData: data,
    name: "vitrine storage",
  });
  const free = new FreeSpace(settled, journal);
  try {
    const looked = free.look();
    // Nothing may be awaited between the two: a message that found no listener would be lost.
    const disk = new SqliteDisk(
      settled,
      journal,
      worker,
      { reads, cleaner },
      free,
      directoryId,
      await whenOpened(worker, journal),
    );
    await looked;
    return disk;
  } catch (error) {
    free.stop();
    await Promise.all([reads.close(), cleaner.close(), worker.terminate()]);
    throw error;
  }
}

function whenOpened(worker: Worker, journal: Journal): Promise<OpenedDirectory> {
  return new Promise((resolve, reject) => {
    worker.on("error", reject);
    worker.on("exit", () => reject(new Error("The storage thread ended before the log directory was open.")));
    const listen = (message: FromStorage) => {
      if (message.type === "journal") journal(message.level, message.message, message.fields);
      else if (message.type === "refused") reject(new Error(message.reason));
      else if (message.type === "opened") {
        worker.removeAllListeners("error").removeAllListeners("exit").off("message", listen);
        resolve(message.opened);
      }
    };
    worker.on("message", listen);
  });
}

export class SqliteDisk implements LogDisk {
  readonly loaded: LoadedDisk;
  readonly #options: SettledOptions;
  readonly #journal: Journal;
  readonly #worker: Worker;
  readonly #reads: ReadPool;
  /** A thread of its own: consumers never wait behind a compaction. */
  readonly #cleaner: ReadPool;
  readonly #free: FreeSpace;
  readonly #slabs = new Slabs();
  readonly #times = new CommitTimes();
  #held: HandOver[] = [];
  #heldBytes = 0;
  #lastPosted = 0;
  #lastCommitted = 0;
  #state: "online" | "offline" = "online";
  #listener: (report: DiskReport) => void = () => {};
  #closed: Promise<void> | null = null;
  #exited = false;
  #whenClosed: (() => void) | null = null;

  constructor(
    options: SettledOptions,
    journal: Journal,
    worker: Worker,
    { reads, cleaner }: { readonly reads: ReadPool; readonly cleaner: ReadPool },
    free: FreeSpace,
    directoryId: Uuid,
    opened: OpenedDirectory,
  ) {
    this.#options = options;
    this.#journal = journal;
    this.#worker = worker;
    this.#reads = reads;
    this.#cleaner = cleaner;
    this.#free = free;
    const { logs, quorumState, snapshot, cleanShutdown } = opened;
    this.loaded = { directoryId, logs, quorumState, snapshot, cleanShutdown };
    for (const pool of this.#pools) {
      pool.learn(opened.layouts, opened.files);
      pool.onReport((report) => this.#listener(report));
    }
    worker.on("message", (message: FromStorage) => this.#onMessage(message));
    worker.on("error", (error) =>
      this.#fail(`The storage thread of ${options.dir} ended: ${String(error)}. Restart the node.`),
    );
    worker.on("exit", () => {
      this.#exited = true;
      if (!this.#closed) this.#fail(`The storage thread of ${options.dir} ended. Restart the node.`);
      this.#whenClosed?.();
    });
    free.start();
  }

  allocate(sizeBytes: number): Uint8Array {
    return this.#slabs.allocate(sizeBytes);
  }

  adopt(bytes: Uint8Array): Uint8Array {
    return this.#slabs.adopt(bytes);
  }

  /**
   * While the storage thread has something to commit, small hand-overs wait here: they would share its next transaction in any case, and one message
   * costs less than many. The bound is the store's bound on uncommitted bytes.
   */
  write(handOver: HandOver): void {
    if (this.#state === "offline" || this.#closed) return;
    this.#held.push(handOver);
    this.#heldBytes += handOver.bytes;
    if (this.#lastPosted <= this.#lastCommitted || this.#heldBytes >= HELD_BYTES_MAX) this.#postHeld();
  }

  read(id: number, key: LogKey, spec: ReadSpec): void {
    this.#reads.read(id, key, spec);
  }

  findTimestamp(id: number, key: LogKey, timestampMs: number, range: OffsetRange): void {
    this.#reads.findTimestamp(id, key, timestampMs, range);
  }

  findKept(id: number, key: LogKey, bytes: number): void {
    this.#reads.findKept(id, key, bytes);
  }

  survey(id: number, key: LogKey, spec: SurveySpec): void {
    this.#cleaner.survey(id, key, spec);
  }

  clean(id: number, key: LogKey, request: CleanRequest): void {
    this.#cleaner.clean(id, key, request);
  }

  onReport(listener: (report: DiskReport) => void): void {
    this.#listener = listener;
  }

  health(): Pick<StoreHealth, "state" | "freeBytes" | "totalBytes" | "nearlyFull" | "durability"> {
    const { freeBytes, totalBytes, nearlyFull } = this.#free;
    return { state: this.#state, freeBytes, totalBytes, nearlyFull, durability: this.#options.durability };
  }

  /** What the disk did since it was opened. */
  stats(): DiskStats {
    return this.#times.stats();
  }

  close(brokerEpoch: number): Promise<void> {
    this.#closed ??= this.#close(brokerEpoch);
    return this.#closed;
  }

  /** Ends without warning, as a crash of the process would: what waits is not written, nothing is noted. */
  async abandon(): Promise<void> {
    this.#closed ??= Promise.resolve();
    this.#free.stop();
    await Promise.all([...this.#pools.map((pool) => pool.close()), this.#worker.terminate()]);
  }

  async #close(brokerEpoch: number): Promise<void> {
    this.#free.stop();
    await Promise.all(this.#pools.map((pool) => pool.close()));
    if (this.#exited) return;
    const done = new Promise<void>((resolve) => {
      this.#whenClosed = resolve;
    });
    this.#postHeld();
    this.#post({ type: "close", brokerEpoch });
    await done;
  }

  get #pools(): readonly ReadPool[] {
    return [this.#reads, this.#cleaner];
  }

  #postHeld(): void {
    const last = this.#held.at(-1);
    if (!last) return;
    this.#post(postedFrom(this.#held, this.#slabs));
    this.#held = [];
    this.#heldBytes = 0;
    this.#lastPosted = last.ticket;
  }

  #post(message: ToStorage): void {
    this.#worker.postMessage(message);
  }

  #onMessage(message: FromStorage): void {
    switch (message.type) {
      case "committed":
        this.#times.note(message.stats, message.ticket - this.#lastCommitted);
        this.#lastCommitted = message.ticket;
        // All that waits goes at once; what has been posted meanwhile is under way already.
        this.#postHeld();
        for (const pool of this.#pools) {
          pool.learn(message.layouts, []);
          pool.forgetLogs(message.removed);
        }
        this.#listener({ type: "committed", ticket: message.ticket as Ticket, sizes: message.sizes });
        return;
      case "moved":
        for (const pool of this.#pools) {
          pool.learn(message.layouts, message.added);
          pool.forgetFiles(message.unlinked);
        }
        return;
      case "full":
        this.#free.noteFull();
        return;
      case "failed":
        this.#fail(message.reason);
        return;
      case "journal":
        this.#journal(message.level, message.message, message.fields);
        return;
      case "closed":
      case "opened":
      case "refused":
        return;
    }
  }

  #fail(reason: string): void {
    if (this.#state === "offline") return;
    this.#state = "offline";
    this.#journal("error", reason);
    this.#listener({ type: "failed", reason });
  }
}
