import type { Lane, PeerEndpoint, PeerEvent } from "@vitrine/broker";
import type { FrameMemory } from "./frame-cutter.ts";
import { failCall, PeerLane, type LaneLimits, type PeerCall } from "./peer-lane.ts";
import { RequestChannel, type ChannelAuth, type ChannelEnd, type Software } from "./request-channel.ts";
import type { Journal } from "./types.ts";

/** What all peers of a network share. */
export interface PeerNodeSettings {
  readonly clientId: string;
  readonly auth: ChannelAuth;
  readonly software: Software | null;
  readonly connectTimeoutMs: number;
  readonly frameBytesMax: number;
  readonly frameMemory?: FrameMemory;
  readonly limits: LaneLimits;
  /** Connections of the lane "poll". */
  readonly pollConnectionsMax: number;
  readonly pollQueuedMax: number;
  readonly journal: Journal;
  readonly emit: (event: PeerEvent) => void;
}

/** A process that dies may accept once more and break at once: that says neither "gone" nor "there", so it is asked again. */
const UNOPENED_RETRIES = 4;
const UNOPENED_DELAY_MS = 15;

/** One peer: its lanes, and what is known of its process. */
export class PeerNode {
  readonly endpoint: PeerEndpoint;
  readonly #settings: PeerNodeSettings;
  readonly #lanes = new Map<Lane, PeerLane>();
  #pool: PeerLane[] = [];
  #pollQueue: PeerCall[] = [];
  /** The connection a probe made. It stays, so that the end of a process is noticed also by a node that sends it nothing (a controller of its own). */
  #probe: RequestChannel | null = null;
  #state: "unknown" | "connected" | "lost" | "refused" = "unknown";
  #closed = false;
  #isolated = false;

  constructor(endpoint: PeerEndpoint, settings: PeerNodeSettings, isolated: boolean) {
    this.endpoint = endpoint;
    this.#settings = settings;
    this.#isolated = isolated;
  }

