/**
 * The port between the machines and the disk. Two implementations share one contract suite: memory (simulator, tests) and SQLite.
 *
 * Appending, truncating and reading the tail are synchronous; durability and cold reads come back as events (rules T3 to T10).
 * Words (T8): highWatermark <= durableEndOffset <= logEndOffset for a partition's log. In the metadata log a majority may pass this
 * node's own disk, so there only highWatermark <= logEndOffset holds.
 */
import type { BatchFacts, Brand, NodeId, Offset, PartitionIndex, Uuid } from "@vitrine/core";
import type { CleanRequest, CleanStep } from "./cleaning-run.ts";
import type { EpochCache } from "./epoch-cache.ts";
import type { ProducerState } from "./producer-state.ts";
import type { Survey, SurveySpec } from "./virtual-segments.ts";

/** Number of a hand-over to the storage thread, growing by one; 0 = nothing was ever handed over. */
export type Ticket = Brand<number, "Ticket">;

/** Names a log on this node: `<topicId>-<partition>`, or METADATA_LOG. Files and rows are keyed by it, never by topic name. */
export type LogKey = Brand<string, "LogKey">;

/** The key of the metadata log, which raft owns; it lives in a file of its own and is committed before data. */
export const METADATA_LOG = "__cluster_metadata-0" as LogKey;

export interface LogDescriptor {
  readonly key: LogKey;
  readonly topicId: Uuid;
  readonly partition: PartitionIndex;
  /** For people who open the files: never used to find anything. */
  readonly topicName: string;
  /** Partitions of one class share files (DESIGN 10.5): for example `delete:604800000:-1`. May change with the topic's config. */
  readonly retentionClass: string;
}

export interface Batch {
  readonly facts: BatchFacts;
  /** The batch byte for byte; read-only for the receiver, valid until it is dropped. */
  readonly bytes: Uint8Array;
}

/** What a synchronous read gives: whole batches, or the news that the offset lies below the tail and must be read cold. */
export type TailRead =
  | { readonly kind: "batches"; readonly batches: readonly Batch[] }
  | { readonly kind: "cold" }
  | { readonly kind: "out-of-range"; readonly logStartOffset: Offset; readonly logEndOffset: Offset };

export interface ReadSpec {
  /** The first batch returned is the one that contains this offset (or the next one after it, where offsets have holes). */
  readonly from: Offset;
  /** Exclusive: a batch is returned only if its lastOffset is below this. */
  readonly upTo: Offset;
  /** Soft bound: at least one batch is returned, however large, then as many as fit. */
  readonly maxBytes: number;
}

/** One partition's log on this node. */
export interface PartitionLog {
  readonly descriptor: LogDescriptor;
  readonly logStartOffset: Offset;
  /** Exclusive: the offset of the next record. */
  readonly logEndOffset: Offset;
  /** Everything in [logStartOffset, durableEndOffset) is on this node's disk. Moved by `committed` events only, matched by ticket (T7). */
  readonly durableEndOffset: Offset;
  readonly highWatermark: Offset;
  /** Stored bytes in [logStartOffset, logEndOffset). */
  readonly sizeBytes: number;
  readonly epochs: EpochCache;
  readonly producers: ProducerState;
  /** Bytes and largest timestamp of the newest batch, or -1: what retention and ListOffsets(max timestamp) need without a read. */
  readonly maxTimestampMs: number;
  /** Exclusive: where compaction has got to, Kafka's cleaner-offset-checkpoint. 0 = nothing was compacted. Durable; a cut takes it back. */
  readonly cleanedTo: Offset;
  /** Compactions that changed something, since the log was made: what was read before may be read otherwise now. */
  readonly cleanings: number;
  /** Grows with everything that cuts the end off: who computed something of the log before must not put it in place after. */
  readonly cuts: number;

  /**
   * Adds a batch whose offsets and leader epoch are already patched. `facts.baseOffset >= logEndOffset` (holes come from compaction),
   * leader epochs never decrease; anything else is an InvariantViolation. The bytes are copied out, once, or
   * taken over where they lie in the store's own memory already; the caller changes them no more.
   * Updates the epoch cache and the producer state in the same hand-over.
   */
  append(batch: Batch): void;
  /** Removes every batch that reaches offset or beyond. Never below the high watermark unless `unclean` is said (P14). */
  truncateTo(offset: Offset, options?: { unclean?: boolean }): void;
  /** Drops everything and begins anew at offset: a follower whose position lies outside its leader's log; a snapshot that was installed. */
  truncateFullyAndStartAt(offset: Offset): void;
  /** Checkpointed with the next hand-over that carries anything for this log, or at latest with a periodic one. Never decreases except by truncation. */
  setHighWatermark(offset: Offset): void;
  /** DeleteRecords and retention: exact and at once; bytes follow by unlinking files. Never above the high watermark. */
  setLogStartOffset(offset: Offset): void;
  /** Notes (epoch, startOffset) on becoming leader, also with no writes (KAFKA-7415). */
  assignEpochStart(leaderEpoch: number, startOffset: Offset): void;

  /** Reads from memory. Costs nothing but references. */
  readTail(spec: ReadSpec): TailRead;
  /** Asks a reader thread; the answer is a `read` event with the same id. CRC-checked. At most one second under normal disks; a log removed meanwhile answers an error. */
  readCold(id: number, spec: ReadSpec): void;
  /** Asks for the first batch whose max timestamp is at or after the given one, at or above `from`, below upTo; answered by a `found` event with the same id. */
  findTimestamp(id: number, timestampMs: number, upTo: Offset, from?: Offset): void;
  /**
   * Asks from which batch on the log still holds at least `bytes` (Kafka's rule of `retention.bytes`: what is over may go, never more);
   * answered by a `kept` event with the same id.
   */
  findKept(id: number, bytes: number): void;

