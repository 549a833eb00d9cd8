import type { NodeId } from "@vitrine/core";
import type { ApiRequest, Lane, PeerEndpoint, PeerEvent, PeerNetwork, PeerResult } from "@vitrine/broker";
import {
  ApiKey,
  apiName,
  encodeRequest,
  isServed,
  newestVersion,
  PEER_ADVERTISED,
  ProtocolError,
  type Advertised,
  type ProduceRequest,
} from "@vitrine/protocol";
import type { FrameMemory } from "./frame-cutter.ts";
import { failCall, type LaneLimits, type PeerCall } from "./peer-lane.ts";
import { PeerNode, type PeerNodeSettings } from "./peer-node.ts";
import type { ChannelAuth, Software } from "./request-channel.ts";
import type { Journal } from "./types.ts";

export interface PeerNetworkOptions {
  /** Client id of the requests that have none. */
  readonly clientId: string;
  /** The cluster secret for peer listeners; null towards client listeners (gateway, tools). */
  readonly auth: ChannelAuth;
  /** What we are, told to client listeners. */
  readonly software?: Software;
  /** What the other side serves; requests of other versions are "not-sent". Everything, unless told otherwise. */
  readonly advertised?: Advertised;
  readonly journal?: Journal;
  readonly connectTimeoutMs?: number;
  readonly limits?: Partial<LaneLimits>;
  readonly pollConnectionsMax?: number;
  readonly pollQueuedMax?: number;
  /** The log's own memory: large answers are read into it, which spares a copy of the batches taken from a leader. */
  readonly allocate?: (sizeBytes: number) => Uint8Array;
}

const MIB = 1024 * 1024;
const DEFAULT_LANE_LIMITS: LaneLimits = {
  queuedMax: 4_096,
  queuedBytesMax: 64 * MIB,
  inFlightMax: 4_096,
  outputBytesMax: 64 * MIB,
};
/** Smaller answers hold no records worth a mention. */
const LOG_MEMORY_FROM_BYTES = 1024;
/** Answers of fetches may hold one batch more than they were asked for. */
const FRAME_BYTES_MAX = 128 * MIB;

/** Broker to broker over TCP. Lanes, pools and reconnecting are in peer-node.ts; this is the list of peers. */
export class TcpPeerNetwork implements PeerNetwork {
  readonly #settings: PeerNodeSettings;
  readonly #advertised: Advertised;
  readonly #nodes = new Map<NodeId, PeerNode>();
  readonly #listeners = new Set<(event: PeerEvent) => void>();
  #isolated = false;

  constructor(options: PeerNetworkOptions) {
    this.#advertised = options.advertised ?? PEER_ADVERTISED;
    this.#settings = {
      clientId: options.clientId,
      auth: options.auth,
      software: options.software ?? null,
      connectTimeoutMs: options.connectTimeoutMs ?? 2_000,
      frameBytesMax: FRAME_BYTES_MAX,
      limits: { ...DEFAULT_LANE_LIMITS, ...options.limits },
      pollConnectionsMax: options.pollConnectionsMax ?? 64,
      pollQueuedMax: options.pollQueuedMax ?? 1_024,
      ...(options.allocate ? { frameMemory: memoryForAnswers(options.allocate) } : {}),
      journal: options.journal ?? (() => {}),
      emit: (event) => {
        for (const listener of this.#listeners) listener(event);
      },
    };
  }

  setEndpoints(endpoints: readonly PeerEndpoint[]): void {
    const wanted = new Map(endpoints.map((endpoint) => [endpoint.nodeId, endpoint]));
    for (const [nodeId, node] of this.#nodes) {
      const now = wanted.get(nodeId);
      if (now?.host === node.endpoint.host && now.port === node.endpoint.port) continue;
      node.close();
      this.#nodes.delete(nodeId);
    }
    for (const [nodeId, endpoint] of wanted)
      if (!this.#nodes.has(nodeId)) this.#nodes.set(nodeId, new PeerNode(endpoint, this.#settings, this.#isolated));
  }

  request(to: NodeId, lane: Lane, asked: ApiRequest, timeoutMs: number, onResult: (result: PeerResult) => void): void {
    const { apiKey, body } = asked;
    // Below 0: the newest version that both sides know.
    const apiVersion = asked.apiVersion < 0 ? (newestVersion(this.#advertised, apiKey) ?? -1) : asked.apiVersion;
    const call: PeerCall = {
      apiKey,
      apiVersion,
      frame: this.#encode({ ...asked, apiVersion }) ?? new Uint8Array(0),
      expectsResponse: !(apiKey === ApiKey.Produce && (body as ProduceRequest).acks === 0),
      timeoutMs,
      state: "queued",
      timer: null,
      onResult,
    };
    const node = this.#nodes.get(to);
    if (!node || call.frame.length === 0) failCall(call, "not-sent");
    else node.submit(lane, call);
  }

  probe(to: NodeId): void {
    this.#nodes.get(to)?.probe();
  }

  onPeerEvent(listener: (event: PeerEvent) => void): void {
    this.#listeners.add(listener);
  }

  /**
   * On: nothing is sent and nothing delivered, and the other side is not told; requests end in their timeout. Off: the old connections end
   * and peers are looked for again. The peer listener has its own switch.
   */
  isolate(on: boolean): void {
    if (on === this.#isolated) return;
    this.#isolated = on;
    for (const node of this.#nodes.values()) node.isolate(on);
  }

  /** Ends every connection; what is in flight fails. */
  close(): void {
    for (const node of this.#nodes.values()) node.close();
    this.#nodes.clear();
  }

  #encode(request: ApiRequest): Uint8Array | null {
    const { apiKey, apiVersion, clientId, body } = request;
    if (!isServed(this.#advertised, apiKey, apiVersion)) {
      this.#settings.journal(
        "error",
        `${apiName(apiKey)} version ${apiVersion} was not sent: the other side does not serve it`,
      );
      return null;
    }
    try {
      return encodeRequest(
        { apiKey, apiVersion, correlationId: 0, clientId: clientId ?? this.#settings.clientId },
        body,
      );
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#settings.journal("error", `${apiName(apiKey)} version ${apiVersion} was not sent: ${error.message}`);
      return null;
    }
  }
}

function memoryForAnswers(allocate: (sizeBytes: number) => Uint8Array): FrameMemory {
  return (sizeBytes) => (sizeBytes >= LOG_MEMORY_FROM_BYTES ? allocate(sizeBytes) : Buffer.allocUnsafe(sizeBytes));
}
