/**
 * One connection of `/v1/ws`: CONNECTING until a good hello, then READY until it is closed. Frames in, subscriptions by id, frames out.
 * A bad subscription is answered with `error`; only breaches of the protocol itself close the socket.
 */
import { randomBytes } from "node:crypto";
import {
  type AckFrame,
  type ClientFrame,
  CLOSE,
  httpProblem,
  parseView,
  type Problem,
  type SeekFrame,
  type SubGroupFrame,
  type SubId,
  type SubRecordsFrame,
  type SubViewFrame,
  WS_LIMITS,
} from "@vitrine/api";
import { unreachable } from "@vitrine/core";
import type { WebSocket } from "ws";
import { toProblem } from "../error-reply.ts";
import type { LiveSource } from "../live/source.ts";
import type { ViewHub, ViewMessage, ViewSubscription } from "../live/view-hub.ts";
import { parseMessage, readFrame } from "./client-frames.ts";
import type { GroupMemberships } from "./group-memberships.ts";
import { GroupSubscription } from "./group-subscription.ts";
import type { RecordSource } from "./record-source.ts";
import { RecordSubscription } from "./record-subscription.ts";

export interface SessionHost {
  readonly source: LiveSource;
  readonly hub: ViewHub;
  readonly records: RecordSource;
  readonly groups: GroupMemberships;
  readonly timing: SessionTiming;
  /** All sockets of the process together hold more than they may. */
  overfull(): boolean;
  closed(session: Session): void;
}

export interface SessionTiming {
  readonly helloMs: number;
  readonly pingMs: number;
  /** When the server closes, its clients come back spread over up to this time. */
  readonly reconnectMs: number;
}

type Subscription =
  | { readonly kind: "view"; readonly view: ViewSubscription; readonly name: string }
  | { readonly kind: "records"; readonly records: RecordSubscription | GroupSubscription };

/** Bytes that may wait in a socket before record subscriptions stop reading the log, and before ticks of views are skipped. */
const RECORDS_BUFFER = 256 * 1024;
const VIEWS_BUFFER = 1024 * 1024;
/** A peer that asks and never reads the answers is closed here. */
const ANSWERS_BUFFER = 4 * 1024 * 1024;

const CONNECTION_IDS = { count: 0 };

export class Session {
  /** With random letters: who knows it may go on with its group members. */
  readonly id = `s-${++CONNECTION_IDS.count}-${randomBytes(6).toString("hex")}`;
  readonly #socket: WebSocket;
  readonly #host: SessionHost;
  readonly #subs = new Map<SubId, Subscription>();
  readonly #helloTimer: ReturnType<typeof setTimeout>;
  readonly #pingTimer: ReturnType<typeof setInterval>;
  #ready = false;
  /** Session of an earlier connection that this one goes on with. */
  #resumed: string | undefined;
  #ended = false;
  #missedPings = 0;
  /** Frames that counted in the second that began at `#windowMs`. */
  #frames = 0;
  #windowMs = 0;

