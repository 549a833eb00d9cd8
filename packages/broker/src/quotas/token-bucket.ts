/**
 * Tokens that come back at a steady rate, up to a burst (KIP-599). Q6: full at first; may go below zero, so that one large change passes and
 * is paid for afterwards. Pure: time comes in.
 */
export class TokenBucket {
  #tokens: number;
  #updatedMs: number;
  #rate: number;
  readonly #burstSeconds: number;

  /** `rate` in tokens per second; `burstSeconds`: how many seconds' tokens it holds. */
  constructor(rate: number, burstSeconds: number, nowMs: number) {
    this.#rate = rate;
    this.#burstSeconds = burstSeconds;
    this.#tokens = rate * burstSeconds;
    this.#updatedMs = nowMs;
  }

  /** A new rate holds from now on. */
  setRate(rate: number, nowMs: number): void {
    if (rate === this.#rate) return;
    this.#refill(nowMs);
    this.#rate = rate;
    this.#tokens = Math.min(this.#tokens, rate * this.#burstSeconds);
  }

  /** Whether anything may be spent now. */
  hasTokens(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens >= 0;
  }

  spend(tokens: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#tokens -= tokens;
  }

  /** Until there are tokens again; 0 where there are. */
  waitMs(nowMs: number): number {
    this.#refill(nowMs);
    return this.#tokens >= 0 ? 0 : Math.round((-this.#tokens / this.#rate) * 1_000);
  }

  #refill(nowMs: number): void {
    const gained = (this.#rate * Math.max(0, nowMs - this.#updatedMs)) / 1_000;
    this.#tokens = Math.min(this.#rate * this.#burstSeconds, this.#tokens + gained);
    this.#updatedMs = nowMs;
  }
}
