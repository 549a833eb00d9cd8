/** Compaction on a disk in memory: everything lies in an array. */
import type { DiskReport } from "./log-disk.ts";
import { type CleanRequest, CleaningRun } from "./cleaning-run.ts";
import type { RecordFormat } from "./compaction.ts";
import type { LogOp } from "./log-op.ts";
import type { Batch } from "./partition-log.ts";
import { SegmentCutter, type Survey, type SurveySpec } from "./virtual-segments.ts";

/** The batches after a `replace` operation. */
export function replaced(batches: readonly Batch[], op: Extract<LogOp, { type: "replace" }>): Batch[] {
  const before = batches.filter(({ facts }) => facts.lastOffset < op.from);
  const after = batches.filter(({ facts }) => facts.lastOffset >= op.upTo);
  return [...before, ...op.batches, ...after];
}

/** Segments of an array of batches. */
export function surveyOf(batches: readonly Batch[], spec: SurveySpec): Survey {
  const cutter = new SegmentCutter(spec);
  for (const { facts, bytes } of batches) {
    if (facts.lastOffset < spec.from || facts.lastOffset >= spec.upTo) continue;
    const { baseOffset, lastOffset, maxTimestampMs } = facts;
    if (!cutter.add({ baseOffset, lastOffset, maxTimestampMs, sizeBytes: bytes.byteLength })) break;
  }
  return cutter.result();
}

export class MemoryCleaner {
  readonly #format: RecordFormat | null;
  #run: { readonly number: number; readonly run: CleaningRun } | null = null;

  /** Without a format nothing can be compacted. */
  constructor(format: RecordFormat | null) {
    this.#format = format;
  }

  /** The next step over what is stored now. */
  step(id: number, batches: readonly Batch[], { run: number, plan, from }: CleanRequest): DiskReport {
    if (!this.#format)
      return { type: "clean-failed", id, error: "KAFKA_STORAGE_ERROR", reason: "this disk does not know records" };
    if (this.#run?.number !== number) this.#run = { number, run: new CleaningRun(plan, this.#format) };
    try {
      const step = this.#run.run.step(from, (readFrom, upTo, maxBytes, maxBatches) => {
        const found: Batch[] = [];
        let bytes = 0;
        for (const batch of batches) {
          if (batch.facts.lastOffset < readFrom) continue;
          if (batch.facts.lastOffset >= upTo || found.length >= maxBatches) break;
          bytes += batch.bytes.byteLength;
          if (found.length > 0 && bytes > maxBytes) break;
          found.push(batch);
        }
        return found;
      });
      return { type: "cleaned", id, step };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { type: "clean-failed", id, error: "CORRUPT_MESSAGE", reason };
    }
  }
}
