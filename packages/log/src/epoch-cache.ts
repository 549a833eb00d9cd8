import { invariant, type Offset } from "@vitrine/core";

/** Where a leader epoch began in a log. */
export interface EpochEntry {
  readonly epoch: number;
  readonly startOffset: Offset;
}

/** Answer to "where does this epoch end here?"; both are -1 when the log knows of no epoch (Kafka's UNDEFINED_EPOCH_OFFSET). */
export interface EpochEnd {
  readonly epoch: number;
  /** Exclusive. */
  readonly endOffset: number;
}

/**
 * Which leader epoch wrote which offsets (KIP-101, KIP-279): the memory by which a follower finds where it diverges.
 * Invariant: entries strictly increase in epoch and in start offset.
 */
export class EpochCache {
  #entries: EpochEntry[];
  readonly #onChange: () => void;

  constructor(entries: readonly EpochEntry[] = [], onChange: () => void = () => {}) {
    this.#entries = [...entries];
    this.#onChange = onChange;
    for (let i = 1; i < this.#entries.length; i++) {
      const before = this.#entries[i - 1]!;
      const entry = this.#entries[i]!;
      invariant(before.epoch < entry.epoch && before.startOffset < entry.startOffset, "epoch entries must increase");
    }
  }

  /** Oldest first. The array is never changed afterwards. */
  get entries(): readonly EpochEntry[] {
    return this.#entries;
  }

  /** -1 when nothing is known. */
  get latestEpoch(): number {
    return this.#entries.at(-1)?.epoch ?? -1;
  }

  /** Notes that an epoch begins at an offset. Entries that contradict it (a later start or epoch) give way, as in Kafka; the same epoch again changes nothing. */
  assign(epoch: number, startOffset: Offset): void {
    invariant(epoch >= 0, `not a leader epoch: ${epoch}`);
    const last = this.#entries.at(-1);
    if (last && last.epoch === epoch && last.startOffset <= startOffset) return;
    // Never in place: a hand-over that waits for the disk still holds the array of its moment.
    const kept = this.#entries.findLastIndex((entry) => entry.epoch < epoch && entry.startOffset < startOffset) + 1;
    this.#entries = [...this.#entries.slice(0, kept), { epoch, startOffset }];
    this.#onChange();
  }

  /** Forgets epochs that begin at or after the log's new end: also when nothing was cut off, or a follower asks for ever (KAFKA-10706). */
  truncateFromEnd(endOffset: Offset): void {
    const kept = this.#entries.filter((entry) => entry.startOffset < endOffset);
    if (kept.length === this.#entries.length) return;
    this.#entries = kept;
    this.#onChange();
  }

  /** Forgets epochs that end at or before the log's new start; the one that spans it begins there from now on. */
  truncateFromStart(startOffset: Offset): void {
    const later = this.#entries.findIndex((entry) => entry.startOffset > startOffset);
    const spanning = (later === -1 ? this.#entries.length : later) - 1;
    if (spanning < 0 || (spanning === 0 && this.#entries[0]!.startOffset === startOffset)) return;
    this.#entries = [{ epoch: this.#entries[spanning]!.epoch, startOffset }, ...this.#entries.slice(spanning + 1)];
    this.#onChange();
  }

  clear(): void {
    if (this.#entries.length === 0) return;
    this.#entries = [];
    this.#onChange();
  }

  /**
   * The largest known epoch at or below the requested one, and where it ends (KIP-279: the epoch comes with the offset).
   * Before the first entry: the requested epoch and the first start. Nothing known, or a negative epoch: -1 and -1.
   */
  endOffsetFor(requestedEpoch: number, logEndOffset: Offset): EpochEnd {
    if (requestedEpoch < 0 || this.#entries.length === 0) return { epoch: -1, endOffset: -1 };
    const higher = this.#entries.findIndex((entry) => entry.epoch > requestedEpoch);
    if (higher === -1) return { epoch: this.latestEpoch, endOffset: logEndOffset };
    const endOffset = this.#entries[higher]!.startOffset;
    return { epoch: higher === 0 ? requestedEpoch : this.#entries[higher - 1]!.epoch, endOffset };
  }

  /** The epoch that wrote an offset, or -1 when that is not known. */
  epochAt(offset: number): number {
    return this.#entries.findLast((entry) => entry.startOffset <= offset)?.epoch ?? -1;
  }
}
