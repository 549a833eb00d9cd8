/** What the parts of a broker share: configuration, ports, the time of this turn, and the two queues. */
import type { Offset, Random } from "@vitrine/core";
import type {
  Batch,
  CleanRequest,
  CleanStep,
  LogStore,
  PartitionLog,
  ReadSpec,
  Survey,
  SurveySpec,
  Ticket,
} from "@vitrine/log";
import type { BrokerConfig } from "./config.ts";
import type { Clock, PeerNetwork } from "./ports.ts";
import type { BrokerSettings } from "./settings.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Where sentences for people go; production gives pino, the simulator its trace. */
export type Journal = (level: LogLevel, message: string, fields?: Record<string, unknown>) => void;

/** What a read below the tail found. */
export type ColdRead =
  | { readonly ok: true; readonly batches: readonly Batch[] }
  | {
      readonly ok: false;
      readonly error: "CORRUPT_MESSAGE" | "OFFSET_OUT_OF_RANGE" | "KAFKA_STORAGE_ERROR";
      readonly reason: string;
    };

/** What a search by timestamp found; a null batch: nothing that late. */
export type TimestampSearch =
  | { readonly ok: true; readonly batch: Batch | null }
  | { readonly ok: false; readonly error: "CORRUPT_MESSAGE" | "OFFSET_OUT_OF_RANGE" | "KAFKA_STORAGE_ERROR" };

/** Which batches a search looks at; without `from` it begins at the log start. */
export interface SearchRange {
  readonly from?: Offset;
  readonly upTo: Offset;
}

/** What a step of a compaction came to. CORRUPT_MESSAGE: trying again does not help. */
export type CleanAnswer =
  | { readonly ok: true; readonly step: CleanStep }
  | { readonly ok: false; readonly error: "CORRUPT_MESSAGE" | "KAFKA_STORAGE_ERROR"; readonly reason: string };

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
  findTimestamp(
    log: PartitionLog,
    timestampMs: number,
    range: SearchRange,
    onFound: (found: TimestampSearch) => void,
  ): void;
  /** Base offset from which on a log still holds so many bytes; null = all of it is needed. The answer is an input of a later turn. */
  findKept(log: PartitionLog, bytes: number, onKept: (offset: Offset | null) => void): void;
  /** Segments of a part of a log; null = it could not be looked at. The answer is an input of a later turn. */
  survey(log: PartitionLog, spec: SurveySpec, onSurvey: (survey: Survey | null) => void): void;
  /** The next step of a compaction. The answer is an input of a later turn. */
  clean(log: PartitionLog, request: CleanRequest, onStep: (answer: CleanAnswer) => void): void;
  /** Wakes parked requests that watch the key. */
  touch(key: string): void;
}
