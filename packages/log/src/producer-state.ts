import { type BatchFacts, invariant, type Offset } from "@vitrine/core";

/** Batches remembered per producer: as many as a client may have in flight. */
export const PRODUCER_BATCHES_KEPT = 5;
/** Bound on what one producer may keep above the high watermark, so that a stalled follower cannot grow it without end. */
const PRODUCER_BATCHES_MAX = 100;
/**
 * Producers remembered per partition. Ids come from clients, so somebody could make up any number of them; beyond the bound the one that has been
 * quiet longest is forgotten, as if it had expired.
 */
const PRODUCERS_MAX = 100_000;
const SEQUENCE_LAST = 0x7fff_ffff;

export interface ProducerBatch {
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  readonly timestampMs: number;
}

export interface ProducerEntry {
  readonly producerId: number;
  /** The epoch of the newest batch or marker. */
  readonly producerEpoch: number;
  /** Oldest first; the newest five, and everything above the high watermark, so that a truncation finds what was before. */
  readonly batches: readonly ProducerBatch[];
  /** Broker time of the sweep that saw it last used; null = used since the last sweep. */
  readonly lastSeenMs: number | null;
}

export type ProducerCheck =
  | { readonly kind: "ok" }
  /** Sent before: answer with the offsets it got then. */
  | {
      readonly kind: "duplicate";
      readonly baseOffset: Offset;
      readonly lastOffset: Offset;
      readonly timestampMs: number;
    }
  | { readonly kind: "error"; readonly error: "OUT_OF_ORDER_SEQUENCE_NUMBER" | "INVALID_PRODUCER_EPOCH" };

/** What changed since the last call of takeChanges: rows to write and rows to delete. */
export interface ProducerChanges {
  readonly changed: readonly ProducerEntry[];
  readonly removed: readonly number[];
}

const OK: ProducerCheck = { kind: "ok" };

/** Adds to a sequence number; after 2^31-1 comes 0 (KAFKA-5283). */
export function nextSequence(sequence: number, by = 1): number {
  const sum = sequence + by;
  return sum > SEQUENCE_LAST ? sum - SEQUENCE_LAST - 1 : sum;
}

/** What idempotent producers have written to one partition: finds duplicates and gaps by sequence number. */
export class ProducerState {
  /** Least recently used first. */
  readonly #entries = new Map<number, ProducerEntry>();
  readonly #dirty = new Set<number>();
  readonly #onChange: () => void;
  readonly #producersMax: number;

  constructor(
    entries: readonly ProducerEntry[] = [],
    onChange: () => void = () => {},
    { producersMax = PRODUCERS_MAX }: { readonly producersMax?: number } = {},
  ) {
    this.#onChange = onChange;
    this.#producersMax = producersMax;
    for (const entry of entries) this.#entries.set(entry.producerId, entry);
  }

  get size(): number {
    return this.#entries.size;
  }

