import type { Offset } from "@vitrine/core";
import type { EpochEntry } from "./epoch-cache.ts";
import type { Batch, LogDescriptor, LogKey, QuorumStateRecord, SnapshotFile, Ticket } from "./partition-log.ts";
import type { ProducerEntry } from "./producer-state.ts";

/** One change on its way to the disk. Order within a hand-over is the order in which the machines asked. */
export type LogOp =
  /** Also tells a changed topic name or retention class of a log that exists. */
  | { readonly type: "create"; readonly descriptor: LogDescriptor }
  | { readonly type: "remove"; readonly key: LogKey }
  | { readonly type: "append"; readonly key: LogKey; readonly batch: Batch }
  /** Drops every batch that reaches offset, which becomes the log end. */
  | { readonly type: "truncate"; readonly key: LogKey; readonly offset: Offset; readonly logStartOffset: Offset }
  /** Drops everything; start and end become offset. */
  | { readonly type: "restart"; readonly key: LogKey; readonly offset: Offset }
  | { readonly type: "log-start"; readonly key: LogKey; readonly offset: Offset }
  /** Compaction: these take the place of the batches with last offset in [from, upTo). */
  | {
      readonly type: "replace";
      readonly key: LogKey;
      readonly from: Offset;
      readonly upTo: Offset;
      readonly batches: readonly Batch[];
    }
  | { readonly type: "cleaned-to"; readonly key: LogKey; readonly offset: Offset; readonly cleanings: number }
  | { readonly type: "high-watermark"; readonly key: LogKey; readonly offset: Offset }
  /** The whole epoch cache: it is short and changes seldom. */
  | { readonly type: "epochs"; readonly key: LogKey; readonly entries: readonly EpochEntry[] }
  | {
      readonly type: "producers";
      readonly key: LogKey;
      readonly changed: readonly ProducerEntry[];
      readonly removed: readonly number[];
    }
  | { readonly type: "quorum-state"; readonly state: QuorumStateRecord }
  | { readonly type: "snapshot"; readonly snapshot: SnapshotFile };

/** All writes of one turn. */
export interface HandOver {
  readonly ticket: Ticket;
  readonly ops: readonly LogOp[];
  /** Payload bytes in it. */
  readonly bytes: number;
}

/** Exact stored size of a log after a ticket, when something was taken from it since the report before: corrects the estimate made when that was cold. */
export interface SizeReport {
  readonly key: LogKey;
  readonly ticket: Ticket;
  readonly sizeBytes: number;
  /** Of all that is stored. */
  readonly maxTimestampMs: number;
}

/** Whether it takes something from a log, so that its size is to be reported. */
export function takesAway<Op extends { readonly type: string }>(
  op: Op,
): op is Extract<Op, { readonly type: "truncate" | "restart" | "log-start" | "replace" }> {
  return op.type === "truncate" || op.type === "restart" || op.type === "log-start" || op.type === "replace";
}

/** What a store knows of a log when it opens. */
export interface LoadedLog {
  readonly descriptor: LogDescriptor;
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  readonly highWatermark: Offset;
  readonly sizeBytes: number;
  readonly maxTimestampMs: number;
  readonly cleanedTo: Offset;
  readonly cleanings: number;
  readonly epochs: readonly EpochEntry[];
  readonly producers: readonly ProducerEntry[];
}
