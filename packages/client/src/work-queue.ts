/** `stands()`: false once the queue was restarted or closed, so that what waited for something knows that it came too late. */
export type Work = (stands: () => boolean) => void | Promise<void>;

/**
 * What arrives on a subscription is worked off one after the other, in order of arrival: "undo from here" must not overtake the records before it.
 * Bounded by the window of the subscription.
 */
export class WorkQueue {
  readonly #onFailed: (error: unknown) => void;
  #tail: Promise<void> = Promise.resolve();
  /** What was queued in an earlier run is not worked off any more. */
  #run = 0;
  #isClosed = false;

  /** `onFailed`: work threw or rejected. */
  constructor(onFailed: (error: unknown) => void) {
    this.#onFailed = onFailed;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  add(work: Work): void {
    const run = this.#run;
    const stands = () => !this.#isClosed && run === this.#run;
    this.#tail = this.#tail.then(() => (stands() ? work(stands) : undefined)).catch(this.#onFailed);
  }

  /** Forgets what is queued: it comes again on a new connection, or from another place. */
  restart(): void {
    this.#run++;
  }

  /** For good. */
  close(): void {
    this.#isClosed = true;
  }
}
