/**
 * The live line to a cluster, for pages and programs: one connection, any number of views and record subscriptions on it, brought up again by
 * itself on the next gateway when it is lost. Views go on with the events that were missed and a fresh snap, records at their cursors.
 */
import { type ClientFrame, isReconnectable, type Problem, type ServerFrame, type SubId } from "@vitrine/api";
import { Backoff } from "./backoff.ts";
import type {
  GroupHandle,
  GroupHandlers,
  GroupRequest,
  LiveSocketOptions,
  LiveStatus,
  RecordsHandle,
  RecordsHandlers,
  RecordsRequest,
  WatchHandlers,
  WatchOptions,
} from "./live-types.ts";
import { GroupSubscription } from "./group-subscription.ts";
import { RecordSubscription } from "./record-subscription.ts";
import { openSse } from "./sse-transport.ts";
import { parseRecordsFrame } from "./tail-record.ts";
import type { Transport } from "./transport.ts";
import { isViewFrame, ViewSubscription } from "./view-subscription.ts";
import { openWebSocket } from "./ws-transport.ts";

/** WebSockets that failed before they opened, in a row, after which SSE is tried. */
const BLOCKED_AFTER = 2;
/** The server speaks every second while a view is watched; silence this long is a dead line. */
const SILENT_WATCHED_MS = 10_000;
const SILENT_IDLE_MS = 60_000;
/** A gateway that has not said welcome by then is given up. */
const WELCOME_MS = 8_000;

export class LiveSocket {
  readonly #options: LiveSocketOptions;
  readonly #backoff: Backoff;
  #gateways: string[];
  #transport: Transport | null = null;
  #welcomed = false;
  readonly #views = new Map<string, ViewSubscription>();
  readonly #records = new Set<RecordSubscription>();
  readonly #groups = new Set<GroupSubscription>();
  readonly #byId = new Map<SubId, ViewSubscription | RecordSubscription | GroupSubscription>();
  /** Session of the last welcome: the next connection goes on with its group members. */
  #session: string | undefined;
  readonly #listeners = new Set<(status: LiveStatus) => void>();
  readonly #clockListeners = new Set<(serverTs: number) => void>();
  #status: LiveStatus;
  #lastId = 0;
  #blocked = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #watchdog: ReturnType<typeof setInterval> | null = null;
  #heardAt: number | null = null;
  #ages: Readonly<Record<string, number>> = {};
  #agesAt = 0;
  #goodbyeMs: number | null = null;

