/** One event of a stream. */
export interface SseEvent {
  readonly type: string;
  readonly data: string;
  readonly id: string | null;
}

/** Cuts a stream of server-sent events, fed in any pieces. */
export class SseParser {
  #rest = "";
  #type = "message";
  #id: string | null = null;
  #data: string[] = [];

  *feed(text: string): IterableIterator<SseEvent> {
    this.#rest += text;
    for (;;) {
      const end = this.#rest.indexOf("\n");
      if (end < 0) return;
      const line = this.#rest.slice(0, end).replace(/\r$/, "");
      this.#rest = this.#rest.slice(end + 1);
      const event = this.#line(line);
      if (event !== null) yield event;
    }
  }

  #line(line: string): SseEvent | null {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") this.#type = value;
    else if (name === "data") this.#data.push(value);
    else if (name === "id") this.#id = value;
    return null;
  }

  #dispatch(): SseEvent | null {
    const event = { type: this.#type, data: this.#data.join("\n"), id: this.#id };
    this.#type = "message";
    const empty = this.#data.length === 0;
    this.#data = [];
    return empty ? null : event;
  }
}
