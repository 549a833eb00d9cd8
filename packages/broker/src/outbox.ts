import type { Ticket } from "@vitrine/log";

/**
 * The disk gate (T5): effects that depend on this turn's writes wait here until their ticket is committed.
 *
 * Invariant: held effects are ordered by ticket, because tickets only grow. After `failed` (T10) nothing held ever leaves.
 */
export class Outbox {
  readonly #held: { ticket: Ticket; run: () => void }[] = [];
  #head = 0;
  #dead = false;

  /** Runs the effect once everything up to the ticket is on disk. The bound is the store's bound on uncommitted bytes. */
  hold(ticket: Ticket, run: () => void): void {
    if (!this.#dead) this.#held.push({ ticket, run });
  }

  /** Releases what waited for tickets up to this one, in order. */
  release(committed: Ticket): void {
    while (this.#head < this.#held.length && this.#held[this.#head]!.ticket <= committed) {
      const { run } = this.#held[this.#head]!;
      this.#head += 1;
      run();
    }
    if (this.#head > 1024 || this.#head === this.#held.length) {
      this.#held.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** Fail-stop: drops everything held and whatever comes later. */
  fail(): void {
    this.#dead = true;
    this.#held.length = 0;
    this.#head = 0;
  }

  get size(): number {
    return this.#held.length - this.#head;
  }
}