  get entries(): readonly ProducerEntry[] {
    return [...this.#entries.values()];
  }

  get(producerId: number): ProducerEntry | null {
    return this.#entries.get(producerId) ?? null;
  }

  /** Whether a batch may be appended. A producer nobody remembers may begin with any sequence (its state may have expired). */
  check(facts: BatchFacts): ProducerCheck {
    const entry = facts.producerId < 0 ? undefined : this.#entries.get(facts.producerId);
    if (!entry) return OK;
    if (facts.producerEpoch < entry.producerEpoch) return { kind: "error", error: "INVALID_PRODUCER_EPOCH" };
    if (facts.isControl || facts.baseSequence < 0) return OK;
    if (facts.producerEpoch > entry.producerEpoch) return facts.baseSequence === 0 ? OK : outOfOrder();
    const lastSequence = lastSequenceOf(facts);
    const known = entry.batches
      .slice(-PRODUCER_BATCHES_KEPT)
      .find(
        (batch) =>
          batch.producerEpoch === facts.producerEpoch &&
          batch.baseSequence === facts.baseSequence &&
          batch.lastSequence === lastSequence,
      );
    if (known) {
      const { baseOffset, lastOffset, timestampMs } = known;
      return { kind: "duplicate", baseOffset, lastOffset, timestampMs };
    }
    const last = entry.batches.at(-1);
    // A marker may have raised the epoch: then no batch of this epoch is known, and it begins at 0.
    const expected = last && last.producerEpoch === facts.producerEpoch ? nextSequence(last.lastSequence) : 0;
    return facts.baseSequence === expected ? OK : outOfOrder();
  }

  /** Notes an appended batch. What lies below the high watermark and is not among the newest five is forgotten. */
  append(facts: BatchFacts, highWatermark: Offset): void {
    if (facts.producerId < 0) return;
    const before = this.#entries.get(facts.producerId);
    let batches = before?.batches ?? [];
    if (!facts.isControl && facts.baseSequence >= 0) {
      batches = prune([...batches, toProducerBatch(facts)], highWatermark);
    }
    const { producerId, producerEpoch } = facts;
    this.#entries.delete(producerId);
    this.#put({ producerId, producerEpoch, batches, lastSeenMs: null });
    if (this.#entries.size > this.#producersMax) this.#delete(this.#entries.keys().next().value!);
  }

  /** Goes back to what was known before the batches that reach offset. A producer left without any is forgotten. */
  truncateFromEnd(offset: Offset): void {
    for (const entry of this.#entries.values()) {
      const batches = entry.batches.filter((batch) => batch.lastOffset < offset);
      if (batches.length === entry.batches.length) continue;
      const newest = batches.at(-1);
      if (!newest) this.#delete(entry.producerId);
      else this.#put({ ...entry, producerEpoch: newest.producerEpoch, batches });
    }
  }

  clear(): void {
    for (const producerId of this.#entries.keys()) this.#delete(producerId);
  }

  /**
   * Forgets producers idle for longer than expirationMs of broker time (never data time, KAFKA-9144). Call it now and then:
   * a producer used since the last call counts as seen now.
   */
  expire(nowMs: number, expirationMs: number): void {
    for (const entry of this.#entries.values()) {
      if (entry.lastSeenMs === null) this.#put({ ...entry, lastSeenMs: nowMs });
      else if (nowMs - entry.lastSeenMs >= expirationMs) this.#delete(entry.producerId);
    }
  }

  /** For the store: what to write with the next hand-over. */
  takeChanges(): ProducerChanges {
    const changed: ProducerEntry[] = [];
    const removed: number[] = [];
    for (const producerId of this.#dirty) {
      const entry = this.#entries.get(producerId);
      if (entry) changed.push(entry);
      else removed.push(producerId);
    }
    this.#dirty.clear();
    return { changed, removed };
  }

  #put(entry: ProducerEntry): void {
    invariant(entry.producerId >= 0, "a producer id is needed");
    this.#entries.set(entry.producerId, entry);
    this.#dirty.add(entry.producerId);
    this.#onChange();
  }

  #delete(producerId: number): void {
    this.#entries.delete(producerId);
    this.#dirty.add(producerId);
    this.#onChange();
  }
}

function lastSequenceOf(facts: BatchFacts): number {
  return nextSequence(facts.baseSequence, facts.lastOffset - facts.baseOffset);
}

function toProducerBatch(facts: BatchFacts): ProducerBatch {
  return {
    producerEpoch: facts.producerEpoch,
    baseSequence: facts.baseSequence,
    lastSequence: lastSequenceOf(facts),
    baseOffset: facts.baseOffset,
    lastOffset: facts.lastOffset,
    timestampMs: facts.maxTimestampMs,
  };
}

function prune(batches: ProducerBatch[], highWatermark: Offset): ProducerBatch[] {
  const keep = batches.length - PRODUCER_BATCHES_KEPT;
  if (keep <= 0) return batches;
  // The newest five, and one below the high watermark if the rest lies above: what a truncation to it would fall back on.
  let from = batches.findLastIndex((batch) => batch.lastOffset < highWatermark) - PRODUCER_BATCHES_KEPT + 1;
  from = Math.max(0, Math.min(from, keep), batches.length - PRODUCER_BATCHES_MAX);
  return from === 0 ? batches : batches.slice(from);
}

function outOfOrder(): ProducerCheck {
  return { kind: "error", error: "OUT_OF_ORDER_SEQUENCE_NUMBER" };
}
