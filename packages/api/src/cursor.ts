/**
 * Cursors of records: where to read on, per partition, with the leader epoch that vouches for the position (KIP-320).
 * Text form `0:1042@7,1:998@7`; the epoch may be left out by people. The same text is JSON `next`, SSE `id:`, `?cursor=` and WS `next`.
 */
export interface Position {
  readonly offset: number;
  /** Leader epoch of the record before `offset`; -1: not known, so truncation cannot be told. */
  readonly epoch: number;
}

/** Partition to position. */
export type Cursor = ReadonlyMap<number, Position>;

/** More than any topic has; keeps a hostile string from making a large map. */
const PARTITIONS_MAX = 10_000;

/** Partitions and epochs are int32 on the wire: a larger one would fit no request. */
const INT32_MAX = 2_147_483_647;

const PART = /^(\d{1,9}):(\d{1,16})(?:@(\d{1,10}))?$/;

/** Reads a cursor; null when the text is not one. */
export function parseCursor(text: string): Cursor | null {
  if (text.length === 0 || text.length > PARTITIONS_MAX * 40) return null;
  const cursor = new Map<number, Position>();
  for (const part of text.split(",")) {
    const match = PART.exec(part);
    if (!match) return null;
    const partition = Number(match[1]);
    const position = { offset: Number(match[2]), epoch: match[3] === undefined ? -1 : Number(match[3]) };
    if (!isOnTheWire(partition, position) || cursor.has(partition) || cursor.size >= PARTITIONS_MAX) return null;
    cursor.set(partition, position);
  }
  return cursor;
}

/** Whether requests have room for a partition and a position that came from outside. */
export function isOnTheWire(partition: number, { offset, epoch }: Position): boolean {
  return partition <= INT32_MAX && Number.isSafeInteger(offset) && epoch <= INT32_MAX;
}

/** Writes a cursor, partitions in ascending order. */
export function formatCursor(cursor: Cursor): string {
  return [...cursor]
    .toSorted(([a], [b]) => a - b)
    .map(([partition, position]) => formatPosition(partition, position))
    .join(",");
}

/** One partition of a cursor. */
export function formatPosition(partition: number, position: Position): string {
  const epoch = position.epoch < 0 ? "" : `@${position.epoch}`;
  return `${partition}:${position.offset}${epoch}`;
}

/** Moves a vector on: partitions that `next` names replace those of `cursor`. */
export function mergeCursor(cursor: Cursor, next: Cursor): Cursor {
  return new Map([...cursor, ...next]);
}

/**
 * Cursor of events, opaque outside: `e:<metadata offset>@<epoch>~<run>.<index>`. Within one run of one process the index resumes exactly;
 * at another process, or after a restart, the metadata offset does, and what was seen twice is seen twice, but nothing is left out.
 */
export interface EventCursor {
  /** Metadata log position that was applied, exclusive. */
  readonly offset: number;
  readonly epoch: number;
  /** Names the run of the process that made it; empty: not known. */
  readonly run: string;
  /** Count of events of that run, exclusive. */
  readonly index: number;
}

const EVENT = /^e:(\d{1,16})@(\d{1,10})(?:~([0-9a-z]{1,16})\.(\d{1,16}))?$/;

/** Reads a cursor of events; null when the text is not one. */
export function parseEventCursor(text: string): EventCursor | null {
  const match = EVENT.exec(text);
  if (!match) return null;
  const cursor = {
    offset: Number(match[1]),
    epoch: Number(match[2]),
    run: match[3] ?? "",
    index: match[4] === undefined ? 0 : Number(match[4]),
  };
  return Number.isSafeInteger(cursor.offset) && Number.isSafeInteger(cursor.index) ? cursor : null;
}

/** Writes a cursor of events. */
export function formatEventCursor(cursor: EventCursor): string {
  const run = cursor.run === "" ? "" : `~${cursor.run}.${cursor.index}`;
  return `e:${cursor.offset}@${Math.max(0, cursor.epoch)}${run}`;
}
