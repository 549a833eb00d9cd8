/**
 * The cluster gate (T5): requests that wait for other brokers, as data with a deadline. Kafka's word for it.
 *
 * An operation watches keys (partitions). When a watched key is touched, or the deadline passes, `tryComplete` is asked once at the end
 * of the turn; it answers the request and returns true, or returns false and stays.
 */
export interface Parked {
  readonly deadlineMs: number;
  readonly keys: readonly string[];
  /** Whether the operation is done; `expired` says that its deadline has passed, and then it must finish. */
  tryComplete(nowMs: number, expired: boolean): boolean;
}

/** How many requests may wait at once. At the bound the oldest is completed as if its deadline had passed. */
const PARKED_MAX = 100_000;

/** Completed operations the heap may hold beside as many as there are live ones: below it, a rebuild is not worth it. */
const HEAP_SLACK = 64;

export class Purgatory {
  readonly #byKey = new Map<string, Set<Parked>>();
  readonly #all = new Set<Parked>();
  readonly #touched = new Set<string>();
  /** Binary heap by deadline. Completed operations leave it when they surface, or when they are the larger part of it. */
  #heap: Parked[] = [];

  get size(): number {
    return this.#all.size;
  }

  park(operation: Parked, nowMs: number): void {
    if (this.#all.size >= PARKED_MAX) {
      const oldest = this.#all.values().next().value;
      if (oldest) {
        this.#drop(oldest);
        oldest.tryComplete(nowMs, true);
      }
    }
    this.#all.add(operation);
    for (const key of operation.keys) {
      let watchers = this.#byKey.get(key);
      if (!watchers) this.#byKey.set(key, (watchers = new Set()));
      watchers.add(operation);
    }
    heapPush(this.#heap, operation);
    if (this.#heap.length > 2 * this.#all.size + HEAP_SLACK) {
      const live = [...this.#all];
      this.#heap = [];
      for (const waiting of live) heapPush(this.#heap, waiting);
    }
  }

  /** Operations that the heap holds, completed ones included: bounded by twice the live ones and a little. */
  get heldCount(): number {
    return this.#heap.length;
  }

  /** Something about this key changed; its watchers are asked at the next settle. */
  touch(key: string): void {
    if (this.#byKey.has(key)) this.#touched.add(key);
  }

  /** Step 4 of the turn: asks the watchers of touched keys, then those whose deadline has passed. */
  settle(nowMs: number): void {
    if (this.#touched.size > 0) {
      const asked = new Set<Parked>();
      for (const key of this.#touched) for (const operation of this.#byKey.get(key) ?? []) asked.add(operation);
      this.#touched.clear();
      for (const operation of asked)
        if (this.#all.has(operation) && operation.tryComplete(nowMs, false)) this.#drop(operation);
    }
    for (;;) {
      const first = this.#heap[0];
      if (!first) return;
      if (!this.#all.has(first)) {
        heapPop(this.#heap);
        continue;
      }
      if (first.deadlineMs > nowMs) return;
      heapPop(this.#heap);
      this.#drop(first);
      first.tryComplete(nowMs, true);
    }
  }

  nextDeadlineMs(): number {
    while (this.#heap.length > 0 && !this.#all.has(this.#heap[0]!)) heapPop(this.#heap);
    return this.#heap[0]?.deadlineMs ?? Infinity;
  }

  #drop(operation: Parked): void {
    this.#all.delete(operation);
    for (const key of operation.keys) {
      const watchers = this.#byKey.get(key);
      watchers?.delete(operation);
      if (watchers?.size === 0) this.#byKey.delete(key);
    }
  }
}

function heapPush(heap: Parked[], item: Parked): void {
  let at = heap.push(item) - 1;
  while (at > 0) {
    const up = (at - 1) >> 1;
    if (heap[up]!.deadlineMs <= item.deadlineMs) break;
    heap[at] = heap[up]!;
    at = up;
  }
  heap[at] = item;
}

function heapPop(heap: Parked[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]!.deadlineMs < heap[child]!.deadlineMs) child += 1;
    if (heap[child]!.deadlineMs >= last.deadlineMs) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
}
