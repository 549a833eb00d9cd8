/** Entry of a reader thread: reads what is not in memory any more, on read-only connections, and checks every byte before it leaves. */
import { parentPort } from "node:worker_threads";
import Database from "better-sqlite3";
import { findDamage } from "./find-damage.ts";
import type { FindRequest, FromReader, KeptRequest, ReadPlace, ReadRequest, ToReader } from "./messages.ts";
import { GarbagePressure, SMALL_HEAP_PRESSURE_BYTES } from "./slabs.ts";

/** Bound on files kept open. */
const FILES_OPEN_MAX = 16;

interface Row {
  readonly base_offset: number;
  readonly last_offset: number;
  readonly size_bytes: number;
  readonly bytes: Buffer;
}

interface ReadFile {
  readonly db: Database.Database;
  readonly floor: Database.Statement<[number, number], { base_offset: number }>;
  readonly batches: Database.Statement<[number, number, number, number], Row>;
  readonly byTimestamp: Database.Statement<[number, number, number, number, number], Row>;
  readonly sizesBackwards: Database.Statement<
    [number, number, number, number],
    { base_offset: number; size_bytes: number }
  >;
}

type Place = ReadPlace & { readonly path: string };

const port = parentPort!;
const files = new Map<string, ReadFile>();
const pressure = new GarbagePressure(SMALL_HEAP_PRESSURE_BYTES);
/** The file that was asked last. */
let reading = "";

port.on("message", (message: ToReader) => {
  switch (message.type) {
    case "read":
      answer(message, () => readBatches(message));
      return;
    case "find":
      answer(message, () => findTimestamp(message));
      return;
    case "kept":
      keptFrom(message);
      return;
    case "forget":
      forget(message.path);
      return;
    case "close":
      for (const path of files.keys()) forget(path);
      port.postMessage({ type: "closed" } satisfies FromReader);
      port.close();
      return;
  }
});

/** Bytes go into shared memory: ordinary buffers would weigh on the garbage collector of the broker's thread, whose heap is the larger one. */
function answer(request: ReadRequest | FindRequest, read: () => Buffer[] | string): void {
  let result: Buffer[] | string;
  try {
    result = read();
  } catch (error) {
    if (!isDamage(error)) {
      unreadable(request.id, error);
      return;
    }
    result = `A page that ${request.key} needs is damaged in ${reading} (${error.message}); fetch these batches from another replica.`;
  }
  if (typeof result === "string") {
    port.postMessage({ type: "corrupt", id: request.id, reason: result } satisfies FromReader);
    return;
  }
  let sizeBytes = 0;
  for (const bytes of result) sizeBytes += bytes.length;
  const memory = new SharedArrayBuffer(sizeBytes);
  pressure.note(sizeBytes);
  const all = new Uint8Array(memory);
  const ends: number[] = [];
  let end = 0;
  for (const bytes of result) {
    all.set(bytes, end);
    end += bytes.length;
    ends.push(end);
  }
  port.postMessage({ type: "answer", id: request.id, memory, ends } satisfies FromReader);
}

function isDamage(error: unknown): error is Error {
  return error instanceof Database.SqliteError && /^SQLITE_(?:CORRUPT|NOTADB)/.test(error.code);
}

function unreadable(id: number, error: unknown): void {
  for (const path of files.keys()) forget(path);
  const reason = error instanceof Error ? error.message : String(error);
  port.postMessage({ type: "unreadable", id, reason } satisfies FromReader);
}

function readBatches(request: ReadRequest): Buffer[] | string {
  const found: Buffer[] = [];
  let bytes = 0;
  for (const place of request.places) {
    const from = Math.max(request.from, place.fromOffset);
    const upTo = Math.min(request.upTo, place.untilOffset);
    if (from >= upTo) continue;
    const file = open(place.path);
    const start = file.floor.get(request.partitionId, from)?.base_offset ?? from;
    for (const row of file.batches.iterate(request.partitionId, start, from, upTo)) {
      bytes += row.size_bytes;
      if (found.length > 0 && bytes > request.maxBytes) return found;
      const damage = findDamage(row.bytes, row.base_offset);
      // What is whole before the damage is still served; the damage is met by the next read.
      if (damage) return found.length > 0 ? found : sentence(request.key, place, row, damage);
      found.push(row.bytes);
      if (bytes >= request.maxBytes) return found;
    }
  }
  return found;
}

function findTimestamp(request: FindRequest): Buffer[] | string {
  for (const place of request.places) {
    const from = Math.max(request.from, place.fromOffset);
    const upTo = Math.min(request.upTo, place.untilOffset);
    if (from >= upTo || place.maxTimestampMs < request.timestampMs) continue;
    const file = open(place.path);
    const start = file.floor.get(request.partitionId, from)?.base_offset ?? from;
    const row = file.byTimestamp.get(request.partitionId, start, from, upTo, request.timestampMs);
    if (!row) continue;
    const damage = findDamage(row.bytes, row.base_offset);
    return damage ? sentence(request.key, place, row, damage) : [row.bytes];
  }
  return [];
}

/** From the end back: the batch with which the log still holds the bytes. Only places are opened that the answer may lie in. */
function keptFrom(request: KeptRequest): void {
  try {
    port.postMessage({ type: "kept", id: request.id, offset: findKept(request) } satisfies FromReader);
  } catch (error) {
    unreadable(request.id, error);
  }
}

function findKept(request: KeptRequest): number | null {
  let kept = 0;
  let answerAt: number | null = null;
  for (const place of request.places.toReversed()) {
    if (answerAt !== null) return answerAt;
    const file = open(place.path);
    const from = Math.max(place.fromOffset, request.from);
    const start = file.floor.get(request.partitionId, from)?.base_offset ?? from;
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

function sentence(key: string, place: Place, row: Row, damage: string): string {
  return `The batch at offset ${row.base_offset} of ${key} in ${place.path} is damaged: ${damage}. Other batches are fine; fetch this one from another replica.`;
}

function open(path: string): ReadFile {
  reading = path;
  const known = files.get(path);
  if (known) {
    files.delete(path);
    files.set(path, known);
    return known;
  }
  for (const oldest of files.keys()) {
    if (files.size < FILES_OPEN_MAX) break;
    forget(oldest);
  }
  const db = new Database(path, { readonly: true, fileMustExist: true, timeout: 1000 });
  db.pragma("trusted_schema=OFF");
  db.pragma("cell_size_check=ON");
  db.pragma("cache_size=-1024");
  const where = "WHERE partition_id = ? AND base_offset >= ? AND last_offset >= ? AND last_offset < ?";
  const columns = "base_offset, last_offset, size_bytes, bytes";
  const file: ReadFile = {
    db,
    floor: db.prepare(
      "SELECT base_offset FROM batches WHERE partition_id = ? AND base_offset <= ? ORDER BY base_offset DESC LIMIT 1",
    ),
    batches: db.prepare(`SELECT ${columns} FROM batches ${where} ORDER BY base_offset`),
    byTimestamp: db.prepare(
      `SELECT ${columns} FROM batches ${where} AND max_timestamp_ms >= ? ORDER BY base_offset LIMIT 1`,
    ),
    sizesBackwards: db.prepare(`SELECT base_offset, size_bytes FROM batches ${where} ORDER BY base_offset DESC`),
  };
  files.set(path, file);
  return file;
}

function forget(path: string): void {
  files.get(path)?.db.close();
  files.delete(path);
}
