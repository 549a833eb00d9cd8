/** One place to wait at until somebody opens it: credit came, the socket drained, a seek was asked for. */
export class Latch {
  #waiting: (() => void) | null = null;

  /** Resolves when opened, or after `timeoutMs`. One waiter at a time. */
  wait(timeoutMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = timeoutMs === undefined ? null : setTimeout(() => this.open(), timeoutMs);
      this.#waiting = () => {
        if (timer !== null) clearTimeout(timer);
        resolve();
      };
    });
  }

  open(): void {
    const resume = this.#waiting;
    this.#waiting = null;
    resume?.();
  }
}
