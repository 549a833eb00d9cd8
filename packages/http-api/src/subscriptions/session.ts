/**
 * One connection of `/v1/ws`: CONNECTING until a good hello, then READY until it is closed. Frames in, subscriptions by id, frames out.
 * A bad subscription is answered with `error`; only breaches of the protocol itself close the socket.
 */
import { randomBytes } from "node:crypto";
import { type ClientFrame, CLOSE, type Problem, type SubId, WS_LIMITS } from "@vitrine/api";
import { unreachable } from "@vitrine/core";
import type { WebSocket } from "ws";
import { toProblem } from "../error-reply.ts";
import { parseMessage, readFrame } from "./client-frames.ts";
import {
  RECORDS_BUFFER,
  SessionSubscriptions,
  type SubscriptionHost,
  type SubscriptionLine,
  VIEWS_BUFFER,
} from "./session-subscriptions.ts";

export interface SessionHost extends SubscriptionHost {
  readonly timing: SessionTiming;
  closed(session: Session): void;
}

export interface SessionTiming {
  readonly helloMs: number;
  readonly pingMs: number;
  /** When the server closes, its clients come back spread over up to this time. */
  readonly reconnectMs: number;
}

/** A peer that asks and never reads the answers is closed here. */
const ANSWERS_BUFFER = 4 * 1024 * 1024;

/** What a close frame has room for (RFC 6455, section 5.5). */
const REASON_BYTES_MAX = 123;
/** A peer that does not answer the close by then is cut off. */
const CLOSE_WAIT_MS = 2_000;

const CONNECTION_IDS = { count: 0 };

export class Session implements SubscriptionLine {
  /** With random letters: who knows it may go on with its group members. */
  readonly id = `s-${++CONNECTION_IDS.count}-${randomBytes(6).toString("hex")}`;
  readonly #socket: WebSocket;
  readonly #host: SessionHost;
  readonly #subs: SessionSubscriptions;
  readonly #helloTimer: ReturnType<typeof setTimeout>;
  readonly #pingTimer: ReturnType<typeof setInterval>;
  #ready = false;
  #resumed: string | undefined;
  #ended = false;
  #missedPings = 0;
  /** Frames that counted in the second that began at `#windowMs`. */
  #frames = 0;
  #windowMs = 0;

  constructor(socket: WebSocket, host: SessionHost) {
    this.#socket = socket;
    this.#host = host;
    this.#subs = new SessionSubscriptions(this, host);
    this.#helloTimer = setTimeout(() => this.close(CLOSE.helloTimeout, "no hello in time"), host.timing.helloMs);
    this.#pingTimer = setInterval(() => this.#ping(), host.timing.pingMs);
    socket.on("message", (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on("close", () => this.#end());
    // The close event follows; there is nobody to tell.
    socket.on("error", () => undefined);
  }

  /** Session of an earlier connection that this one goes on with. */
  get resumed(): string | undefined {
    return this.#resumed;
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  /** Has a view subscription, so it is told the ages. */
  get watches(): boolean {
    return this.#subs.hasView;
  }

  /** Sends a text that many sessions share; dropped where views are blocked. */
  sendShared(text: string): void {
    if (this.#ready && this.bufferedAmount <= VIEWS_BUFFER) this.send(text);
  }

  /** Says goodbye and closes. */
  drain(reason: string, reconnectMs: number, alt: readonly string[]): void {
    this.send(JSON.stringify({ t: "goodbye", reason, reconnect_ms: reconnectMs, alt }));
    this.close(CLOSE.shutdown, reason);
  }

  close(code: number, reason: string): void {
    if (this.#ended) return;
    this.#socket.close(code, fitting(reason));
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
      else this.close(CLOSE.malformed, read.ok ? "the first frame is hello" : read.problem.detail);
      return;
    }
    const id = idOf(value["id"]);
    if (!read.ok) {
      this.error(id, read.problem);
      return;
    }
    try {
      this.#carryOut(read.frame);
    } catch (error) {
      this.error(id, toProblem(error));
    }
  }

  #welcome(resume: string | undefined): void {
    this.#ready = true;
    this.#resumed = resume;
    clearTimeout(this.#helloTimer);
    const { frame, subs, partitions, messages_per_second } = WS_LIMITS;
    const { selfId, clusterId } = this.#host.source;
    this.sendJson({
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
        this.#subs.subscribe(frame);
        return;
      case "credit":
        this.#subs.credit(frame);
        return;
      case "seek":
        this.#subs.seek(frame);
        return;
      case "pause":
      case "resume":
        this.#subs.pauseOrResume(frame.t, frame.id);
        return;
      case "unsub":
        this.#subs.drop(frame.id);
        return;
      case "ack":
        this.#subs.ack(frame);
        return;
      case "pong":
        return;
      default:
        unreachable(frame);
    }
  }

  #ping(): void {
    if (!this.#ready) return;
    if (this.#missedPings >= 2) {
      this.close(CLOSE.pongMissed, "two pings without an answer");
      return;
    }
    this.#missedPings++;
    this.sendJson({ t: "ping", ts: Date.now() });
  }

  error(id: SubId | undefined, problem: Problem): void {
    this.sendJson(id === undefined ? { t: "error", problem } : { t: "error", id, problem });
  }

  sendJson(frame: unknown): void {
    this.send(JSON.stringify(frame));
  }

  send(text: string): void {
    if (this.#ended) return;
    if (this.bufferedAmount > ANSWERS_BUFFER) {
      this.close(CLOSE.tooMany, "answers are not read");
      return;
    }
    this.#socket.send(text, () => this.#drained());
  }

  #drained(): void {
    if (this.bufferedAmount > RECORDS_BUFFER / 2) return;
    this.#subs.wake();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#helloTimer);
    clearInterval(this.#pingTimer);
    this.#subs.end();
    this.#host.closed(this);
  }
}

function textOf(data: WebSocket.RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString("utf8");
  return (data instanceof ArrayBuffer ? Buffer.from(data) : data).toString("utf8");
}

/** As much of a reason as a close frame takes, in whole characters: `ws` throws on a longer one. */
function fitting(reason: string): string {
  const { read } = new TextEncoder().encodeInto(reason, new Uint8Array(REASON_BYTES_MAX));
  return reason.slice(0, read);
}

function idOf(value: unknown): SubId | undefined {
  return typeof value === "number" || typeof value === "string" ? value : undefined;
}
