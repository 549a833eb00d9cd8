/**
 * One node: the machines put together, without I/O. What arrives queues in the inbox; one turn later the machines are stepped in order of
 * arrival, the turn's writes go to the storage thread as one message, and what waits for disk or cluster is given out (rules T1 to T12).
 *
 * The roles decide what is inside: every node follows the metadata log; a controller votes and may lead it; a broker registers, has
 * partitions and serves clients. A node without roles (the gateway) only follows.
 */
import { invariant, randomBelow, type NodeId, type Offset } from "@vitrine/core";
import type { LogEvent } from "@vitrine/log";
import { effectiveBrokerValue, type MetadataDelta, type MetadataImage } from "@vitrine/metadata";
import { apiName, ProtocolError } from "@vitrine/protocol";
import { FetchSessions } from "@vitrine/replication";
import { ActiveController } from "./active-controller.ts";
import type { BrokerOptions } from "./broker-options.ts";
import { brokerRuntime } from "./broker-runtime.ts";
import { ColdReads } from "./cold-reads.ts";
import type { BrokerConfig } from "./config.ts";
import { ControllerChannel, type ChannelResult } from "./controller-channel.ts";
import { DeadBrokers } from "./dead-brokers.ts";
import { checkEncodable } from "./encodable.ts";
import { Groups, type GroupObserver } from "./groups/groups.ts";
import { TOPICS_KEY } from "./handlers/03-metadata.ts";
import { IsrChannel } from "./isr-channel.ts";
import { Lifecycle } from "./lifecycle.ts";
import { type CleanerReport, LogCleaner } from "./log-cleaner.ts";
import { MetadataLog } from "./metadata-log.ts";
import { Observer } from "./observer.ts";
import { PartitionEffects } from "./partition-effects.ts";
import { partitionLogKey, Partitions } from "./partitions.ts";
import { peerEndpoints } from "./peer-endpoints.ts";
import type { ApiRequest, PeerEvent, RequestContext } from "./ports.ts";
import { Quorum } from "./quorum.ts";
import { ProducerIds } from "./producer-ids.ts";
import { ClientQuotas } from "./quotas/client-quotas.ts";
import type { QuotaName } from "./quotas/client-limits.ts";
import { ConnectionQuotas } from "./quotas/connection-quotas.ts";
import { ReplicaFetcher } from "./replica-fetcher.ts";
import type { BrokerParts, Reply } from "./request.ts";
import { Retention } from "./retention.ts";
import type { Runtime } from "./runtime.ts";
import { serveRequest } from "./serve-request.ts";
import { readSettings, type BrokerSettings } from "./settings.ts";
import { Traffic } from "./traffic.ts";
import { TurnLoop } from "./turn.ts";

/** Inputs queued at once. At the bound new client requests are answered by closing their connection; peers and the disk are never refused. */
const INBOX_MAX = 200_000;

