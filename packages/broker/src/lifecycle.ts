/**
 * A broker's life as the controller sees it.
 *
 *   starting --registered--> recovering --unfenced--> running --stop--> draining --granted--> stopped
 *      ^                                                 |
 *      `------ STALE_BROKER_EPOCH, ID_NOT_REGISTERED ----'
 *
 * Registration asks for a new epoch; heartbeats keep it alive and carry the wish to be unfenced or to stop. The broker registers only
 * after it has caught up with what it knew to be committed, so that it can say which incarnation it follows (KIP-966): a process that
 * was killed but whose disk kept everything it had confirmed is as good as one that stopped in order.
 */
import { errorFromCode } from "@vitrine/core";
import { METADATA_LOG } from "@vitrine/log";
import type { MetadataImage } from "@vitrine/metadata";
import {
  ApiKey,
  newBrokerHeartbeatRequest,
  newBrokerRegistrationRequest,
  type BrokerHeartbeatResponse,
  type BrokerRegistrationResponse,
} from "@vitrine/protocol/types";
import type { ControllerChannel } from "./controller-channel.ts";
import type { Runtime } from "./runtime.ts";

export type LifecycleState = "starting" | "recovering" | "running" | "draining" | "stopped";

/** Pause before asking again after an answer that was lost, or while there is no controller. */
const RETRY_MS = 15;
/** While draining the controller is asked often: leaders move in milliseconds. */
const DRAIN_HEARTBEAT_MS = 20;

/** What the broker knows of the cluster. */
export interface LifecycleMetadata {
  image(): MetadataImage;
  /** Whether there is a controller to ask, and all that this disk knew to be committed is applied. */
  isCurrent(): boolean;
}

export class Lifecycle {
  readonly #runtime: Runtime;
  readonly #channel: ControllerChannel;
  readonly #metadata: LifecycleMetadata;
  readonly #onStopped: () => void;
  /**
   * Whether this disk, as it was opened, holds all it had ever confirmed. An empty one vouches for nothing: what the others tell of this broker's past
   * is no proof (KIP-966).
   */
  readonly #vouches: boolean;
  #state: LifecycleState = "starting";
  #brokerEpoch = -1;
  #nextMs = 0;
  /** Grows with each request, so that a late answer is known for what it is. */
  #asked = 0;
  #waiting = false;
  #drainDeadlineMs = Infinity;
  #lastHeardMs = -Infinity;

  constructor(runtime: Runtime, channel: ControllerChannel, metadata: LifecycleMetadata, onStopped: () => void) {
    this.#runtime = runtime;
    this.#channel = channel;
    this.#metadata = metadata;
    this.#onStopped = onStopped;
    const { store } = runtime;
    this.#vouches = store.cleanShutdown && (store.logs.get(METADATA_LOG)?.logEndOffset ?? 0) > 0;
  }

  get state(): LifecycleState {
    return this.#state;
  }

  /** -1 until registered. */
  get brokerEpoch(): number {
    return this.#brokerEpoch;
  }

  /** When the controller last answered; -Infinity = never. */
  get lastHeardMs(): number {
    return this.#lastHeardMs;
  }

  /** Whether the controller can be expected to hear us: used to tell a cut-off broker from a healthy one. */
  isHeard(nowMs: number): boolean {
    return nowMs - this.#lastHeardMs < this.#runtime.settings.sessionTimeoutMs;
  }

  /** There is a (new) controller: it should hear of us at once. */
  onLeaderChanged(): void {
    this.#waiting = false;
    this.#asked += 1;
    this.#nextMs = this.#runtime.nowMs;
  }

