import type { Problem } from "@vitrine/api";
import { connection } from "./connection.ts";
import type { RecordsHandle } from "./connection.ts";
import type { TailRecord } from "./tail-record.ts";
import { TailRing } from "./tail-ring.ts";

export interface TailRequest {
  readonly topic: string;
  /** null: all. */
  readonly partition: number | null;
  /** `earliest`, `latest`, `-50`, an ISO time, or a cursor `0:42`. */
  readonly from: string;
}

export interface TailState {
  readonly version: number;
  readonly status: "opening" | "reading" | "full" | "live" | "failed";
  readonly records: readonly TailRecord[];
  readonly dropped: number;
  readonly gaps: readonly string[];
  readonly problem: Problem | null;
}

/** Records per page while reading history: enough to read, little enough not to rush past. */
const pageRecords = 500;
const pageBytes = 4 * 1_048_576;
const gapsKept = 20;
const flushEveryMs = 250;

/**
 * One open tail. History comes page by page, on request; once the end is reached it follows live, and credit is topped
 * up by itself after the records were taken. Lives outside React; components read `state` and are told of changes.
 */
export class TailSession {
  readonly #ring = new TailRing();
  readonly #listeners = new Set<() => void>();
  readonly #handle: RecordsHandle;
  #state: TailState = { version: 0, status: "opening", records: [], dropped: 0, gaps: [], problem: null };
  #gaps: string[] = [];
  #status: TailState["status"] = "opening";
  #problem: Problem | null = null;
  #granted = pageRecords;
  #flushTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(request: TailRequest) {
    this.#handle = connection.records(
      { ...request, credit: { records: pageRecords, bytes: pageBytes } },
      {
        records: (records, bytes) => this.#onRecords(records, bytes),
        caughtUp: () => this.#onCaughtUp(),
        gap: (text) => {
          this.#gaps = [...this.#gaps, text].slice(-gapsKept);
          this.#schedule();
        },
        opened: () => {
          if (this.#status === "opening") this.#status = "reading";
          this.#schedule();
        },
        failed: (problem) => {
          this.#status = "failed";
          this.#problem = problem;
          this.#schedule();
        },
      },
    );
  }

  get state(): TailState {
    return this.#state;
  }

  /** A record that is still held. */
  record(key: string): TailRecord | undefined {
    return this.#ring.get(key);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The next page of history. */
  more(): void {
    this.#grant(pageRecords, pageBytes);
    this.#status = "reading";
    this.#schedule();
  }

  close(): void {
    this.#handle.close();
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    this.#listeners.clear();
  }

  #grant(records: number, bytes: number): void {
    this.#granted += records;
    this.#handle.credit(records, bytes);
  }

  #onRecords(records: readonly TailRecord[], bytes: number): void {
    this.#ring.add(records);
    this.#granted -= records.length;
    // Live: the window is topped up after the records were taken. History: the person asks for the next page.
    if (this.#status === "live") this.#grant(records.length, bytes);
    else if (this.#granted <= 0) this.#status = "full";
    this.#schedule();
  }

  #onCaughtUp(): void {
    if (this.#status !== "live" && this.#granted < pageRecords)
      this.#grant(pageRecords - Math.max(0, this.#granted), pageBytes);
    this.#status = "live";
    this.#schedule();
  }

  #schedule(): void {
    this.#flushTimer ??= setTimeout(() => {
      this.#flushTimer = null;
      requestAnimationFrame(() => this.#flush());
    }, flushEveryMs);
  }

  #flush(): void {
    this.#state = {
      version: this.#state.version + 1,
      status: this.#status,
      records: [...this.#ring.items],
      dropped: this.#ring.dropped,
      gaps: this.#gaps,
      problem: this.#problem,
    };
    for (const listener of this.#listeners) listener();
  }
}
