import type { ApiRequest, Arrival, RequestContext } from "@vitrine/broker";

/** What a handler answers: a response body; null when none may be sent (acks=0); "close" when no honest answer exists. */
export type ReplyBody = object | null | "close";

/**
 * Where requests go: the broker, or anything else that speaks Kafka's requests. `reply` is called once, now or later; for `muteMs` after it the
 * connection is not read, because a quota is used up (KIP-219).
 */
export interface RequestHandler {
  submit(request: ApiRequest, from: RequestContext, reply: (body: ReplyBody, muteMs?: number) => void): void;
}

/** Who may connect: the broker's quotas of connections, or whatever a test makes of them. Times are of one clock that only grows. */
export interface Admission {
  /** A connection is next: how long it waits for its turn. */
  paceMs(nowMs: number): number;
  readonly hasRoom: boolean;
  /** How many connections there are too many. */
  readonly excess: number;
  admit(remoteAddress: string, nowMs: number): Arrival;
  /** One that was let in has ended. */
  gone(remoteAddress: string): void;
  /** Called when a bound may have changed. Returns the way to stop. */
  onChange(listener: () => void): () => void;
}

/** Sentences for people about connections; the shape of the broker's journal. */
export type Journal = (
  level: "debug" | "info" | "warn" | "error",
  message: string,
  fields?: Record<string, unknown>,
) => void;

/** Bounds of one listener. Each names what happens when it is reached. */
export interface ListenerLimits {
  /** Connections at once; more are refused by closing them. */
  readonly connectionsMax: number;
  /** One request with everything in it; a larger one closes the connection. Covers 16 MiB of records and their request. */
  readonly frameBytesMax: number;
  /** The same before the cluster secret has been given. */
  readonly preAuthFrameBytesMax: number;
  /** Requests of one connection that are being handled; reading waits. */
  readonly inFlightMax: number;
  /** Bytes of those requests; reading waits. */
  readonly inFlightBytesMax: number;
  /** Fetches of one connection that are being handled, because their answers are large; reading waits. */
  readonly inFlightFetchesMax: number;
  /** Bytes of answers that the other side has not taken; reading waits until it has. */
  readonly outputBytesMax: number;
  /**
   * The same of all connections together: beyond it a fetch brings little (a megabyte, or one batch), so that many sides that do not read cannot take all
   * memory.
   */
  readonly outputTotalBytesMax: number;
  /** Silence after which a connection with nothing in flight is closed. */
  readonly idleTimeoutMs: number;
  /** Time to give the cluster secret; then the connection is closed. */
  readonly authTimeoutMs: number;
}

const MIB = 1024 * 1024;

/** What a fetch brings while `outputTotalBytesMax` is passed. */
export const FETCH_BYTES_WHEN_FULL = MIB;

export const DEFAULT_LIMITS: ListenerLimits = {
  connectionsMax: 5_000,
  frameBytesMax: 17 * MIB,
  preAuthFrameBytesMax: 512 * 1024,
  inFlightMax: 256,
  inFlightBytesMax: 64 * MIB,
  inFlightFetchesMax: 4,
  outputBytesMax: 8 * MIB,
  outputTotalBytesMax: 256 * MIB,
  idleTimeoutMs: 10 * 60_000,
  authTimeoutMs: 10_000,
};
