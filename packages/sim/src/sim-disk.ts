/**
 * A disk that obeys the seed: hand-overs reach it late, a crash keeps all that was reported and some of what was not, a sync may fail, and
 * it can be full. The LogStore on top of it is the real one (QueuedStore).
 */
import { invariant, Offset, type Uuid } from "@vitrine/core";
import {
  type Batch,
  type CleanRequest,
  type DiskReport,
  type EpochEntry,
  type HandOver,
  type LoadedDisk,
  type LoadedLog,
  type LogDescriptor,
  type LogDisk,
  type LogKey,
  type LogOp,
  MemoryCleaner,
  type OffsetRange,
  type ProducerEntry,
  type QuorumStateRecord,
  type ReadSpec,
  replaced,
  type SizeReport,
  type SnapshotFile,
  type StoreHealth,
  surveyOf,
  type SurveySpec,
  takesAway,
} from "@vitrine/log";
import { recordFormat } from "@vitrine/protocol";
import type { Chance } from "./chance.ts";
import type { Timer, VirtualTime } from "./scheduler.ts";

/** What is on disk of one log. */
export interface DiskLog {
  descriptor: LogDescriptor;
  logStartOffset: Offset;
  logEndOffset: Offset;
  highWatermark: Offset;
  cleanedTo: Offset;
  cleanings: number;
  batches: Batch[];
  epochs: readonly EpochEntry[];
  producers: Map<number, ProducerEntry>;
}

/** Strength of the disk's faults; all 0 is a good disk. */
export interface DiskFaults {
  /** A commit takes between these, milliseconds. */
  readonly commitMs: readonly [number, number];
  /** Share of commits that take up to `slowMs`. */
  readonly slowPercent: number;
  readonly slowMs: number;
  /** Share of commits whose sync fails: fail-stop. */
  readonly failPercent: number;
}

export class SimDisk {
  readonly directoryId: Uuid;
  readonly logs = new Map<LogKey, DiskLog>();
  readonly #time: VirtualTime;
  readonly #chance: Chance;
  #quorumState: QuorumStateRecord | null = null;
  #snapshot: SnapshotFile | null = null;
  #session: Session | null = null;
  /** A planted mistake: what was reported is not all there after a crash. */
  readonly #lies: boolean;
  faults: DiskFaults;
  nearlyFull = false;

  constructor(options: { directoryId: Uuid; time: VirtualTime; chance: Chance; faults: DiskFaults; lies: boolean }) {
    this.directoryId = options.directoryId;
    this.#time = options.time;
    this.#chance = options.chance;
    this.faults = options.faults;
    this.#lies = options.lies;
  }

  /** Hand-overs that were not reported. */
  get pending(): number {
    return this.#session?.queue.length ?? 0;
  }

  get hasFailed(): boolean {
    return this.#session?.failed ?? false;
  }

  /** End of a log as a crash now would leave it. */
  durableEnd(key: LogKey): number {
    return this.logs.get(key)?.logEndOffset ?? 0;
  }

  open(): LogDisk {
    invariant(this.#session === null, "the disk is in use");
    const session = new Session(this.#loaded(), {
      time: this.#time,
      chance: this.#chance,
      faults: () => this.faults,
      nearlyFull: () => this.nearlyFull,
      apply: (handOver) => this.#apply(handOver),
      log: (key) => this.logs.get(key),
    });
    this.#session = session;
    return session;
  }

  /** The process is gone. Of what was not reported, some of the first hand-overs may be on disk nevertheless. */
  crash(): { kept: number; lost: number } {
    const session = this.#session;
    if (!session) return { kept: 0, lost: 0 };
    const kept = session.failed ? 0 : this.#chance.below(session.queue.length + 1);
    for (const handOver of session.queue.slice(0, kept)) this.#apply(handOver);
    const lost = session.queue.length - kept;
    if (this.#lies) this.#loseReported();
    session.end();
    this.#session = null;
    return { kept, lost };
  }

  #loseReported(): void {
    for (const log of this.logs.values()) {
      const last = log.batches.pop();
      if (last) log.logEndOffset = last.facts.baseOffset;
      if (log.highWatermark > log.logEndOffset) log.highWatermark = log.logEndOffset;
    }
  }

