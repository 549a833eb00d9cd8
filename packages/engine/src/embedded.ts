/**
 * The engine over a node of our own in this process: metadata from its image, requests for itself by `submit`, requests for others
 * through its peer network. In the gateway, whose node has no roles, requests for brokers go to their client listeners instead.
 */
import {
  HTTP_CLIENT_ID,
  type ApiRequest,
  type Broker,
  type Lane,
  type PeerEndpoint,
  type PeerNetwork,
  type PeerResult,
  type RequestContext,
} from "@vitrine/broker";
import { isInternalTopic, type NodeId, type Uuid } from "@vitrine/core";
import { endpointOf, type BrokerRegistration, type MetadataImage, type TopicImage } from "@vitrine/metadata";
import type {
  BrokerInfo,
  CallFailure,
  CallOptions,
  CallResult,
  Engine,
  MetadataPosition,
  PartitionInfo,
  QuotaState,
  TopicInfo,
} from "./engine.ts";
import { type QuotaKind, QuotaWaits } from "./quota-waits.ts";

export interface EmbeddedEngineOptions {
  readonly broker: Broker;
  /** The network the broker itself uses. */
  readonly peers: PeerNetwork;
  /** Connections to the brokers' client listeners; absent on brokers, which use their peers. */
  readonly clients?: PeerNetwork;
  readonly nowMs: () => number;
}

const PRODUCE = 0;
const FETCH = 1;
/** What quotas of bytes are about. */
const QUOTA_KINDS: ReadonlyMap<number, QuotaKind> = new Map([
  [PRODUCE, "produce"],
  [FETCH, "fetch"],
]);

const LOCAL: RequestContext = { listener: "local", connectionId: "local", remote: "local" };

export function embeddedEngine(options: EmbeddedEngineOptions): Engine {
  return new EmbeddedEngine(options);
}

class EmbeddedEngine implements Engine {
  readonly selfId: NodeId | null;
  readonly clusterId: string;
  readonly #broker: Broker;
  readonly #options: EmbeddedEngineOptions;
  readonly #listeners = new Set<() => void>();
  readonly #topics = new WeakMap<TopicImage, { image: MetadataImage; info: TopicInfo }>();
  readonly #brokers = new WeakMap<BrokerRegistration, BrokerInfo>();
  readonly #heardMs = new Map<NodeId, number>();
  readonly #waits = new QuotaWaits();
  #announced = false;