  submit(lane: Lane, call: PeerCall): void {
    if (this.#isolated) {
      // Into the void: only the clock answers.
      call.state = "sent";
      call.timer = setTimeout(() => failCall(call, "timeout"), call.timeoutMs);
      return;
    }
    if (lane === "poll") {
      this.#submitPoll(call);
      return;
    }
    let shared = this.#lanes.get(lane);
    if (!shared) {
      shared = new PeerLane(this.#settings.limits, (owner) => this.#openFor(owner));
      this.#lanes.set(lane, shared);
    }
    const owner = shared;
    call.timer = setTimeout(() => owner.onTimeout(call), call.timeoutMs);
    owner.submit(call);
  }

  /** Finds out whether the peer's process is there; the answer is an event. */
  probe(): void {
    if (this.#isolated || this.#closed) return;
    if (this.#state === "connected" && (this.#probe?.isOpen || this.#hasOpenChannel())) {
      queueMicrotask(() => this.#emit("connected"));
      return;
    }
    if (this.#probe === null) this.#startProbe(0);
  }

  /** Everything falls silent, without a word to the other side; or the silent connections end and the peer is looked for again. */
  isolate(on: boolean): void {
    this.#isolated = on;
    if (on) {
      for (const lane of this.#allLanes()) lane.silence();
      this.#probe?.silence();
      return;
    }
    const knew = this.#state === "connected";
    this.#dropChannels();
    this.#state = "unknown";
    if (knew) this.#onLost("the network was cut");
  }

  close(): void {
    this.#closed = true;
    this.#dropChannels();
  }

  #dropChannels(): void {
    for (const call of this.#pollQueue.splice(0)) failCall(call, "not-sent");
    for (const lane of this.#allLanes()) lane.close();
    this.#pool = [];
    this.#lanes.clear();
    this.#probe?.end();
    this.#probe = null;
  }

  // ---- the pool -------------------------------------------------------------------------------------------------------------------

  #submitPoll(call: PeerCall): void {
    if (this.#pollQueue.length >= this.#settings.pollQueuedMax) {
      failCall(call, "not-sent");
      return;
    }
    call.timer = setTimeout(() => {
      this.#pollQueue = this.#pollQueue.filter((entry) => entry !== call);
      failCall(call, "not-sent");
    }, call.timeoutMs);
    this.#pollQueue.push(call);
    this.#servePolls();
  }

  /** Gives each waiting request a connection of its own, as long as there is one. */
  #servePolls(): void {
    while (this.#pollQueue.length > 0) {
      let lane = this.#pool.find((entry) => entry.isIdle);
      if (!lane) {
        if (this.#pool.length >= this.#settings.pollConnectionsMax) return;
        lane = new PeerLane(
          this.#settings.limits,
          (owner) => this.#openFor(owner),
          () => this.#servePolls(),
        );
        this.#pool.push(lane);
      }
      const owner = lane;
      const call = this.#pollQueue.shift()!;
      if (call.timer) clearTimeout(call.timer);
      call.timer = setTimeout(() => owner.onTimeout(call), call.timeoutMs);
      owner.submit(call);
    }
  }

  // ---- connections ----------------------------------------------------------------------------------------------------------------

  #openFor(lane: PeerLane): RequestChannel {
    return this.#connect(
      () => {
        this.#onConnected();
        lane.onOpen();
        if (this.#pool.includes(lane)) this.#servePolls();
      },
      (end, detail) => this.#onLaneEnd(lane, end, detail),
    );
  }

  #onLaneEnd(lane: PeerLane, end: ChannelEnd, detail: string): void {
    lane.channel = null;
    if (end === "unopened" && lane.hasQueued && lane.failures < UNOPENED_RETRIES) {
      lane.failures += 1;
      setTimeout(() => {
        if (!this.#closed && !this.#isolated && lane.hasQueued) lane.connect();
      }, UNOPENED_DELAY_MS);
      return;
    }
    lane.failures = 0;
    lane.failQueued(end === "refused" ? "refused" : "not-sent");
    this.#judge(end, detail);
    this.#servePolls();
  }

  #startProbe(tries: number): void {
    const channel = this.#connect(
      () => this.#onConnected(),
      (end, detail) => {
        if (this.#probe === channel) this.#probe = null;
        if (end === "unopened" && tries < UNOPENED_RETRIES && !this.#closed && !this.#isolated)
          setTimeout(() => {
            if (this.#probe === null && !this.#closed && !this.#isolated) this.#startProbe(tries + 1);
          }, UNOPENED_DELAY_MS);
        else this.#judge(end, detail);
      },
    );
    this.#probe = channel;
  }

  #connect(onOpen: () => void, onEnd: (end: ChannelEnd, detail: string) => void): RequestChannel {
    const { clientId, auth, software, connectTimeoutMs, frameBytesMax, frameMemory } = this.#settings;
    const { host, port } = this.endpoint;
    const memory = frameMemory ? { frameMemory } : {};
    return new RequestChannel({
      host,
      port,
      clientId,
      auth,
      software,
      connectTimeoutMs,
      frameBytesMax,
      ...memory,
      onOpen,
      onEnd,
    });
  }

  // ---- what is known of the process -----------------------------------------------------------------------------------------------

  #onConnected(): void {
    if (this.#state === "connected") return;
    this.#state = "connected";
    this.#emit("connected");
  }

  #onLost(detail: string): void {
    if (this.#closed || this.#isolated) return;
    this.#settings.journal("info", `the connection to ${this.#name()} broke: ${detail}`);
    this.#state = "lost";
    this.#emit("lost");
    // One try at once: a dead process refuses it, a broken connection does not. The probe's own connection may be about to break too.
    if (this.#probe?.isOpen) {
      this.#probe.end();
      this.#probe = null;
    }
    if (this.#probe === null) this.#startProbe(0);
  }

  #judge(end: ChannelEnd, detail: string): void {
    if (this.#closed || this.#isolated) return;
    switch (end) {
      case "lost":
        if (this.#state === "connected") this.#onLost(detail);
        return;
      case "refused":
        this.#state = "refused";
        this.#emit("refused");
        return;
      case "auth":
        this.#settings.journal(
          "error",
          `${this.#name()} does not believe this node: ${detail}. Both need the same cluster secret.`,
        );
        return;
      case "unreachable":
      case "unopened":
        this.#settings.journal("info", `no connection to ${this.#name()}: ${detail}`);
        return;
      case "ended":
        return;
    }
  }

  #emit(type: PeerEvent["type"]): void {
    if (!this.#closed && !this.#isolated) this.#settings.emit({ type, nodeId: this.endpoint.nodeId });
  }

  #hasOpenChannel(): boolean {
    return this.#allLanes().some((lane) => lane.channel?.isOpen);
  }

  #allLanes(): PeerLane[] {
    return [...this.#lanes.values(), ...this.#pool];
  }

  #name(): string {
    return `node ${this.endpoint.nodeId} at ${this.endpoint.host}:${this.endpoint.port}`;
  }
}
