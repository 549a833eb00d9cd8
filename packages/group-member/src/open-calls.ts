/**
 * `state`: what the member's state waits for. `heartbeat`: beside it. `search`: for the coordinator that was lost while the membership lives on.
 */
export type CallPurpose = "state" | "heartbeat" | "search";

/** The calls whose answers still mean something: one of each purpose, and a later one puts the earlier out of mind (M13). */
export class OpenCalls {
  #last = 0;
  readonly #open = new Map<CallPurpose, number>();

  /** The number of a new call; `null`: nobody waits for its answer. */
  open(purpose: CallPurpose | null): number {
    this.#last += 1;
    if (purpose !== null) this.#open.set(purpose, this.#last);
    return this.#last;
  }

  has(purpose: CallPurpose): boolean {
    return this.#open.has(purpose);
  }

  /** It was answered or has failed. What it was for; null: nobody waits for it any more. */
  close(call: number): CallPurpose | null {
    for (const [purpose, open] of this.#open) {
      if (open !== call) continue;
      this.#open.delete(purpose);
      return purpose;
    }
    return null;
  }

  forget(purpose: CallPurpose): void {
    this.#open.delete(purpose);
  }
}
