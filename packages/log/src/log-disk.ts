/**
 * The disk beneath the logs of a node: takes hand-overs in order, reports, and reads what the tail does not hold any more. Memory and SQLite
 * implement it; QueuedStore (queued-store.ts) makes a LogStore of either, so that what the broker sees is the same code over both.
 */
import type { Offset, Uuid } from "@vitrine/core";
import type { CleanRequest, CleanStep } from "./cleaning-run.ts";
import type { HandOver, LoadedLog, SizeReport } from "./log-op.ts";
import type { Batch, LogKey, QuorumStateRecord, ReadSpec, SnapshotFile, StoreHealth, Ticket } from "./partition-log.ts";
import type { Survey, SurveySpec } from "./virtual-segments.ts";

/** What a disk held when it was opened. */
export interface LoadedDisk {
  readonly directoryId: Uuid;
  readonly logs: readonly LoadedLog[];
  readonly quorumState: QuorumStateRecord | null;
  readonly snapshot: SnapshotFile | null;
  /** False when the disk has lost something that it had confirmed. A process that was killed lost nothing where every commit is synced. */
  readonly cleanShutdown: boolean;
}

export interface OffsetRange {
  readonly from: Offset;
  /** Exclusive. */
  readonly upTo: Offset;
}

export type DiskReport =
  /** Everything up to this ticket is on disk; in ticket order. */
  | { readonly type: "committed"; readonly ticket: Ticket; readonly sizes: readonly SizeReport[] }
  /** Fail-stop: nothing after this will be committed. */
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "read"; readonly id: number; readonly batches: readonly Batch[] }
  | {
      readonly type: "read-failed";
      readonly id: number;
      readonly error: "CORRUPT_MESSAGE" | "OFFSET_OUT_OF_RANGE" | "KAFKA_STORAGE_ERROR";
      readonly reason: string;
    }
  | { readonly type: "found"; readonly id: number; readonly batch: Batch | null }
  | { readonly type: "kept"; readonly id: number; readonly offset: Offset | null }
  | { readonly type: "surveyed"; readonly id: number; readonly survey: Survey }
  | { readonly type: "cleaned"; readonly id: number; readonly step: CleanStep }
  | {
      readonly type: "clean-failed";
      readonly id: number;
      readonly error: "CORRUPT_MESSAGE" | "KAFKA_STORAGE_ERROR";
      readonly reason: string;
    };

export interface LogDisk {
  readonly loaded: LoadedDisk;
  /** Memory for one batch that both this thread and the storage thread can see. Valid while somebody holds the view. */
  allocate(sizeBytes: number): Uint8Array;
  /**
   * The bytes in such memory: themselves where they are in it already (a frame that was read into it; nobody changes them any more) and a log that
   * keeps them keeps little else alive, else a copy.
   */
  adopt(bytes: Uint8Array): Uint8Array;
  /** Takes one turn's writes. Never blocks and never throws: what goes wrong is reported. Bytes must come from `allocate` or `adopt`. */
  write(handOver: HandOver): void;
  /** Reads committed batches; the answer is a report with the same id. */
  read(id: number, key: LogKey, spec: ReadSpec): void;
  /** First batch whose newest record is at or after the time and lies in [from, upTo); what is below `from` may still be stored and is passed over. */
  findTimestamp(id: number, key: LogKey, timestampMs: number, range: OffsetRange): void;
  /** The oldest batch from which on the log still holds at least `bytes`: what lies before it is over `retention.bytes`. null = everything is needed. */
  findKept(id: number, key: LogKey, bytes: number): void;
  /** Cuts what is stored in a range into segments. A log that is gone has none. */
  survey(id: number, key: LogKey, spec: SurveySpec): void;
  /** Does the next step of a compaction, reading what is stored. */
  clean(id: number, key: LogKey, request: CleanRequest): void;
  /** Set once, before the first write. */
  onReport(listener: (report: DiskReport) => void): void;
  /** Everything about the directory but the bytes that wait. */
  health(): Pick<StoreHealth, "state" | "freeBytes" | "totalBytes" | "nearlyFull" | "durability">;
  /** Waits for what was written, notes the orderly stop, closes the files. */
  close(brokerEpoch: number): Promise<void>;
}
