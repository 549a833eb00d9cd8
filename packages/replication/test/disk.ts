/** A machine's disk in the harness: what survives a crash, and the store over it in this life. */
import { randomUuid, seededRandom } from "@vitrine/core";
import {
  type Batch,
  type DurableState,
  emptyDisk,
  type LogEvent,
  type LogKey,
  type LogOp,
  MemoryLogStore,
  type PartitionLog,
  type ReadSpec,
} from "@vitrine/log";

export class Disk {
  /** A commit is under way. */
  isBusy = false;
  private state: DurableState;
  private store: MemoryLogStore | null = null;
  private lastEvent: LogEvent | null = null;

  constructor(id: number) {
    this.state = emptyDisk(randomUuid(seededRandom(id)));
  }

  /** The next life, from what is on disk. */
  open(): MemoryLogStore {
    this.store = new MemoryLogStore(this.state);
    const { disk } = this.store;
    // What is handed over is a copy, as it is where a thread lies between: later changes in memory must not reach it.
    const write = disk.write.bind(disk);
    disk.write = (handOver) => write({ ...handOver, ops: handOver.ops.map(copied) });
    // The harness commits by itself and runs a turn after it, so only answers to reads are of interest.
    this.store.onEvent((event) => (this.lastEvent = event));
    return this.store;
  }

  handOver(): void {
    this.store?.handOver();
  }

  get hasWork(): boolean {
    return (this.store?.disk.pendingTickets.length ?? 0) > 0;
  }

  /** Where the log on disk ends; of a machine that is down too. */
  endOf(key: LogKey): number {
    return this.store?.logs.get(key)?.durableEndOffset ?? this.state.logs.get(key)?.logEndOffset ?? 0;
  }

  /** A cold read, answered at once: how long reads take is not what the harness tries. */
  readNow(log: PartitionLog, spec: ReadSpec): readonly Batch[] {
    log.readCold(0, spec);
    this.store?.disk.answerRead();
    if (this.lastEvent?.type !== "read") throw new Error(`a cold read from ${spec.from} gave ${this.lastEvent?.type}`);
    return this.lastEvent.batches;
  }

  /** All that waits becomes one transaction. */
  commit(): void {
    const waiting = this.store?.disk.pendingTickets.length ?? 0;
    for (let at = 0; at < waiting; at++) this.store?.disk.commitNext();
  }

  /** What was not committed is lost, but for the first `extra` hand-overs, whose commit nobody heard of. */
  crash(extra: number): void {
    this.state = this.store?.disk.crash(extra) ?? this.state;
    this.store = null;
    this.isBusy = false;
  }
}

function copied(op: LogOp): LogOp {
  return op.type === "epochs" ? { ...op, entries: [...op.entries] } : op;
}
