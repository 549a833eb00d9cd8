import { sameRow, type Row } from "./columns.ts";

/** The tables that views are served from. */
export type TableName =
  | "clusters"
  | "nodes"
  | "metrics"
  | "topics"
  | "partitions"
  | "quorum"
  | "groups"
  | "group_partitions"
  | "clients"
  | "producers"
  /** What a broker tells of the groups it coordinates; see node-rows.ts. */
  | "coordinators"
  | "coordinated"
  | "commits";

/** What changed in a table since a version, or "lost" where the tombstones no longer reach back: take a snapshot. */
export type TableChanges = { readonly rows: readonly Row[]; readonly gone: readonly string[] } | "lost";

/**
 * A row or its tombstone. Entries of a table form a list in order of version, so that a tick reads what changed and nothing else.
 * Invariant: older.version < version < newer.version.
 */
interface Entry {
  readonly key: string;
  /** null: removed. */
  row: Row | null;
  version: number;
  older: Entry | null;
  newer: Entry | null;
}

interface Table {
  readonly entries: Map<string, Entry>;
  newest: Entry | null;
  oldest: Entry | null;
  /** Live rows. */
  size: number;
  tombstones: number;
  /** Version of the newest tombstone that was dropped: older readers cannot be told what went. */
  floor: number;
}

/** Tombstones kept per table; at the bound the oldest goes, and readers older than it get a snapshot. */
const TOMBSTONES_MAX = 10_000;

/**
 * Keyed rows, updated in place, with one version for all: every real change takes the next number. Writers set rows as often as they like;
 * readers ask for the changes since the version they hold. Nothing is copied per tick, and a reader costs one number.
 */
export class LiveTables {
  #version = 0;
  readonly #tables = new Map<TableName, Table>();
  readonly #infos = new Map<string, { value: unknown; text: string; version: number }>();
  #infoRemovedAt = 0;
  readonly #tombstonesMax: number;

  constructor(options: { readonly tombstonesMax?: number } = {}) {
    this.#tombstonesMax = options.tombstonesMax ?? TOMBSTONES_MAX;
  }

  /** Number of the newest change. */
  get version(): number {
    return this.#version;
  }

  /** Puts a row; true when it differs from what was there. The row must not be changed afterwards. */
  set(table: TableName, key: string, row: Row): boolean {
    const held = this.#table(table);
    const entry = held.entries.get(key);
    if (entry === undefined) {
      const made: Entry = { key, row, version: 0, older: null, newer: null };
      held.entries.set(key, made);
      held.size++;
      this.#append(held, made);
      return true;
    }
    if (entry.row !== null && sameRow(entry.row, row)) return false;
    if (entry.row === null) {
      held.tombstones--;
      held.size++;
    }
    entry.row = row;
    this.#unlink(held, entry);
    this.#append(held, entry);
    return true;
  }

  /** Takes a row away; true when it was there. */
  remove(table: TableName, key: string): boolean {
    const held = this.#table(table);
    const entry = held.entries.get(key);
    if (entry === undefined || entry.row === null) return false;
    entry.row = null;
    held.size--;
    held.tombstones++;
    this.#unlink(held, entry);
    this.#append(held, entry);
    if (held.tombstones > this.#tombstonesMax) this.#dropOldestTombstone(held);
    return true;
  }

  get(table: TableName, key: string): Row | undefined {
    return this.#tables.get(table)?.entries.get(key)?.row ?? undefined;
  }

  size(table: TableName): number {
    return this.#tables.get(table)?.size ?? 0;
  }

  /** Version of the newest change in one table; 0: never written. */
  tableVersion(table: TableName): number {
    return this.#tables.get(table)?.newest?.version ?? 0;
  }

  /** Live rows, least recently changed first; lazily, so the table must not be written while it is walked. */
  *rows(table: TableName): IterableIterator<Row> {
    for (let entry = this.#tables.get(table)?.oldest ?? null; entry !== null; entry = entry.newer) {
      if (entry.row !== null) yield entry.row;
    }
  }

  /** All rows, optionally only those that the filter takes. */
  snapshot(table: TableName, filter?: (row: Row, key: string) => boolean): Row[] {
    const rows: Row[] = [];
    for (let entry = this.#tables.get(table)?.oldest ?? null; entry !== null; entry = entry.newer) {
      if (entry.row !== null && (filter === undefined || filter(entry.row, entry.key))) rows.push(entry.row);
    }
    return rows;
  }

  /**
   * Rows changed and keys removed after `version`. The filter for removed rows sees the key only. Costs as much as there are changes,
   * not as there are rows.
   */
  changesSince(
    table: TableName,
    version: number,
    filter?: { row(row: Row, key: string): boolean; gone(key: string): boolean },
  ): TableChanges {
    const held = this.#tables.get(table);
    if (held === undefined) return { rows: [], gone: [] };
    if (version < held.floor) return "lost";
    const rows: Row[] = [];
    const gone: string[] = [];
    for (let entry = held.newest; entry !== null && entry.version > version; entry = entry.older) {
      if (entry.row === null) {
        if (filter === undefined || filter.gone(entry.key)) gone.push(entry.key);
      } else if (filter === undefined || filter.row(entry.row, entry.key)) rows.push(entry.row);
    }
    rows.reverse();
    return { rows, gone: gone.reverse() };
  }

  /** Puts a document beside the tables (`info` of a view); compared as JSON, so keep it small. */
  setInfo(name: string, value: unknown): boolean {
    const text = JSON.stringify(value);
    const held = this.#infos.get(name);
    if (held?.text === text) return false;
    this.#infos.set(name, { value, text, version: ++this.#version });
    return true;
  }

  removeInfo(name: string): boolean {
    if (!this.#infos.delete(name)) return false;
    this.#infoRemovedAt = ++this.#version;
    return true;
  }

  /** A document, null where there is none, and the version of its last change; for a missing one that of the last removal of any. */
  info(name: string): { readonly value: unknown; readonly version: number } {
    return this.#infos.get(name) ?? { value: null, version: this.#infoRemovedAt };
  }

  #table(name: TableName): Table {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = { entries: new Map(), newest: null, oldest: null, size: 0, tombstones: 0, floor: 0 };
      this.#tables.set(name, table);
    }
    return table;
  }

  #append(table: Table, entry: Entry): void {
    entry.version = ++this.#version;
    entry.older = table.newest;
    entry.newer = null;
    if (table.newest !== null) table.newest.newer = entry;
    else table.oldest = entry;
    table.newest = entry;
  }

  #unlink(table: Table, entry: Entry): void {
    if (entry.older !== null) entry.older.newer = entry.newer;
    else table.oldest = entry.newer;
    if (entry.newer !== null) entry.newer.older = entry.older;
    else table.newest = entry.older;
  }

  #dropOldestTombstone(table: Table): void {
    for (let entry = table.oldest; entry !== null; entry = entry.newer) {
      if (entry.row !== null) continue;
      this.#unlink(table, entry);
      table.entries.delete(entry.key);
      table.tombstones--;
      table.floor = Math.max(table.floor, entry.version);
      return;
    }
  }
}
