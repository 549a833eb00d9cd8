/** Virtual milliseconds: events run in order of their time, those of one moment in the order in which they were asked for. */
interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class VirtualTime {
  nowMs = 0;
  /** Binary heap, the next event first. */
  private readonly heap: Event[] = [];
  private order = 0;

  at(inMs: number, run: () => void): void {
    const event = { atMs: this.nowMs + inMs, order: this.order++, run };
    let at = this.heap.push(event) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (isEarlier(this.heap[up]!, event)) break;
      this.heap[at] = this.heap[up]!;
      at = up;
    }
    this.heap[at] = event;
  }

  /** Runs everything up to a moment; returns how many events that were. */
  runUntil(endMs: number): number {
    let count = 0;
    for (let event = this.heap[0]; event && event.atMs <= endMs; event = this.heap[0]) {
      this.pop();
      this.nowMs = event.atMs;
      event.run();
      count++;
    }
    this.nowMs = endMs;
    return count;
  }

  private pop(): void {
    const last = this.heap.pop()!;
    if (this.heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.heap.length) break;
      if (child + 1 < this.heap.length && isEarlier(this.heap[child + 1]!, this.heap[child]!)) child++;
      if (isEarlier(last, this.heap[child]!)) break;
      this.heap[at] = this.heap[child]!;
      at = child;
    }
    this.heap[at] = last;
  }
}

function isEarlier(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