  #loaded(): LoadedDisk {
    const logs = [...this.logs.values()].map((log): LoadedLog => ({
      descriptor: log.descriptor,
      logStartOffset: log.logStartOffset,
      logEndOffset: log.logEndOffset,
      highWatermark: log.highWatermark,
      ...countOf(log),
      cleanedTo: log.cleanedTo,
      cleanings: log.cleanings,
      epochs: log.epochs,
      producers: [...log.producers.values()],
    }));
    const { directoryId } = this;
    return { directoryId, logs, quorumState: this.#quorumState, snapshot: this.#snapshot, cleanShutdown: true };
  }

  /** One transaction. */
  #apply(handOver: HandOver): SizeReport[] {
    const sizes: SizeReport[] = [];
    for (const op of handOver.ops) {
      if (op.type === "quorum-state") this.#quorumState = op.state;
      else if (op.type === "snapshot") this.#snapshot = op.snapshot;
      else if (op.type === "create") this.#create(op.descriptor);
      else if (op.type === "remove") this.logs.delete(op.key);
      else {
        const log = this.logs.get(op.key);
        if (!log) continue;
        change(log, op);
        if (takesAway(op)) sizes.push({ key: op.key, ticket: handOver.ticket, ...countOf(log) });
      }
    }
    return sizes;
  }

  #create(descriptor: LogDescriptor): void {
    const existing = this.logs.get(descriptor.key);
    if (existing) {
      existing.descriptor = descriptor;
      return;
    }
    this.logs.set(descriptor.key, {
      descriptor,
      logStartOffset: Offset(0),
      logEndOffset: Offset(0),
      highWatermark: Offset(0),
      cleanedTo: Offset(0),
      cleanings: 0,
      batches: [],
      epochs: [],
      producers: new Map(),
    });
  }
}

function countOf(log: DiskLog): { sizeBytes: number; maxTimestampMs: number } {
  return {
    sizeBytes: log.batches.reduce((sum, batch) => sum + batch.bytes.length, 0),
    maxTimestampMs: log.batches.reduce((max, batch) => Math.max(max, batch.facts.maxTimestampMs), -1),
  };
}

type ChangeOp = Extract<LogOp, { key: LogKey }>;

function change(log: DiskLog, op: ChangeOp): void {
  switch (op.type) {
    case "append":
      invariant(
        op.batch.facts.baseOffset >= log.logEndOffset,
        `the disk got a batch at ${op.batch.facts.baseOffset}, below ${log.logEndOffset}`,
      );
      log.batches.push(op.batch);
      log.logEndOffset = Offset(op.batch.facts.lastOffset + 1);
      return;
    case "truncate":
      log.batches = log.batches.filter((batch) => batch.facts.lastOffset < op.offset);
      log.logEndOffset = op.offset;
      log.logStartOffset = op.logStartOffset;
      if (log.cleanedTo > op.offset) log.cleanedTo = op.offset;
      return;
    case "restart":
      log.batches = [];
      log.logStartOffset = op.offset;
      log.logEndOffset = op.offset;
      log.highWatermark = op.offset;
      if (log.cleanedTo > op.offset) log.cleanedTo = op.offset;
      return;
    case "replace":
      log.batches = replaced(log.batches, op);
      return;
    case "cleaned-to":
      log.cleanedTo = op.offset;
      log.cleanings = op.cleanings;
      return;
    case "log-start":
      log.logStartOffset = op.offset;
      log.batches = log.batches.filter((batch) => batch.facts.lastOffset >= op.offset);
      return;
    case "high-watermark":
      log.highWatermark = op.offset;
      return;
    case "epochs":
      log.epochs = [...op.entries];
      return;
    case "producers":
      for (const entry of op.changed) log.producers.set(entry.producerId, entry);
      for (const id of op.removed) log.producers.delete(id);
      return;
    case "remove":
      return;
  }
}

interface SessionPorts {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly faults: () => DiskFaults;
  readonly nearlyFull: () => boolean;
  readonly apply: (handOver: HandOver) => SizeReport[];
  readonly log: (key: LogKey) => DiskLog | undefined;
}

/** One life of a process on the disk. */
class Session implements LogDisk {
  readonly loaded: LoadedDisk;
  readonly queue: HandOver[] = [];
  readonly #ports: SessionPorts;
  readonly #cleaner = new MemoryCleaner(recordFormat);
  #listener: ((report: DiskReport) => void) | null = null;
  #timer: Timer | null = null;
  #ended = false;
  failed = false;

  constructor(loaded: LoadedDisk, ports: SessionPorts) {
    this.loaded = loaded;
    this.#ports = ports;
  }

  allocate(sizeBytes: number): Uint8Array {
    return new Uint8Array(sizeBytes);
  }