  /** Asks for the segments of a part of the log, as Kafka would have cut them; only what is durable is looked at. Answered by a `surveyed` event. */
  survey(id: number, spec: SurveySpec): void;
  /** Asks for the next step of a compaction, which runs beside this thread and changes nothing yet; answered by a `cleaned` event or `clean-failed`. */
  clean(id: number, request: CleanRequest): void;
  /**
   * Puts batches in place of those with last offset in [from, upTo), which lies below the high watermark and the durable end; atomic, in the order
   * of hand-overs. Offsets stay: a batch that is left keeps its first and last one. What lies below the log start is left out.
   */
  replace(from: Offset, upTo: Offset, batches: readonly Batch[]): void;
  /** Compaction has got to here; `changed`: it took something away. */
  setCleanedTo(offset: Offset, changed: boolean): void;
}

/** Raft's own durable state; saved in the same hand-over as the appends of its turn. */
export interface QuorumStateRecord {
  readonly leaderEpoch: number;
  readonly leaderId: NodeId;
  readonly votedId: NodeId;
  readonly votedDirectoryId: Uuid;
}

/** A snapshot of the metadata image: all records below endOffset, as record batches. */
export interface SnapshotFile {
  /** Exclusive. */
  readonly endOffset: Offset;
  /** Epoch of the last record below endOffset. */
  readonly epoch: number;
  readonly bytes: Uint8Array;
}

export type LogEvent =
  /** Everything handed over up to and including this ticket is on disk. In ticket order. Logs have already moved their durableEndOffset when it is delivered. */
  | {
      readonly type: "committed";
      readonly ticket: Ticket;
      /** Logs whose writes were in it, once each. */
      readonly logs: readonly LogKey[];
    }
  /** Fail-stop (T10): nothing after this ticket will ever be committed. */
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "read"; readonly id: number; readonly batches: readonly Batch[] }
  | {
      readonly type: "read-failed";
      readonly id: number;
      readonly error: "CORRUPT_MESSAGE" | "OFFSET_OUT_OF_RANGE" | "KAFKA_STORAGE_ERROR";
      readonly reason: string;
    }
  | { readonly type: "found"; readonly id: number; readonly batch: Batch | null }
  /** Base offset of that batch; null = everything is needed. */
  | { readonly type: "kept"; readonly id: number; readonly offset: Offset | null }
  | { readonly type: "surveyed"; readonly id: number; readonly survey: Survey }
  | { readonly type: "cleaned"; readonly id: number; readonly step: CleanStep }
  | {
      readonly type: "clean-failed";
      readonly id: number;
      /** CORRUPT_MESSAGE: trying again does not help. */
      readonly error: "CORRUPT_MESSAGE" | "KAFKA_STORAGE_ERROR";
      readonly reason: string;
    };

export interface StoreHealth {
  readonly state: "online" | "offline";
  /** Bytes free on the disk that holds the data directory. */
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Produce is refused with KAFKA_STORAGE_ERROR while true; hysteresis is the store's. */
  readonly nearlyFull: boolean;
  /** Handed over or queued and not yet committed (T12). */
  readonly uncommittedBytes: number;
  /** At or above this the listener stops reading produce sockets. */
  readonly uncommittedBytesMax: number;
  readonly durability: "fsync" | "os" | "memory";
}

/** All logs of one node and their one way to the disk. */
export interface LogStore {
  readonly directoryId: Uuid;
  readonly logs: ReadonlyMap<LogKey, PartitionLog>;
  /** As loaded at open, then as last saved. */
  readonly quorumState: QuorumStateRecord | null;
  /** False when the durable-offset marker says that the disk lost something it had confirmed, or the last stop was not orderly: the broker then registers without its previous epoch. */
  readonly cleanShutdown: boolean;
  readonly health: StoreHealth;

  /** Creates the log, empty, or returns the existing one. */
  create(descriptor: LogDescriptor): PartitionLog;
  /** Forgets a log: deleted topic or stray replica. Bytes follow. */
  remove(key: LogKey): void;
  saveQuorumState(state: QuorumStateRecord): void;
  saveSnapshot(snapshot: SnapshotFile): void;
  /** The newest snapshot, held in memory or read back at open; null if none. */
  latestSnapshot(): SnapshotFile | null;
  /** The ticket that the next handOver() will carry. */
  readonly nextTicket: Ticket;
  /** Last ticket that was committed. */
  readonly committedTicket: Ticket;
  /** High watermarks have moved and no write has carried them yet. */
  readonly checkpointPending: boolean;
  /**
   * Step 3 of the turn: everything queued since the last call goes out as one message. Returns its ticket, or the last one given if nothing was
   * queued. High watermarks ride along with other writes; `checkpoint` sends them by themselves, which a broker does once a second.
   */
  handOver(options?: { readonly checkpoint?: boolean }): Ticket;
  /** Where events go. Set once, by the broker, before the first handOver. Called outside of any turn; the broker queues them in its inbox. */
  onEvent(listener: (event: LogEvent) => void): void;
  /** Waits for what was handed over, writes the clean-shutdown marker with the broker epoch, closes the files. */
  close(brokerEpoch: number): Promise<void>;
}
