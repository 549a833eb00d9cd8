/** One compaction of one log, in steps of bounded size: first its keys are noted, then its batches are filtered piece by piece, from the oldest on. */
import { Offset } from "@vitrine/core";
import { Compaction, type CompactionCounts, type CompactionPlan, type RecordFormat } from "./compaction.ts";
import type { Batch } from "./partition-log.ts";

/** What a step reads; a larger batch is a step of its own. So much is in one transaction when it is put in place: producers' commits wait behind it. */
const STEP_BYTES = 1 << 20;
/** Small batches cost by their number: so many are put in place in some 5 ms. */
const STEP_BATCHES = 500;

/** Asks for the next step of a compaction. Steps of one `run` come in order; its plan is that of the first. */
export interface CleanRequest {
  /** Unique on this node in the life of its process. */
  readonly run: number;
  readonly plan: CompactionPlan;
  /** Where filtering goes on: the log start at first, then where the step before ended. */
  readonly from: Offset;
}

/** Reads batches with last offset in [from, upTo), oldest first: at least one where there is one. Throws where they are damaged. */
export type ReadBatches = (from: Offset, upTo: Offset, maxBytes: number, maxBatches: number) => readonly Batch[];

export type CleanStep =
  /** Keys were noted; nothing changes yet. */
  | { readonly kind: "noted"; readonly readBytes: number }
  | {
      readonly kind: "filtered";
      /** The batches with last offset in [from, upTo) were looked at. */
      readonly from: Offset;
      /** Exclusive. */
      readonly upTo: Offset;
      /** What they are to be from now on; null = as they are. */
      readonly batches: readonly Batch[] | null;
      readonly readBytes: number;
      readonly keptBytes: number;
      /** Exclusive, of the whole compaction. When `upTo` has reached it, it is done. */
      readonly end: Offset;
      /** Up to now. */
      readonly counts: CompactionCounts;
    };

export class CleaningRun {
  readonly #plan: CompactionPlan;
  readonly #compaction: Compaction;
  readonly #format: RecordFormat;
  /** Where noting goes on; null = all is noted. */
  #noteFrom: Offset | null;

  constructor(plan: CompactionPlan, format: RecordFormat) {
    this.#plan = plan;
    this.#compaction = new Compaction(plan, format);
    this.#format = format;
    this.#noteFrom = plan.dirtyFrom;
  }

  /** `putsAllAnew`: also what stays as it is; where a log lies in very many places, they become one. */
  step(from: Offset, read: ReadBatches, { putsAllAnew = false } = {}): CleanStep {
    return this.#noteFrom === null ? this.#filter(from, read, putsAllAnew) : this.#note(this.#noteFrom, read);
  }

  #note(from: Offset, read: ReadBatches): CleanStep {
    let readBytes = 0;
    const batches = read(from, this.#plan.upTo, STEP_BYTES, STEP_BATCHES);
    this.#noteFrom = null;
    for (const batch of batches) {
      if (!this.#compaction.note(batch)) return { kind: "noted", readBytes };
      readBytes += batch.bytes.byteLength;
      this.#noteFrom = Offset(batch.facts.lastOffset + 1);
    }
    if (this.#noteFrom === null || this.#noteFrom >= this.#plan.upTo) {
      this.#noteFrom = null;
      this.#compaction.noteEnd();
    }
    return { kind: "noted", readBytes };
  }

  #filter(from: Offset, read: ReadBatches, putsAllAnew: boolean): CleanStep {
    const { end } = this.#compaction;
    const batches = read(from, end, STEP_BYTES, STEP_BATCHES);
    const last = batches.at(-1);
    const survivors: Batch[] = [];
    let isChanged = putsAllAnew && last !== undefined;
    let readBytes = 0;
    let keptBytes = 0;
    for (const batch of batches) {
      readBytes += batch.bytes.byteLength;
      const fate = this.#compaction.fateOf(batch);
      if (fate !== "same") isChanged = true;
      if (fate === "gone") continue;
      const survivor = fate === "same" ? batch : this.#changed(batch, fate);
      keptBytes += survivor.bytes.byteLength;
      survivors.push(survivor);
    }
    const upTo = last ? Offset(last.facts.lastOffset + 1) : end;
    const counts = this.#compaction.counts;
    const batchesNow = isChanged ? survivors : null;
    return { kind: "filtered", from, upTo, batches: batchesNow, readBytes, keptBytes, end, counts };
  }

  /** A batch that says no time keeps the one it was taken to have. */
  #changed(batch: Batch, bytes: Uint8Array): Batch {
    const facts = this.#format.facts(bytes);
    return {
      bytes,
      facts: facts.maxTimestampMs < 0 ? { ...facts, maxTimestampMs: batch.facts.maxTimestampMs } : facts,
    };
  }
}
