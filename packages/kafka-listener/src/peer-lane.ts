import type { PeerFailure, PeerResult } from "@vitrine/broker";
import type { RequestChannel } from "./request-channel.ts";

/** A request on its way to a peer. `settle` is called once, never inside the call that made it. */
export interface PeerCall {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly frame: Uint8Array;
  readonly expectsResponse: boolean;
  readonly timeoutMs: number;
  state: "queued" | "sent" | "settled";
  timer: NodeJS.Timeout | null;
  readonly onResult: (result: PeerResult) => void;
}

/** Gives the result, once. */
function settle(call: PeerCall, result: PeerResult): void {
  if (call.state === "settled") return;
  call.state = "settled";
  if (call.timer) clearTimeout(call.timer);
  queueMicrotask(() => call.onResult(result));
}

export function failCall(call: PeerCall, reason: PeerFailure): void {
  settle(call, { ok: false, reason });
}

/** Bounds of one lane; a request beyond them is "not-sent". */
export interface LaneLimits {
  /** Requests that wait for the connection, and their bytes. */
  readonly queuedMax: number;
  readonly queuedBytesMax: number;
  /** Requests without an answer, those that were given up included. */
  readonly inFlightMax: number;
  readonly outputBytesMax: number;
}

/** A connection that was silent for so long while a request timed out is given up: TCP alone would wait for a quarter of an hour. */
const SILENCE_MS = 10_000;

/** The requests of one lane: they share one connection, which is opened when the first one comes. */
export class PeerLane {
  channel: RequestChannel | null = null;
  readonly #limits: LaneLimits;
  readonly #open: (lane: PeerLane) => RequestChannel;
  readonly #onAnswered: () => void;
  #queue: PeerCall[] = [];
  /** How often in a row a connection broke before it was usable. */
  failures = 0;

  constructor(limits: LaneLimits, open: (lane: PeerLane) => RequestChannel, onAnswered: () => void = () => {}) {
    this.#limits = limits;
    this.#open = open;
    this.#onAnswered = onAnswered;
  }

  get hasQueued(): boolean {
    return this.#queue.length > 0;
  }

  /** Nothing queued, nothing in flight. */
  get isIdle(): boolean {
    return this.#queue.length === 0 && (this.channel === null || this.channel.inFlight === 0);
  }

  submit(call: PeerCall): void {
    const { channel } = this;
    if (channel?.isOpen) {
      const { inFlightMax, outputBytesMax } = this.#limits;
      if (channel.inFlight >= inFlightMax || channel.outputBytes > outputBytesMax) failCall(call, "not-sent");
      else this.#send(channel, call);
      return;
    }
    const queuedBytes = this.#queue.reduce((sum, queued) => sum + queued.frame.length, call.frame.length);
    if (this.#queue.length >= this.#limits.queuedMax || queuedBytes > this.#limits.queuedBytesMax) {
      failCall(call, "not-sent");
      return;
    }
    this.#queue.push(call);
    this.connect();
  }

  connect(): void {
    if (this.channel === null || this.channel.hasEnded) this.channel = this.#open(this);
  }

  /** The connection is usable: what waited goes out. */
  onOpen(): void {
    this.failures = 0;
    const queue = this.#queue;
    this.#queue = [];
    for (const call of queue) if (call.state === "queued") this.submit(call);
  }

  /** No connection came about. */
  failQueued(reason: PeerFailure): void {
    const queue = this.#queue;
    this.#queue = [];
    for (const call of queue) failCall(call, reason);
  }

  /** Time is up for a call of this lane. */
  onTimeout(call: PeerCall): void {
    const wasSent = call.state === "sent";
    failCall(call, wasSent ? "timeout" : "not-sent");
    this.#queue = this.#queue.filter((entry) => entry !== call);
    const { channel } = this;
    // While this side is isolated, the other side must not be told.
    if (!wasSent || channel === null || channel.isSilent) return;
    const silentMs = performance.now() - channel.lastHeardMs;
    if (silentMs >= Math.max(SILENCE_MS, call.timeoutMs)) channel.end("silent for too long");
  }

  silence(): void {
    this.channel?.silence();
  }

  close(): void {
    this.failQueued("not-sent");
    this.channel?.end();
  }

  #send(channel: RequestChannel, call: PeerCall): void {
    call.state = "sent";
    channel.send({
      apiKey: call.apiKey,
      apiVersion: call.apiVersion,
      frame: call.frame,
      expectsResponse: call.expectsResponse,
      onResponse: (body) => {
        if (body === null) failCall(call, "disconnected");
        else settle(call, { ok: true, body });
        this.#onAnswered();
      },
    });
  }
}
