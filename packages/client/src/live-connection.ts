/**
 * Keeps one connection to a cluster up: tries the gateways in turn, waits between attempts, notices silence, goes over to SSE where WebSockets
 * are blocked. What rides on it is `LiveSocket`'s.
 *
 * idle -> connecting -> live -> waiting -> connecting ...; `refused` until `retryNow`, `stopped` until `start`.
 */
import { type ClientFrame, isReconnectable, type ServerFrame } from "@vitrine/api";
import { Backoff } from "./backoff.ts";
import type { LiveSocketOptions, LiveStatus } from "./live-types.ts";
import { openSse } from "./sse-transport.ts";
import type { Transport } from "./transport.ts";
import { openWebSocket } from "./ws-transport.ts";

/** WebSockets that failed before they opened, in a row, after which SSE is tried. */
const BLOCKED_AFTER = 2;
/** The server speaks every second while a view is watched; silence this long is a dead line. */
const SILENT_WATCHED_MS = 10_000;
const SILENT_IDLE_MS = 60_000;
/** A gateway that has not said welcome by then is given up. */
const WELCOME_MS = 8_000;
/** Gateways remembered: those that goodbyes name push the oldest out. */
const GATEWAYS_MAX = 16;

export type SubscriptionFrame = Exclude<ServerFrame, { t: "welcome" | "ping" | "goodbye" | "records" }>;

/** What rides on the connection. */
export interface LiveTraffic {
  /** A server said welcome: it knows of no subscription yet. */
  welcomed(): void;
  /** A `records` frame as text, so that its values stay untouched; `chars`: what it cost of the window. */
  records(text: string, chars: number): void;
  frame(frame: SubscriptionFrame): void;
  /** Whether the server has a reason to speak every second. */
  isWatching(): boolean;
}

export class LiveConnection {
  readonly #options: LiveSocketOptions;
  readonly #traffic: LiveTraffic;
  readonly #backoff: Backoff;
  #gateways: string[];
  #transport: Transport | null = null;
  #welcomed = false;
  /** Session of the last welcome: the next connection goes on with its group members. */
  #session: string | undefined;
  readonly #listeners = new Set<(status: LiveStatus) => void>();
  #status: LiveStatus;
  #blocked = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #watchdog: ReturnType<typeof setInterval> | null = null;
  #heardAt: number | null = null;
  #goodbyeMs: number | null = null;

