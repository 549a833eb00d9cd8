import { defaultHz, eventConcerns, maxHz, type Row, viewCols, viewName, type ViewSpec } from "@vitrine/api";
import type { LiveSource } from "./source.ts";
import { type ViewQuery, viewQuery } from "./view-query.ts";

/** A message of a view without its envelope: `body` is the JSON of its members but `t`, `id` and `seq`. */
export interface ViewMessage {
  readonly t: "snap" | "delta" | "event" | "gap";
  readonly seq: number;
  readonly body: string;
  /** Event cursor to resume after this message; null: unchanged. */
  readonly next: string | null;
}

/** Where messages of a view go: a WebSocket or an SSE stream. */
export interface ViewSink {
  write(messages: readonly ViewMessage[]): void;
  /** More must not be written now; state will be newer when it is read again. */
  blocked(): boolean;
}

export interface ViewSubscription {
  /** Frames a second that were granted; 0: pushed only. */
  readonly hz: number;
  /** Sends the first messages; called once, after the subscriber was told of its subscription. */
  begin(): void;
  /** Deltas stop, events go on. */
  pause(): void;
  /** One snap, then deltas again. */
  resume(): void;
  close(): void;
}

interface Sub {
  readonly view: ViewSpec;
  readonly name: string;
  readonly query: ViewQuery;
  readonly intervalMs: number;
  readonly sink: ViewSink;
  seq: number;
  /** Version of the tables that it holds. */
  since: number;
  eventIndex: number;
  dueMs: number;
  paused: boolean;
  needsSnap: boolean;
  unwatch: () => void;
}

/** A delta encoded for all who hold the same version; text null: nothing changed. */
type DeltaBody = { readonly lost: true } | { readonly lost: false; readonly text: string | null };

/** Steps of the ticker: 10 Hz and 4 Hz are multiples. */
const TICK_MS = 50;

/**
 * Serves live views from one source to all subscribers. On a tick it reads what changed since the version that the due subscribers hold, once
 * per view and version, and encodes it once. A subscriber that is behind costs a version number and an index in the ring, never a queue.
 */
