/**
 * SSE over fetch in the part of a WebSocket, where proxies block those: takes the client's frames, opens streams for what they ask, and gives
 * the streams' events back as frames. All views share one stream, each record subscription has its own; there are no credits, so records are
 * read no faster than they are taken, by TCP alone.
 */
import { type ClientFrame, httpProblem, type SubId, type SubRecordsFrame, type SubViewFrame } from "@vitrine/api";
import { problemOf } from "./problem-error.ts";
import { SseParser } from "./sse-parser.ts";
import type { Transport, TransportEvents } from "./transport.ts";

/** Views that come within this time are asked for in one stream. */
const GATHER_MS = 30;

export function openSse(baseUrl: string, events: TransportEvents): Transport {
  return new SseTransport(baseUrl, events);
}

class SseTransport implements Transport {
  readonly kind = "sse";
  readonly #baseUrl: string;
  readonly #events: TransportEvents;
  readonly #views = new Map<SubId, SubViewFrame>();
  readonly #records = new Map<SubId, AbortController>();
  /** Frames given per view: opening the stream again for another view must not look like a hole in this one. */
  readonly #sent = new Map<SubId, number>();
  #viewStream: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #paused = false;
  #closed = false;

  constructor(baseUrl: string, events: TransportEvents) {
    this.#baseUrl = baseUrl;
    this.#events = events;
    queueMicrotask(() => {
      if (!this.#closed) events.open();
    });
  }

  send(frame: ClientFrame): void {
    switch (frame.t) {
      case "hello":
        void this.#hello();
        return;
      case "sub":
        if ("view" in frame) this.#changeViews(() => this.#views.set(frame.id, frame));
        else if ("group" in frame) this.#emit({ t: "error", id: frame.id, problem: groupNeedsSocket() });
        else void this.#openRecords(frame);
        return;
      case "unsub":
        if (this.#views.has(frame.id)) this.#changeViews(() => this.#views.delete(frame.id));
        this.#records.get(frame.id)?.abort();
        this.#records.delete(frame.id);
        return;
      case "pause":
      case "resume":
        // A stream cannot be paused by half: it is closed, and opened again with a snap.
        if (frame.id === undefined) this.#changeViews(() => (this.#paused = frame.t === "pause"));
        return;
      case "seek":
        this.#emit({ t: "error", id: frame.id, problem: seekNeedsSocket() });
        return;
      case "credit":
      case "ack":
      case "pong":
        return;
    }
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#viewStream?.abort();
    for (const stream of this.#records.values()) stream.abort();
  }

  /** Asks for something small, so that a gateway that is away shows at once. */
  async #hello(): Promise<void> {
    try {
      const response = await fetch(`${this.#baseUrl}/v1/live?view=clusters`, {
        headers: { accept: "application/json" },
      });
      if (!response.ok) throw new Error(problemOf(response.status, await response.text()).detail);
      await response.arrayBuffer();
      this.#emit({ t: "welcome", session: "sse", broker: null });
    } catch (error) {
      this.#fail(error);
    }
  }

  #changeViews(change: () => void): void {
    change();
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.#openViews();
    }, GATHER_MS);
  }

  async #openViews(): Promise<void> {
    this.#viewStream?.abort();
    this.#viewStream = null;
    if (this.#closed || this.#paused || this.#views.size === 0) return;
    const stream = new AbortController();
    this.#viewStream = stream;
    const subs = [...this.#views.values()];
    const params = new URLSearchParams(subs.map((sub) => ["view", sub.view]));
    const wishes = subs.flatMap((sub) => sub.hz ?? []);
    if (wishes.length > 0) params.set("hz", String(Math.max(...wishes)));
    const from = subs.find((sub) => sub.from !== undefined)?.from;
    if (from !== undefined) params.set("from", from);
    await this.#read(`/v1/live?${params.toString()}`, stream, (type, data) => {
      if (type === "clock") {
        this.#events.frame(`{"t":"clock",${data.slice(1)}`, 0);
        return;
      }
      const body = JSON.parse(data) as { view?: string; seq: number };
      for (const sub of subs) {
        if (subs.length > 1 && body.view !== sub.view) continue;
        const seq = (this.#sent.get(sub.id) ?? 0) + 1;
        this.#sent.set(sub.id, seq);
        this.#emit({ ...body, t: type, id: sub.id, seq });
      }
    });
  }

  async #openRecords(frame: SubRecordsFrame): Promise<void> {
    const topic = frame.topics[0]!;
    if (frame.topics.length > 1) {
      this.#emit({ t: "error", id: frame.id, problem: oneTopicOnly() });
      return;
    }
    const stream = new AbortController();
    this.#records.set(frame.id, stream);
    const from = typeof frame.from === "string" ? frame.from : "latest";
    const params = new URLSearchParams({ [positionParameter(from)]: from });
    if (frame.partitions !== undefined) params.set("partitions", frame.partitions.join(","));
    if (frame.isolation !== undefined) params.set("isolation", frame.isolation);
    const id = JSON.stringify(frame.id);
    await this.#read(
      `/v1/topics/${encodeURIComponent(topic)}/records?${params.toString()}`,
      stream,
      (type, data, cursor) => {
        if (type === "records") this.#events.frame(`{"t":"records","id":${id},${data.slice(1)}`, data.length);
        else if (type === "caught_up") this.#emit({ t: "caught_up", id: frame.id, next: cursor ?? "" });
        else if (type === "error") this.#emit({ t: "error", id: frame.id, problem: JSON.parse(data) as unknown });
        else this.#emit({ ...(JSON.parse(data) as object), t: type, id: frame.id });
      },
    );
  }

  async #read(
    path: string,
    stream: AbortController,
    onEvent: (type: string, data: string, id: string | null) => void,
  ): Promise<void> {
    try {
      const response = await fetch(this.#baseUrl + path, {
        headers: { accept: "text/event-stream" },
        signal: stream.signal,
      });
      if (!response.ok || response.body === null)
        throw new Error(problemOf(response.status, await response.text()).detail);
      const parser = new SseParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done || stream.signal.aborted) break;
        for (const event of parser.feed(value)) onEvent(event.type, event.data, event.id);
      }
      if (!stream.signal.aborted) this.#fail(new Error("the stream ended"));
    } catch (error) {
      if (!stream.signal.aborted) this.#fail(error);
    }
  }

  #emit(frame: object): void {
    if (!this.#closed) this.#events.frame(JSON.stringify(frame), 0);
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.close();
    this.#events.closed(1006, error instanceof Error ? error.message : String(error), true);
  }
}

/** The parameter of the REST route that takes this position. */
function positionParameter(from: string): string {
  if (from.includes(":") && !/^\d{4}-/.test(from)) return "cursor";
  return /^(earliest|latest|-\d+)$/.test(from) ? "offset" : "timestamp";
}

function seekNeedsSocket() {
  const detail = "this connection fell back to SSE, where a subscription cannot seek: subscribe again";
  return httpProblem({ status: 501, slug: "no-seek", title: "No seek over SSE", detail });
}

function groupNeedsSocket() {
  const detail =
    "this connection fell back to SSE, where a subscription cannot be a member of a group: join with POST /groups/{group}/members and poll";
  return httpProblem({ status: 501, slug: "no-groups", title: "No groups over SSE", detail });
}

function oneTopicOnly() {
  const detail = "this connection fell back to SSE, where a subscription has one topic: subscribe to each by itself";
  return httpProblem({ status: 501, slug: "one-topic", title: "One topic over SSE", detail });
}