  constructor(options: LiveSocketOptions, traffic: LiveTraffic) {
    this.#options = options;
    this.#traffic = traffic;
    this.#gateways = [...options.gateways];
    this.#backoff = new Backoff(options.random ?? Math.random);
    const gateway = this.#gateways[0] ?? "";
    this.#status = {
      state: "idle",
      transport: null,
      gateway,
      attempt: 0,
      retryInMs: null,
      reason: null,
      paused: false,
      broker: null,
    };
  }

  get status(): LiveStatus {
    return this.#status;
  }

  /** A server has said welcome and can be spoken to. */
  get isWelcomed(): boolean {
    return this.#welcomed;
  }

  /** Told of every change of the status; returns the way to stop. */
  onStatus(listener: (status: LiveStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Milliseconds since anything was heard; null before the first frame. */
  ageMs(): number | null {
    return this.#heardAt === null ? null : performance.now() - this.#heardAt;
  }

  start(): void {
    if (this.#status.state === "idle" || this.#status.state === "stopped") this.#connect();
  }

  /** Closes for good; `start` opens again. */
  stop(): void {
    this.#drop();
    this.#set({ state: "stopped", retryInMs: null, transport: null });
  }

  /** Does not wait for the next attempt; also after a refusal. */
  retryNow(): void {
    if (this.#status.state !== "waiting" && this.#status.state !== "refused") return;
    this.#connect();
  }

  setPaused(paused: boolean): void {
    this.#set({ paused });
  }

  /** Dropped where nobody has said welcome yet: what stands is told again then. */
  send(frame: ClientFrame): void {
    if (this.#welcomed) this.#transport?.send(frame);
  }

  #connect(): void {
    this.#drop();
    this.#goodbyeMs = null;
    const gateway = this.#gateways[this.#status.attempt % this.#gateways.length] ?? "";
    const kind = this.#kind();
    this.#set({ state: "connecting", gateway, transport: kind, retryInMs: null, broker: null });
    const open =
      kind === "websocket" ? (this.#options.open?.websocket ?? openWebSocket) : (this.#options.open?.sse ?? openSse);
    const startedAt = performance.now();
    const transport: Transport = open(gateway, {
      open: () => {
        this.#blocked = 0;
        const resume = this.#session === undefined ? {} : { resume: this.#session };
        transport.send({ t: "hello", client: this.#options.client ?? "vitrine-client", ...resume });
      },
      frame: (text, chars) => {
        if (this.#transport === transport) this.#onText(text, chars);
      },
      closed: (code, reason, opened) => {
        if (this.#transport !== transport) return;
        if (kind === "websocket" && !opened) this.#blocked++;
        this.#lost(code, reason);
      },
    });
    this.#transport = transport;
    this.#watchdog = setInterval(() => this.#watch(startedAt), 1_000);
  }

  #kind(): "websocket" | "sse" {
    const wish = this.#options.transport ?? "auto";
    if (wish !== "auto") return wish;
    // Every third attempt tries the WebSocket again: the gateway may merely have been away.
    return this.#blocked >= BLOCKED_AFTER && this.#backoff.attempt % 3 !== 0 ? "sse" : "websocket";
  }

  #lost(code: number, reason: string): void {
    this.#drop();
    const attempt = this.#status.attempt + 1;
    if (!isReconnectable(code)) {
      this.#set({ state: "refused", attempt, reason, retryInMs: null, transport: null });
      return;
    }
    const retryInMs = this.#goodbyeMs ?? this.#backoff.nextMs();
    this.#set({
      state: "waiting",
      attempt,
      reason: reason === "" ? "the connection was lost" : reason,
      retryInMs,
      transport: null,
    });
    this.#timer = setTimeout(() => this.#connect(), retryInMs);
  }

  #watch(startedAt: number): void {
    const now = performance.now();
    if (!this.#welcomed) {
      if (now - startedAt > WELCOME_MS) this.#lost(1006, "the gateway did not answer");
      return;
    }
    const limit = this.#traffic.isWatching() ? SILENT_WATCHED_MS : SILENT_IDLE_MS;
    if (now - (this.#heardAt ?? startedAt) > limit) this.#lost(1006, "the gateway fell silent");
  }

  #onText(text: string, chars: number): void {
    this.#heardAt = performance.now();
    if (text.startsWith('{"t":"records"')) this.#traffic.records(text, chars);
    else this.#onFrame(JSON.parse(text) as Exclude<ServerFrame, { t: "records" }>);
  }

  #onFrame(frame: Exclude<ServerFrame, { t: "records" }>): void {
    switch (frame.t) {
      case "welcome":
        this.#session = frame.session;
        this.#welcomed = true;
        this.#backoff.reset();
        this.#set({ state: "live", attempt: 0, retryInMs: null, reason: null, broker: frame.broker });
        this.#traffic.welcomed();
        return;
      case "ping":
        this.send({ t: "pong", ts: frame.ts });
        return;
      case "goodbye":
        this.#goodbyeMs = frame.reconnect_ms;
        for (const url of frame.alt) this.#addGateway(url);
        return;
      default:
        this.#traffic.frame(frame);
    }
  }

  #addGateway(url: string): void {
    const base = url.replace(/^ws/, "http").replace(/\/v1\/ws$/, "");
    if (!this.#gateways.includes(base)) this.#gateways = [...this.#gateways, base].slice(-GATEWAYS_MAX);
  }

  #drop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#watchdog !== null) clearInterval(this.#watchdog);
    this.#timer = null;
    this.#watchdog = null;
    this.#transport?.close();
    this.#transport = null;
    this.#welcomed = false;
  }

  #set(change: Partial<LiveStatus>): void {
    this.#status = { ...this.#status, ...change };
    for (const listener of this.#listeners) listener(this.#status);
  }
}