  constructor(options: EmbeddedEngineOptions) {
    this.#options = options;
    this.#broker = options.broker;
    this.selfId = options.broker.config.roles.broker ? options.broker.config.nodeId : null;
    this.clusterId = options.broker.config.clusterId;
    options.broker.onDelta(() => {
      options.clients?.setEndpoints(this.#clientEndpoints());
      this.#announce();
    });
    options.broker.onQuorumChange(() => this.#announce());
  }

  topic(name: string): TopicInfo | undefined {
    const topic = this.#broker.image.topicsByName.get(name);
    return topic && this.#topicInfo(topic);
  }

  topicById(id: Uuid): TopicInfo | undefined {
    const topic = this.#broker.image.topicsById.get(id);
    return topic && this.#topicInfo(topic);
  }

  *topics(): Iterable<TopicInfo> {
    for (const topic of this.#broker.image.topicsByName.values()) yield this.#topicInfo(topic);
  }

  broker(id: NodeId): BrokerInfo | undefined {
    const broker = this.#broker.image.brokers.get(id);
    return broker && this.#brokerInfo(broker);
  }

  brokers(): readonly BrokerInfo[] {
    return [...this.#broker.image.brokers.values()]
      .map((broker) => this.#brokerInfo(broker))
      .toSorted((a, b) => a.id - b.id);
  }

  controllerId(): NodeId {
    return this.#broker.controllerId;
  }

  hasQuorum(): boolean {
    return this.#broker.hasQuorum();
  }

  metadataPosition(): MetadataPosition {
    const { offset, epoch } = this.#broker.image;
    return { offset, epoch };
  }

  onMetadata(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  ages(): ReadonlyMap<NodeId, number> {
    const nowMs = this.#options.nowMs();
    const ages = new Map<NodeId, number>();
    for (const [id, heardMs] of this.#heardMs) ages.set(id, Math.max(0, nowMs - heardMs));
    if (this.selfId !== null) ages.set(this.selfId, 0);
    return ages;
  }

  call<Body>(apiKey: number, body: unknown, options: CallOptions): Promise<CallResult<Body>> {
    return new Promise((resolve) => {
      let open = true;
      const settle = (result: CallResult<Body>) => {
        if (!open) return;
        open = false;
        options.signal?.removeEventListener("abort", onAbort);
        if (result.ok) this.#heard(apiKey, result.servedBy, result.body);
        resolve(result);
      };
      const onAbort = () => settle({ ok: false, reason: "timeout" });
      if (options.signal?.aborted) return onAbort();
      options.signal?.addEventListener("abort", onAbort);
      const waitMs = this.#waitMs(apiKey, options);
      if (waitMs === 0) this.#route(apiKey, body, options, settle);
      else if (waitMs >= options.timeoutMs) settle({ ok: false, reason: "not-sent" });
      else
        setTimeout(() => {
          if (open) this.#route(apiKey, body, options, settle);
        }, waitMs);
    });
  }

  quota(of: QuotaKind): QuotaState | null {
    const bytesPerSecond = this.#broker.clientQuota(
      of === "produce" ? "producer_byte_rate" : "consumer_byte_rate",
      HTTP_CLIENT_ID,
    );
    if (bytesPerSecond === null) return null;
    return { bytesPerSecond, waitMs: this.#waits.longestMs(of, this.#options.nowMs()) };
  }

  #heard(apiKey: number, node: NodeId, body: unknown): void {
    const nowMs = this.#options.nowMs();
    this.#heardMs.set(node, nowMs);
    const kind = QUOTA_KINDS.get(apiKey);
    const { throttleTimeMs = 0 } = (body ?? {}) as { throttleTimeMs?: number };
    if (kind !== undefined) this.#waits.note(kind, node, throttleTimeMs, nowMs);
  }

  #waitMs(apiKey: number, { to }: CallOptions): number {
    const kind = QUOTA_KINDS.get(apiKey);
    const node = to === "controller" ? null : to === "self" ? this.selfId : to.node;
    // A quota that was taken away makes nobody wait.
    if (kind === undefined || node === null || this.quota(kind) === null) return 0;
    return this.#waits.leftMs(kind, node, this.#options.nowMs());
  }

  #route<Body>(apiKey: number, body: unknown, options: CallOptions, settle: (result: CallResult<Body>) => void): void {
    const { to, timeoutMs } = options;
    const request: ApiRequest = { apiKey, apiVersion: -1, clientId: HTTP_CLIENT_ID, body };
    if (to === "controller") {
      const controllerId = this.#broker.controllerId;
      this.#broker.callController(apiKey, body, timeoutMs, (result) => settle(answered(result, controllerId)));
      return;
    }
    const node = to === "self" ? this.selfId : to.node;
    if (node === null) return settle({ ok: false, reason: "not-sent" });
    if (node === this.selfId) {
      this.#broker.submit(request, LOCAL, (reply) =>
        settle(
          reply === "close"
            ? { ok: false, reason: "not-sent" }
            : { ok: true, body: (reply ?? undefined) as Body, servedBy: node },
        ),
      );
      return;
    }
    const network = this.#options.clients ?? this.#options.peers;
    // A broker does not read a client's connection while a quota is used up: what is not about records does not wait behind that.
    const isRecords = QUOTA_KINDS.has(apiKey) || this.#options.clients === undefined;
    const lane: Lane = options.longPoll ? "poll" : isRecords ? "data" : "control";
    network.request(node, lane, request, timeoutMs, (result) => settle(answered(result, node)));
  }

  /** Metadata changes of one turn are told once, after it. */
  #announce(): void {
    if (this.#announced) return;
    this.#announced = true;
    queueMicrotask(() => {
      this.#announced = false;
      for (const listener of this.#listeners) listener();
    });
  }

  #topicInfo(topic: TopicImage): TopicInfo {
    const { image } = this.#broker;
    const known = this.#topics.get(topic);
    if (known?.image === image) return known.info;
    const config = image.configs.get(`topic:${topic.name}`) ?? NO_CONFIG;
    if (known && known.info.config === config) {
      this.#topics.set(topic, { image, info: known.info });
      return known.info;
    }
    const partitions = [...topic.partitions].map(([partition, state]): PartitionInfo => ({
      partition,
      leader: state.leader,
      leaderEpoch: state.leaderEpoch,
      partitionEpoch: state.partitionEpoch,
      replicas: state.replicas,
      isr: state.isr,
      elr: state.elr,
    }));
    const info = { topicId: topic.id, name: topic.name, internal: isInternalTopic(topic.name), partitions, config };
    this.#topics.set(topic, { image, info });
    return info;
  }

  #brokerInfo(broker: BrokerRegistration): BrokerInfo {
    const known = this.#brokers.get(broker);
    if (known) return known;
    const client = endpointOf(broker, "CLIENT");
    const info: BrokerInfo = {
      id: broker.id,
      epoch: broker.epoch,
      host: client?.host ?? "",
      kafkaPort: client?.port ?? 0,
      peerPort: endpointOf(broker, "PEER")?.port ?? 0,
      httpPort: endpointOf(broker, "HTTP")?.port ?? 0,
      rack: broker.rack,
      fenced: broker.fenced,
      inControlledShutdown: broker.inControlledShutdown,
    };
    this.#brokers.set(broker, info);
    return info;
  }

  #clientEndpoints(): PeerEndpoint[] {
    return [...this.#broker.image.brokers.values()].flatMap((broker) => {
      const at = endpointOf(broker, "CLIENT");
      return at ? [{ nodeId: broker.id, host: at.host, port: at.port }] : [];
    });
  }
}

const NO_CONFIG: ReadonlyMap<string, string> = new Map();

function answered<Body>(
  result:
    | PeerResult
    | { readonly ok: true; readonly body: unknown }
    | { readonly ok: false; readonly reason: CallFailure },
  servedBy: NodeId,
): CallResult<Body> {
  return result.ok ? { ok: true, body: result.body as Body, servedBy } : { ok: false, reason: result.reason };
}