  constructor(socket: WebSocket, host: SessionHost) {
    this.#socket = socket;
    this.#host = host;
    this.#helloTimer = setTimeout(() => this.close(CLOSE.helloTimeout, "no hello in time"), host.timing.helloMs);
    this.#pingTimer = setInterval(() => this.#ping(), host.timing.pingMs);
    socket.on("message", (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on("close", () => this.#end());
    // The close event follows; there is nobody to tell.
    socket.on("error", () => undefined);
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  /** Has a view subscription, so it is told the ages. */
  get watches(): boolean {
    for (const sub of this.#subs.values()) if (sub.kind === "view") return true;
    return false;
  }

  /** Sends a text that many sessions share; dropped where views are blocked. */
  sendShared(text: string): void {
    if (this.#ready && this.bufferedAmount <= VIEWS_BUFFER) this.#send(text);
  }

  /** Says goodbye and closes. */
  drain(reason: string, reconnectMs: number, alt: readonly string[]): void {
    this.#send(JSON.stringify({ t: "goodbye", reason, reconnect_ms: reconnectMs, alt }));
    this.close(CLOSE.shutdown, reason);
  }

  close(code: number, reason: string): void {
    if (this.#ended) return;
    this.#socket.close(code, reason);
    // A peer that never reads never answers the close either.
    const socket = this.#socket;
    const timer = setTimeout(() => socket.terminate(), CLOSE_WAIT_MS);
    timer.unref();
    socket.once("close", () => clearTimeout(timer));
    this.#end();
  }

  #onMessage(data: WebSocket.RawData, isBinary: boolean): void {
    if (this.#ended) return;
    this.#missedPings = 0;
    const frames = isBinary ? null : parseMessage(textOf(data));
    if (frames === null) {
      this.close(CLOSE.malformed, "a message is one JSON object or an array of them, as text");
      return;
    }
    for (const value of frames) {
      if (this.#ended) return;
      if (!this.#count(value["t"])) return;
      this.#onFrame(value);
    }
  }

  /** Counts a frame against the rate; false when the socket was closed for it. */
  #count(t: unknown): boolean {
    if (t === "credit" || t === "pong") return true;
    const nowMs = performance.now();
    if (nowMs - this.#windowMs >= 1_000) {
      this.#windowMs = nowMs;
      this.#frames = 0;
    }
    if (++this.#frames <= WS_LIMITS.messages_per_second) return true;
    this.close(CLOSE.tooMany, `more than ${WS_LIMITS.messages_per_second} messages a second`);
    return false;
  }

  #onFrame(value: Record<string, unknown>): void {
    const read = readFrame(value);
    if (!this.#ready) {
      if (read.ok && read.frame.t === "hello") this.#welcome(read.frame.resume);
      else this.close(CLOSE.malformed, read.ok ? "the first frame is hello" : read.problem.detail.slice(0, 100));
      return;
    }
    const id = idOf(value["id"]);
    if (!read.ok) {
      this.#error(id, read.problem);
      return;
    }
    try {
      this.#carryOut(read.frame);
    } catch (error) {
      this.#error(id, toProblem(error));
    }
  }

  #welcome(resume: string | undefined): void {
    this.#ready = true;
    this.#resumed = resume;
    clearTimeout(this.#helloTimer);
    const { frame, subs, partitions, messages_per_second } = WS_LIMITS;
    const { selfId, clusterId } = this.#host.source;
    this.#sendJson({
      t: "welcome",
      session: this.id,
      broker: selfId,
      cluster: clusterId,
      ping_ms: this.#host.timing.pingMs,
      limits: { frame, subs, partitions, messages_per_second },
      features: ["views", "records", "credits", "seek", "sample", "filter", "preview", "groups"],
    });
  }

  #carryOut(frame: ClientFrame): void {
    switch (frame.t) {
      case "hello":
        this.close(CLOSE.malformed, "hello was already said");
        return;
      case "sub":
        this.#subscribe(frame);
        return;
      case "credit":
        this.#records(frame.id)?.credit(frame);
        return;
      case "seek":
        this.#seek(frame);
        return;
      case "pause":
      case "resume":
        this.#pauseOrResume(frame.t, frame.id);
        return;
      case "unsub":
        this.#drop(frame.id);
        return;
      case "ack":
        this.#ack(frame);
        return;
      case "pong":
        return;
      default:
        unreachable(frame);
    }
  }

  #subscribe(frame: SubRecordsFrame | SubViewFrame | SubGroupFrame): void {
    if (this.#subs.has(frame.id)) {
      this.close(CLOSE.duplicateId, `subscription ${String(frame.id).slice(0, 40)} exists`);
      return;
    }
    if (this.#subs.size >= WS_LIMITS.subs) {
      this.#error(frame.id, tooManySubs());
      return;
    }
    if ("view" in frame) this.#subscribeView(frame);
    else if ("group" in frame) this.#subscribeGroup(frame);
    else this.#subscribeRecords(frame);
  }

  #subscribeView(frame: SubViewFrame): void {
    const view = parseView(frame.view);
    if (view === null) {
      this.#error(frame.id, unknownView(frame.view));
      return;
    }
    if (frame.from !== undefined && this.#host.source.events.resume(frame.from) === null) {
      this.#error(frame.id, badEventCursor(frame.from));
      return;
    }
    const head = `"id":${JSON.stringify(frame.id)}`;
    const focused = view.kind === "partition" && this.#hasFastPartition();
    const subscription = this.#host.hub.subscribe({
      view,
      hz: focused ? Math.min(frame.hz ?? 4, 4) : frame.hz,
      from: frame.from,
      sink: {
        write: (messages) => this.#send(viewText(head, messages)),
        blocked: () => this.bufferedAmount > VIEWS_BUFFER || this.#host.overfull(),
      },
    });
    this.#subs.set(frame.id, { kind: "view", view: subscription, name: frame.view });
    this.#sendJson({ t: "subbed", id: frame.id, hz: subscription.hz });
    subscription.begin();
  }

  /** One `partition:` view a connection may have 10 Hz. */
  #hasFastPartition(): boolean {
    for (const sub of this.#subs.values())
      if (sub.kind === "view" && sub.name.startsWith("partition:") && sub.view.hz > 4) return true;
    return false;
  }

  #subscribeRecords(frame: SubRecordsFrame): void {
    const records = RecordSubscription.from(frame, {
      send: (text) => this.#send(text),
      blocked: () => this.bufferedAmount > RECORDS_BUFFER || this.#host.overfull(),
      ended: (id, problem) => {
        this.#subs.delete(id);
        this.#error(id, problem);
      },
    });
    this.#subs.set(frame.id, { kind: "records", records });
    void this.#openRecords(records);
  }

