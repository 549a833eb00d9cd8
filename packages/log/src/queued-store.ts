/**
 * A LogStore over any disk: the tails, the tickets and the one hand-over per turn. Bounded: the tails share a budget of bytes, and what is
 * handed over and not committed is told as `uncommittedBytes`, at whose bound the broker takes no more (T12).
 */
import { invariant, Offset, type Uuid } from "@vitrine/core";
import type { CleanRequest } from "./cleaning-run.ts";
import type { DiskReport, LogDisk, OffsetRange } from "./log-disk.ts";
import type { LogOp } from "./log-op.ts";
import type {
  Batch,
  LogDescriptor,
  LogEvent,
  LogKey,
  LogStore,
  PartitionLog,
  QuorumStateRecord,
  ReadSpec,
  SnapshotFile,
  StoreHealth,
  Ticket,
} from "./partition-log.ts";
import { QueuedLog } from "./queued-log.ts";
import type { SurveySpec } from "./virtual-segments.ts";

export interface QueuedStoreOptions {
  /** Bytes of all tails together; above it the oldest durable batches of the largest tails leave memory. */
  readonly tailBytesMax?: number;
  readonly uncommittedBytesMax?: number;
}

const TAIL_BYTES_MAX = 64 << 20;
const UNCOMMITTED_BYTES_MAX = 64 << 20;

/** A read under way. The disk is asked below `asked` only: what lies above was in memory then, and may have left it since. */
interface ColdQuestion {
  readonly log: QueuedLog;
  readonly spec: ReadSpec;
  readonly asked: Offset;
}

interface FindQuestion {
  readonly log: QueuedLog;
  readonly timestampMs: number;
  readonly range: OffsetRange;
  readonly asked: Offset;
}

export class QueuedStore implements LogStore {
  readonly directoryId: Uuid;
  readonly cleanShutdown: boolean;
  readonly #disk: LogDisk;
  readonly #tailBytesMax: number;
  readonly #uncommittedBytesMax: number;
  readonly #logs = new Map<LogKey, QueuedLog>();
  #quorumState: QuorumStateRecord | null;
  #snapshot: SnapshotFile | null;
  #ops: LogOp[] = [];
  #opBytes = 0;
  readonly #touched = new Set<QueuedLog>();
  readonly #sides = new Set<QueuedLog>();
  readonly #pending: { readonly ticket: Ticket; readonly bytes: number; readonly logs: readonly QueuedLog[] }[] = [];
  #lastTicket = 0 as Ticket;
  #committedTicket = 0 as Ticket;
  #uncommittedBytes = 0;
  #tailBytes = 0;
  #failed = false;
  #listener: (event: LogEvent) => void = () => {};
  readonly #coldReads = new Map<number, ColdQuestion>();
  readonly #finds = new Map<number, FindQuestion>();

