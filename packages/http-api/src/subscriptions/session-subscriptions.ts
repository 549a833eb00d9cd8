/**
 * The subscriptions of one connection by id: views, records, and records as a member of a group. What is wrong with one is answered with an
 * `error` and ends that one only.
 */
import {
  type AckFrame,
  CLOSE,
  type CreditFrame,
  parseView,
  type Problem,
  type SeekFrame,
  type SubGroupFrame,
  type SubId,
  type SubRecordsFrame,
  type SubViewFrame,
  WS_LIMITS,
} from "@vitrine/api";
import { toProblem } from "../error-reply.ts";
import type { LiveSource } from "../live/source.ts";
import type { ViewHub, ViewMessage, ViewSubscription } from "../live/view-hub.ts";
import type { GroupMemberships } from "./group-memberships.ts";
import { GroupSubscription } from "./group-subscription.ts";
import type { RecordSource } from "./record-source.ts";
import { type RecordSocket, RecordSubscription } from "./record-subscription.ts";
import { badEventCursor, tooManySubs, unknownView, wrongKind } from "./subscription-problems.ts";

/** What all connections of the process share. */
export interface SubscriptionHost {
  readonly source: LiveSource;
  readonly hub: ViewHub;
  readonly records: RecordSource;
  readonly groups: GroupMemberships;
  /** All sockets of the process together hold more than they may. */
  overfull(): boolean;
}

/** The connection that they are on. */
export interface SubscriptionLine {
  /** Who knows it may go on with its group members. */
  readonly id: string;
  /** Session of an earlier connection that this one goes on with. */
  readonly resumed: string | undefined;
  readonly bufferedAmount: number;
  send(text: string): void;
  sendJson(frame: unknown): void;
  error(id: SubId | undefined, problem: Problem): void;
  close(code: number, reason: string): void;
}

type Subscription =
  | { readonly kind: "view"; readonly view: ViewSubscription; readonly name: string }
  | { readonly kind: "records"; readonly records: RecordSubscription | GroupSubscription };

/** Bytes that may wait in a socket before record subscriptions stop reading the log, and before ticks of views are skipped. */
export const RECORDS_BUFFER = 256 * 1024;
export const VIEWS_BUFFER = 1024 * 1024;

export class SessionSubscriptions {
  readonly #line: SubscriptionLine;
  readonly #host: SubscriptionHost;
  readonly #subs = new Map<SubId, Subscription>();
  readonly #recordSocket: RecordSocket;

