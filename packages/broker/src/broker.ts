/**
 * One node: the machines put together, without I/O. What arrives queues in the inbox; one turn later the machines are stepped in order of
 * arrival, the turn's writes go to the storage thread as one message, and what waits for disk or cluster is given out (rules T1 to T12).
 *
 * The roles decide what is inside: every node follows the metadata log; a controller votes and may lead it; a broker registers, has
 * partitions and serves clients. A node without roles (the gateway) only follows.
 */
import { invariant, randomBelow, type NodeId, type Offset, type Random } from "@vitrine/core";
import type { LogEvent, LogStore, PartitionLog, ReadSpec } from "@vitrine/log";
import { controllerSettings, type MetadataDelta, type MetadataImage, type ScramKeys } from "@vitrine/metadata";
import { ProtocolError } from "@vitrine/protocol";
import { FetchSessions } from "@vitrine/replication";
import { ActiveController } from "./active-controller.ts";
import type { BrokerConfig } from "./config.ts";
import { ControllerChannel, type ChannelResult } from "./controller-channel.ts";
import { DeadBrokers } from "./dead-brokers.ts";
import { Groups, type GroupObserver } from "./groups/groups.ts";
import { HANDLERS } from "./handlers/index.ts";
import { TOPICS_KEY } from "./handlers/03-metadata.ts";
import { IsrChannel } from "./isr-channel.ts";
import { Lifecycle } from "./lifecycle.ts";
import { MetadataLog } from "./metadata-log.ts";
import { Observer } from "./observer.ts";
import { partitionLogKey, Partitions } from "./partitions.ts";
import { peerEndpoints } from "./peer-endpoints.ts";
import type { ApiRequest, Clock, PeerEvent, PeerNetwork, RequestContext, Scheduler } from "./ports.ts";
import { Quorum } from "./quorum.ts";
import { ProducerIds } from "./producer-ids.ts";
import { ClientQuotas } from "./quotas/client-quotas.ts";
import { metered } from "./quotas/request-meter.ts";
import { ReplicaFetcher } from "./replica-fetcher.ts";
import type { BrokerParts, Handler, Reply } from "./request.ts";
import { Retention } from "./retention.ts";
import { ColdReads, type ColdRead, type Journal, type Runtime, type TimestampSearch } from "./runtime.ts";
import { readSettings, type BrokerSettings } from "./settings.ts";
import { Traffic } from "./traffic.ts";
import { TurnLoop } from "./turn.ts";

export interface BrokerOptions {
  readonly config: BrokerConfig;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly network: PeerNetwork;
  readonly store: LogStore;
  readonly random: Random;
  readonly journal?: Journal;
  /** Hash functions for SCRAM credentials; without them none can be set here. */
  readonly scramKeys?: ScramKeys;
  /** The broker cannot go on (fail-stop, broken invariant): the process must end. */
  readonly onFatal?: (reason: string) => void;
}

/** Inputs queued at once. At the bound new client requests are answered by closing their connection; peers and the disk are never refused. */
const INBOX_MAX = 200_000;

