/** Waits between attempts: 250 ms doubled up to 5 s, each made random by half, so that a thousand pages do not come back at once. */
export class Backoff {
  readonly #random: () => number;
  #attempt = 0;

  /** `random` gives numbers in [0, 1). */
  constructor(random: () => number) {
    this.#random = random;
  }

  get attempt(): number {
    return this.#attempt;
  }

  nextMs(): number {
    const full = Math.min(MAX_MS, MIN_MS * 2 ** this.#attempt);
    this.#attempt++;
    return Math.round(full * (0.5 + this.#random() / 2));
  }

  reset(): void {
    this.#attempt = 0;
  }
}

const MIN_MS = 250;
const MAX_MS = 5_000;
