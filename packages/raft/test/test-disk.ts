/** A disk that survives crashes: hand-overs reach it one by one when told. What was reported is kept; of the rest, as many as the crash says. */
import { invariant, type NodeId, Offset, type Uuid } from "@vitrine/core";
import {
  type Batch,
  EpochCache,
  type LogDescriptor,
  type LogEvent,
  type LogKey,
  type LogStore,
  type PartitionLog,
  ProducerState,
  type QuorumStateRecord,
  type ReadSpec,
  type SnapshotFile,
  type StoreHealth,
  type TailRead,
  type Ticket,
} from "@vitrine/log";

/** What one log and the quorum's side files hold; immutable, so that a hand-over is a picture. */
interface Picture {
  readonly batches: readonly Batch[];
  readonly epochs: readonly { readonly epoch: number; readonly startOffset: Offset }[];
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  readonly highWatermark: Offset;
  readonly quorumState: QuorumStateRecord | null;
  readonly snapshot: SnapshotFile | null;
}

const EMPTY: Picture = {
  batches: [],
  epochs: [],
  logStartOffset: Offset(0),
  logEndOffset: Offset(0),
  highWatermark: Offset(0),
  quorumState: null,
  snapshot: null,
};

interface HandedOver {
  readonly ticket: number;
  readonly picture: Picture;
}

export class TestDisk {
  readonly #directoryId: Uuid;
  #written: Picture = EMPTY;
  #queue: HandedOver[] = [];
  #store: PictureStore | null = null;

  constructor(nodeId: NodeId) {
    this.#directoryId = `AAAAAAAAAAAAAAAAAAAD${String(nodeId).padStart(2, "0")}`.slice(-22).padStart(22, "A") as Uuid;
  }

  get pending(): number {
    return this.#queue.length;
  }

  open(listener: (event: LogEvent) => void): LogStore {
    void listener;
    this.#store = new PictureStore(this.#directoryId, this.#written, (handed) => this.#queue.push(handed));
    return this.#store;
  }

  commitNext(): boolean {
    const next = this.#queue.shift();
    if (!next) return false;
    this.#written = next.picture;
    this.#store?.committed(next.ticket, next.picture);
    return true;
  }

  crash(kept: number): void {
    const last = this.#queue[Math.min(kept, this.#queue.length) - 1];
    if (last) this.#written = last.picture;
    this.#queue = [];
    this.#store = null;
  }

  /** End of what would be there after a crash now. */
  durableEnd(): number {
    return this.#written.logEndOffset;
  }
}

class PictureStore implements LogStore {
  readonly directoryId: Uuid;
  readonly logs = new Map<LogKey, PartitionLog>();
  readonly cleanShutdown = true;
  quorumState: QuorumStateRecord | null;
  nextTicket = 1 as Ticket;
  committedTicket = 0 as Ticket;
  readonly #log: PictureLog;
  readonly #onHandOver: (handed: HandedOver) => void;
  #snapshot: SnapshotFile | null;
  #dirty = false;

  constructor(directoryId: Uuid, picture: Picture, onHandOver: (handed: HandedOver) => void) {
    this.directoryId = directoryId;
    this.quorumState = picture.quorumState;
    this.#snapshot = picture.snapshot;
    this.#onHandOver = onHandOver;
    this.#log = new PictureLog(picture, () => {
      this.#dirty = true;
      return this.nextTicket;
    });
  }

  get health(): StoreHealth {
    return {
      state: "online",
      freeBytes: 1,
      totalBytes: 1,
      nearlyFull: false,
      uncommittedBytes: 0,
      uncommittedBytesMax: 1,
      durability: "memory",
    };
  }

  create(descriptor: LogDescriptor): PartitionLog {
    this.#log.descriptor = descriptor;
    this.logs.set(descriptor.key, this.#log);
    return this.#log;
  }

  remove(): void {}

  saveQuorumState(state: QuorumStateRecord): void {
    this.quorumState = state;
    this.#dirty = true;
  }

  saveSnapshot(snapshot: SnapshotFile): void {
    this.#snapshot = snapshot;
    this.#dirty = true;
  }

  latestSnapshot(): SnapshotFile | null {
    return this.#snapshot;
  }

  handOver(): Ticket {
    if (!this.#dirty) return (this.nextTicket - 1) as Ticket;
    const ticket = this.nextTicket;
    this.#dirty = false;
    this.nextTicket = (ticket + 1) as Ticket;
    this.#onHandOver({
      ticket,
      picture: { ...this.#log.picture(), quorumState: this.quorumState, snapshot: this.#snapshot },
    });
    return ticket;
  }

  committed(ticket: number, picture: Picture): void {
    this.committedTicket = ticket as Ticket;
    this.#log.committed(ticket, picture.logEndOffset);
  }

  onEvent(): void {}

  async close(): Promise<void> {}
}

