import type { ViewEvent } from "@vitrine/api";

/** Events the console keeps; at the bound the oldest go in a batch, so that trimming is amortised. */
const capacity = 5_000;
const slack = 500;

/** The events of the cluster in order of arrival, each once; outside React, like the history rings. */
export class EventLog {
  #items: ViewEvent[] = [];
  #dropped = 0;
  readonly #seen = new Set<string>();

  /** How many events were ever added: the version that a reader remembers. */
  get total(): number {
    return this.#dropped + this.#items.length;
  }

  /** Oldest first. */
  get items(): readonly ViewEvent[] {
    return this.#items;
  }

  /** Adds an event unless it is known: after a reconnect the server may repeat some. */
  add(event: ViewEvent): boolean {
    const id = eventKey(event);
    if (this.#seen.has(id)) return false;
    this.#seen.add(id);
    this.#items.push(event);
    if (this.#items.length > capacity + slack) {
      for (const old of this.#items.splice(0, this.#items.length - capacity)) {
        this.#seen.delete(eventKey(old));
        this.#dropped += 1;
      }
    }
    return true;
  }

  /** The events after the first `total` ones, as far as they are kept. */
  since(total: number): readonly ViewEvent[] {
    return this.#items.slice(Math.max(0, total - this.#dropped));
  }
}

/** One event's identity: its cursor and what it says, since several events can come from one metadata record. */
export function eventKey(event: ViewEvent): string {
  const { e } = event;
  const subject =
    "p" in e
      ? `${e.topic}/${e.p}`
      : "topic" in e
        ? e.topic
        : "broker" in e
          ? e.broker
          : "node" in e
            ? e.node
            : "name" in e
              ? e.name
              : "";
  return `${event.next}|${event.ts}|${e.type}|${subject}`;
}

export const eventLog = new EventLog();
