/**
 * A disk in memory that does nothing by itself: whoever drives it says when a hand-over is committed, when reads are answered, when it
 * fails, and what a crash keeps. The simulator's disk, and with `auto` the gateway's.
 */
import { invariant, Offset, type Uuid } from "@vitrine/core";
import type { CleanRequest } from "./cleaning-run.ts";
import type { RecordFormat } from "./compaction.ts";
import type { EpochEntry } from "./epoch-cache.ts";
import type { DiskReport, LoadedDisk, LogDisk, OffsetRange } from "./log-disk.ts";
import { type HandOver, type LoadedLog, type LogOp, type SizeReport, takesAway } from "./log-op.ts";
import { MemoryCleaner, replaced, surveyOf } from "./memory-cleaner.ts";
import type {
  Batch,
  LogDescriptor,
  LogKey,
  QuorumStateRecord,
  ReadSpec,
  SnapshotFile,
  StoreHealth,
  Ticket,
} from "./partition-log.ts";
import type { ProducerEntry } from "./producer-state.ts";
import type { SurveySpec } from "./virtual-segments.ts";

interface StoredLog {
  readonly descriptor: LogDescriptor;
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  readonly highWatermark: Offset;
  readonly cleanedTo: Offset;
  readonly cleanings: number;
  readonly batches: readonly Batch[];
  readonly epochs: readonly EpochEntry[];
  readonly producers: ReadonlyMap<number, ProducerEntry>;
}

/** What a memory disk holds at one moment; handed from one life of a node to the next. */
export interface DurableState {
  readonly directoryId: Uuid;
  readonly logs: ReadonlyMap<LogKey, StoredLog>;
  readonly quorumState: QuorumStateRecord | null;
  readonly snapshot: SnapshotFile | null;
}

export function emptyDisk(directoryId: Uuid): DurableState {
  return { directoryId, logs: new Map(), quorumState: null, snapshot: null };
}

export interface MemoryDiskOptions {
  /** Runs a step soon: with it the disk commits and answers by itself. Without, the driver calls `commitNext` and `answerReads`. */
  readonly auto?: (run: () => void) => void;
  /** What records look like; without it nothing is compacted. */
  readonly format?: RecordFormat;
}

export class MemoryDisk implements LogDisk {
  readonly loaded: LoadedDisk;
  #state: DurableState;
  readonly #pending: HandOver[] = [];
  readonly #reads: (() => DiskReport)[] = [];
  readonly #cleaner: MemoryCleaner;
  readonly #auto: ((run: () => void) => void) | null;
  #listener: (report: DiskReport) => void = () => {};
  #failed = false;
  #nearlyFull = false;

  constructor(state: DurableState, options: MemoryDiskOptions = {}) {
    this.#state = state;
    this.#auto = options.auto ?? null;
    this.#cleaner = new MemoryCleaner(options.format ?? null);
    this.loaded = {
      directoryId: state.directoryId,
      logs: [...state.logs.values()].map(loadedFrom),
      quorumState: state.quorumState,
      snapshot: state.snapshot,
      cleanShutdown: true,
    };
  }

  allocate(sizeBytes: number): Uint8Array {
    return new Uint8Array(sizeBytes);
  }

  adopt(bytes: Uint8Array): Uint8Array {
    return new Uint8Array(bytes);
  }

