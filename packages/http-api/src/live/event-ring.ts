import { type EventCursor, formatEventCursor, type LiveEvent, parseEventCursor } from "@vitrine/api";
import type { MetadataPosition } from "@vitrine/engine";

export interface RingEntry {
  /** Number of the event in this run, from 0. */
  readonly index: number;
  readonly ts: number;
  readonly e: LiveEvent;
  /** Cursor to resume after this event. */
  readonly next: string;
  /** `"ts":..,"next":..,"e":{..}`: encoded once for all subscribers. */
  readonly body: string;
  readonly offset: number;
}

/** Where a reader begins: at `index`, after telling the gap where something is missing. */
export interface RingStart {
  readonly index: number;
  readonly gap: "expired" | "restarted" | null;
}

/** Events kept; the oldest goes, and who wanted it is told a gap. A few MB at most. */
const EVENTS_KEPT = 10_000;

/** The last events of the cluster, shared by all readers; a reader costs one number. */
export class EventRing {
  readonly #entries: RingEntry[] = [];
  readonly #capacity: number;
  readonly #run: string;
  #end = 0;
  #position: MetadataPosition;
  /** Metadata offset from which on nothing is missing. */
  #floor: number;

  /** `run` names this run of this process: letters a-z and digits, different at every start. */
  constructor(options: { readonly run: string; readonly position: MetadataPosition; readonly capacity?: number }) {
    this.#run = options.run;
    this.#position = options.position;
    this.#floor = options.position.offset;
    this.#capacity = options.capacity ?? EVENTS_KEPT;
  }

  /** Index after the newest event. */
  get end(): number {
    return this.#end;
  }

  /** Index of the oldest event kept. */
  get begin(): number {
    return this.#end - this.#entries.length;
  }

  /** Cursor after everything so far. */
  get cursor(): string {
    return formatEventCursor({ ...this.#position, run: this.#run, index: this.#end });
  }

  /** Takes note of how far the metadata log has been applied; events pushed from now on carry it. */
  advance(position: MetadataPosition): void {
    this.#position = position;
  }

  /** Begins after a state that was loaded without events: cursors from before it are told a gap. */
  restartAt(position: MetadataPosition): void {
    this.#position = position;
    if (this.#entries.length === 0) this.#floor = position.offset;
  }

  push(e: LiveEvent, ts: number): RingEntry {
    const index = this.#end++;
    const next = formatEventCursor({ ...this.#position, run: this.#run, index: this.#end });
    const body = `"ts":${ts},"next":${JSON.stringify(next)},"e":${JSON.stringify(e)}`;
    const entry = { index, ts, e, next, body, offset: this.#position.offset };
    this.#entries.push(entry);
    // Shifting one of ten thousand per event would cost; dropping a tenth at once costs a tenth of that.
    if (this.#entries.length > this.#capacity * 1.1) {
      const dropped = this.#entries.splice(0, this.#entries.length - this.#capacity);
      this.#floor = dropped[dropped.length - 1]!.offset;
    }
    return entry;
  }

  at(index: number): RingEntry | undefined {
    return this.#entries[index - this.begin];
  }

  /** Events from an index on, oldest first. */
  *from(index: number): IterableIterator<RingEntry> {
    for (let i = Math.max(0, index - this.begin); i < this.#entries.length; i++) yield this.#entries[i]!;
  }

  /** Where a reader with this cursor goes on, or with `earliest` (as far back as the ring reaches) or `-N`; null when the text is neither. */
  resume(text: string): RingStart | null {
    if (text === "earliest") return { index: this.begin, gap: null };
    const last = /^-(\d{1,6})$/.exec(text);
    if (last) return { index: Math.max(this.begin, this.#end - Number(last[1])), gap: null };
    const cursor = parseEventCursor(text);
    if (cursor === null) return null;
    return cursor.run === this.#run ? this.#resumeHere(cursor) : this.#resumeElsewhere(cursor);
  }

  #resumeHere(cursor: EventCursor): RingStart {
    if (cursor.index > this.#end) return { index: this.#end, gap: "restarted" };
    return cursor.index < this.begin ? { index: this.begin, gap: "expired" } : { index: cursor.index, gap: null };
  }

  /** The cursor is of another process, or of an earlier run: only the metadata offset says something. */
  #resumeElsewhere(cursor: EventCursor): RingStart {
    // Ahead of us: another cluster's, or that of a gateway that knows more; what we have yet to see cannot be told from what it saw.
    if (cursor.offset > this.#position.offset) return { index: this.#end, gap: "restarted" };
    if (cursor.offset < this.#floor) return { index: this.begin, gap: "restarted" };
    const index = this.#entries.findIndex((entry) => entry.offset > cursor.offset);
    return { index: index < 0 ? this.#end : this.begin + index, gap: null };
  }
}
