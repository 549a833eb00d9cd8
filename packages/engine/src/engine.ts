/**
 * What the HTTP, WebSocket and SSE faces need of a cluster: metadata at hand, and one call that carries a request of Kafka's protocol
 * to the node that can answer it. Implementations: our own broker or observer (`./embedded`); later an attached Apache Kafka (`./kafka`).
 */
import type { NodeId, Offset, PartitionIndex, Uuid } from "@vitrine/core";

export interface PartitionInfo {
  readonly partition: PartitionIndex;
  /** -1: no leader. */
  readonly leader: NodeId;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  readonly replicas: readonly NodeId[];
  readonly isr: readonly NodeId[];
  /** Eligible leader replicas (KIP-966). */
  readonly elr: readonly NodeId[];
}

export interface TopicInfo {
  readonly topicId: Uuid;
  readonly name: string;
  readonly internal: boolean;
  /** Ordered by partition number. */
  readonly partitions: readonly PartitionInfo[];
  /** Only what was set on the topic; defaults come from DescribeConfigs. */
  readonly config: ReadonlyMap<string, string>;
}

export interface BrokerInfo {
  readonly id: NodeId;
  readonly epoch: number;
  readonly host: string;
  readonly kafkaPort: number;
  readonly peerPort: number;
  /** 0 when the broker has no HTTP face. */
  readonly httpPort: number;
  readonly rack: string | null;
  readonly fenced: boolean;
  readonly inControlledShutdown: boolean;
}

/** Where a request goes. "controller": the active controller. "self": this process, where it is a broker. */
export type Target = { readonly node: NodeId } | "controller" | "self";

/** "refused" and "not-sent" are certainly without effect; the others may have been carried out. */
export type CallFailure = "refused" | "disconnected" | "timeout" | "not-sent" | "no-controller";

export type CallResult<Body> =
  | { readonly ok: true; readonly body: Body; readonly servedBy: NodeId }
  | { readonly ok: false; readonly reason: CallFailure };

export interface CallOptions {
  readonly to: Target;
  /** How long to wait for the answer; long polls add their own wait to it. */
  readonly timeoutMs: number;
  /** For long polls: uses a connection that nothing else waits behind. */
  readonly longPoll?: boolean;
  /** Aborting closes nothing, it only stops waiting: the result is "timeout". */
  readonly signal?: AbortSignal;
}

/** A quota of the callers over HTTP, who are one client to it. */
export interface QuotaState {
  readonly bytesPerSecond: number;
  /** Until they may again, as the last answer said; 0: now. */
  readonly waitMs: number;
}

export interface MetadataPosition {
  /** Offset in the metadata log up to which this node has applied, exclusive. */
  readonly offset: Offset;
  readonly epoch: number;
}

export interface Engine {
  /** Id of the broker this process is, or null in the gateway. */
  readonly selfId: NodeId | null;
  readonly clusterId: string;
  topic(name: string): TopicInfo | undefined;
  topicById(id: Uuid): TopicInfo | undefined;
  topics(): Iterable<TopicInfo>;
  broker(id: NodeId): BrokerInfo | undefined;
  brokers(): readonly BrokerInfo[];
  /** -1 while none is known. */
  controllerId(): NodeId;
  /** False while a majority of the controllers cannot be heard, as far as this node can know. */
  hasQuorum(): boolean;
  metadataPosition(): MetadataPosition;
  /** Called after each change of metadata; returns the way to stop. */
  onMetadata(listener: () => void): () => void;
  /** What those who write or read over HTTP may do together, by the cluster's client quotas; null: there is no quota. */
  quota(of: "produce" | "fetch"): QuotaState | null;
  /**
   * Sends one request (the generated request type of `apiKey`, at the newest version both sides know) and gives the generated response type.
   * Produce and Fetch wait here first while a quota is used up; one that would wait for longer than its time is "not-sent".
   * Never retries: who knows whether a repeat is safe decides. Rejects never.
   */
  call<Body>(apiKey: number, body: unknown, options: CallOptions): Promise<CallResult<Body>>;
  /** Milliseconds since each broker was last heard of by this node, for data ages. */
  ages(): ReadonlyMap<NodeId, number>;
}
