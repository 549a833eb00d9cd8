/** What the threads of the disk say to each other. Payload bytes are never cloned: an append names a place in a shared slab. */
import type {
  CleanStep,
  CompactionPlan,
  LogKey,
  LogOp,
  QuorumStateRecord,
  SizeReport,
  SnapshotFile,
  Survey,
  SurveySpec,
} from "@vitrine/log";
import type { LoadedLog } from "@vitrine/log";
import type { JournalLevel, SettledOptions } from "./options.ts";

/** A place in a shared slab; `slab` indexes the slabs of its message. */
export interface SharedBytes {
  readonly slab: number;
  readonly at: number;
  readonly length: number;
}

/**
 * Appends and high watermarks cross by the thousand each second. They are numbers in one array (ROW_COLUMNS each), because an array of numbers is
 * copied at once, where objects are taken apart and put together field by field.
 */
export const ROW = {
  /** Indexes the keys of the message. */
  key: 0,
  /** The first offset of a batch, or a high watermark. */
  offset: 1,
  lastOffset: 2,
  leaderEpoch: 3,
  maxTimestampMs: 4,
  recordCount: 5,
  crc: 6,
  slab: 7,
  at: 8,
  /** Bytes of the batch; -1: the row is a high watermark. */
  length: 9,
} as const;
export const ROW_COLUMNS = 10;
export const IS_HIGH_WATERMARK = -1;

export type PostedOp =
  | Exclude<LogOp, { type: "append" } | { type: "high-watermark" } | { type: "snapshot" } | { type: "replace" }>
  /** These rows, in this place among the operations. */
  | { readonly type: "rows"; readonly from: number; readonly until: number }
  /** Rows that take the place of the batches with last offset in [from, upTo). */
  | {
      readonly type: "replace";
      readonly key: LogKey;
      readonly from: number;
      readonly upTo: number;
      readonly fromRow: number;
      readonly untilRow: number;
    }
  | { readonly type: "snapshot"; readonly endOffset: number; readonly epoch: number; readonly bytes: SharedBytes };

/** Hand-overs that cross together. */
export interface PostedHandOver {
  readonly type: "hand-over";
  /** Of the last one. */
  readonly ticket: number;
  readonly bytes: number;
  readonly slabs: readonly SharedArrayBuffer[];
  /** Logs of the rows. */
  readonly keys: readonly string[];
  readonly rows: Float64Array;
  readonly ops: readonly PostedOp[];
}

export type ToStorage = PostedHandOver | { readonly type: "close"; readonly brokerEpoch: number };

/** Where a log's batches lie, for readers. The tail has no end: it grows. */
export interface ReadPlace {
  readonly fileNo: number;
  readonly fromOffset: number;
  /** Exclusive; Infinity for the tail. */
  readonly untilOffset: number;
  readonly maxTimestampMs: number;
}

export interface LogLayout {
  readonly key: string;
  readonly partitionId: number;
  readonly logStart: number;
  readonly places: readonly ReadPlace[];
}

export interface OpenedDirectory {
  readonly logs: readonly LoadedLog[];
  readonly layouts: readonly LogLayout[];
  readonly files: readonly { readonly fileNo: number; readonly path: string }[];
  readonly quorumState: QuorumStateRecord | null;
  readonly snapshot: SnapshotFile | null;
  readonly cleanShutdown: boolean;
}

export interface CommitStats {
  readonly ms: number;
  readonly bytes: number;
  readonly files: number;
}

