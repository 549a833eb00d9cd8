/**
 * A reader of one topic that costs a cursor, never a queue: it asks the leaders with long-poll Fetch calls and hands over one batch at a time.
 * Shared by SSE, NDJSON and the WebSocket. Back-pressure: a leader is asked again only when all it gave has been taken, so memory stays at
 * one fetch (`fetchBytes`) per leader, whatever the reader does.
 */
import type { NodeId, Uuid } from "@vitrine/core";
import type { Problem } from "@vitrine/api";
import type { HttpContext } from "./options.ts";
import type { LogRecord } from "./read/log-record.ts";
import { startTail } from "./read/tail-loop.ts";

/** Where a reader stands in one partition; `epoch` is the leader epoch of the record before, -1 when unknown. */
export interface TailPosition {
  readonly offset: number;
  readonly epoch: number;
}

/** Partition to position. */
export type TailVector = ReadonlyMap<number, TailPosition>;

export type TailStart =
  | { readonly from: "earliest" }
  | { readonly from: "latest" }
  /** The last n records of each partition. */
  | { readonly from: "last"; readonly count: number }
  /** The first record at or after a wall-clock time, milliseconds since 1970. */
  | { readonly from: "timestamp"; readonly timestampMs: number }
  /** Partitions without an entry start at `otherwise`. */
  | { readonly from: "cursor"; readonly positions: TailVector; readonly otherwise: "earliest" | "latest" };

export interface TailOptions {
  readonly topic: string;
  /** All of the topic's, also those added later, when absent. */
  readonly partitions?: readonly number[];
  readonly start: TailStart;
  readonly isolation: "committed" | "uncommitted";
  /** Bytes asked of one leader at once. Default 1 MiB. */
  readonly fetchBytes?: number;
}

/** Why records between two offsets were not delivered. */
export type GapReason = "retention" | "truncated" | "topic_recreated";

export type TailEvent =
  | {
      readonly type: "records";
      readonly partition: number;
      /** Never empty, ascending. */
      readonly records: readonly LogRecord[];
      /** Position after the last of them: resume here. */
      readonly next: TailPosition;
      readonly highWatermark: number;
      readonly logStart: number;
      readonly leader: NodeId;
    }
  /** `to` is where reading goes on; with "truncated" and "topic_recreated" it is at or below `from`: the reader must undo what it has from `to` on. */
  | {
      readonly type: "gap";
      readonly partition: number;
      readonly from: number;
      readonly to: number;
      readonly reason: GapReason;
      readonly next: TailPosition;
    }
  /** Every partition stands at its high watermark; said once each time the end is reached. */
  | { readonly type: "caught-up" }
  /** The tail cannot go on: the topic is gone, or a partition never existed. The tail is closed. */
  | { readonly type: "error"; readonly problem: Problem };

export interface RecordTail {
  /** Id of the topic; one that is deleted and created again has another. */
  readonly topicId: Uuid;
  /** Positions as far as events were taken by `next`; a vector to resume from. */
  positions(): TailVector;
  /** High watermarks as last seen. */
  highWatermarks(): ReadonlyMap<number, number>;
  logStarts(): ReadonlyMap<number, number>;
  /** The next event; null when the tail is closed or the signal fires. One call at a time. */
  next(signal?: AbortSignal): Promise<TailEvent | null>;
  /** An event that is at hand now, or null. */
  poll(): TailEvent | null;
  /** Starts again elsewhere; what was at hand and not taken is dropped. */
  seek(start: TailStart): Promise<void>;
  close(): void;
}

/** Opens a tail once its start is known. Fails with a ProblemError: unknown topic or partition, offset outside the log. */
export function openRecordTail(
  context: Pick<HttpContext, "engine" | "closing">,
  options: TailOptions,
): Promise<RecordTail> {
  return startTail(context, options);
}
