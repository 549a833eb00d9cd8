import type { Offset } from "@vitrine/core";
import type { CleanRequest, LogEvent, PartitionLog, ReadSpec, Survey, SurveySpec } from "@vitrine/log";
import type { CleanAnswer, ColdRead, SearchRange, TimestampSearch } from "./runtime.ts";

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

  findTimestamp(
    log: PartitionLog,
    timestampMs: number,
    { from, upTo }: SearchRange,
    onFound: (found: TimestampSearch) => void,
  ): void {
    if (this.#waiting.size >= COLD_READS_MAX) {
      onFound({ ok: false, error: "KAFKA_STORAGE_ERROR" });
      return;
    }
    const id = this.nextId();
    this.#waiting.set(id, (event) => {
      if (event.type === "found") onFound({ ok: true, batch: event.batch });
      else if (event.type === "read-failed") onFound({ ok: false, error: event.error });
    });
    log.findTimestamp(id, timestampMs, upTo, from);
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

  /** Asked by the cleaner alone, which has at most one question for each log. */
  survey(log: PartitionLog, spec: SurveySpec, onSurvey: (survey: Survey | null) => void): void {
    const id = this.nextId();
    this.#waiting.set(id, (event) => onSurvey(event.type === "surveyed" ? event.survey : null));
    log.survey(id, spec);
  }

  clean(log: PartitionLog, request: CleanRequest, onStep: (answer: CleanAnswer) => void): void {
    const id = this.nextId();
    this.#waiting.set(id, (event) => {
      if (event.type === "cleaned") onStep({ ok: true, step: event.step });
      else if (event.type === "clean-failed") onStep({ ok: false, error: event.error, reason: event.reason });
    });
    log.clean(id, request);
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
