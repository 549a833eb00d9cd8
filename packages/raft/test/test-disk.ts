/** A disk that survives crashes: hand-overs reach it one by one when told. What was reported is kept; of the rest, as many as the crash says. */
import { Offset, type NodeId, type Uuid } from "@vitrine/core";
import {
  type Batch,
  type DurableState,
  emptyDisk,
  type LogEvent,
  MemoryLogStore,
  METADATA_LOG,
  type ReadSpec,
} from "@vitrine/log";

/** Reads of the test itself; raft's own ids begin at 1. */
const OWN_READ = -1;

export class TestDisk {
  #state: DurableState;
  #store: MemoryLogStore | null = null;
  #ownRead: readonly Batch[] = [];

  constructor(nodeId: NodeId) {
    this.#state = emptyDisk(`AAAAAAAAAAAAAAAAAAAA${String(nodeId).padStart(2, "0").slice(-2)}` as Uuid);
  }

  get pending(): number {
    return this.#store?.disk.pendingTickets.length ?? 0;
  }

  open(listener: (event: LogEvent) => void): MemoryLogStore {
    const store = new MemoryLogStore(this.#state);
    store.onEvent((event) => {
      if (event.type === "read" && event.id === OWN_READ) this.#ownRead = event.batches;
      else if (event.type !== "committed") listener(event);
    });
    this.#store = store;
    return store;
  }

  commitNext(): boolean {
    return this.#store?.disk.commitNext() ?? false;
  }

  /** Cold reads that were asked for are answered. */
  answerReads(): void {
    while (this.#store?.disk.answerRead());
  }

  crash(kept: number): void {
    if (this.#store) this.#state = this.#store.disk.crash(kept);
    this.#store = null;
  }

  /** End of what would be there after a crash now. */
  durableEnd(): number {
    if (this.#store) return this.#store.logs.get(METADATA_LOG)?.durableEndOffset ?? 0;
    return this.#state.logs.get(METADATA_LOG)?.logEndOffset ?? 0;
  }

  /** Whatever the log holds from an offset on, in memory or on disk. */
  batchesFrom(from: number): readonly Batch[] {
    const log = this.#store?.logs.get(METADATA_LOG);
    if (!log) return [];
    const found: Batch[] = [];
    for (let at = Math.max(from, log.logStartOffset); at < log.logEndOffset; at = found.at(-1)!.facts.lastOffset + 1) {
      const spec: ReadSpec = { from: Offset(at), upTo: log.logEndOffset, maxBytes: 1 << 30 };
      const read = log.readTail(spec);
      if (read.kind === "cold") {
        log.readCold(OWN_READ, spec);
        this.answerReads();
      }
      const batches = read.kind === "batches" ? read.batches : this.#ownRead;
      if (batches.length === 0) break;
      found.push(...batches);
    }
    return found;
  }
}
