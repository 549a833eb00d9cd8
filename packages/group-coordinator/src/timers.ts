/**
 * Deadlines as data: one per key, the earliest found without a look at the others. A later deadline for the same key (a heartbeat) costs
 * nothing until the earlier one comes up; so the heap holds about one entry per key.
 */
interface Live<Event> {
  deadlineMs: number;
  /** Where the key stands in the heap; never later than its deadline. */
  queuedMs: number;
  event: Event;
}

interface Entry {
  readonly atMs: number;
  readonly seq: number;
  readonly key: string;
}

/** Dead entries the heap may hold beside as many as there are live ones, before it is built anew. */
const HEAP_SLACK = 64;

export class Timers<Event> {
  readonly #live = new Map<string, Live<Event>>();
  #heap: Entry[] = [];
  #seq = 0;

  get size(): number {
    return this.#live.size;
  }

  schedule(key: string, deadlineMs: number, event: Event): void {
    const known = this.#live.get(key);
    if (known && known.queuedMs <= deadlineMs) {
      known.deadlineMs = deadlineMs;
      known.event = event;
      return;
    }
    this.#live.set(key, { deadlineMs, queuedMs: deadlineMs, event });
    this.#push(key, deadlineMs);
  }

  cancel(key: string): void {
    this.#live.delete(key);
  }

  /** The event of a deadline that has passed, the earliest first; null when there is none. */
  takeDue(nowMs: number): Event | null {
    for (let first = this.#settle(); first && first.atMs <= nowMs; first = this.#settle()) {
      const { event } = this.#live.get(first.key)!;
      this.#live.delete(first.key);
      return event;
    }
    return null;
  }

  nextDeadlineMs(): number | null {
    return this.#settle()?.atMs ?? null;
  }

  /** Brings the earliest true deadline to the top. */
  #settle(): Entry | null {
    for (;;) {
      const first = this.#heap[0];
      if (!first) return null;
      const live = this.#live.get(first.key);
      if (live && live.queuedMs === first.atMs && live.deadlineMs === first.atMs) return first;
      this.#pop();
      if (!live || live.queuedMs !== first.atMs) continue;
      live.queuedMs = live.deadlineMs;
      this.#push(first.key, live.deadlineMs);
    }
  }

  #push(key: string, atMs: number): void {
    if (this.#heap.length > 2 * this.#live.size + HEAP_SLACK) this.#rebuild();
    else this.#siftUp({ atMs, seq: this.#seq++, key });
  }

  #rebuild(): void {
    this.#heap = [];
    for (const [key, live] of this.#live) {
      live.queuedMs = live.deadlineMs;
      this.#siftUp({ atMs: live.deadlineMs, seq: this.#seq++, key });
    }
  }

  #siftUp(entry: Entry): void {
    let at = this.#heap.push(entry) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (isBefore(this.#heap[up]!, entry)) break;
      this.#heap[at] = this.#heap[up]!;
      at = up;
    }
    this.#heap[at] = entry;
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (!last || this.#heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#heap.length) break;
      if (child + 1 < this.#heap.length && isBefore(this.#heap[child + 1]!, this.#heap[child]!)) child += 1;
      if (isBefore(last, this.#heap[child]!)) break;
      this.#heap[at] = this.#heap[child]!;
      at = child;
    }
    this.#heap[at] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.seq < b.seq);
}