  adopt(bytes: Uint8Array): Uint8Array {
    return new Uint8Array(bytes);
  }

  write(handOver: HandOver): void {
    if (this.#ended || this.failed) return;
    // What is handed over is a picture of this moment, whatever the machines do to their caches afterwards.
    const ops = handOver.ops.map((op) => (op.type === "epochs" ? { ...op, entries: [...op.entries] } : op));
    this.queue.push({ ...handOver, ops });
    if (!this.#timer) this.#arm();
  }

  read(id: number, key: LogKey, spec: ReadSpec): void {
    this.#later(() => {
      const log = this.#ports.log(key);
      if (!log || spec.from < log.logStartOffset)
        return this.#report({ type: "read-failed", id, error: "OFFSET_OUT_OF_RANGE", reason: "not on disk" });
      this.#report({ type: "read", id, batches: select(log.batches, spec) });
    });
  }

  findTimestamp(id: number, key: LogKey, timestampMs: number, { from, upTo }: OffsetRange): void {
    this.#later(() => {
      const batches = this.#ports.log(key)?.batches ?? [];
      const batch =
        batches.find(
          ({ facts }) => facts.maxTimestampMs >= timestampMs && facts.lastOffset >= from && facts.lastOffset < upTo,
        ) ?? null;
      this.#report({ type: "found", id, batch });
    });
  }

  findKept(id: number, key: LogKey, bytes: number): void {
    this.#later(() => {
      let kept = 0;
      const first = this.#ports.log(key)?.batches.findLast((batch) => (kept += batch.bytes.length) >= bytes);
      this.#report({ type: "kept", id, offset: first?.facts.baseOffset ?? null });
    });
  }

  survey(id: number, key: LogKey, spec: SurveySpec): void {
    this.#later(() =>
      this.#report({ type: "surveyed", id, survey: surveyOf(this.#ports.log(key)?.batches ?? [], spec) }),
    );
  }

  clean(id: number, key: LogKey, request: CleanRequest): void {
    this.#later(() => this.#report(this.#cleaner.step(id, this.#ports.log(key)?.batches ?? [], request)));
  }

  onReport(listener: (report: DiskReport) => void): void {
    this.#listener = listener;
  }

  health(): Pick<StoreHealth, "state" | "freeBytes" | "totalBytes" | "nearlyFull" | "durability"> {
    const nearlyFull = this.#ports.nearlyFull();
    return {
      state: this.failed ? "offline" : "online",
      freeBytes: nearlyFull ? 1000 : 1e12,
      totalBytes: 2e12,
      nearlyFull,
      durability: "fsync",
    };
  }

  async close(): Promise<void> {
    this.end();
  }

  end(): void {
    this.#ended = true;
    this.#ports.time.cancel(this.#timer);
    this.#timer = null;
    this.queue.length = 0;
  }

  /** Group commit: whatever is queued when the last commit ended goes in one. */
  #arm(): void {
    const { time, chance, faults } = this.#ports;
    const { commitMs, slowPercent, slowMs, failPercent } = faults();
    const slow = chance.percent(slowPercent);
    const takesMs = slow ? chance.between(commitMs[1], slowMs) : chance.between(commitMs[0], commitMs[1]);
    const group = this.queue.length;
    const fails = failPercent > 0 && chance.percent(failPercent);
    this.#timer = time.after(takesMs, () => {
      this.#timer = null;
      if (this.#ended) return;
      if (fails) return this.#fail();
      const done = this.queue.splice(0, group);
      const sizes = done.flatMap((handOver) => this.#ports.apply(handOver));
      const last = done.at(-1);
      if (this.queue.length > 0) this.#arm();
      if (last) this.#report({ type: "committed", ticket: last.ticket, sizes });
    });
  }

  #fail(): void {
    this.failed = true;
    this.#report({ type: "failed", reason: "simulated: fsync failed" });
  }

  #later(run: () => void): void {
    this.#ports.time.after(this.#ports.chance.between(0.05, 2), () => {
      if (!this.#ended) run();
    });
  }

  #report(report: DiskReport): void {
    this.#listener?.(report);
  }
}

function select(batches: readonly Batch[], spec: ReadSpec): Batch[] {
  const selected: Batch[] = [];
  let bytes = 0;
  for (const batch of batches) {
    if (batch.facts.lastOffset < spec.from) continue;
    if (batch.facts.lastOffset >= spec.upTo) break;
    bytes += batch.bytes.length;
    if (selected.length > 0 && bytes > spec.maxBytes) break;
    selected.push(batch);
  }
  return selected;
}