  write(handOver: HandOver): void {
    if (this.#failed) return;
    this.#pending.push(handOver);
    this.#auto?.(() => void this.commitNext());
  }

  read(id: number, key: LogKey, spec: ReadSpec): void {
    this.#ask(() => {
      const log = this.#state.logs.get(key);
      if (!log) return { type: "read-failed", id, error: "KAFKA_STORAGE_ERROR", reason: `the log ${key} was removed` };
      if (spec.from < log.logStartOffset)
        return {
          type: "read-failed",
          id,
          error: "OFFSET_OUT_OF_RANGE",
          reason: `offset ${spec.from} of ${key} was deleted`,
        };
      return { type: "read", id, batches: select(log.batches, spec) };
    });
  }

  findTimestamp(id: number, key: LogKey, timestampMs: number, { from, upTo }: OffsetRange): void {
    this.#ask(() => {
      const log = this.#state.logs.get(key);
      const found = log?.batches.find(
        ({ facts }) =>
          facts.maxTimestampMs >= timestampMs &&
          facts.lastOffset >= Math.max(from, log.logStartOffset) &&
          facts.lastOffset < upTo,
      );
      return { type: "found", id, batch: found ?? null };
    });
  }

  findKept(id: number, key: LogKey, bytes: number): void {
    this.#ask(() => {
      const log = this.#state.logs.get(key);
      let kept = 0;
      const first = log?.batches.findLast((batch) => {
        kept += batch.bytes.byteLength;
        return kept >= bytes;
      });
      return { type: "kept", id, offset: first && first !== log?.batches[0] ? first.facts.baseOffset : null };
    });
  }

  survey(id: number, key: LogKey, spec: SurveySpec): void {
    this.#ask(() => ({ type: "surveyed", id, survey: surveyOf(this.#state.logs.get(key)?.batches ?? [], spec) }));
  }

  clean(id: number, key: LogKey, request: CleanRequest): void {
    this.#ask(() => this.#cleaner.step(id, this.#state.logs.get(key)?.batches ?? [], request));
  }

  onReport(listener: (report: DiskReport) => void): void {
    this.#listener = listener;
  }

  health(): Pick<StoreHealth, "state" | "freeBytes" | "totalBytes" | "nearlyFull" | "durability"> {
    return {
      state: this.#failed ? "offline" : "online",
      freeBytes: Number.MAX_SAFE_INTEGER,
      totalBytes: Number.MAX_SAFE_INTEGER,
      nearlyFull: this.#nearlyFull,
      durability: "memory",
    };
  }

  async close(): Promise<void> {
    while (this.commitNext());
  }

  /** Hand-overs that wait. */
  get pendingTickets(): readonly Ticket[] {
    return this.#pending.map((handOver) => handOver.ticket);
  }

  get pendingReads(): number {
    return this.#reads.length;
  }

  /** Commits the oldest hand-over. False when there is none. */
  commitNext(): boolean {
    const next = this.#pending.shift();
    if (!next || this.#failed) return false;
    this.#state = applyHandOver(this.#state, next);
    this.#listener({ type: "committed", ticket: next.ticket, sizes: sizesOf(this.#state, next) });
    return true;
  }

  /** Answers the oldest read. False when there is none. */
  answerRead(): boolean {
    const next = this.#reads.shift();
    if (!next) return false;
    this.#listener(next());
    return true;
  }

  /** Commits and answers until nothing waits. */
  settle(): void {
    while (this.commitNext() || this.answerRead());
  }

  /** A failed fsync: nothing that waits is ever committed (T10). */
  failNow(reason: string): void {
    this.#failed = true;
    this.#pending.length = 0;
    this.#listener({ type: "failed", reason });
  }

  setNearlyFull(nearlyFull: boolean): void {
    this.#nearlyFull = nearlyFull;
  }

  /** What the next life finds: all that was reported, and the first `extra` hand-overs that were not. */
  crash(extra = 0): DurableState {
    let state = this.#state;
    for (const handOver of this.#pending.splice(0).slice(0, extra)) state = applyHandOver(state, handOver);
    this.#listener = () => {};
    return state;
  }

  #ask(read: () => DiskReport): void {
    this.#reads.push(read);
    this.#auto?.(() => void this.answerRead());
  }
}

function loadedFrom(log: StoredLog): LoadedLog {
  return {
    descriptor: log.descriptor,
    logStartOffset: log.logStartOffset,
    logEndOffset: log.logEndOffset,
    highWatermark: log.highWatermark,
    sizeBytes: sizeOf(log),
    maxTimestampMs: newestOf(log),
    cleanedTo: log.cleanedTo,
    cleanings: log.cleanings,
    epochs: log.epochs,
    producers: [...log.producers.values()],
  };
}

function newestOf(log: StoredLog): number {
  return log.batches.reduce((newest, batch) => Math.max(newest, batch.facts.maxTimestampMs), -1);
}

function sizeOf(log: StoredLog): number {
  return log.batches.reduce((sum, batch) => sum + batch.bytes.byteLength, 0);
}

