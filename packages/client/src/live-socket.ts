/**
 * The live line to a cluster, for pages and programs: one connection, any number of views and record subscriptions on it, brought up again by
 * itself on the next gateway when it is lost. Views go on with the events that were missed and a fresh snap, records at their cursors.
 */
import type { ClientFrame, Problem, SubId } from "@vitrine/api";
import { GroupSubscription } from "./group-subscription.ts";
import { LiveConnection, type SubscriptionFrame } from "./live-connection.ts";
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
import { RecordSubscription } from "./record-subscription.ts";
import type { SubscriptionLine } from "./subscription-line.ts";
import { parseRecordsFrame } from "./tail-record.ts";
import { isViewFrame, ViewSubscription } from "./view-subscription.ts";

type ReaderSubscription = RecordSubscription | GroupSubscription;

export class LiveSocket {
  readonly #connection: LiveConnection;
  readonly #views = new Map<string, ViewSubscription>();
  readonly #readers = new Set<ReaderSubscription>();
  readonly #byId = new Map<SubId, ViewSubscription | ReaderSubscription>();
  readonly #clockListeners = new Set<(serverTs: number) => void>();
  #lastId = 0;
  #ages: Readonly<Record<string, number>> = {};
  #agesAt = 0;

  constructor(options: LiveSocketOptions) {
    this.#connection = new LiveConnection(options, {
      welcomed: () => this.#onWelcome(),
      records: (text, chars) => this.#onRecords(text, chars),
      frame: (frame) => this.#onFrame(frame),
      isWatching: () => this.#views.size > 0,
    });
  }

  get status(): LiveStatus {
    return this.#connection.status;
  }

  /** Told of every change of the status; returns the way to stop. */
  onStatus(listener: (status: LiveStatus) => void): () => void {
    return this.#connection.onStatus(listener);
  }

  /** Told once a second, while a view is watched, with the server's wall clock; returns the way to stop. */
  onClock(listener: (serverTs: number) => void): () => void {
    this.#clockListeners.add(listener);
    return () => this.#clockListeners.delete(listener);
  }

  /** Milliseconds since anything was heard from the gateway; null before the first frame. */
  ageMs(): number | null {
    return this.#connection.ageMs();
  }

  /** Age of the data of each node: how old the gateway said it was, and the time since it said so. */
  ages(): ReadonlyMap<number, number> {
    const since = performance.now() - this.#agesAt;
    return new Map(Object.entries(this.#ages).map(([node, ms]) => [Number(node), ms + since]));
  }

  start(): void {
    this.#connection.start();
  }

  /** Closes for good; `start` opens again. */
  stop(): void {
    this.#connection.stop();
  }

  /** Does not wait for the next attempt; also after a refusal. */
  retryNow(): void {
    this.#connection.retryNow();
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
    const subscription = new RecordSubscription(
      request,
      handlers,
      this.#lineOf(() => subscription),
    );
    this.#readers.add(subscription);
    this.#subscribe(subscription);
    return {
      credit: (records, bytes) => subscription.credit(records, bytes),
      seek: (from) => subscription.seek(from),
      pause: () => subscription.pause(),
      resume: () => subscription.resume(),
      cursors: () => subscription.cursors(),
      close: () => {
        subscription.close();
        this.#forget(subscription);
      },
    };
  }

  /** Subscribes to records as a member of a group; partitions come as soon as there is a connection and the group has settled. */
  group(request: GroupRequest, handlers: GroupHandlers): GroupHandle {
    const subscription = new GroupSubscription(
      request,
      handlers,
      this.#lineOf(() => subscription),
    );
    this.#readers.add(subscription);
    this.#subscribe(subscription);
    return {
      credit: (records, bytes) => subscription.credit(records, bytes),
      pause: () => subscription.pause(),
      resume: () => subscription.resume(),
      close: () => {
        subscription.close();
        this.#forget(subscription);
      },
    };
  }

  /** No more deltas of views, events go on: a hidden tab, or the Pause button. */
  pause(): void {
    if (this.status.paused) return;
    this.#connection.setPaused(true);
    this.#connection.send({ t: "pause" });
  }

  /** Each view gets one snap. */
  resume(): void {
    if (!this.status.paused) return;
    this.#connection.setPaused(false);
    this.#connection.send({ t: "resume" });
  }

  #onRecords(text: string, chars: number): void {
    const id = /^\{"t":"records","id":("(?:[^"\\]|\\.)*"|-?\d+)/.exec(text)?.[1];
    const target = id === undefined ? undefined : this.#byId.get(JSON.parse(id) as SubId);
    if (target !== undefined && !(target instanceof ViewSubscription)) target.onRecords(parseRecordsFrame(text), chars);
  }

  #onFrame(frame: SubscriptionFrame): void {
    switch (frame.t) {
      case "clock":
        this.#ages = frame.ages;
        this.#agesAt = performance.now();
        for (const listener of this.#clockListeners) listener(frame.ts);
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
    }
  }

  #onSubFrame(
    frame: Extract<SubscriptionFrame, { t: "subbed" | "caught_up" | "gap" | "snap" | "delta" | "event" }>,
  ): void {
    const target = frame.id === undefined ? undefined : this.#byId.get(frame.id);
    if (target instanceof ViewSubscription) {
      if (isViewFrame(frame) && !target.take(frame)) this.#resubscribe(target);
    } else if (target !== undefined) {
      if (frame.t === "subbed") target.onSubbed(frame);
      else if (frame.t === "gap") target.onGap(frame);
      else if (frame.t === "caught_up") target.onCaughtUp(frame);
    }
  }

  #onWelcome(): void {
    this.#byId.clear();
    for (const view of this.#views.values()) this.#subscribe(view);
    for (const reader of this.#readers) this.#subscribe(reader);
    if (this.status.paused) this.#connection.send({ t: "pause" });
  }

  #onError(id: SubId, problem: Problem): void {
    const target = this.#byId.get(id);
    if (target instanceof GroupSubscription && problem.retriable) {
      // A commit that may succeed later: the subscription stands.
      target.onRefusal(problem);
      return;
    }
    this.#byId.delete(id);
    if (target instanceof ViewSubscription) {
      this.#views.delete(target.view);
      for (const watcher of target.watchers.keys()) watcher.failed?.(problem);
    } else if (target !== undefined) {
      this.#readers.delete(target);
      target.fail(problem);
    }
  }

  #subscribe(subscription: ViewSubscription | ReaderSubscription): void {
    if (!this.#connection.isWelcomed) return;
    const id = ++this.#lastId;
    const frame = subscription.subFrame(id);
    this.#byId.set(id, subscription);
    this.#connection.send(frame);
  }

  #resubscribe(subscription: ViewSubscription): void {
    if (!this.#connection.isWelcomed) return;
    this.#byId.delete(subscription.id);
    this.#connection.send({ t: "unsub", id: subscription.id });
    this.#subscribe(subscription);
    if (this.status.paused) this.#connection.send({ t: "pause", id: subscription.id });
  }

  #unwatch(view: string, handlers: WatchHandlers): void {
    const subscription = this.#views.get(view);
    if (subscription === undefined || !subscription.watchers.delete(handlers) || subscription.watchers.size > 0) return;
    this.#views.delete(view);
    this.#sendTo(subscription, { t: "unsub", id: subscription.id });
    this.#byId.delete(subscription.id);
  }

  #lineOf(reader: () => ReaderSubscription): SubscriptionLine {
    return { send: (frame) => this.#sendTo(reader(), frame), ended: () => this.#forget(reader()) };
  }

  #forget(reader: ReaderSubscription): void {
    this.#readers.delete(reader);
    this.#byId.delete(reader.id);
  }

  /** Only where the server knows the subscription by now. */
  #sendTo(subscription: ViewSubscription | ReaderSubscription, frame: ClientFrame): void {
    if (this.#byId.get(subscription.id) === subscription) this.#connection.send(frame);
  }
}
