/** Lets through at most so many records a second: a bucket that fills evenly and holds a quarter of a second. */
export class Sampler {
  readonly #perSecond: number;
  readonly #capacity: number;
  #tokens: number;
  #atMs = -1;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#capacity = Math.max(1, perSecond / 4);
    this.#tokens = this.#capacity;
  }

  take(nowMs: number): boolean {
    if (this.#atMs >= 0) {
      this.#tokens = Math.min(this.#capacity, this.#tokens + ((nowMs - this.#atMs) * this.#perSecond) / 1000);
    }
    this.#atMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
