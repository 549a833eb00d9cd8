/**
 * Everything a broker needs from outside. Production gives sockets, threads and the real clock; the simulator gives virtual ones.
 * Nothing in this package reads a clock, sets a timer or opens a socket by itself.
 */
import type { NodeId } from "@vitrine/core";

export interface Clock {
  /** Monotonic milliseconds: deadlines and timeouts. */
  nowMs(): number;
  /** Wall clock, milliseconds since 1970: timestamps only. */
  wallMs(): number;
}

export interface Scheduler {
  /** Runs once all input that has arrived is queued (`setImmediate`), T1. */
  soon(run: () => void): void;
  /** Runs at or after a monotonic time. The broker keeps at most one outstanding; a later call replaces the earlier. null cancels. */
  wakeAt(deadlineMs: number | null, run: () => void): void;
}

/** A request of Kafka's protocol, decoded: the one shape in which HTTP, Kafka clients and peers meet. */
export interface ApiRequest {
  readonly apiKey: number;
  /** -1 between our own nodes and in this process: the newest that both sides know. */
  readonly apiVersion: number;
  readonly clientId: string | null;
  /** The generated request type of (apiKey); record fields are views on the frame. */
  readonly body: unknown;
}

/** Why there is no response. `side_effects` of HTTP follows from it: only "refused" and "not-sent" are certainly without effect. */
export type PeerFailure = "refused" | "disconnected" | "timeout" | "not-sent";

export type PeerResult =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly reason: PeerFailure };

export interface PeerEndpoint {
  readonly nodeId: NodeId;
  readonly host: string;
  /** Port of the peer listener (919x). */
  readonly port: number;
}

export type PeerEvent =
  | { readonly type: "connected"; readonly nodeId: NodeId }
  /** A connection broke; whether the process is gone is not known yet. */
  | { readonly type: "lost"; readonly nodeId: NodeId }
  /** A connection attempt was refused by the host: nobody listens there, so the process is gone. */
  | { readonly type: "refused"; readonly nodeId: NodeId };

/** Client id of whatever comes over HTTP, from whichever process: for quotas it is one client. */
export const HTTP_CLIENT_ID = "vitrine-http";

/** Broker to broker, in Kafka's protocol. Loss and refusal are events; the result callback is called exactly once. */
export type Lane = "control" | "vote" | "raft" | "replication" | "data" | "poll";

export interface PeerNetwork {
  /** Where peers are; replaces what was known. The network keeps connections lazily and reconnects on the next request or probe. */
  setEndpoints(endpoints: readonly PeerEndpoint[]): void;
  /**
   * Replies on one connection come in order, so a parked fetch would hold up what follows it: requests of one lane share a connection,
   * those of different lanes never do. Lane "poll" is a pool: each request has a connection to itself while it waits.
   */
  request(to: NodeId, lane: Lane, request: ApiRequest, timeoutMs: number, onResult: (result: PeerResult) => void): void;
  /** Opens a connection if there is none; the outcome is a PeerEvent. */
  probe(to: NodeId): void;
  onPeerEvent(listener: (event: PeerEvent) => void): void;
}

/** Where a request came from; handlers refuse peers' requests from clients by it. */
export interface RequestContext {
  /** "client": 909x and HTTP. "peer": 919x after the cluster secret. "local": this process (HTTP face, its own loops). */
  readonly listener: "client" | "peer" | "local";
  readonly connectionId: string;
  /** Remote address for logs and the console. */
  readonly remote: string;
  /** Tells, in words for a person, that a request was refused for what the client is or sends; shown with its connection. */
  readonly noteRefusal?: (reason: string) => void;
}