export class ViewHub {
  readonly #source: LiveSource;
  readonly #subs = new Set<Sub>();
  readonly #stopEvents: () => void;
  readonly #nowMs: () => number;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(source: LiveSource, options: { readonly nowMs?: () => number } = {}) {
    this.#source = source;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#stopEvents = source.onEvents(() => this.#pushEvents());
  }

  get size(): number {
    return this.#subs.size;
  }

  /** `from` must be a cursor that the ring can read; see `EventRing.resume`. */
  subscribe(options: {
    readonly view: ViewSpec;
    readonly hz?: number | undefined;
    readonly from?: string | undefined;
    readonly sink: ViewSink;
  }): ViewSubscription {
    const { view, sink } = options;
    const hz = Math.min(options.hz ?? defaultHz(view), maxHz(view));
    const sub: Sub = {
      view,
      name: viewName(view),
      query: viewQuery(this.#source.tables, view, this.#source.selfId),
      intervalMs: hz === 0 ? 0 : Math.max(TICK_MS, Math.round(1000 / hz / TICK_MS) * TICK_MS),
      sink,
      seq: 0,
      since: 0,
      eventIndex: this.#source.events.end,
      dueMs: 0,
      paused: false,
      needsSnap: true,
      unwatch: () => {},
    };
    return {
      hz,
      begin: () => this.#begin(sub, options.from),
      pause: () => {
        sub.paused = true;
      },
      resume: () => {
        if (!sub.paused) return;
        sub.paused = false;
        sub.needsSnap = true;
        this.#snap(sub);
      },
      close: () => this.#remove(sub),
    };
  }

  close(): void {
    this.#stopEvents();
    this.#subs.clear();
    this.#stopTimer();
  }

  /** One round of the ticker; tests call it with their own time. */
  tick(nowMs: number): void {
    const due = [...this.#subs].filter(
      (sub) => sub.intervalMs > 0 && sub.dueMs <= nowMs && !sub.paused && !sub.sink.blocked(),
    );
    const waiting = [...this.#subs].filter((sub) => sub.intervalMs === 0 && !sub.sink.blocked());
    if (due.length > 0) this.#source.refresh();
    const bodies = new Map<string, DeltaBody>();
    const version = this.#source.tables.version;
    for (const sub of due) {
      sub.dueMs = (Math.floor(nowMs / sub.intervalMs) + 1) * sub.intervalMs;
      this.#sendEvents(sub);
      if (sub.needsSnap) this.#snap(sub);
      else this.#delta(sub, nowMs, version, bodies);
    }
    // Those that are only pushed to, and were blocked when something came.
    for (const sub of waiting) {
      this.#sendEvents(sub);
      if (sub.needsSnap) this.#snap(sub);
    }
  }

  #begin(sub: Sub, from: string | undefined): void {
    this.#subs.add(sub);
    sub.unwatch = this.#source.watch?.(sub.view) ?? sub.unwatch;
    this.#timer ??= this.#startTimer();
    this.#source.refresh();
    const { events } = this.#source;
    const start = from === undefined ? null : events.resume(from);
    if (start !== null) {
      if (start.gap !== null) this.#write(sub, "gap", `"reason":"${start.gap}"`, null);
      sub.eventIndex = start.index;
      this.#sendEvents(sub);
    } else sub.eventIndex = events.end;
    this.#snap(sub);
  }

  #pushEvents(): void {
    for (const sub of this.#subs) this.#sendEvents(sub);
  }

  #sendEvents(sub: Sub): void {
    const { events } = this.#source;
    if (sub.eventIndex >= events.end || sub.sink.blocked()) return;
    if (sub.eventIndex < events.begin) {
      this.#write(sub, "gap", `"reason":"slow"`, null);
      sub.eventIndex = events.end;
      sub.needsSnap = true;
      this.#snap(sub);
      return;
    }
    const messages: ViewMessage[] = [];
    for (const entry of events.from(sub.eventIndex)) {
      if (eventConcerns(sub.view, entry.e))
        messages.push({ t: "event", seq: ++sub.seq, body: entry.body, next: entry.next });
    }
    sub.eventIndex = events.end;
    if (messages.length > 0) sub.sink.write(messages);
  }

  #snap(sub: Sub): void {
    if (sub.sink.blocked()) return;
    this.#source.refresh();
    const { rows, info } = sub.query.snapshot();
    const next = this.#source.events.cursor;
    sub.needsSnap = false;
    sub.since = this.#source.tables.version;
    sub.eventIndex = this.#source.events.end;
    this.#write(sub, "snap", snapBody({ view: sub.view, nowMs: this.#nowMs(), next, rows, info }), next);
  }

  #delta(sub: Sub, nowMs: number, version: number, bodies: Map<string, DeltaBody>): void {
    const key = `${sub.since} ${sub.name}`;
    let delta = bodies.get(key);
    if (delta === undefined) {
      const change = sub.query.changesSince(sub.since);
      delta =
        change === "lost" ? { lost: true } : { lost: false, text: change === null ? null : deltaBody(nowMs, change) };
      bodies.set(key, delta);
    }
    if (delta.lost) {
      this.#snap(sub);
      return;
    }
    sub.since = version;
    if (delta.text !== null) this.#write(sub, "delta", delta.text, null);
  }

  #write(sub: Sub, t: ViewMessage["t"], body: string, next: string | null): void {
    sub.sink.write([{ t, seq: ++sub.seq, body, next }]);
  }

  #remove(sub: Sub): void {
    if (this.#subs.delete(sub)) sub.unwatch();
    if (this.#subs.size === 0) this.#stopTimer();
  }

  #startTimer(): ReturnType<typeof setInterval> {
    const timer = setInterval(() => this.tick(this.#nowMs()), TICK_MS);
    timer.unref();
    return timer;
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}

/** The members of a `snap` but `t`, `id` and `seq`. */
export function snapBody(snap: {
  readonly view: ViewSpec;
  readonly nowMs: number;
  readonly next: string;
  readonly rows: readonly Row[];
  readonly info: unknown;
}): string {
  const cols = JSON.stringify(viewCols(snap.view));
  const info = snap.info === undefined ? "" : `,"info":${JSON.stringify(snap.info)}`;
  return `"ts":${snap.nowMs},"next":${JSON.stringify(snap.next)},"cols":${cols},"rows":${JSON.stringify(snap.rows)}${info}`;
}

function deltaBody(
  nowMs: number,
  change: { readonly rows: readonly Row[]; readonly gone: readonly string[]; readonly info: unknown },
): string {
  const gone = change.gone.length === 0 ? "" : `,"gone":${JSON.stringify(change.gone)}`;
  const info = change.info === undefined ? "" : `,"info":${JSON.stringify(change.info)}`;
  return `"ts":${nowMs},"rows":${JSON.stringify(change.rows)}${gone}${info}`;
}