export class Broker {
  readonly config: BrokerConfig;
  readonly settings: BrokerSettings;
  readonly traffic = new Traffic();
  /** Who may connect to the listener of clients. */
  readonly connections: ConnectionQuotas;
  /** What the live views show of this node. */
  readonly observer: Observer;
  readonly #options: BrokerOptions;
  readonly #runtime: Runtime;
  readonly #loop: TurnLoop;
  readonly #reads = new ColdReads();
  readonly #metadata: MetadataLog;
  readonly #quorum: Quorum;
  readonly #active: ActiveController | null;
  readonly #channel: ControllerChannel;
  readonly #partitions: Partitions;
  readonly #lifecycle: Lifecycle | null;
  readonly #isr: IsrChannel;
  readonly #effects: PartitionEffects;
  readonly #retention: Retention;
  readonly #cleaner: LogCleaner;
  readonly #groups: Groups;
  readonly #quotas: ClientQuotas;
  readonly #parts: BrokerParts;
  readonly #deltaListeners = new Set<(delta: MetadataDelta) => void>();
  readonly #leaderListeners = new Set<() => void>();
  readonly #deadBrokers: DeadBrokers;
  #started = false;
  #onStopped: (() => void) | null = null;

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.config = options.config;
    this.settings = readSettings(options.config);
    this.#loop = new TurnLoop(options, {
      run: () => this.#run(),
      nextDeadlineMs: () => this.#nextDeadlineMs(),
      onBroken: (reason) => this.#die(reason),
    });
    const runtime = brokerRuntime(options, {
      settings: this.settings,
      loop: this.#loop,
      reads: this.#reads,
      touch: (key) => this.#touch(key),
    });
    this.#runtime = runtime;
    const { roles } = this.config;
    this.#metadata = new MetadataLog(
      runtime,
      (delta) => this.#onDelta(delta),
      () => this.#active?.onApplied(),
    );
    this.#quorum = new Quorum(runtime, {
      onLeaderChanged: (leaderId, epoch) => this.#onLeaderChanged(leaderId, epoch),
      onLeaderReady: (epoch, epochStartOffset) => this.#active?.onLeaderReady(epoch, epochStartOffset),
      onLostLeadership: () => this.#active?.onLostLeadership(),
      onHighWatermark: (offset) => this.#onHighWatermark(offset),
      onSnapshotInstalled: () => this.#metadata.loadSnapshot(),
    });
    const image = () => this.#metadata.image;
    this.#active = roles.controller
      ? new ActiveController(runtime, this.#quorum, this.#metadata, (nodes) => this.#deadBrokers.probe(nodes))
      : null;
    this.#deadBrokers = new DeadBrokers(runtime, image, () => this.#active);
    this.#channel = new ControllerChannel(runtime, this.#active, () => this.controllerId);
    const brokerEpoch = () => this.brokerEpoch;
    this.#partitions = new Partitions(runtime, brokerEpoch);
    const metadata = { image, isCurrent: () => this.#isCurrent() };
    this.#lifecycle = roles.broker ? new Lifecycle(runtime, this.#channel, metadata, () => this.#onDrained()) : null;
    this.#isr = new IsrChannel(runtime, this.#channel, brokerEpoch);
    this.#retention = new Retention(runtime, this.#partitions);
    this.#cleaner = new LogCleaner(runtime, this.#partitions);
    this.#groups = new Groups(runtime, this.#channel, image);
    this.#effects = new PartitionEffects(runtime, {
      partitions: this.#partitions,
      groups: this.#groups,
      isr: this.#isr,
      fetcher: new ReplicaFetcher(runtime, this.#partitions, brokerEpoch),
    });
    this.#quotas = new ClientQuotas(this.settings.quotas);
    const node = { brokerId: this.config.nodeId, staticConfigs: this.config.properties };
    this.connections = new ConnectionQuotas(this.settings.quotas.windows, (name) =>
      effectiveBrokerValue(image(), name, node),
    );
    this.connections.update(image().clientQuotas);
    const sessions = new FetchSessions({ newSessionId: () => 1 + randomBelow(options.random, 0x7ffffffe) });
    this.#parts = {
      runtime,
      quorum: this.#quorum,
      channel: this.#channel,
      partitions: this.#partitions,
      purgatory: this.#loop.purgatory,
      sessions,
      lifecycle: this.#lifecycle,
      producerIds: roles.broker ? new ProducerIds(runtime, this.#channel, brokerEpoch) : null,
      groups: this.#groups,
      traffic: this.traffic,
      quotas: this.#quotas,
      scramKeys: options.scramKeys ?? null,
      image,
    };
    this.observer = new Observer(this.#parts, () => options.clock.nowMs());
  }

  get image(): MetadataImage {
    return this.#metadata.image;
  }

  /** The groups that this node coordinates. */
  get groups(): GroupObserver {
    return this.#groups;
  }

  /** How compaction goes. */
  cleanerReport(): CleanerReport {
    return this.#cleaner.report(this.#options.clock.nowMs());
  }

  get isActiveController(): boolean {
    return this.#active?.isActive ?? false;
  }

  /** Epoch of this broker's registration; -1 before it, and on nodes that are no brokers. */
  get brokerEpoch(): number {
    return this.#lifecycle?.brokerEpoch ?? -1;
  }

  /**
   * Whether it has joined: a broker that is unfenced and whose heartbeats are answered (one that is cut off judges by stale metadata), else a node
   * that follows a leader of the quorum.
   */
  get isReady(): boolean {
    if (this.#lifecycle)
      return this.#lifecycle.state === "running" && this.#lifecycle.isHeard(this.#options.clock.nowMs());
    return this.controllerId >= 0;
  }

  /** Whether the listener should stop reading produce requests: the disk is behind (T12), or the inbox is full. */
  get isOverloaded(): boolean {
    const { health } = this.#options.store;
    return health.uncommittedBytes >= health.uncommittedBytesMax || this.#loop.inboxSize >= INBOX_MAX;
  }

  start(): void {
    invariant(!this.#started, "a broker starts once");
    this.#started = true;
    const { store, network } = this.#options;
    const selector = this.config.properties.get("replica.selector.class") ?? "";
    if (selector !== "" && !this.settings.readsFromNearest)
      this.#runtime.journal("warn", `replica.selector.class ${selector} is not known: consumers read from leaders`);
    store.onEvent((event) => this.#runtime.enqueue(() => this.#onLogEvent(event)));
    network.onPeerEvent((event) => this.#runtime.enqueue(() => this.#onPeerEvent(event)));
    network.setEndpoints(peerEndpoints(this.#metadata.image, this.config));
    this.#runtime.enqueue(() => {
      this.#metadata.loadSnapshot();
      this.#quorum.step({ type: "tick" });
      this.#onHighWatermark(this.#quorum.raft.view().highWatermark);
    });
  }

  /** The quota of a client without a user, in its unit per second; null: none. */
  clientQuota(name: QuotaName, clientId: string): number | null {
    return this.#quotas.boundOf(name, clientId);
  }

  /** A request of a client, a peer or this process. The reply comes once, never inside this call. */
  submit(request: ApiRequest, from: RequestContext, reply: Reply): void {
    if (this.#loop.hasEnded || (from.listener === "client" && this.#loop.inboxSize >= INBOX_MAX)) {
      this.#options.scheduler.soon(() => reply("close"));
      return;
    }
    this.#runtime.enqueue(() => serveRequest(this.#parts, request, from, reply));
  }

  /** Called with every change of metadata, inside the turn that applied it. Returns the way to stop. */
  onDelta(listener: (delta: MetadataDelta) => void): () => void {
    this.#deltaListeners.add(listener);
    return () => this.#deltaListeners.delete(listener);
  }

  /** Called when the leader of the metadata quorum changes or is lost. Returns the way to stop. */
  onQuorumChange(listener: () => void): () => void {
    this.#leaderListeners.add(listener);
    return () => this.#leaderListeners.delete(listener);
  }

  /** The leader of the metadata quorum as this node knows it; -1 = none. */
  get controllerId(): NodeId {
    return this.#quorum.raft.view().leaderId;
  }

  /** Whether a majority of the controllers can be heard, as far as this node can know. */
  hasQuorum(): boolean {
    return this.#quorum.raft.hasQuorum(this.#options.clock.nowMs());
  }

  /** Asks the active controller, wherever it is, on behalf of this process. */
  callController(apiKey: number, body: unknown, timeoutMs: number, onResult: (result: ChannelResult) => void): void {
    this.#runtime.enqueue(() => {
      try {
        checkEncodable({ apiKey, apiVersion: -1, clientId: null, body });
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        this.#runtime.journal(
          "warn",
          `a request (${apiName(apiKey)}) was not sent to the controller: ${error.message}`,
        );
        onResult({ ok: false, reason: "not-sent" });
        return;
      }
      this.#channel.call(apiKey, body, timeoutMs, onResult);
    });
  }

  /** Orderly stop: leaders move away, leadership of the quorum is handed over; then `onStopped`. At most `timeoutMs`. */
  stop(timeoutMs: number, onStopped: () => void): void {
    this.#runtime.enqueue(() => {
      this.#onStopped = onStopped;
      if (this.#lifecycle && this.settings.controlledShutdown) this.#lifecycle.drain(this.#loop.nowMs + timeoutMs);
      else this.#onDrained();
    });
  }

  #onDrained(): void {
    this.#quorum.raft.resign(this.#loop.nowMs);
    this.#quorum.drain();
    const onStopped = this.#onStopped;
    this.#onStopped = null;
    if (onStopped) this.#loop.afterThisTurn(onStopped);
  }

  // ---- the turn

  #run(): void {
    this.#tick();
    this.#effects.follow();
  }

  #tick(): void {
    const raftDeadline = this.#quorum.raft.nextDeadlineMs();
    if (raftDeadline !== null && raftDeadline <= this.#loop.nowMs) this.#quorum.step({ type: "tick" });
    this.#active?.tick();
    if (this.#started) this.#lifecycle?.tick();
    this.#partitions.tick();
    this.#retention.tick();
    this.#cleaner.tick();
    this.#groups.tick();
    this.#metadata.tick();
    const snapshot = this.#metadata.takeSnapshot();
    if (snapshot) {
      this.#options.store.saveSnapshot(snapshot);
      this.#quorum.raft.snapshotTaken(snapshot);
      this.#quorum.drain();
    }
  }

  /** Whether there is a controller, and all that this disk knew to be committed is applied. */
  #isCurrent(): boolean {
    const { leaderId, highWatermark } = this.#quorum.raft.view();
    return leaderId >= 0 && this.#metadata.position >= highWatermark;
  }

  #touch(key: string): void {
    this.#loop.purgatory.touch(key);
    this.observer.mark(key);
  }

  #nextDeadlineMs(): number {
    return Math.min(
      this.#quorum.raft.nextDeadlineMs() ?? Infinity,
      this.#active?.nextDeadlineMs() ?? Infinity,
      this.#lifecycle?.nextDeadlineMs() ?? Infinity,
      this.#partitions.nextDeadlineMs(),
      this.#retention.nextDeadlineMs(),
      this.#cleaner.nextDeadlineMs(),
      this.#groups.nextDeadlineMs(),
      this.#metadata.nextDeadlineMs,
    );
  }

  // ---- inputs

  #onLogEvent(event: LogEvent): void {
    switch (event.type) {
      case "committed":
        this.#quorum.onLogEvent(event);
        this.#partitions.onCommitted(event.logs);
        return;
      case "failed":
        this.#quorum.onLogEvent(event);
        this.#die(`the log directory failed: ${event.reason}`);
        return;
      case "read":
      case "read-failed":
      case "found":
      case "kept":
      case "surveyed":
      case "cleaned":
      case "clean-failed":
        if (!this.#reads.deliver(event)) this.#quorum.onLogEvent(event);
        return;
    }
  }

  #onPeerEvent(event: PeerEvent): void {
    this.#quorum.onPeerEvent(event);
    this.#deadBrokers.onPeerEvent(event);
  }

  #onLeaderChanged(leaderId: NodeId, epoch: number): void {
    this.#active?.onLeaderChanged(leaderId);
    if (leaderId >= 0) this.#runtime.journal("debug", `node ${leaderId} leads the metadata quorum in epoch ${epoch}`);
    this.#lifecycle?.onLeaderChanged();
    this.#isr.onLeaderChanged();
    for (const listener of this.#leaderListeners) listener();
  }

  #onHighWatermark(offset: Offset): void {
    this.#metadata.advance(offset);
    this.#active?.onHighWatermark(offset);
  }

  #onDelta(delta: MetadataDelta): void {
    if (delta.brokers.length > 0) {
      this.#options.network.setEndpoints(peerEndpoints(this.#metadata.image, this.config));
      if (this.#active?.isActive)
        this.#deadBrokers.probe(delta.brokers.flatMap(({ after }) => (after ? [after.id] : [])));
    }
    if (this.config.roles.broker) this.#partitions.applyDelta(delta);
    this.#groups.applyDelta(delta);
    this.#retention.applyDelta(delta);
    this.#cleaner.applyDelta(delta);
    this.#quotas.applyDelta(delta);
    if (delta.clientQuotasChanged || delta.configs.some(({ resourceType }) => resourceType === "broker"))
      this.connections.update(delta.after.clientQuotas);
    for (const topic of delta.topicsDeleted)
      for (const index of topic.partitions.keys()) this.traffic.forget(partitionLogKey(topic.id, index));
    this.#loop.purgatory.touch(TOPICS_KEY);
    this.#partitions.removeStrays(delta.after);
    for (const listener of this.#deltaListeners) listener(delta);
  }

  #die(reason: string): void {
    if (this.#loop.hasEnded) return;
    this.#loop.end();
    this.#runtime.journal("error", `the broker stops: ${reason}`);
    this.#options.onFatal?.(reason);
  }
}
