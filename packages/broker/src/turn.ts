/**
 * The turn (T1 to T5): inputs queue; one turn later they run in order of arrival, then the machines' time passes, the turn's writes leave as
 * one hand-over, parked requests are settled, and what waits for no disk any more goes out.
 */
import type { LogStore, Ticket } from "@vitrine/log";
import { Outbox } from "./outbox.ts";
import type { Clock, Scheduler } from "./ports.ts";
import { Purgatory } from "./purgatory.ts";

export interface TurnBody {
  /** After the inputs: deadlines that have passed, and everything that machines asked for. */
  run(): void;
  /** When `run` must be called though nothing arrives; Infinity = never. */
  nextDeadlineMs(): number;
  /** A turn threw: nothing may leave any more. */
  onBroken(reason: string): void;
}

/** How long a high watermark may go without being written down, where nothing else is written. */
const CHECKPOINT_MS = 1_000;

export class TurnLoop {
  readonly purgatory = new Purgatory();
  readonly #outbox = new Outbox();
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #store: LogStore;
  readonly #body: TurnBody;
  #inbox: (() => void)[] = [];
  #afterThisTurn: (() => void)[] = [];
  #scheduled = false;
  #ended = false;
  #nextCheckpointMs = 0;
  #nowMs: number;

  constructor(
    ports: { readonly clock: Clock; readonly scheduler: Scheduler; readonly store: LogStore },
    body: TurnBody,
  ) {
    this.#clock = ports.clock;
    this.#scheduler = ports.scheduler;
    this.#store = ports.store;
    this.#body = body;
    this.#nowMs = ports.clock.nowMs();
  }

  /** Monotonic time at the start of this turn. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get inboxSize(): number {
    return this.#inbox.length;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  enqueue(input: () => void): void {
    if (this.#ended) return;
    this.#inbox.push(input);
    this.#schedule();
  }

  /** Runs once the ticket is committed; at once if it is already. */
  afterTicket(ticket: Ticket, effect: () => void): void {
    if (ticket <= this.#store.committedTicket) effect();
    else this.#outbox.hold(ticket, effect);
  }

  /** Runs once everything that this turn writes is committed. */
  afterThisTurn(effect: () => void): void {
    this.#afterThisTurn.push(effect);
  }

  /** Fail-stop (T10): nothing held ever leaves, no further turn runs. */
  end(): void {
    this.#ended = true;
    this.#outbox.fail();
  }

  #schedule(): void {
    if (this.#scheduled || this.#ended) return;
    this.#scheduled = true;
    this.#scheduler.soon(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    if (this.#ended) return;
    try {
      this.#nowMs = this.#clock.nowMs();
      const inputs = this.#inbox;
      this.#inbox = [];
      for (const input of inputs) input();
      this.#body.run();
      const ticket = this.#store.handOver({ checkpoint: this.#isCheckpointDue() });
      this.#holdFor(ticket);
      this.purgatory.settle(this.#nowMs);
      // Replies made while settling depend on nothing newer than this turn.
      this.#holdFor(ticket);
      this.#outbox.release(this.#store.committedTicket);
      this.#wake();
    } catch (error) {
      this.#body.onBroken(
        error instanceof Error ? `${error.name}: ${error.message}\n${error.stack ?? ""}` : String(error),
      );
    }
  }

  #holdFor(ticket: Ticket): void {
    for (const effect of this.#afterThisTurn.splice(0)) this.#outbox.hold(ticket, effect);
  }

  #isCheckpointDue(): boolean {
    if (!this.#store.checkpointPending || this.#nowMs < this.#nextCheckpointMs) return false;
    this.#nextCheckpointMs = this.#nowMs + CHECKPOINT_MS;
    return true;
  }

  #wake(): void {
    // What was asked for while effects were released waits for a turn of its own.
    if (this.#inbox.length > 0 || this.#afterThisTurn.length > 0) {
      this.#schedule();
      return;
    }
    const checkpointMs = this.#store.checkpointPending ? this.#nextCheckpointMs : Infinity;
    const deadline = Math.min(this.#body.nextDeadlineMs(), this.purgatory.nextDeadlineMs(), checkpointMs);
    const at = Number.isFinite(deadline) ? Math.max(deadline, this.#nowMs + 1) : null;
    this.#scheduler.wakeAt(at, () => this.#schedule());
  }
}
