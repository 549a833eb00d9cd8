import type { LiveEvent, ViewEvent } from "@vitrine/api";

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
  return `${event.next}|${event.ts}|${event.e.type}|${subjectOf(event.e)}`;
}

function subjectOf(e: LiveEvent): string | number {
  // Groups have no record in the metadata log, so many of their events share a cursor.
  if (e.type === "group") return [e.group, e.change, e.state, e.generation, e.member ?? ""].join("/");
  if ("p" in e) return `${e.topic}/${e.p}`;
  if ("topic" in e) return e.topic;
  if ("broker" in e) return e.broker;
  if ("node" in e) return e.node;
  return "name" in e ? e.name : "";
}

export const eventLog = new EventLog();
