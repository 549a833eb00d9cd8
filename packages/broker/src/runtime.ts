/** What the parts of a broker share: configuration, ports, the time of this turn, and the two queues. */
import type { Random } from "@vitrine/core";
import type { Batch, LogEvent, LogStore, PartitionLog, ReadSpec, Ticket } from "@vitrine/log";
import type { Offset } from "@vitrine/core";
import type { BrokerConfig } from "./config.ts";
import type { Clock, PeerNetwork } from "./ports.ts";
import type { BrokerSettings } from "./settings.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Where sentences for people go; production gives pino, the simulator its trace. */
export type Journal = (level: LogLevel, message: string, fields?: Record<string, unknown>) => void;

export type ColdRead =
  | { readonly ok: true; readonly batches: readonly Batch[] }
  | {
      readonly ok: false;
      readonly error: "CORRUPT_MESSAGE" | "OFFSET_OUT_OF_RANGE" | "KAFKA_STORAGE_ERROR";
      readonly reason: string;
    };

export type TimestampSearch =
  | { readonly ok: true; readonly batch: Batch | null }
  | { readonly ok: false; readonly error: "CORRUPT_MESSAGE" | "OFFSET_OUT_OF_RANGE" | "KAFKA_STORAGE_ERROR" };

export interface Runtime {
  readonly config: BrokerConfig;
  readonly settings: BrokerSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly store: LogStore;
  readonly network: PeerNetwork;
  readonly journal: Journal;
  /** Monotonic time at the start of this turn. */
  readonly nowMs: number;
  /** Queues an input for the next turn. */
  enqueue(run: () => void): void;
  /** Runs once the ticket is committed; at once if it is already. */
  afterTicket(ticket: Ticket, run: () => void): void;
  /** Runs once everything that this turn writes is committed. */
  afterThisTurn(run: () => void): void;
  nextReadId(): number;
  /** Reads below the tail; the answer is an input of a later turn. */
  readCold(log: PartitionLog, spec: ReadSpec, onRead: (read: ColdRead) => void): void;
  /** First batch at or after a timestamp; null = none. The answer is an input of a later turn. */
  findTimestamp(log: PartitionLog, timestampMs: number, upTo: Offset, onFound: (found: TimestampSearch) => void): void;
  /** Base offset from which on a log still holds so many bytes; null = all of it is needed. The answer is an input of a later turn. */
  findKept(log: PartitionLog, bytes: number, onKept: (offset: Offset | null) => void): void;
  /** Wakes parked requests that watch the key. */
  touch(key: string): void;
}

/** Cold reads and searches in flight, by id. Bounded: a read beyond the bound is answered at once with KAFKA_STORAGE_ERROR. */
const COLD_READS_MAX = 10_000;

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