  #subscribeGroup(frame: SubGroupFrame): void {
    const membership = this.#host.groups.take(frame, this.id, this.#resumed);
    const records = new GroupSubscription(frame, {
      source: this.#host.records,
      membership,
      socket: {
        send: (text) => this.#send(text),
        blocked: () => this.bufferedAmount > RECORDS_BUFFER || this.#host.overfull(),
        ended: (id, problem) => {
          this.#subs.delete(id);
          this.#error(id, problem);
        },
      },
    });
    this.#subs.set(frame.id, { kind: "records", records });
    records.open();
  }

  #seek(frame: SeekFrame): void {
    const records = this.#records(frame.id);
    if (records instanceof RecordSubscription) records.seek(frame);
    else if (records !== undefined)
      this.#error(
        frame.id,
        notOfGroups("a member reads where its group has committed: reset the group's offsets instead of seeking"),
      );
  }

  #ack(frame: AckFrame): void {
    const records = this.#records(frame.id);
    if (records instanceof GroupSubscription) records.ack(frame);
    else if (records !== undefined)
      this.#error(frame.id, notOfGroups("ack is for subscriptions with a group; others keep their own cursor"));
  }

  /** Rejects never. */
  async #openRecords(records: RecordSubscription): Promise<void> {
    try {
      const subbed = await records.open(this.#host.records);
      if (records.closed) return;
      this.#send(subbed);
      await records.start();
    } catch (error) {
      // It was ended meanwhile.
      if (this.#records(records.id) !== records) return;
      this.#subs.delete(records.id);
      this.#error(records.id, toProblem(error));
    }
  }

  #pauseOrResume(what: "pause" | "resume", id: SubId | undefined): void {
    const subs =
      id === undefined ? [...this.#subs.values()].filter((sub) => sub.kind === "view") : [this.#subs.get(id)];
    for (const sub of subs) {
      const target = sub?.kind === "view" ? sub.view : sub?.records;
      if (what === "pause") target?.pause();
      else target?.resume();
    }
  }

  #records(id: SubId): RecordSubscription | GroupSubscription | undefined {
    const sub = this.#subs.get(id);
    return sub?.kind === "records" ? sub.records : undefined;
  }

  /** `grace`: the socket is gone, so a member of a group waits a while for it to come back. */
  #drop(id: SubId, grace = false): void {
    const sub = this.#subs.get(id);
    this.#subs.delete(id);
    if (sub?.kind === "view") sub.view.close();
    else sub?.records.close(grace);
  }

  #ping(): void {
    if (!this.#ready) return;
    if (this.#missedPings >= 2) {
      this.close(CLOSE.pongMissed, "two pings without an answer");
      return;
    }
    this.#missedPings++;
    this.#sendJson({ t: "ping", ts: Date.now() });
  }

  #error(id: SubId | undefined, problem: Problem): void {
    this.#sendJson(id === undefined ? { t: "error", problem } : { t: "error", id, problem });
  }

  #sendJson(frame: unknown): void {
    this.#send(JSON.stringify(frame));
  }

  #send(text: string): void {
    if (this.#ended) return;
    if (this.bufferedAmount > ANSWERS_BUFFER) {
      this.close(CLOSE.tooMany, "answers are not read");
      return;
    }
    this.#socket.send(text, () => this.#drained());
  }

  #drained(): void {
    if (this.bufferedAmount > RECORDS_BUFFER / 2) return;
    for (const sub of this.#subs.values()) if (sub.kind === "records") sub.records.wake();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#helloTimer);
    clearInterval(this.#pingTimer);
    for (const id of this.#subs.keys()) this.#drop(id, true);
    this.#host.closed(this);
  }
}

const CLOSE_WAIT_MS = 2_000;

function textOf(data: WebSocket.RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString("utf8");
  return (data instanceof ArrayBuffer ? Buffer.from(data) : data).toString("utf8");
}

function idOf(value: unknown): SubId | undefined {
  return typeof value === "number" || typeof value === "string" ? value : undefined;
}

function viewText(head: string, messages: readonly ViewMessage[]): string {
  const frames = messages.map((message) => `{"t":"${message.t}",${head},"seq":${message.seq},${message.body}}`);
  return frames.length === 1 ? frames[0]! : `[${frames.join(",")}]`;
}

function notOfGroups(what: string): Problem {
  return httpProblem({ status: 422, slug: "invalid-frame", title: "Invalid frame", detail: what });
}

function tooManySubs(): Problem {
  const detail = `this connection has ${WS_LIMITS.subs} subscriptions, the most there may be: end one with unsub first`;
  return httpProblem({ status: 429, slug: "too-many-subscriptions", title: "Too many subscriptions", detail });
}

/** The problem for a view that there is not; SSE says it too. */
export function unknownView(name: string): Problem {
  return httpProblem({
    status: 404,
    slug: "unknown-view",
    title: "Unknown view",
    detail: `there is no view ${JSON.stringify(name.slice(0, 100))}`,
    hint: "views are clusters, cluster, metrics, events, topics, topic:NAME, topic:*, partition:NAME/N, quorum, groups, group:ID, clients",
  });
}

export function badEventCursor(text: string): Problem {
  return httpProblem({
    status: 422,
    slug: "invalid-cursor",
    title: "Invalid event cursor",
    detail: `from ${JSON.stringify(text.slice(0, 100))} is no event cursor: give the next of a snap or an event`,
  });
}