  constructor(options: LiveSocketOptions) {
    this.#options = options;
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

  /** Told of every change of the status; returns the way to stop. */
  onStatus(listener: (status: LiveStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Told once a second, while a view is watched, with the server's wall clock; returns the way to stop. */
  onClock(listener: (serverTs: number) => void): () => void {
    this.#clockListeners.add(listener);
    return () => this.#clockListeners.delete(listener);
  }

  /** Milliseconds since anything was heard from the gateway; null before the first frame. */
  ageMs(): number | null {
    return this.#heardAt === null ? null : performance.now() - this.#heardAt;
  }

  /** Age of the data of each node: how old the gateway said it was, and the time since it said so. */
  ages(): ReadonlyMap<number, number> {
    const since = performance.now() - this.#agesAt;
    return new Map(Object.entries(this.#ages).map(([node, ms]) => [Number(node), ms + since]));
  }

  start(): void {
    if (this.#status.state === "idle" || this.#status.state === "stopped") this.#connect();
  }

  /** Closes for good; `start` opens again. */
  stop(): void {
    this.#clearTimers();
    this.#transport?.close();
    this.#transport = null;
    this.#welcomed = false;
    this.#set({ state: "stopped", retryInMs: null, transport: null });
  }

  /** Does not wait for the next attempt; also after a refusal. */
  retryNow(): void {
    if (this.#status.state !== "waiting" && this.#status.state !== "refused") return;
    this.#connect();
  }

  /** Watches a view; views watched more than once ride on one subscription. Returns the way to stop. */
  watch(view: string, handlers: WatchHandlers, options: WatchOptions = {}): () => void {
    const known = this.#views.get(view);
    const subscription = known ?? new ViewSubscription(view);
    subscription.watchers.set(handlers, options);
    this.#views.set(view, subscription);
    // Who joins needs a snap, perhaps at another rate: ask again.
    if (known === undefined) this.#subscribe(subscription);
    else this.#resubscribe(subscription);
    return () => this.#unwatch(view, handlers);
  }

  /** Subscribes to records; they flow as soon as there is a connection. */
  records(request: RecordsRequest, handlers: RecordsHandlers): RecordsHandle {
    const subscription = new RecordSubscription(request, handlers, (frame) => this.#sendTo(subscription, frame));
    this.#records.add(subscription);
    this.#subscribe(subscription);
    return {
      credit: (records, bytes) => subscription.credit(records, bytes),
      seek: (from) => subscription.seek(from),
      pause: () => subscription.pause(),
      resume: () => subscription.resume(),
      cursors: () => subscription.cursors(),
      close: () => {
        subscription.close();
        this.#records.delete(subscription);
        this.#byId.delete(subscription.id);
      },
    };
  }

  /** Subscribes to records as a member of a group; partitions come as soon as there is a connection and the group has settled. */
  group(request: GroupRequest, handlers: GroupHandlers): GroupHandle {
    const subscription = new GroupSubscription(request, handlers, (frame) => this.#sendTo(subscription, frame));
    this.#groups.add(subscription);
    this.#subscribe(subscription);
    return {
      credit: (records, bytes) => subscription.credit(records, bytes),
      pause: () => subscription.pause(),
      resume: () => subscription.resume(),
      close: () => {
        subscription.close();
        this.#groups.delete(subscription);
        this.#byId.delete(subscription.id);
      },
    };
  }

  /** No more deltas of views, events go on: a hidden tab, or the Pause button. */
  pause(): void {
    if (this.#status.paused) return;
    this.#set({ paused: true });
    this.#send({ t: "pause" });
  }

  /** Each view gets one snap. */
  resume(): void {
    if (!this.#status.paused) return;
    this.#set({ paused: false });
    this.#send({ t: "resume" });
  }

  #connect(): void {
    this.#clearTimers();
    this.#transport?.close();
    this.#welcomed = false;
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
    this.#clearTimers();
    this.#transport?.close();
    this.#transport = null;
    this.#welcomed = false;
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
    const limit = this.#views.size > 0 ? SILENT_WATCHED_MS : SILENT_IDLE_MS;
    if (now - (this.#heardAt ?? startedAt) > limit) this.#lost(1006, "the gateway fell silent");
  }

  #onText(text: string, chars: number): void {
    this.#heardAt = performance.now();
    if (text.startsWith('{"t":"records"')) {
      const id = /^\{"t":"records","id":("(?:[^"\\]|\\.)*"|-?\d+)/.exec(text)?.[1];
      const target = id === undefined ? undefined : this.#byId.get(JSON.parse(id) as SubId);
      if (target instanceof RecordSubscription || target instanceof GroupSubscription)
        target.onRecords(parseRecordsFrame(text), chars);
      return;
    }
    this.#onFrame(JSON.parse(text) as ServerFrame);
  }

  #onFrame(frame: ServerFrame): void {
    switch (frame.t) {
      case "welcome":
        this.#session = frame.session;
        this.#onWelcome(frame.broker);
        return;
      case "ping":
        this.#send({ t: "pong", ts: frame.ts });
        return;
      case "clock":
        this.#ages = frame.ages;
        this.#agesAt = performance.now();
        for (const listener of this.#clockListeners) listener(frame.ts);
        return;
      case "goodbye":
        this.#goodbyeMs = frame.reconnect_ms;
        for (const url of frame.alt) this.#addGateway(url);
        return;
      case "error":
        if (frame.id !== undefined) this.#onError(frame.id, frame.problem);
        return;
      case "subbed":
      case "caught_up":
      case "gap":
      case "snap":
      case "delta":
      case "event":
        this.#onSubFrame(frame);
        return;
      case "assigned":
      case "revoking":
      case "revoked":
      case "acked": {
        const target = this.#byId.get(frame.id);
        if (target instanceof GroupSubscription) target.onGroupFrame(frame);
        return;
      }
      case "records":
        return;
    }
  }

  #onSubFrame(frame: Extract<ServerFrame, { t: "subbed" | "caught_up" | "gap" | "snap" | "delta" | "event" }>): void {
    const target = frame.id === undefined ? undefined : this.#byId.get(frame.id);
    if (target instanceof ViewSubscription) {
      if (isViewFrame(frame) && !target.take(frame)) this.#resubscribe(target);
    } else if (target instanceof GroupSubscription) {
      if (frame.t === "subbed") target.onSubbed();
      else if (frame.t === "gap") target.onGap(frame);
      else if (frame.t === "caught_up") target.onCaughtUp(frame);
    } else if (target instanceof RecordSubscription) {
      if (frame.t === "subbed") target.onSubbed(frame);
      else if (frame.t === "gap") target.onGap(frame);
      else if (frame.t === "caught_up") target.onCaughtUp(frame);
    }
  }

  #onWelcome(broker: number | null): void {
    this.#welcomed = true;
    this.#backoff.reset();
    this.#byId.clear();
    this.#set({ state: "live", attempt: 0, retryInMs: null, reason: null, broker });
    for (const view of this.#views.values()) this.#subscribe(view);
    for (const records of this.#records) this.#subscribe(records);
    for (const group of this.#groups) this.#subscribe(group);
    if (this.#status.paused) this.#send({ t: "pause" });
  }

  #onError(id: SubId, problem: Problem): void {
    const target = this.#byId.get(id);
    if (target instanceof GroupSubscription && problem.retriable) {
      // A commit that may succeed later: the subscription stands.
      target.onRefusal(problem);
      return;
    }
    this.#byId.delete(id);
    if (target instanceof GroupSubscription) {
      this.#groups.delete(target);
      target.fail(problem);
    } else if (target instanceof RecordSubscription) {
      this.#records.delete(target);
      target.fail(problem);
    } else if (target !== undefined) {
      this.#views.delete(target.view);
      for (const watcher of target.watchers.keys()) watcher.failed?.(problem);
    }
  }

  #subscribe(subscription: ViewSubscription | RecordSubscription | GroupSubscription): void {
    if (!this.#welcomed) return;
    const id = ++this.#lastId;
    const frame = subscription.subFrame(id);
    this.#byId.set(id, subscription);
    this.#send(frame);
  }

  #resubscribe(subscription: ViewSubscription): void {
    if (!this.#welcomed) return;
    this.#byId.delete(subscription.id);
    this.#send({ t: "unsub", id: subscription.id });
    this.#subscribe(subscription);
    if (this.#status.paused) this.#send({ t: "pause", id: subscription.id });
  }

  #unwatch(view: string, handlers: WatchHandlers): void {
    const subscription = this.#views.get(view);
    if (subscription === undefined || !subscription.watchers.delete(handlers) || subscription.watchers.size > 0) return;
    this.#views.delete(view);
    this.#sendTo(subscription, { t: "unsub", id: subscription.id });
    this.#byId.delete(subscription.id);
  }

  #addGateway(url: string): void {
    const base = url.replace(/^ws/, "http").replace(/\/v1\/ws$/, "");
    if (!this.#gateways.includes(base)) this.#gateways = [...this.#gateways, base].slice(-GATEWAYS_MAX);
  }

  /** Only where the server knows the subscription by now. */
  #sendTo(subscription: ViewSubscription | RecordSubscription | GroupSubscription, frame: ClientFrame): void {
    if (this.#byId.get(subscription.id) === subscription) this.#send(frame);
  }

  #send(frame: ClientFrame): void {
    if (this.#welcomed) this.#transport?.send(frame);
  }

  #clearTimers(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#watchdog !== null) clearInterval(this.#watchdog);
    this.#timer = null;
    this.#watchdog = null;
  }

  #set(change: Partial<LiveStatus>): void {
    this.#status = { ...this.#status, ...change };
    for (const listener of this.#listeners) listener(this.#status);
  }
}

const GATEWAYS_MAX = 16;