function select(batches: readonly Batch[], spec: ReadSpec): Batch[] {
  const found: Batch[] = [];
  let bytes = 0;
  for (const batch of batches) {
    if (batch.facts.lastOffset < spec.from) continue;
    if (batch.facts.lastOffset >= spec.upTo) break;
    bytes += batch.bytes.byteLength;
    if (found.length > 0 && bytes > spec.maxBytes) break;
    found.push(batch);
  }
  return found;
}

function sizesOf(state: DurableState, handOver: HandOver): SizeReport[] {
  const keys = new Set<LogKey>();
  for (const op of handOver.ops) if (takesAway(op)) keys.add(op.key);
  return [...keys].flatMap((key) => {
    const log = state.logs.get(key);
    return log ? [{ key, ticket: handOver.ticket, sizeBytes: sizeOf(log), maxTimestampMs: newestOf(log) }] : [];
  });
}

/** Batches are appended to a copy once per hand-over and log, so that an earlier state stays what it was. */
function applyHandOver(state: DurableState, handOver: HandOver): DurableState {
  const logs = new Map(state.logs);
  let { quorumState, snapshot } = state;
  const growing = new Map<LogKey, Batch[]>();
  for (const op of handOver.ops) {
    if (op.type === "quorum-state") quorumState = op.state;
    else if (op.type === "snapshot") snapshot = op.snapshot;
    else if (op.type === "create") {
      const known = logs.get(op.descriptor.key);
      logs.set(op.descriptor.key, known ? { ...known, descriptor: op.descriptor } : emptyLog(op.descriptor));
    } else if (op.type === "remove") {
      logs.delete(op.key);
      growing.delete(op.key);
    } else {
      const log = logs.get(op.key);
      // A log removed in the same turn may still have operations behind it.
      if (log) logs.set(op.key, applyOp(log, op, growing));
    }
  }
  return { ...state, logs, quorumState, snapshot };
}

type LogChange = Exclude<Extract<LogOp, { readonly key: LogKey }>, { readonly type: "remove" }>;

function applyOp(log: StoredLog, op: LogChange, growing: Map<LogKey, Batch[]>): StoredLog {
  switch (op.type) {
    case "append": {
      invariant(op.batch.facts.baseOffset >= log.logEndOffset, `the disk got a batch of ${op.key} out of order`);
      let batches = growing.get(op.key);
      if (!batches || batches !== log.batches) growing.set(op.key, (batches = [...log.batches]));
      batches.push(op.batch);
      return { ...log, batches, logEndOffset: Offset(op.batch.facts.lastOffset + 1) };
    }
    case "truncate":
      return {
        ...log,
        batches: log.batches.filter((batch) => batch.facts.lastOffset < op.offset),
        logEndOffset: op.offset,
        logStartOffset: op.logStartOffset,
        highWatermark: log.highWatermark < op.offset ? log.highWatermark : op.offset,
        cleanedTo: log.cleanedTo < op.offset ? log.cleanedTo : op.offset,
      };
    case "restart":
      return {
        ...log,
        batches: [],
        logStartOffset: op.offset,
        logEndOffset: op.offset,
        highWatermark: op.offset,
        cleanedTo: log.cleanedTo < op.offset ? log.cleanedTo : op.offset,
      };
    case "replace":
      return { ...log, batches: replaced(log.batches, op) };
    case "cleaned-to":
      return { ...log, cleanedTo: op.offset, cleanings: op.cleanings };
    case "log-start":
      return {
        ...log,
        logStartOffset: op.offset,
        highWatermark: log.highWatermark > op.offset ? log.highWatermark : op.offset,
        batches: log.batches.filter((batch) => batch.facts.lastOffset >= op.offset),
      };
    case "high-watermark":
      return { ...log, highWatermark: op.offset };
    case "epochs":
      return { ...log, epochs: op.entries };
    case "producers": {
      const producers = new Map(log.producers);
      for (const entry of op.changed) producers.set(entry.producerId, entry);
      for (const id of op.removed) producers.delete(id);
      return { ...log, producers };
    }
  }
}

function emptyLog(descriptor: LogDescriptor): StoredLog {
  return {
    descriptor,
    logStartOffset: Offset(0),
    logEndOffset: Offset(0),
    highWatermark: Offset(0),
    cleanedTo: Offset(0),
    cleanings: 0,
    batches: [],
    epochs: [],
    producers: new Map(),
  };
}