  constructor(line: SubscriptionLine, host: SubscriptionHost) {
    this.#line = line;
    this.#host = host;
    this.#recordSocket = {
      send: (text) => line.send(text),
      blocked: () => line.bufferedAmount > RECORDS_BUFFER || host.overfull(),
      ended: (id, problem) => {
        this.#subs.delete(id);
        line.error(id, problem);
      },
    };
  }

  get hasView(): boolean {
    for (const sub of this.#subs.values()) if (sub.kind === "view") return true;
    return false;
  }

  /** A new subscription. One that cannot be is answered with an error; an id that is in use closes the socket. */
  subscribe(frame: SubRecordsFrame | SubViewFrame | SubGroupFrame): void {
    if (this.#subs.has(frame.id)) {
      this.#line.close(CLOSE.duplicateId, `subscription ${String(frame.id).slice(0, 40)} exists`);
      return;
    }
    if (this.#subs.size >= WS_LIMITS.subs) {
      this.#line.error(frame.id, tooManySubs());
      return;
    }
    if ("view" in frame) this.#subscribeView(frame);
    else if ("group" in frame) this.#subscribeGroup(frame);
    else this.#subscribeRecords(frame);
  }

  #subscribeView(frame: SubViewFrame): void {
    const view = parseView(frame.view);
    if (view === null) {
      this.#line.error(frame.id, unknownView(frame.view));
      return;
    }
    if (frame.from !== undefined && this.#host.source.events.resume(frame.from) === null) {
      this.#line.error(frame.id, badEventCursor(frame.from));
      return;
    }
    const head = `"id":${JSON.stringify(frame.id)}`;
    const focused = view.kind === "partition" && this.#hasFastPartition();
    const subscription = this.#host.hub.subscribe({
      view,
      hz: focused ? Math.min(frame.hz ?? 4, 4) : frame.hz,
      from: frame.from,
      sink: {
        write: (messages) => this.#line.send(viewText(head, messages)),
        blocked: () => this.#line.bufferedAmount > VIEWS_BUFFER || this.#host.overfull(),
      },
    });
    this.#subs.set(frame.id, { kind: "view", view: subscription, name: frame.view });
    this.#line.sendJson({ t: "subbed", id: frame.id, hz: subscription.hz });
    subscription.begin();
  }

  /** One `partition:` view a connection may have 10 Hz. */
  #hasFastPartition(): boolean {
    for (const sub of this.#subs.values())
      if (sub.kind === "view" && sub.name.startsWith("partition:") && sub.view.hz > 4) return true;
    return false;
  }

  #subscribeRecords(frame: SubRecordsFrame): void {
    const records = RecordSubscription.from(frame, this.#recordSocket);
    this.#subs.set(frame.id, { kind: "records", records });
    void this.#openRecords(records);
  }

  #subscribeGroup(frame: SubGroupFrame): void {
    const membership = this.#host.groups.take(frame, this.#line.id, this.#line.resumed);
    const records = new GroupSubscription(frame, {
      source: this.#host.records,
      membership,
      socket: this.#recordSocket,
    });
    this.#subs.set(frame.id, { kind: "records", records });
    records.open();
  }

  /** Only record subscriptions without a group can. */
  seek(frame: SeekFrame): void {
    const records = this.#records(frame.id);
    if (records instanceof RecordSubscription) records.seek(frame);
    else if (records !== undefined)
      this.#line.error(
        frame.id,
        wrongKind("a member reads where its group has committed: reset the group's offsets instead of seeking"),
      );
  }

  /** Only members of groups can. */
  ack(frame: AckFrame): void {
    const records = this.#records(frame.id);
    if (records instanceof GroupSubscription) records.ack(frame);
    else if (records !== undefined)
      this.#line.error(frame.id, wrongKind("ack is for subscriptions with a group; others keep their own cursor"));
  }

  /** Rejects never. */
  async #openRecords(records: RecordSubscription): Promise<void> {
    try {
      const subbed = await records.open(this.#host.records);
      if (records.closed) return;
      this.#line.send(subbed);
      await records.start();
    } catch (error) {
      // It was ended meanwhile.
      if (this.#records(records.id) !== records) return;
      this.#subs.delete(records.id);
      this.#line.error(records.id, toProblem(error));
    }
  }

  /** One subscription, or all views. */
  pauseOrResume(what: "pause" | "resume", id: SubId | undefined): void {
    const subs =
      id === undefined ? [...this.#subs.values()].filter((sub) => sub.kind === "view") : [this.#subs.get(id)];
    for (const sub of subs) {
      const target = sub?.kind === "view" ? sub.view : sub?.records;
      if (what === "pause") target?.pause();
      else target?.resume();
    }
  }

  credit(frame: CreditFrame): void {
    this.#records(frame.id)?.credit(frame);
  }

  /** The socket has room again. */
  wake(): void {
    for (const sub of this.#subs.values()) if (sub.kind === "records") sub.records.wake();
  }

  /** The connection is gone. */
  end(): void {
    for (const id of this.#subs.keys()) this.drop(id, true);
  }

  #records(id: SubId): RecordSubscription | GroupSubscription | undefined {
    const sub = this.#subs.get(id);
    return sub?.kind === "records" ? sub.records : undefined;
  }

  /** Ends one; unknown ids mean nothing. `grace`: the socket is gone, so a member of a group waits a while for it to come back. */
  drop(id: SubId, grace = false): void {
    const sub = this.#subs.get(id);
    this.#subs.delete(id);
    if (sub?.kind === "view") sub.view.close();
    else sub?.records.close(grace);
  }
}

function viewText(head: string, messages: readonly ViewMessage[]): string {
  const frames = messages.map((message) => `{"t":"${message.t}",${head},"seq":${message.seq},${message.body}}`);
  return frames.length === 1 ? frames[0]! : `[${frames.join(",")}]`;
}