class PictureLog implements PartitionLog {
  descriptor: LogDescriptor = {
    key: "" as LogKey,
    topicId: "" as Uuid,
    partition: 0,
    topicName: "",
    retentionClass: "",
  };
  readonly epochs: EpochCache;
  readonly producers = new ProducerState();
  readonly sizeBytes = 0;
  readonly maxTimestampMs = -1;
  logStartOffset: Offset;
  logEndOffset: Offset;
  durableEndOffset: Offset;
  highWatermark: Offset;
  #batches: Batch[];
  /** Ticket of the last cut: what was handed over before it says nothing about the offsets above it. */
  #cutTicket = 0;
  readonly #touch: () => number;

  constructor(picture: Picture, touch: () => number) {
    this.#touch = touch;
    this.#batches = [...picture.batches];
    this.epochs = new EpochCache(picture.epochs);
    this.logStartOffset = picture.logStartOffset;
    this.logEndOffset = picture.logEndOffset;
    this.durableEndOffset = picture.logEndOffset;
    this.highWatermark = picture.highWatermark;
  }

  picture(): Omit<Picture, "quorumState" | "snapshot"> {
    const { logStartOffset, logEndOffset, highWatermark } = this;
    return {
      batches: [...this.#batches],
      epochs: [...this.epochs.entries],
      logStartOffset,
      logEndOffset,
      highWatermark,
    };
  }

  committed(ticket: number, end: Offset): void {
    if (ticket >= this.#cutTicket) this.durableEndOffset = end;
  }

  append(batch: Batch): void {
    const { baseOffset, lastOffset, leaderEpoch } = batch.facts;
    invariant(baseOffset >= this.logEndOffset, "append below the end");
    invariant(leaderEpoch >= this.epochs.latestEpoch, "leader epochs decrease");
    this.#touch();
    this.epochs.assign(leaderEpoch, baseOffset);
    this.#batches.push(batch);
    this.logEndOffset = Offset(lastOffset + 1);
  }

  truncateTo(offset: Offset, options?: { unclean?: boolean }): void {
    invariant(offset >= this.highWatermark || options?.unclean, "truncation below the high watermark");
    this.#cutTicket = this.#touch();
    this.#batches = this.#batches.filter((batch) => batch.facts.lastOffset < offset);
    this.logEndOffset = Offset(Math.min(this.logEndOffset, offset));
    this.epochs.truncateFromEnd(this.logEndOffset);
    this.durableEndOffset = Offset(Math.min(this.durableEndOffset, offset));
    this.highWatermark = Offset(Math.min(this.highWatermark, offset));
  }

  truncateFullyAndStartAt(offset: Offset): void {
    this.#cutTicket = this.#touch();
    this.#batches = [];
    this.epochs.clear();
    this.logStartOffset = offset;
    this.logEndOffset = offset;
    this.durableEndOffset = offset;
    this.highWatermark = offset;
  }

  setHighWatermark(offset: Offset): void {
    invariant(offset >= this.highWatermark && offset <= this.logEndOffset, "high watermark out of order");
    this.#touch();
    this.highWatermark = offset;
  }

  setLogStartOffset(offset: Offset): void {
    invariant(offset <= this.highWatermark, "log start above the high watermark");
    this.#touch();
    this.logStartOffset = offset;
    this.#batches = this.#batches.filter((batch) => batch.facts.lastOffset >= offset);
    this.epochs.truncateFromStart(offset);
  }

  assignEpochStart(leaderEpoch: number, startOffset: Offset): void {
    this.#touch();
    this.epochs.assign(leaderEpoch, startOffset);
  }

  readTail(spec: ReadSpec): TailRead {
    if (spec.from < this.logStartOffset || spec.from > this.logEndOffset)
      return { kind: "out-of-range", logStartOffset: this.logStartOffset, logEndOffset: this.logEndOffset };
    const batches: Batch[] = [];
    let bytes = 0;
    for (const batch of this.#batches) {
      if (batch.facts.lastOffset < spec.from || batch.facts.lastOffset >= spec.upTo) continue;
      bytes += batch.bytes.length;
      if (batches.length > 0 && bytes > spec.maxBytes) break;
      batches.push(batch);
    }
    return { kind: "batches", batches };
  }

  readCold(): void {}

  findTimestamp(): void {}
}
