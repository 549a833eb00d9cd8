/** Virtual time: a heap of what will happen, ordered by time and then by when it was asked for. Nothing here ever waits. */

export interface Timer {
  readonly atMs: number;
  readonly seq: number;
  /** null: cancelled. */
  run: (() => void) | null;
}

export class VirtualTime {
  readonly #heap: Timer[] = [];
  #nowMs = 0;
  #seq = 0;
  #events = 0;

  /** Milliseconds since the run began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** How much has happened: a bound on runs that are busy without end. */
  get events(): number {
    return this.#events;
  }

  /** Runs after a delay, never inside this call. */
  after(delayMs: number, run: () => void): Timer {
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, delayMs), seq: ++this.#seq, run };
    push(this.#heap, timer);
    return timer;
  }

  cancel(timer: Timer | null): void {
    if (timer) timer.run = null;
  }

  /** Lets everything happen up to a time, or until `stop` says so after something happened. */
  runUntil(endMs: number, stop: () => boolean = () => false): void {
    for (let next = this.#heap[0]; next && next.atMs <= endMs; next = this.#heap[0]) {
      pop(this.#heap);
      const { run } = next;
      if (!run) continue;
      this.#nowMs = next.atMs;
      this.#events += 1;
      next.run = null;
      run();
      if (stop()) return;
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.seq < b.seq);
}

function push(heap: Timer[], timer: Timer): void {
  let at = heap.length;
  heap.push(timer);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(timer, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = timer;
}

function pop(heap: Timer[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
    if (!isBefore(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
}
