/** Entry of a reader thread: reads what is not in memory any more. */
import { parentPort } from "node:worker_threads";
import { answerQuestions } from "./file-questions.ts";
import type { FindRequest, FromReader, KeptRequest, ReadRequest } from "./messages.ts";
import { checkRow, DamagedBatch, floorOf, ReadFiles } from "./read-files.ts";
import { inSharedMemory } from "./shared-batches.ts";
import { GarbagePressure, SMALL_HEAP_PRESSURE_BYTES } from "./slabs.ts";

const files = new ReadFiles();
const pressure = new GarbagePressure(SMALL_HEAP_PRESSURE_BYTES);

answerQuestions(
  parentPort!,
  files,
  (question) => {
    const { id } = question;
    if (question.type === "read") return batchesAnswer(id, readBatches(question));
    if (question.type === "find") return batchesAnswer(id, findTimestamp(question));
    return question.type === "kept" ? { type: "kept", id, offset: findKept(question) } : null;
  },
  (key, error) => files.damageOf(key, error),
);

function batchesAnswer(id: number, batches: readonly Buffer[]): FromReader {
  const { memory, ends } = inSharedMemory(batches);
  pressure.note(memory.byteLength);
  return { type: "answer", id, memory, ends };
}

function readBatches(request: ReadRequest): Buffer[] {
  const found: Buffer[] = [];
  let bytes = 0;
  const { key, partitionId, places, from, upTo } = request;
  for (const [row, place] of files.batches(partitionId, places, from, upTo)) {
    bytes += row.size_bytes;
    if (found.length > 0 && bytes > request.maxBytes) return found;
    try {
      checkRow(key, place, row);
    } catch (error) {
      // What is whole before the damage is still served; the damage is met by the next read.
      if (found.length > 0 && error instanceof DamagedBatch) return found;
      throw error;
    }
    found.push(row.bytes);
    if (bytes >= request.maxBytes) return found;
  }
  return found;
}

function findTimestamp(request: FindRequest): Buffer[] {
  for (const place of request.places) {
    const from = Math.max(request.from, place.fromOffset);
    const upTo = Math.min(request.upTo, place.untilOffset);
    if (from >= upTo || place.maxTimestampMs < request.timestampMs) continue;
    const file = files.open(place.path);
    const start = floorOf(file, request.partitionId, from);
    const row = file.byTimestamp.get(request.partitionId, start, from, upTo, request.timestampMs);
    if (!row) continue;
    checkRow(request.key, place, row);
    return [row.bytes];
  }
  return [];
}

/** From the end back: the batch with which the log still holds the bytes. Only places are opened that the answer may lie in. */
function findKept(request: KeptRequest): number | null {
  let kept = 0;
  let answerAt: number | null = null;
  for (const place of request.places.toReversed()) {
    if (answerAt !== null) return answerAt;
    const file = files.open(place.path);
    const from = Math.max(place.fromOffset, request.from);
    const start = floorOf(file, request.partitionId, from);
    const until = Math.min(place.untilOffset, Number.MAX_SAFE_INTEGER);
    for (const row of file.sizesBackwards.iterate(request.partitionId, start, from, until)) {
      // Something lies before the batch that was enough: that may go.
      if (answerAt !== null) return answerAt;
      kept += row.size_bytes;
      if (kept >= request.bytes) answerAt = row.base_offset;
    }
  }
  return null;
}
