/** A place where any number wait until something changed, each for its own time at most. */
export class WakeUp {
  readonly #waiting = new Set<() => void>();

  /** Resolves at the next `all()`, or after `timeoutMs`. */
  wait(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const finish = () => {
      clearTimeout(timer);
      this.#waiting.delete(finish);
      resolve();
    };
    const timer = setTimeout(finish, timeoutMs);
    this.#waiting.add(finish);
    return promise;
  }

  all(): void {
    for (const finish of this.#waiting) finish();
  }
}
