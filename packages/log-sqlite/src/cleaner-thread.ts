/** Entry of the cleaner thread: looks through logs and computes what compaction leaves of them. It reads; the storage thread writes. */
import { parentPort } from "node:worker_threads";
import { Offset } from "@vitrine/core";
import { type Batch, CleaningRun, type CleanStep, SegmentCutter, type Survey } from "@vitrine/log";
import { ProtocolError, recordFormat } from "@vitrine/protocol";
import { batchOf } from "./batch-header.ts";
import { answerQuestions } from "./file-questions.ts";
import type { CleanMessage, FromReader, SurveyMessage } from "./messages.ts";
import { checkRow, ReadFiles } from "./read-files.ts";
import { inSharedMemory } from "./shared-batches.ts";
import { GarbagePressure, SMALL_HEAP_PRESSURE_BYTES } from "./slabs.ts";

/** A log in more places than this is put anew as a whole, so that they become one: each piece of a compaction writes down all places. */
const PLACES_MAX = 256;

const files = new ReadFiles();
const pressure = new GarbagePressure(SMALL_HEAP_PRESSURE_BYTES);
/** The compaction under way; the map of keys is its memory. */
let current: { readonly number: number; readonly run: CleaningRun } | null = null;

answerQuestions(
  parentPort!,
  files,
  (question) => {
    if (question.type === "survey") return { type: "surveyed", id: question.id, survey: survey(question) };
    return question.type === "clean" ? stepAnswer(question.id, clean(question)) : null;
  },
  (key, error) => (error instanceof ProtocolError ? error.message : files.damageOf(key, error)),
);

/** From the index alone: no batch is read. */
function survey({ partitionId, places, spec }: SurveyMessage): Survey {
  const cutter = new SegmentCutter(spec);
  for (const row of files.places(partitionId, places, spec.from, spec.upTo)) {
    const place = {
      baseOffset: row.base_offset,
      lastOffset: row.last_offset,
      sizeBytes: row.size_bytes,
      maxTimestampMs: row.max_timestamp_ms,
    };
    if (!cutter.add(place)) break;
  }
  return cutter.result();
}

function clean({ key, partitionId, places, run, plan, from }: CleanMessage): CleanStep {
  if (current?.number !== run) {
    if (!plan) throw new Error("the compaction that this step belongs to is not known any more");
    current = { number: run, run: new CleaningRun(plan, recordFormat) };
  }
  const read = (readFrom: Offset, upTo: Offset, maxBytes: number, maxBatches: number) => {
    const found: Batch[] = [];
    let bytes = 0;
    for (const [row, place] of files.batches(partitionId, places, readFrom, upTo)) {
      bytes += row.size_bytes;
      if (found.length > 0 && (bytes > maxBytes || found.length >= maxBatches)) break;
      checkRow(key, place, row);
      const { facts } = batchOf(row.bytes);
      found.push({ bytes: row.bytes, facts: { ...facts, maxTimestampMs: row.max_timestamp_ms } });
    }
    return found;
  };
  const step = current.run.step(Offset(from), read, { putsAllAnew: places.length > PLACES_MAX });
  if (step.kind === "filtered" && step.upTo >= step.end) current = null;
  return step;
}

/** Batches cross as bytes in shared memory and the times they are filed under. */
function stepAnswer(id: number, step: CleanStep): FromReader {
  if (step.kind === "noted" || step.batches === null) return { type: "cleaned", id, step, survivors: null };
  const { memory, ends } = inSharedMemory(step.batches.map(({ bytes }) => bytes));
  pressure.note(memory.byteLength);
  const timesMs = step.batches.map(({ facts }) => facts.maxTimestampMs);
  return { type: "cleaned", id, step: { ...step, batches: null }, survivors: { memory, ends, timesMs } };
}
