/** A store over a real directory, and the waiting that a test needs. */
import { afterEach, beforeEach } from "vitest";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Offset, Uuid } from "@vitrine/core";
import {
  type Batch,
  type DiskReport,
  type LogDescriptor,
  type LogDisk,
  type LogEvent,
  type LogKey,
  QueuedStore,
} from "@vitrine/log";
import { openSqliteDisk, type SqliteDisk, type SqliteDiskOptions } from "../src/index.ts";

export type TestOptions = Partial<SqliteDiskOptions> & { readonly tailBytesMax?: number };

const TOPIC = "AAAAAAAAAAAAAAAAAAAAAQ";

export function descriptor(partition = 0, retentionClass = "delete:604800000:-1"): LogDescriptor {
  return {
    key: `${TOPIC}-${partition}` as LogKey,
    topicId: Uuid(TOPIC),
    topicName: "orders",
    partition,
    retentionClass,
  };
}

/** Memory where the system has a file system of it: the tests are about files, not about how long a disk takes to sync. */
const TEMP = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

export function freshDir(): string {
  return mkdtempSync(join(TEMP, "vitrine-log-"));
}

export function removeDir(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
}

export class TestStore {
  readonly store: QueuedStore;
  readonly disk: SqliteDisk;
  readonly events: LogEvent[] = [];
  readonly journal: string[];
  /** Questions without an answer; hand-overs are known by their tickets, because one report may be about many. */
  #questions = 0;
  #handedOver = 0;
  #reported = 0;
  #waiting: (() => void)[] = [];
  #lastId = 0;

  private constructor(disk: SqliteDisk, journal: string[], tailBytesMax: number) {
    this.disk = disk;
    this.journal = journal;
    this.store = new QueuedStore(this.#counted(disk), { tailBytesMax });
    this.store.onEvent((event) => this.events.push(event));
  }

  /** Small limits; a tail so short that all but the newest batches are read from disk. */
  static async open(dir: string, options: TestOptions = {}): Promise<TestStore> {
    const journal: string[] = [];
    const disk = await openSqliteDisk({
      dir,
      durability: "fsync",
      ballastBytes: 0,
      freeBytesMin: 0,
      ...options,
      journal: (_level, message) => journal.push(message),
    });
    return new TestStore(disk, journal, options.tailBytesMax ?? 0);
  }

  /** Waits for the next report; at once when none is due. */
  async step(): Promise<void> {
    if (this.#questions > 0 || this.#handedOver > this.#reported) await this.#nextReport();
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await this.#nextReport();
  }

  async commit(): Promise<void> {
    const ticket = this.store.handOver({ checkpoint: true });
    await this.until(() => this.store.committedTicket >= ticket || this.store.health.state === "offline");
  }

  async append(log: LogDescriptor, ...batches: readonly Batch[]): Promise<void> {
    const target = this.store.create(log);
    for (const batch of batches) target.append(batch);
    target.setHighWatermark(target.logEndOffset);
    await this.commit();
  }

  /** All batches from an offset on that the disk and the tail hold; the name of the error where a read failed. */
  async readAll(log: LogDescriptor, from = 0): Promise<(Batch | string)[]> {
    const target = this.store.logs.get(log.key)!;
    const all: (Batch | string)[] = [];
    for (let at = Math.max(from, target.logStartOffset); at < target.logEndOffset;) {
      const spec = { from: Offset(at), upTo: target.logEndOffset, maxBytes: 1000 };
      const tail = target.readTail(spec);
      if (tail.kind === "batches" && tail.batches.length === 0) break;
      const piece = tail.kind === "batches" ? tail : await this.ask((id) => target.readCold(id, spec));
      if ("batches" in piece && piece.batches.length > 0) {
        all.push(...piece.batches);
        at = piece.batches.at(-1)!.facts.lastOffset + 1;
      } else {
        all.push("error" in piece ? piece.error : "nothing");
        break;
      }
    }
    return all;
  }

  async offsets(log: LogDescriptor, from = 0): Promise<(number | string)[]> {
    return (await this.readAll(log, from)).map((batch) => (typeof batch === "string" ? batch : batch.facts.baseOffset));
  }

  async ask(request: (id: number) => void): Promise<LogEvent> {
    const id = ++this.#lastId;
    request(id);
    const isAnswer = (event: LogEvent) => "id" in event && event.id === id;
    await this.until(() => this.events.some(isAnswer));
    return this.events.find(isAnswer)!;
  }

  close(brokerEpoch = 7): Promise<void> {
    return this.store.close(brokerEpoch);
  }

  #nextReport(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #counted(disk: SqliteDisk): LogDisk {
    const counted = <Args extends readonly unknown[]>(call: (...args: Args) => void) => {
      return (...args: Args) => {
        this.#questions++;
        call(...args);
      };
    };
    return {
      loaded: disk.loaded,
      allocate: (sizeBytes) => disk.allocate(sizeBytes),
      adopt: (bytes) => disk.adopt(bytes),
      write: (handOver) => {
        this.#handedOver = handOver.ticket;
        disk.write(handOver);
      },
      read: counted((id, key, spec) => disk.read(id, key, spec)),
      findTimestamp: counted((id, key, timestampMs, range) => disk.findTimestamp(id, key, timestampMs, range)),
      findKept: counted((id, key, bytes) => disk.findKept(id, key, bytes)),
      survey: counted((id, key, spec) => disk.survey(id, key, spec)),
      clean: counted((id, key, request) => disk.clean(id, key, request)),
      onReport: (listener: (report: DiskReport) => void) =>
        disk.onReport((report) => {
          if (report.type === "committed") this.#reported = report.ticket;
          else if (report.type === "failed") this.#reported = Infinity;
          else this.#questions--;
          listener(report);
          for (const wake of this.#waiting.splice(0)) wake();
        }),
      health: () => disk.health(),
      close: (brokerEpoch) => disk.close(brokerEpoch),
    };
  }
}

/** For a test file: each test has a directory of its own, told before it begins; stores that it opened there are given up after it. */
export function openInFreshDir(onFresh: (dir: string) => void): (options?: TestOptions) => Promise<TestStore> {
  let dir = "";
  const opened: TestStore[] = [];
  beforeEach(() => {
    dir = freshDir();
    onFresh(dir);
  });
  afterEach(async () => {
    for (const { disk } of opened.splice(0)) await disk.abandon();
    removeDir(dir);
  });
  return async (options = {}) => {
    const store = await TestStore.open(dir, options);
    opened.push(store);
    return store;
  };
}
