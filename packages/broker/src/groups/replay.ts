/** Reads a led partition of `__consumer_offsets` from its beginning to where it ended when leadership began, piece by piece. */
import { Offset } from "@vitrine/core";
import type { Batch, PartitionLog } from "@vitrine/log";
import { decodeGroupRecord, iterateRecords, type GroupRecord } from "@vitrine/protocol";
import type { Runtime } from "../runtime.ts";

/** Read and replayed in one turn: others must not wait long for it. */
const PIECE_BYTES = 1 << 20;
/** After a read from disk that failed. */
const RETRY_MS = 1_000;

export interface ReplayOptions {
  readonly runtime: Runtime;
  readonly log: PartitionLog;
  /** Exclusive. */
  readonly endOffset: Offset;
  readonly onRecord: (record: GroupRecord) => void;
  readonly onDone: (recordCount: number) => void;
}

export class Replay {
  readonly #options: ReplayOptions;
  #position: Offset;
  #recordCount = 0;
  #isEnded = false;
  /** A read failed: when to try again, monotonic milliseconds. */
  #retryAtMs: number | null = null;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#position = options.log.logStartOffset;
  }

  begin(): void {
    this.#next();
  }

  /** What is still on its way from the disk is not looked at any more. */
  end(): void {
    this.#isEnded = true;
  }

  get nextDeadlineMs(): number {
    return this.#retryAtMs ?? Infinity;
  }

  tick(nowMs: number): void {
    if (this.#retryAtMs === null || nowMs < this.#retryAtMs) return;
    this.#retryAtMs = null;
    this.#next();
  }

  #next(): void {
    if (this.#isEnded) return;
    const { runtime, log, endOffset, onDone } = this.#options;
    // The log may have begun to be shortened at its front meanwhile.
    if (this.#position < log.logStartOffset) this.#position = log.logStartOffset;
    if (this.#position >= endOffset) {
      this.#isEnded = true;
      onDone(this.#recordCount);
      return;
    }
    const spec = { from: this.#position, upTo: endOffset, maxBytes: PIECE_BYTES };
    const read = log.readTail(spec);
    if (read.kind === "batches") this.#take(read.batches);
    else if (read.kind === "out-of-range") this.#retry(`offset ${this.#position} is outside the log`);
    else
      runtime.readCold(log, spec, (cold) => {
        if (this.#isEnded) return;
        if (cold.ok) this.#take(cold.batches);
        else this.#retry(cold.reason);
      });
  }

  #take(batches: readonly Batch[]): void {
    for (const { facts, bytes } of batches) {
      if (!facts.isControl) this.#replay(bytes);
      this.#position = Offset(facts.lastOffset + 1);
    }
    if (batches.length === 0) this.#position = this.#options.endOffset;
    this.#options.runtime.enqueue(() => this.#next());
  }

  #replay(bytes: Uint8Array): void {
    // The batch's memory is somebody else's, what is replayed is kept.
    for (const { key, value } of iterateRecords(bytes.slice())) {
      const record = key && decodeGroupRecord(key, value);
      if (record) this.#options.onRecord(record);
      this.#recordCount += 1;
    }
  }

  #retry(reason: string): void {
    const { runtime, log } = this.#options;
    const { topicName, partition } = log.descriptor;
    runtime.journal("warn", `${topicName}-${partition} cannot be read to load its groups: ${reason}; trying again`);
    this.#retryAtMs = runtime.nowMs + RETRY_MS;
  }
}
