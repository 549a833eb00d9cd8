import type { ClientFrame } from "@vitrine/api";

/** What a connection tells its owner. `text` is one frame (never an array), `chars` what it cost of a record window. */
export interface TransportEvents {
  open(): void;
  frame(text: string, chars: number): void;
  /** It is over; `code` as in WebSocket close codes, 1006 for a loss. `opened`: it was open before. */
  closed(code: number, reason: string, opened: boolean): void;
}

/** A connection that carries frames both ways: a WebSocket, or SSE over fetch that plays the same part. */
export interface Transport {
  readonly kind: "websocket" | "sse";
  send(frame: ClientFrame): void;
  close(): void;
}

/** Opens a connection to a gateway by its base URL (`http://host:port`). */
export type OpenTransport = (baseUrl: string, events: TransportEvents) => Transport;
