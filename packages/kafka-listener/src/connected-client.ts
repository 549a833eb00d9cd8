/** Who is connected, for the console and the metrics: filled from request headers and ApiVersions, bounded whatever a client sends. */
import type { Socket } from "node:net";

/** One connection to a listener, or one that was refused and is gone. */
export interface ConnectedClient {
  /** Unique as long as the process lives: `client-17`. */
  readonly connectionId: string;
  /** `127.0.0.1:51234`. */
  readonly remote: string;
  /** As its last request said; null before the first, and where the client has none. */
  readonly clientId: string | null;
  /** ApiVersions v3+ (KIP-511): `apache-kafka-java`, `librdkafka`; null where the client does not say. */
  readonly softwareName: string | null;
  readonly softwareVersion: string | null;
  /** Wall clock, milliseconds since 1970. */
  readonly connectedSinceMs: number;
  /** Wall clock; null before the first request. */
  readonly lastRequestMs: number | null;
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly principal: string;
  /** Kafka's name of the last request, as `Fetch`. */
  readonly lastApi: string | null;
  readonly lastApiVersion: number | null;
  /** Why its last request, or the connection, was refused, in words; null when nothing was. */
  readonly refusal: string | null;
  /** How often this client (by host, client id and reason) was refused; 0 when never. */
  readonly refusals: number;
  /** Wall clock; null while it is connected. Only refused connections are kept after their end. */
  readonly closedMs: number | null;
}

/** Text of a client that is kept for show; the rest is cut. */
const TEXT_MAX = 256;
/** Refused clients remembered after their connection has gone; the one that was quiet longest makes room. */
const REFUSED_MAX = 100;

/** For show, never for decisions: cut, so that a connection holds a bounded amount of what its client says about itself. */
export function shortText(text: string): string {
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
}

/** Clients that were refused and are gone. One that comes again and again is one row with a count. */
export class RefusedClients {
  /** Least recently refused first. */
  readonly #byReason = new Map<string, ConnectedClient>();

  add(client: ConnectedClient): void {
    const key = `${hostOf(client.remote)}\n${client.clientId ?? ""}\n${client.refusal ?? ""}`;
    const before = this.#byReason.get(key);
    this.#byReason.delete(key);
    this.#byReason.set(key, { ...client, refusals: client.refusals + (before?.refusals ?? 0) });
    if (this.#byReason.size > REFUSED_MAX) this.#byReason.delete(this.#byReason.keys().next().value!);
  }

  list(): readonly ConnectedClient[] {
    return [...this.#byReason.values()];
  }
}

/** A connection that was not let in. */
export function refusedArrival(connectionId: string, socket: Socket, reason: string): ConnectedClient {
  const nowMs = Date.now();
  return {
    connectionId,
    remote: `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? 0}`,
    clientId: null,
    softwareName: null,
    softwareVersion: null,
    connectedSinceMs: nowMs,
    lastRequestMs: null,
    requests: 0,
    bytesIn: 0,
    bytesOut: 0,
    principal: "User:ANONYMOUS",
    lastApi: null,
    lastApiVersion: null,
    refusal: reason,
    refusals: 1,
    closedMs: nowMs,
  };
}

/** The address of `address:port`. */
export function hostOf(remote: string): string {
  return remote.slice(0, remote.lastIndexOf(":"));
}
