import type { Offset } from "@vitrine/core";
import type { LogEvent, PartitionLog, ReadSpec } from "@vitrine/log";
import type { ColdRead, TimestampSearch } from "./runtime.ts";

/** Cold reads and searches in flight, by id. Bounded: a read beyond the bound is answered at once with KAFKA_STORAGE_ERROR. */
const COLD_READS_MAX = 10_000;

/** Reads below the tail that wait for the disk, and whom their answers are for. */
export class ColdReads {
  readonly #waiting = new Map<number, (event: LogEvent) => void>();
  #lastId = 0;

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  readCold(log: PartitionLog, spec: ReadSpec, onRead: (read: ColdRead) => void): void {
    if (this.#waiting.size >= COLD_READS_MAX) {
      onRead({ ok: false, error: "KAFKA_STORAGE_ERROR", reason: "too many reads from disk are waiting" });
      return;
    }
    const id = this.nextId();
    this.#waiting.set(id, (event) => {
      if (event.type === "read") onRead({ ok: true, batches: event.batches });
      else if (event.type === "read-failed") onRead({ ok: false, error: event.error, reason: event.reason });
    });
    log.readCold(id, spec);
  }

  findTimestamp(log: PartitionLog, timestampMs: number, upTo: Offset, onFound: (found: TimestampSearch) => void): void {
    if (this.#waiting.size >= COLD_READS_MAX) {
      onFound({ ok: false, error: "KAFKA_STORAGE_ERROR" });
      return;
    }
    const id = this.nextId();
    this.#waiting.set(id, (event) => {
      if (event.type === "found") onFound({ ok: true, batch: event.batch });
      else if (event.type === "read-failed") onFound({ ok: false, error: event.error });
    });
    log.findTimestamp(id, timestampMs, upTo);
  }

  findKept(log: PartitionLog, bytes: number, onKept: (offset: Offset | null) => void): void {
    if (this.#waiting.size >= COLD_READS_MAX) {
      onKept(null);
      return;
    }
    const id = this.nextId();
    this.#waiting.set(id, (event) => onKept(event.type === "kept" ? event.offset : null));
    log.findKept(id, bytes);
  }

  /** Returns false when nobody here asked: then the read is raft's. */
  deliver(event: LogEvent & { readonly id: number }): boolean {
    const waiting = this.#waiting.get(event.id);
    if (!waiting) return false;
    this.#waiting.delete(event.id);
    waiting(event);
    return true;
  }
}