  constructor(disk: LogDisk, options: QueuedStoreOptions = {}) {
    this.#disk = disk;
    this.#tailBytesMax = options.tailBytesMax ?? TAIL_BYTES_MAX;
    this.#uncommittedBytesMax = options.uncommittedBytesMax ?? UNCOMMITTED_BYTES_MAX;
    const { loaded } = disk;
    this.directoryId = loaded.directoryId;
    this.cleanShutdown = loaded.cleanShutdown;
    this.#quorumState = loaded.quorumState;
    this.#snapshot = loaded.snapshot;
    for (const log of loaded.logs) this.#logs.set(log.descriptor.key, new QueuedLog(this.#queue, log));
    disk.onReport((report) => this.#onReport(report));
  }

  get logs(): ReadonlyMap<LogKey, PartitionLog> {
    return this.#logs;
  }

  get quorumState(): QuorumStateRecord | null {
    return this.#quorumState;
  }

  get health(): StoreHealth {
    // Field by field: it is asked with every produce request.
    const { state, freeBytes, totalBytes, nearlyFull, durability } = this.#disk.health();
    return {
      state: this.#failed ? "offline" : state,
      freeBytes,
      totalBytes,
      nearlyFull,
      durability,
      uncommittedBytes: this.#uncommittedBytes + this.#opBytes,
      uncommittedBytesMax: this.#uncommittedBytesMax,
    };
  }

  get nextTicket(): Ticket {
    return (this.#lastTicket + 1) as Ticket;
  }

  get committedTicket(): Ticket {
    return this.#committedTicket;
  }

  create(descriptor: LogDescriptor): PartitionLog {
    const existing = this.#logs.get(descriptor.key);
    if (existing) {
      const { retentionClass, topicName } = existing.descriptor;
      if (retentionClass !== descriptor.retentionClass || topicName !== descriptor.topicName) {
        existing.describe(descriptor);
        this.#push(existing, { type: "create", descriptor });
      }
      return existing;
    }
    const log = new QueuedLog(this.#queue, {
      descriptor,
      logStartOffset: Offset(0),
      logEndOffset: Offset(0),
      highWatermark: Offset(0),
      sizeBytes: 0,
      maxTimestampMs: -1,
      cleanedTo: Offset(0),
      cleanings: 0,
      epochs: [],
      producers: [],
    });
    this.#logs.set(descriptor.key, log);
    this.#push(log, { type: "create", descriptor });
    return log;
  }

  remove(key: LogKey): void {
    const log = this.#logs.get(key);
    if (!log) return;
    this.#logs.delete(key);
    this.#tailBytes -= log.tail.bytes;
    this.#sides.delete(log);
    this.#ops.push({ type: "remove", key });
  }

  saveQuorumState(state: QuorumStateRecord): void {
    this.#quorumState = state;
    this.#ops.push({ type: "quorum-state", state });
  }

  saveSnapshot(snapshot: SnapshotFile): void {
    this.#snapshot = snapshot;
    this.#ops.push({ type: "snapshot", snapshot });
  }

  latestSnapshot(): SnapshotFile | null {
    return this.#snapshot;
  }

  get checkpointPending(): boolean {
    return this.#sides.size > 0 && !this.#failed;
  }

  handOver(options: { readonly checkpoint?: boolean } = {}): Ticket {
    if (this.#failed) {
      this.#ops = [];
      return this.#lastTicket;
    }
    // High watermarks ride along: alone they are not worth a write every turn, because a stale one is always safe.
    const isUrgent = this.#ops.length > 0 || (options.checkpoint === true && this.#sides.size > 0);
    if (!isUrgent && ![...this.#sides].some((log) => log.epochsChanged)) return this.#lastTicket;
    for (const log of this.#sides) this.#collectSide(log);
    this.#sides.clear();
    const ticket = this.nextTicket;
    this.#lastTicket = ticket;
    const logs = [...this.#touched];
    for (const log of logs) log.handedOver(ticket);
    const handOver = { ticket, ops: this.#ops, bytes: this.#opBytes };
    this.#pending.push({ ticket, bytes: this.#opBytes, logs });
    this.#uncommittedBytes += this.#opBytes;
    this.#ops = [];
    this.#opBytes = 0;
    this.#touched.clear();
    this.#disk.write(handOver);
    return ticket;
  }

  onEvent(listener: (event: LogEvent) => void): void {
    this.#listener = listener;
  }

  async close(brokerEpoch: number): Promise<void> {
    this.handOver({ checkpoint: true });
    await this.#disk.close(brokerEpoch);
  }

  get #queue() {
    return {
      push: (log: QueuedLog, op: LogOp) => this.#push(log, op),
      markSide: (log: QueuedLog) => void this.#sides.add(log),
      adopt: (bytes: Uint8Array) => this.#disk.adopt(bytes),
      readCold: (id: number, log: QueuedLog, spec: ReadSpec) => this.#readCold(id, log, spec),
      findKept: (id: number, log: QueuedLog, bytes: number) => this.#disk.findKept(id, log.descriptor.key, bytes),
      findCold: (id: number, log: QueuedLog, timestampMs: number, range: OffsetRange) =>
        this.#find(id, log, timestampMs, range),
      survey: (id: number, log: QueuedLog, spec: SurveySpec) => this.#disk.survey(id, log.descriptor.key, spec),
      clean: (id: number, log: QueuedLog, request: CleanRequest) => this.#disk.clean(id, log.descriptor.key, request),
    };
  }

  #push(log: QueuedLog, op: LogOp): void {
    this.#ops.push(op);
    this.#touched.add(log);
    if (op.type === "replace") for (const { bytes } of op.batches) this.#opBytes += bytes.byteLength;
    if (op.type !== "append") return;
    const bytes = op.batch.bytes.byteLength;
    this.#opBytes += bytes;
    this.#tailBytes += bytes;
  }

  #collectSide(log: QueuedLog): void {
    const { key } = log.descriptor;
    if (this.#logs.get(key) !== log) return;
    if (log.epochsChanged) this.#ops.push({ type: "epochs", key, entries: log.epochs.entries });
    const { changed, removed } = log.producers.takeChanges();
    if (changed.length > 0 || removed.length > 0) this.#ops.push({ type: "producers", key, changed, removed });
    if (log.highWatermarkChanged) this.#ops.push({ type: "high-watermark", key, offset: log.highWatermark });
    log.epochsChanged = false;
    log.highWatermarkChanged = false;
    this.#touched.add(log);
  }

  #readCold(id: number, log: QueuedLog, spec: ReadSpec): void {
    // Above the tail's start nothing is asked of the disk: queued writes may still change it.
    const asked = spec.upTo < log.tail.start ? spec.upTo : log.tail.start;
    this.#coldReads.set(id, { log, spec, asked });
    this.#disk.read(id, log.descriptor.key, { ...spec, upTo: asked });
  }

  #find(id: number, log: QueuedLog, timestampMs: number, range: OffsetRange): void {
    const asked = range.upTo < log.tail.start ? range.upTo : log.tail.start;
    this.#finds.set(id, { log, timestampMs, range, asked });
    this.#disk.findTimestamp(id, log.descriptor.key, timestampMs, { from: range.from, upTo: asked });
  }

  #onReport(report: DiskReport): void {
    switch (report.type) {
      case "committed":
        this.#onCommitted(report);
        return;
      case "failed":
        this.#failed = true;
        this.#ops = [];
        this.#listener({ type: "failed", reason: report.reason });
        return;
      case "read":
        this.#onRead(report.id, report.batches);
        return;
      case "read-failed":
        this.#coldReads.delete(report.id);
        this.#listener(report);
        return;
      case "found":
        this.#onFound(report.id, report.batch);
        return;
      case "kept":
      case "surveyed":
      case "cleaned":
      case "clean-failed":
        this.#listener(report);
        return;
    }
  }

  /** An empty answer is a hole (DeleteRecords, compaction): reading goes on above it, where the disk was not asked. */
  #onRead(id: number, batches: readonly Batch[]): void {
    const question = this.#coldReads.get(id);
    this.#coldReads.delete(id);
    if (question && batches.length === 0 && question.asked < question.spec.upTo) {
      const { log, asked } = question;
      const spec = { ...question.spec, from: asked };
      if (asked < log.tail.start) this.#readCold(id, log, spec);
      else this.#listener({ type: "read", id, batches: log.tail.read(spec) });
      return;
    }
    // What an unclean truncation has cut off meanwhile is not there any more.
    const end = question?.log.logEndOffset ?? Infinity;
    const whole = batches.every((batch) => batch.facts.lastOffset < end);
    this.#listener({
      type: "read",
      id,
      batches: whole ? batches : batches.filter((batch) => batch.facts.lastOffset < end),
    });
  }

  #onFound(id: number, batch: Batch | null): void {
    const question = this.#finds.get(id);
    this.#finds.delete(id);
    if (question && batch === null && question.asked < question.range.upTo) {
      const { log, timestampMs, range, asked } = question;
      if (asked < log.tail.start) this.#find(id, log, timestampMs, range);
      else this.#listener({ type: "found", id, batch: log.tail.findTimestamp(timestampMs, range.from, range.upTo) });
      return;
    }
    this.#listener({ type: "found", id, batch });
  }

  #onCommitted({ ticket, sizes }: DiskReport & { readonly type: "committed" }): void {
    invariant(
      ticket > this.#committedTicket && ticket <= this.#lastTicket,
      `the disk reported ticket ${ticket} out of order`,
    );
    this.#committedTicket = ticket;
    const sizeOf = new Map(sizes.filter((size) => size.ticket === ticket).map((size) => [size.key, size]));
    const keys = new Set<LogKey>();
    while (this.#pending.length > 0 && this.#pending[0]!.ticket <= ticket) {
      const { bytes, logs, ticket: done } = this.#pending.shift()!;
      this.#uncommittedBytes -= bytes;
      for (const log of logs) {
        log.committed(done, sizeOf.get(log.descriptor.key) ?? null);
        keys.add(log.descriptor.key);
      }
    }
    this.#evict();
    this.#listener({ type: "committed", ticket, logs: [...keys] });
  }

  /** Takes turns over the logs, so that a busy one does not empty the tails of quiet ones first. */
  #evict(): void {
    if (this.#tailBytes <= this.#tailBytesMax) return;
    this.#tailBytes = 0;
    for (const log of this.#logs.values()) this.#tailBytes += log.tail.bytes;
    while (this.#tailBytes > this.#tailBytesMax) {
      let evicted = 0;
      const share = this.#tailBytesMax / this.#logs.size;
      for (const log of this.#logs.values()) {
        if (log.tail.bytes <= share) continue;
        evicted += log.tail.evictOne(log.evictableBelow);
      }
      if (evicted === 0) return;
      this.#tailBytes -= evicted;
    }
  }
}