  /** Asks the controller for leave to stop: leaders move away first. `deadlineMs`: then it stops without leave. */
  drain(deadlineMs: number): void {
    if (this.#state === "draining" || this.#state === "stopped") return;
    if (this.#state !== "running" && this.#state !== "recovering") {
      this.#stopped();
      return;
    }
    this.#state = "draining";
    this.#drainDeadlineMs = deadlineMs;
    this.#waiting = false;
    this.#asked += 1;
    this.#nextMs = this.#runtime.nowMs;
  }

  tick(): void {
    const { nowMs } = this.#runtime;
    if (this.#state === "stopped" || this.#isHeldBack()) return;
    if (this.#state === "draining" && nowMs >= this.#drainDeadlineMs) {
      this.#runtime.journal("warn", "the controller did not grant the orderly stop in time; stopping without it");
      this.#stopped();
      return;
    }
    if (this.#waiting || nowMs < this.#nextMs) return;
    if (this.#state === "starting") this.#register();
    else this.#heartbeat();
  }

  /** While it is held back, raft's events wake the broker. */
  nextDeadlineMs(): number {
    if (this.#state === "stopped" || this.#isHeldBack()) return Infinity;
    return Math.min(this.#waiting ? Infinity : this.#nextMs, this.#drainDeadlineMs);
  }

  /** So that the broker knows its last epoch when it registers. An orderly stop must end in its time also where there is no controller to ask. */
  #isHeldBack(): boolean {
    return this.#state !== "draining" && !this.#metadata.isCurrent();
  }

  #register(): void {
    const { config, store, settings } = this.#runtime;
    const endpoint = (name: string, at: { host: string; port: number }) => ({
      name,
      host: at.host,
      port: at.port,
      securityProtocol: 0,
    });
    const listeners = [endpoint("CLIENT", config.advertised.client), endpoint("PEER", config.advertised.peer)];
    if (config.advertised.http) listeners.push(endpoint("HTTP", config.advertised.http));
    const previousBrokerEpoch = this.#vouches ? (this.#metadata.image().brokers.get(config.nodeId)?.epoch ?? -1) : -1;
    const request = newBrokerRegistrationRequest({
      brokerId: config.nodeId,
      clusterId: config.clusterId,
      incarnationId: config.incarnationId,
      listeners,
      features: [],
      rack: config.rack,
      logDirs: [store.directoryId],
      previousBrokerEpoch,
    });
    this.#ask(ApiKey.BrokerRegistration, request, settings.heartbeatIntervalMs * 2, (body) => {
      const reply = body as BrokerRegistrationResponse;
      const error = errorFromCode(reply.errorCode).name;
      if (error !== "NONE") {
        if (error !== "NOT_CONTROLLER")
          this.#runtime.journal("warn", `the controller did not register this broker: ${error}`);
        return RETRY_MS;
      }
      this.#brokerEpoch = reply.brokerEpoch;
      this.#state = "recovering";
      this.#runtime.journal("info", `registered with broker epoch ${reply.brokerEpoch}`);
      return 0;
    });
  }

  #heartbeat(): void {
    const { settings } = this.#runtime;
    const request = newBrokerHeartbeatRequest({
      brokerId: this.#runtime.config.nodeId,
      brokerEpoch: this.#brokerEpoch,
      currentMetadataOffset: this.#metadata.image().offset,
      wantFence: false,
      wantShutDown: this.#state === "draining",
    });
    this.#ask(ApiKey.BrokerHeartbeat, request, settings.sessionTimeoutMs, (body) =>
      this.#onHeartbeat(body as BrokerHeartbeatResponse),
    );
  }

  /** Returns the pause before the next heartbeat. */
  #onHeartbeat(reply: BrokerHeartbeatResponse): number {
    const { settings, journal } = this.#runtime;
    const error = errorFromCode(reply.errorCode).name;
    if (error === "STALE_BROKER_EPOCH" || error === "BROKER_ID_NOT_REGISTERED") {
      if (this.#state === "draining") {
        this.#stopped();
        return 0;
      }
      journal("warn", `the controller does not know this broker's epoch any more (${error}); registering anew`);
      this.#state = "starting";
      return 0;
    }
    if (error !== "NONE") return RETRY_MS;
    this.#lastHeardMs = this.#runtime.nowMs;
    if (this.#state === "draining") {
      if (reply.shouldShutDown) this.#stopped();
      return DRAIN_HEARTBEAT_MS;
    }
    const wasRunning = this.#state === "running";
    this.#state = reply.isFenced ? "recovering" : "running";
    if (wasRunning !== (this.#state === "running"))
      journal("info", reply.isFenced ? "the controller has fenced this broker" : "this broker is unfenced and serves");
    // A fenced broker asks often: it is unfenced as soon as it has caught up with its own registration.
    return reply.isFenced ? RETRY_MS : settings.heartbeatIntervalMs;
  }

  #ask(apiKey: number, body: unknown, timeoutMs: number, onBody: (body: unknown) => number): void {
    this.#waiting = true;
    this.#asked += 1;
    const asked = this.#asked;
    this.#channel.call(apiKey, body, timeoutMs, (result) => {
      if (asked !== this.#asked) return;
      this.#waiting = false;
      this.#nextMs = this.#runtime.nowMs + (result.ok ? onBody(result.body) : RETRY_MS);
    });
  }

  #stopped(): void {
    if (this.#state === "stopped") return;
    this.#state = "stopped";
    this.#onStopped();
  }
}
