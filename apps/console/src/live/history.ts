/** The last values of one number, with their times, in fixed memory: when it is full the oldest value is overwritten. */
export class HistoryRing {
  readonly #times: Float64Array;
  readonly #values: Float64Array;
  #start = 0;
  #size = 0;

  constructor(capacity: number) {
    this.#times = new Float64Array(capacity);
    this.#values = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** Time of the newest value; -1 when empty. */
  get lastTime(): number {
    return this.#size === 0 ? -1 : (this.#times[this.#slot(this.#size - 1)] ?? -1);
  }

  /** Appends a value. A time that is not newer than the last is ignored: a replayed sample must not draw a spike. */
  push(timeMs: number, value: number): void {
    if (timeMs <= this.lastTime) return;
    const slot = this.#slot(this.#size);
    this.#times[slot] = timeMs;
    this.#values[slot] = value;
    if (this.#size < this.#values.length) this.#size += 1;
    else this.#start = (this.#start + 1) % this.#values.length;
  }

  /** The last `count` values, oldest first. */
  tail(count: number): Float64Array {
    const size = Math.min(count, this.#size);
    const out = new Float64Array(size);
    for (let at = 0; at < size; at += 1) out[at] = this.#values[this.#slot(this.#size - size + at)] ?? Number.NaN;
    return out;
  }

  #slot(index: number): number {
    return (this.#start + index) % this.#values.length;
  }
}

/** Rings by name (`broker/1/in_bytes`), outside React and outside the store. */
export class History {
  readonly #rings = new Map<string, HistoryRing>();
  readonly #capacity: number;
  readonly #maxSeries: number;

  constructor({ capacity, maxSeries }: { capacity: number; maxSeries: number }) {
    this.#capacity = capacity;
    this.#maxSeries = maxSeries;
  }

  /** Appends to a series; beyond `maxSeries` the series written longest ago makes room. */
  push(series: string, timeMs: number, value: number): void {
    let ring = this.#rings.get(series);
    if (ring === undefined) {
      if (this.#rings.size >= this.#maxSeries) {
        const oldest = this.#rings.keys().next();
        if (!oldest.done) this.#rings.delete(oldest.value);
      }
      ring = new HistoryRing(this.#capacity);
    } else {
      this.#rings.delete(series); // moves it to the young end of the map's order
    }
    this.#rings.set(series, ring);
    ring.push(timeMs, value);
  }

  tail(series: string, count: number): Float64Array {
    return this.#rings.get(series)?.tail(count) ?? new Float64Array(0);
  }
}

/** Five minutes at one a second; 512 series are 40 brokers with all their rates: 2.4 MB at most. */
export const history = new History({ capacity: 300, maxSeries: 512 });

/** Lag of consumer groups, likewise. Beyond `groupSeriesMax` groups none is sampled: rings that push each other out show nothing. */
export const groupHistory = new History({ capacity: 300, maxSeries: 1_000 });
export const groupSeriesMax = 1_000;