export type FromStorage =
  | { readonly type: "opened"; readonly opened: OpenedDirectory }
  /** The directory cannot be opened; one sentence for people. */
  | { readonly type: "refused"; readonly reason: string }
  | {
      readonly type: "committed";
      /** Everything up to it. */
      readonly ticket: number;
      readonly sizes: readonly SizeReport[];
      readonly layouts: readonly LogLayout[];
      readonly removed: readonly string[];
      readonly stats: CommitStats;
    }
  /** Layouts that changed without a hand-over: rotation, copying forward. Files that are new; files that are gone. */
  | {
      readonly type: "moved";
      readonly layouts: readonly LogLayout[];
      readonly added: readonly { readonly fileNo: number; readonly path: string }[];
      readonly unlinked: readonly number[];
    }
  /** A transaction met a full disk; the ballast is gone and it is being tried again. */
  | { readonly type: "full" }
  | { readonly type: "failed"; readonly reason: string }
  | {
      readonly type: "journal";
      readonly level: JournalLevel;
      readonly message: string;
      readonly fields: Record<string, unknown>;
    }
  | { readonly type: "closed" };

export interface StorageThreadData {
  readonly options: SettledOptions;
}

/** To and from the checkpoint thread. */
export type ToCheckpoint =
  | { readonly type: "checkpoint"; readonly path: string }
  | { readonly type: "release"; readonly path: string }
  | { readonly type: "close" };

export type FromCheckpoint =
  | { readonly type: "done"; readonly path: string }
  | { readonly type: "failed"; readonly path: string; readonly reason: string };

/** A cold read: batches with from <= lastOffset < upTo, place by place. */
export interface ReadRequest {
  readonly type: "read";
  readonly id: number;
  readonly key: string;
  readonly partitionId: number;
  readonly places: readonly (ReadPlace & { readonly path: string })[];
  readonly from: number;
  readonly upTo: number;
  readonly maxBytes: number;
}

export interface FindRequest {
  readonly type: "find";
  readonly id: number;
  readonly key: string;
  readonly partitionId: number;
  readonly places: readonly (ReadPlace & { readonly path: string })[];
  readonly from: number;
  readonly upTo: number;
  readonly timestampMs: number;
}

/** Which batch is the oldest that the log needs to hold so many bytes? */
export interface KeptRequest {
  readonly type: "kept";
  readonly id: number;
  readonly key: string;
  readonly partitionId: number;
  readonly places: readonly (ReadPlace & { readonly path: string })[];
  readonly from: number;
  readonly bytes: number;
}

/** Where a log's segments would end; from the index alone. */
export interface SurveyMessage {
  readonly type: "survey";
  readonly id: number;
  readonly key: string;
  readonly partitionId: number;
  readonly places: readonly (ReadPlace & { readonly path: string })[];
  readonly spec: SurveySpec;
}

/** The next step of a compaction. The plan, which may name many producers, comes with the first step alone. */
export interface CleanMessage {
  readonly type: "clean";
  readonly id: number;
  readonly key: string;
  readonly partitionId: number;
  readonly places: readonly (ReadPlace & { readonly path: string })[];
  readonly run: number;
  readonly plan: CompactionPlan | null;
  readonly from: number;
}

export type ToReader =
  | ReadRequest
  | FindRequest
  | KeptRequest
  | SurveyMessage
  | CleanMessage
  | { readonly type: "forget"; readonly path: string }
  | { readonly type: "close" };

/** Batches one behind the other in shared memory, which one answer alone uses; `ends` says where each ends. */
export interface BatchesInMemory {
  readonly memory: SharedArrayBuffer;
  readonly ends: readonly number[];
}

export type FromReader =
  | ({ readonly type: "answer"; readonly id: number } & BatchesInMemory)
  | { readonly type: "surveyed"; readonly id: number; readonly survey: Survey }
  /** `survivors`: the batches of the step, which has none itself, with the time each is filed under. */
  | {
      readonly type: "cleaned";
      readonly id: number;
      readonly step: CleanStep;
      readonly survivors: (BatchesInMemory & { readonly timesMs: readonly number[] }) | null;
    }
  | { readonly type: "kept"; readonly id: number; readonly offset: number | null }
  | { readonly type: "closed" }
  | { readonly type: "corrupt"; readonly id: number; readonly reason: string }
  /** A file could not be read: gone since the request was made, or a broken disk. */
  | { readonly type: "unreadable"; readonly id: number; readonly reason: string };
