/**
 * Which records survive compaction (Kafka's Cleaner): of each key the newest below the cleaner's end, at its old offset and time; a tombstone until
 * `delete.retention.ms` after it was first cleaned (KIP-534). A batch keeps its first and last offset whatever is taken out of it.
 *
 * Two passes: every key of the dirty part is noted, then all of the log below the end is filtered. Nothing here reads or writes.
 */
import type { BatchFacts, Offset } from "@vitrine/core";
import { KeyOffsets } from "./key-offsets.ts";
import type { Batch } from "./partition-log.ts";

/** Bit 6 of a batch's attributes: its base timestamp says until when its tombstones stay. */
const DELETE_HORIZON = 0x40;

/** What is inside a batch, for whoever decides about it: given by the package that knows the record format. */
export interface RecordFormat {
  /** Throws where bytes are no records. */
  open(batch: Uint8Array): {
    readonly records: readonly {
      readonly offset: number;
      readonly key: Uint8Array | null;
      /** False: a tombstone. */
      readonly hasValue: boolean;
    }[];
    /** The batch with these of its records only, by index, and in its own codec. `deleteHorizonMs`: set in its header; null = as it was. */
    keep(kept: readonly number[], deleteHorizonMs: number | null): Uint8Array;
  };
  /** The header alone: offsets, producer and sequence stay. */
  withoutRecords(batch: Uint8Array): Uint8Array;
  /** The header of what it made. */
  facts(batch: Uint8Array): BatchFacts;
  /** 16 bytes that stand for a key. */
  digest(key: Uint8Array): Uint8Array;
}

export interface CompactionPlan {
  /** Everything below was compacted before, but for tombstones. */
  readonly dirtyFrom: Offset;
  /** Exclusive: the first offset that must stay as it is. At or below the high watermark. */
  readonly upTo: Offset;
  readonly highWatermark: Offset;
  /** Wall clock at the beginning. */
  readonly nowMs: number;
  /** `delete.retention.ms` */
  readonly deleteRetentionMs: number;
  /** Keys that the map takes; when it is full the compaction ends there, and the next one goes on. */
  readonly keysMax: number;
  /** Last offset that each producer wrote which is not forgotten, by its id. */
  readonly producers: ReadonlyMap<number, Offset>;
}

/** What becomes of a batch: it stays byte for byte, goes, or is these bytes now. */
export type Fate = "same" | "gone" | Uint8Array;

export interface CompactionCounts {
  readonly keys: number;
  readonly recordsRead: number;
  readonly recordsKept: number;
  /** Records without a key, from before the topic was compacted: they go. */
  readonly recordsWithoutKey: number;
}

export class Compaction {
  readonly #plan: CompactionPlan;
  readonly #format: RecordFormat;
  readonly #newest: KeyOffsets;
  #mappedTo: number;
  #recordsRead = 0;
  #recordsKept = 0;
  #recordsWithoutKey = 0;

  constructor(plan: CompactionPlan, format: RecordFormat) {
    this.#plan = plan;
    this.#format = format;
    this.#newest = new KeyOffsets(plan.keysMax);
    this.#mappedTo = plan.dirtyFrom;
  }

  get counts(): CompactionCounts {
    return {
      keys: this.#newest.size,
      recordsRead: this.#recordsRead,
      recordsKept: this.#recordsKept,
      recordsWithoutKey: this.#recordsWithoutKey,
    };
  }

  /** Exclusive: keys up to here are noted, so here the filtering ends. */
  get end(): Offset {
    return this.#mappedTo as Offset;
  }

  /** Notes the keys of a batch of the dirty part, in order. False: the map is full, and this batch is for the next time. One batch is always taken. */
  note({ facts, bytes }: Batch): boolean {
    if (!facts.isControl) {
      const isFirst = this.#newest.size === 0;
      if (!isFirst && this.#newest.isFullWith(facts.recordCount)) return false;
      for (const { offset, key } of this.#format.open(bytes).records)
        if (key !== null && offset >= this.#plan.dirtyFrom) this.#newest.set(this.#format.digest(key), offset);
    }
    this.#mappedTo = facts.lastOffset + 1;
    return true;
  }

  /** All of the dirty part is noted, whatever hole there is at its end. */
  noteEnd(): void {
    this.#mappedTo = this.#plan.upTo;
  }

  /** Decides about a batch below the end. */
  fateOf({ facts, bytes }: Batch): Fate {
    // Markers of transactions outlive their data; until transactions exist nothing here knows when that is gone.
    if (facts.isControl) return "same";
    if (facts.recordCount === 0) return this.#mustStay(facts) ? "same" : "gone";
    const opened = this.#format.open(bytes);
    const horizonMs = (facts.attributes & DELETE_HORIZON) === 0 ? null : facts.baseTimestampMs;
    const kept: number[] = [];
    let hasTombstones = false;
    for (const [index, record] of opened.records.entries()) {
      if (record.key === null) {
        this.#recordsWithoutKey++;
        continue;
      }
      if (this.#newest.get(this.#format.digest(record.key)) > record.offset) continue;
      if (!record.hasValue) {
        if (horizonMs !== null && horizonMs <= this.#plan.nowMs) continue;
        hasTombstones = true;
      }
      kept.push(index);
    }
    this.#recordsRead += opened.records.length;
    this.#recordsKept += kept.length;
    if (kept.length === 0) return this.#mustStay(facts) ? this.#format.withoutRecords(bytes) : "gone";
    // Cleaned for the first time: from now on its tombstones have so long to live.
    const setsHorizon = hasTombstones && horizonMs === null;
    if (kept.length === opened.records.length && !setsHorizon) return "same";
    return opened.keep(kept, setsHorizon ? this.#plan.nowMs + this.#plan.deleteRetentionMs : null);
  }

  /**
   * Whether a batch stays although it holds nothing: it has the last sequence of a producer that may go on, or it is the last below the high watermark,
   * from which a replica knows where the log ends (KAFKA-17076).
   */
  #mustStay({ producerId, lastOffset }: BatchFacts): boolean {
    if (lastOffset + 1 === this.#plan.highWatermark) return true;
    return producerId >= 0 && this.#plan.producers.get(producerId) === lastOffset;
  }
}