export class Broker {
  readonly config: BrokerConfig;
  readonly settings: BrokerSettings;
  readonly traffic = new Traffic();
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
  readonly #fetcher: ReplicaFetcher;
  readonly #isr: IsrChannel;
  readonly #retention: Retention;
  readonly #groups: Groups;
  readonly #quotas: ClientQuotas;
  readonly #parts: BrokerParts;
  readonly #deltaListeners = new Set<(delta: MetadataDelta) => void>();
  readonly #leaderListeners = new Set<() => void>();
  readonly #deadBrokers: DeadBrokers;
  /** The last other node that led the metadata quorum; -1 = none yet. */
  #lastLeaderId: NodeId = -1;
  #started = false;
  #straysRemoved = false;
  #controllerReady: { epoch: number; epochStartOffset: Offset } | null = null;
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
    this.#runtime = this.#makeRuntime();
    const runtime = this.#runtime;
    const { roles } = this.config;
    this.#metadata = new MetadataLog(
      runtime,
      (delta) => this.#onDelta(delta),
      () => this.#maybeActivate(),
    );
    this.#quorum = new Quorum(runtime, {
      onLeaderChanged: (leaderId, epoch) => this.#onLeaderChanged(leaderId, epoch),
      onLeaderReady: (epoch, epochStartOffset) => {
        this.#controllerReady = { epoch, epochStartOffset };
        this.#maybeActivate();
      },
      onLostLeadership: () => {
        this.#controllerReady = null;
        this.#active?.deactivate();
      },
      onHighWatermark: (offset) => this.#onHighWatermark(offset),
      onSnapshotInstalled: () => this.#metadata.loadSnapshot(),
    });
    this.#active = roles.controller
      ? new ActiveController(runtime, this.#quorum, controllerSettings(this.config.properties), (nodes) =>
          this.#deadBrokers.probe(nodes),
        )
      : null;
    this.#deadBrokers = new DeadBrokers(
      runtime,
      () => this.#metadata.image,
      () => this.#active,
    );
    this.#channel = new ControllerChannel(runtime, this.#active, () => this.#quorum.raft.view().leaderId);
    const brokerEpoch = () => this.#lifecycle?.brokerEpoch ?? -1;
    this.#partitions = new Partitions(runtime, brokerEpoch);
    this.#lifecycle = roles.broker
      ? new Lifecycle(
          runtime,
          this.#channel,
          () => this.#metadata.image,
          () => this.#onDrained(),
        )
      : null;
    this.#fetcher = new ReplicaFetcher(runtime, this.#partitions, brokerEpoch);
    this.#isr = new IsrChannel(runtime, this.#channel, brokerEpoch);
    this.#retention = new Retention(runtime, this.#partitions);
    this.#groups = new Groups(runtime, this.#channel, () => this.#metadata.image);
    this.#quotas = new ClientQuotas(this.settings.quotas);
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
      image: () => this.#metadata.image,
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
    return this.#quorum.raft.view().leaderId >= 0;
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

  /** A request of a client, a peer or this process. The reply comes once, never inside this call. */
  submit(request: ApiRequest, from: RequestContext, reply: Reply): void {
    if (this.#loop.hasEnded || (from.listener === "client" && this.#loop.inboxSize >= INBOX_MAX)) {
      this.#options.scheduler.soon(() => reply("close"));
      return;
    }
    this.#runtime.enqueue(() => {
      this.traffic.request(request.apiKey);
      const handler = HANDLERS.get(request.apiKey);
      if (!handler) reply("close");
      else if (from.listener !== "client" || !this.#quotas.isActive) this.#handle(handler, request, from, reply);
      else metered(this.#parts, request, reply, (meteredReply) => this.#handle(handler, request, from, meteredReply));
    });
  }

  /** What a request's bytes turn out to be costs that request its connection, never the broker. */
  #handle(handler: Handler, request: ApiRequest, from: RequestContext, reply: Reply): void {
    try {
      handler(this.#parts, request, from, reply);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#runtime.journal("warn", `a request with key ${request.apiKey} cannot be carried out: ${error.message}`, {
        remote: from.remote,
      });
      reply("close");
    }
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
    this.#runtime.enqueue(() => this.#channel.call(apiKey, body, timeoutMs, onResult));
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
    this.#followEffects();
  }

  #tick(): void {
    const raftDeadline = this.#quorum.raft.nextDeadlineMs();
    if (raftDeadline !== null && raftDeadline <= this.#loop.nowMs) this.#quorum.step({ type: "tick" });
    this.#active?.tick();
    this.#lifecycleTick();
    this.#partitions.tick();
    this.#retention.tick();
    this.#groups.tick();
    this.#metadata.tick();
    const snapshot = this.#metadata.takeSnapshot();
    if (snapshot) {
      this.#options.store.saveSnapshot(snapshot);
      this.#quorum.raft.snapshotTaken(snapshot);
      this.#quorum.drain();
    }
  }

  /** Registration waits until what this disk knew to be committed is applied, so that the broker knows its last epoch. */
  #lifecycleTick(): void {
    if (!this.#lifecycle || !this.#started) return;
    const view = this.#quorum.raft.view();
    // An orderly stop must end in its time also where there is no controller to ask.
    const waits = view.leaderId < 0 || this.#metadata.position < view.highWatermark;
    if (!waits || this.#lifecycle.state === "draining") this.#lifecycle.tick();
  }

  /** What partitions asked for while they were stepped; carrying it out may lead to more. */
  #followEffects(): void {
    const { effects } = this.#partitions;
    for (let round = 0; effects.length > 0 || this.#groups.hasQueued; round++) {
      this.#groups.flush();
      invariant(round < 1_000, "partitions keep asking for more within one turn");
      for (const effect of effects.splice(0)) {
        const key = partitionLogKey(effect.partition.topicId, effect.partition.index);
        switch (effect.type) {
          case "alterPartition":
            this.#isr.push(effect);
            break;
          case "failed":
            this.#runtime.journal("error", `replica ${effect.partition.label} stopped following: ${effect.reason}`);
            break;
          case "truncated":
            this.#runtime.journal(
              "info",
              `replica ${effect.partition.label} dropped [${effect.to}, ${effect.from}): its leader's history differs there`,
            );
            break;
          case "roleChanged":
            this.#partitions.plans.sync(effect.partition);
            this.#groups.onRoleChanged(effect.partition);
            break;
          case "highWatermark":
            this.#groups.onHighWatermark(effect.partition);
            break;
          case "isrChanged":
          case "logStart":
            break;
        }
        this.#touch(key);
      }
      this.#isr.poll();
      this.#fetcher.poll();
    }
    this.#isr.poll();
    this.#fetcher.poll();
  }

  #touch(key: string): void {
    this.#loop.purgatory.touch(key);
    this.observer.mark(key);
  }

  #nextDeadlineMs(): number {
    return Math.min(
      this.#quorum.raft.nextDeadlineMs() ?? Infinity,
      this.#active?.nextDeadlineMs() ?? Infinity,
      this.#lifecycleDeadlineMs(),
      this.#partitions.nextDeadlineMs(),
      this.#retention.nextDeadlineMs(),
      this.#groups.nextDeadlineMs(),
      this.#metadata.nextDeadlineMs,
    );
  }

  /** While there is no leader to talk to, raft's events wake the broker. */
  #lifecycleDeadlineMs(): number {
    if (!this.#lifecycle) return Infinity;
    const view = this.#quorum.raft.view();
    const waits = view.leaderId < 0 || this.#metadata.position < view.highWatermark;
    return waits && this.#lifecycle.state !== "draining" ? Infinity : this.#lifecycle.nextDeadlineMs();
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
        if (!this.#reads.deliver(event)) this.#quorum.onLogEvent(event);
        return;
    }
  }

  #onPeerEvent(event: PeerEvent): void {
    this.#quorum.onPeerEvent(event);
    this.#deadBrokers.onPeerEvent(event);
  }

  #onLeaderChanged(leaderId: NodeId, epoch: number): void {
    if (leaderId >= 0 && leaderId !== this.config.nodeId) this.#lastLeaderId = leaderId;
    if (leaderId >= 0) this.#runtime.journal("debug", `node ${leaderId} leads the metadata quorum in epoch ${epoch}`);
    this.#lifecycle?.onLeaderChanged();
    this.#isr.onLeaderChanged();
    for (const listener of this.#leaderListeners) listener();
  }

  #onHighWatermark(offset: Offset): void {
    this.#metadata.advance(offset);
    this.#active?.onHighWatermark(offset);
  }

  #maybeActivate(): void {
    const ready = this.#controllerReady;
    if (!ready || !this.#active || this.#active.isActive || this.#metadata.position <= ready.epochStartOffset) return;
    this.#controllerReady = null;
    this.#active.activate(this.#metadata.image, ready.epoch, this.#lastLeaderId);
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
    this.#quotas.applyDelta(delta);
    for (const topic of delta.topicsDeleted)
      for (const index of topic.partitions.keys()) this.traffic.forget(partitionLogKey(topic.id, index));
    this.#loop.purgatory.touch(TOPICS_KEY);
    this.#maybeRemoveStrays();
    for (const listener of this.#deltaListeners) listener(delta);
  }

  /** Only an image that holds this broker's own registration is new enough to say that a replica is nobody's. */
  #maybeRemoveStrays(): void {
    const epoch = this.#lifecycle?.brokerEpoch ?? -1;
    if (this.#straysRemoved || epoch < 0 || this.#metadata.image.brokers.get(this.config.nodeId)?.epoch !== epoch)
      return;
    this.#straysRemoved = true;
    this.#partitions.removeStrays(this.#metadata.image);
  }

  #makeRuntime(): Runtime {
    const { config, clock, random, store, network } = this.#options;
    const loop = this.#loop;
    return {
      config,
      settings: this.settings,
      clock,
      random,
      store,
      network,
      journal: this.#options.journal ?? (() => {}),
      get nowMs() {
        return loop.nowMs;
      },
      enqueue: (run) => loop.enqueue(run),
      afterTicket: (ticket, run) => loop.afterTicket(ticket, run),
      afterThisTurn: (run) => loop.afterThisTurn(run),
      nextReadId: () => this.#reads.nextId(),
      readCold: (log: PartitionLog, spec: ReadSpec, onRead: (read: ColdRead) => void) =>
        this.#reads.readCold(log, spec, onRead),
      findTimestamp: (
        log: PartitionLog,
        timestampMs: number,
        upTo: Offset,
        onFound: (found: TimestampSearch) => void,
      ) => this.#reads.findTimestamp(log, timestampMs, upTo, onFound),
      findKept: (log, bytes, onKept) => this.#reads.findKept(log, bytes, onKept),
      touch: (key) => this.#touch(key),
    };
  }

  #die(reason: string): void {
    if (this.#loop.hasEnded) return;
    this.#loop.end();
    this.#runtime.journal("error", `the broker stops: ${reason}`);
    this.#options.onFatal?.(reason);
  }
}
