/**
 * A rate over the last windows, as Kafka measures quotas: eleven windows of one second by default. Pure: time comes in.
 *
 * Q1: a window begins with its first record, not with the clock. One window more than asked for is kept, so that the oldest counts for as
 * long as it overlaps the time looked at. A young rate is taken over all windows but one, so that a first burst is not taken for a rate.
 */

export interface RateWindows {
  /** How many; at least 1. */
  readonly count: number;
  readonly lengthMs: number;
}

interface Sample {
  startMs: number;
  lastMs: number;
  sum: number;
}

export interface Measured {
  /** Per second. */
  readonly rate: number;
  /** The time the rate was taken over. */
  readonly spanMs: number;
}

export class SampledRate {
  readonly #windows: RateWindows;
  /** In order of their beginning. */
  #samples: Sample[] = [];

  constructor(windows: RateWindows) {
    this.#windows = windows;
  }

  /** A negative value takes back what was recorded. */
  record(value: number, nowMs: number): void {
    this.#forget(nowMs);
    const last = this.#samples.at(-1);
    if (last && nowMs - last.startMs < this.#windows.lengthMs) {
      last.sum += value;
      last.lastMs = nowMs;
      return;
    }
    this.#samples.push({ startMs: nowMs, lastMs: nowMs, sum: value });
    if (this.#samples.length > this.#windows.count + 1) this.#samples.shift();
  }

  /** For client quotas: over at least all windows but one. */
  measure(nowMs: number): Measured {
    const { count, lengthMs } = this.#windows;
    const elapsedMs = this.#elapsed(nowMs);
    const missing = Math.max(0, count - 1 - Math.floor(elapsedMs / lengthMs));
    return this.#over(Math.max(1, elapsedMs + missing * lengthMs));
  }

  /** For replication: over what there is, but at least one window. */
  measureSimply(nowMs: number): Measured {
    return this.#over(Math.max(this.#elapsed(nowMs), this.#windows.lengthMs));
  }

  #over(spanMs: number): Measured {
    let sum = 0;
    for (const sample of this.#samples) sum += sample.sum;
    return { rate: (sum / spanMs) * 1_000, spanMs };
  }

  #elapsed(nowMs: number): number {
    this.#forget(nowMs);
    return nowMs - (this.#samples[0]?.startMs ?? nowMs);
  }

  #forget(nowMs: number): void {
    const { count, lengthMs } = this.#windows;
    while (this.#samples.length > 0 && nowMs - this.#samples[0]!.lastMs >= count * lengthMs) this.#samples.shift();
  }
}

/** Q2: how long to wait until a rate is within its bound again, if nothing more comes; 0 where it is within. */
export function throttleTimeMs({ rate, spanMs }: Measured, bound: number): number {
  if (rate <= bound) return 0;
  return Math.min(MAX_MS, Math.round(((rate - bound) / bound) * spanMs));
}

/** Longest time an answer can name (int32). */
const MAX_MS = 2_147_483_647;
