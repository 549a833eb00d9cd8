/** Read-only connections of one reading thread: a few files stay open, and every byte is checked before it leaves. */
import Database from "better-sqlite3";
import { findDamage } from "./find-damage.ts";
import type { ReadPlace } from "./messages.ts";

/** Bound on files kept open. */
const FILES_OPEN_MAX = 16;

export interface BatchRow {
  readonly base_offset: number;
  readonly last_offset: number;
  readonly size_bytes: number;
  readonly max_timestamp_ms: number;
  readonly bytes: Buffer;
}

export interface PlaceRow {
  readonly base_offset: number;
  readonly last_offset: number;
  readonly size_bytes: number;
  readonly max_timestamp_ms: number;
}

export interface ReadFile {
  readonly db: Database.Database;
  readonly floor: Database.Statement<[number, number], { base_offset: number }>;
  readonly batches: Database.Statement<[number, number, number, number], BatchRow>;
  /** The same from the index alone. */
  readonly places: Database.Statement<[number, number, number, number], PlaceRow>;
  readonly byTimestamp: Database.Statement<[number, number, number, number, number], BatchRow>;
  readonly sizesBackwards: Database.Statement<
    [number, number, number, number],
    { base_offset: number; size_bytes: number }
  >;
}

export type Place = ReadPlace & { readonly path: string };

/** A batch that is not what was stored: the sentence says where and what to do. */
export class DamagedBatch extends Error {}

export class ReadFiles {
  readonly #files = new Map<string, ReadFile>();
  /** The file that was asked last. */
  #reading = "";

  open(path: string): ReadFile {
    this.#reading = path;
    const known = this.#files.get(path);
    if (known) {
      this.#files.delete(path);
      this.#files.set(path, known);
      return known;
    }
    for (const oldest of this.#files.keys()) {
      if (this.#files.size < FILES_OPEN_MAX) break;
      this.forget(oldest);
    }
    const file = openFile(path);
    this.#files.set(path, file);
    return file;
  }

  forget(path: string): void {
    this.#files.get(path)?.db.close();
    this.#files.delete(path);
  }

  forgetAll(): void {
    for (const path of this.#files.keys()) this.forget(path);
  }

  /** Rows of the batches with last offset in [from, upTo), place by place, in order of offsets; not checked yet. */
  *batches(id: number, places: readonly Place[], from: number, upTo: number): Generator<[BatchRow, Place]> {
    for (const [place, at, until] of clipped(places, from, upTo)) {
      const file = this.open(place.path);
      for (const row of file.batches.iterate(id, floorOf(file, id, at), at, until)) yield [row, place];
    }
  }

  /** The same without their bytes. */
  *places(id: number, places: readonly Place[], from: number, upTo: number): Generator<PlaceRow> {
    for (const [place, at, until] of clipped(places, from, upTo)) {
      const file = this.open(place.path);
      yield* file.places.iterate(id, floorOf(file, id, at), at, until);
    }
  }

  /** One sentence about damage, or null where the error is another. */
  damageOf(key: string, error: unknown): string | null {
    if (error instanceof DamagedBatch) return error.message;
    const isDamage = error instanceof Database.SqliteError && /^SQLITE_(?:CORRUPT|NOTADB)/.test(error.code);
    return isDamage
      ? `A page that ${key} needs is damaged in ${this.#reading} (${error.message}); fetch these batches from another replica.`
      : null;
  }
}

/** Where to look from for batches that reach an offset. */
export function floorOf(file: ReadFile, id: number, offset: number): number {
  return file.floor.get(id, offset)?.base_offset ?? offset;
}

/** Throws DamagedBatch where a row's bytes are not the batch that it says. */
export function checkRow(key: string, place: Place, row: BatchRow): void {
  const damage = findDamage(row.bytes, row.base_offset);
  if (damage)
    throw new DamagedBatch(
      `The batch at offset ${row.base_offset} of ${key} in ${place.path} is damaged: ${damage}. Other batches are fine; fetch this one from another replica.`,
    );
}

/** The part of each place that a range touches. */
function* clipped(places: readonly Place[], from: number, upTo: number): Generator<[Place, number, number]> {
  for (const place of places) {
    const at = Math.max(from, place.fromOffset);
    const until = Math.min(upTo, place.untilOffset);
    if (at < until) yield [place, at, until];
  }
}

function openFile(path: string): ReadFile {
  const db = new Database(path, { readonly: true, fileMustExist: true, timeout: 1000 });
  db.pragma("trusted_schema=OFF");
  db.pragma("cell_size_check=ON");
  db.pragma("cache_size=-1024");
  const where = "WHERE partition_id = ? AND base_offset >= ? AND last_offset >= ? AND last_offset < ?";
  const facts = "base_offset, last_offset, size_bytes, max_timestamp_ms";
  return {
    db,
    floor: db.prepare(
      "SELECT base_offset FROM batches WHERE partition_id = ? AND base_offset <= ? ORDER BY base_offset DESC LIMIT 1",
    ),
    batches: db.prepare(`SELECT ${facts}, bytes FROM batches ${where} ORDER BY base_offset`),
    places: db.prepare(`SELECT ${facts} FROM batches ${where} ORDER BY base_offset`),
    byTimestamp: db.prepare(
      `SELECT ${facts}, bytes FROM batches ${where} AND max_timestamp_ms >= ? ORDER BY base_offset LIMIT 1`,
    ),
    sizesBackwards: db.prepare(`SELECT base_offset, size_bytes FROM batches ${where} ORDER BY base_offset DESC`),
  };
}
