/**
 * The network between nodes, as TCP shows itself to them: connections per lane that are opened on demand, deliver in order, and break;
 * replies in the order of their requests; silence where a link is cut; refusal where no process listens. A connection that breaks loses
 * what is in flight, in either direction: a request may have been carried out although its sender hears "disconnected".
 */
import type { NodeId } from "@vitrine/core";
import type { ApiRequest, Lane, PeerEndpoint, PeerEvent, PeerNetwork, PeerResult, Reply } from "@vitrine/broker";
import type { Carrier } from "./carry.ts";
import type { Chance } from "./chance.ts";
import type { Timer, VirtualTime } from "./scheduler.ts";

/** Strength of the network's faults; the base delay is always there. */
export interface NetFaults {
  readonly delayMs: readonly [number, number];
  /** Share of messages that take up to `tailMs`. */
  readonly tailPercent: number;
  readonly tailMs: number;
  /** Share of messages that break their connection. */
  readonly resetPercent: number;
}

/** A process on the network. */
export interface Listener {
  /** Grows with each start: connections of an earlier life break. */
  readonly life: number;
  accept(request: ApiRequest, from: NodeId, reply: Reply): void;
}

/** Who asks for a connection and hears nothing asks again (TCP: after a second), and gives up after the connect timeout of 2 s. */
const CONNECT_AGAIN_MS = 1000;
const CONNECT_TRIES = 2;

interface Call {
  readonly request: ApiRequest;
  readonly onResult: (result: PeerResult) => void;
  readonly connection: Connection;
  timer: Timer | null;
  settled: boolean;
  sent: boolean;
  /** The answer, once the server has made it: it leaves when all before it have left. */
  reply: { readonly body: unknown } | null;
}

interface Connection {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly lane: Lane;
  readonly fromLife: number;
  state: "opening" | "open" | "broken";
  toLife: number;
  /** Requests that were sent and not answered, in order. */
  readonly calls: Call[];
  /** In order: nothing overtakes on one connection. */
  requestArrivesMs: number;
  replyArrivesMs: number;
  /** A cut swallowed something: it breaks when its sender gives up, or when the cut is mended. */
  swallowed: boolean;
}

export class SimNetwork {
  readonly #time: VirtualTime;
  readonly #chance: Chance;
  readonly #carrier: Carrier;
  readonly #listeners = new Map<NodeId, Listener>();
  readonly #peers = new Map<NodeId, SimPeerNetwork>();
  readonly #connections = new Set<Connection>();
  readonly #cuts = new Map<string, number>();
  faults: NetFaults;

  constructor(options: { time: VirtualTime; chance: Chance; carrier: Carrier; faults: NetFaults }) {
    this.#time = options.time;
    this.#chance = options.chance;
    this.#carrier = options.carrier;
    this.faults = options.faults;
  }

  /** A process starts: it listens, and gets its own way out. */
  join(nodeId: NodeId, listener: Listener): SimPeerNetwork {
    this.#listeners.set(nodeId, listener);
    const peer = new SimPeerNetwork(this, nodeId, listener.life);
    this.#peers.set(nodeId, peer);
    return peer;
  }

  /** A process is gone: its port refuses, the other ends of its connections break unless a cut hides it. */
  leave(nodeId: NodeId): void {
    this.#listeners.delete(nodeId);
    this.#peers.get(nodeId)?.close();
    this.#peers.delete(nodeId);
    for (const connection of this.#connections) {
      if (connection.from === nodeId) this.#drop(connection);
      else if (connection.to === nodeId && this.#isOpen(nodeId, connection.from))
        this.#time.after(this.delayMs(), () => this.break(connection, true));
    }
  }

  /** Cuts one direction; counted, so that cuts may overlap. */
  cut(from: NodeId, to: NodeId): void {
    const link = `${from}>${to}`;
    this.#cuts.set(link, (this.#cuts.get(link) ?? 0) + 1);
  }

  mend(from: NodeId, to: NodeId): void {
    const link = `${from}>${to}`;
    const count = (this.#cuts.get(link) ?? 0) - 1;
    if (count > 0) this.#cuts.set(link, count);
    else this.#cuts.delete(link);
    this.#breakSwallowed();
  }

  mendAll(): void {
    this.#cuts.clear();
    this.#breakSwallowed();
  }

  isCut(from: NodeId, to: NodeId): boolean {
    return this.#cuts.has(`${from}>${to}`);
  }

  delayMs(): number {
    const { delayMs, tailPercent, tailMs } = this.faults;
    if (tailPercent > 0 && this.#chance.percent(tailPercent)) return this.#chance.between(delayMs[1], tailMs);
    return this.#chance.between(delayMs[0], delayMs[1]);
  }

  request(
    from: NodeId,
    to: NodeId,
    options: { lane: Lane; request: ApiRequest; timeoutMs: number; onResult: (result: PeerResult) => void },
  ): void {
    const peer = this.#peers.get(from);
    if (!peer) return;
    const { lane, timeoutMs, onResult } = options;
    const body = this.#carrier.request(options.request.apiKey, options.request.apiVersion, options.request.body);
    const request = { ...options.request, body };
    const connection = this.#connectionFor(from, to, lane, peer.life);
    const call: Call = { request, onResult, connection, timer: null, settled: false, sent: false, reply: null };
    call.timer = this.#time.after(timeoutMs, () =>
      this.#settle(call, { ok: false, reason: call.sent ? "timeout" : "not-sent" }),
    );
    connection.calls.push(call);
    if (connection.state === "open") this.#send(call);
  }

  /** Later, at the same time. */
  soon(run: () => void): void {
    this.#time.after(0, run);
  }

  /** Finds out whether the peer's process is there. */
  probe(from: NodeId, to: NodeId): void {
    const peer = this.#peers.get(from);
    if (!peer) return;
    const { life } = peer;
    this.#time.after(2 * this.delayMs(), () => {
      if (this.#peers.get(from)?.life !== life || !this.#isOpen(from, to) || !this.#isOpen(to, from)) return;
      peer.emit({ type: this.#listeners.has(to) ? "connected" : "refused", nodeId: to });
    });
  }

  break(connection: Connection, tell: boolean): void {
    if (connection.state === "broken") return;
    const wasOpen = connection.state === "open";
    connection.state = "broken";
    this.#connections.delete(connection);
    for (const call of connection.calls.splice(0))
      this.#settle(call, { ok: false, reason: call.sent ? "disconnected" : "not-sent" });
    const peer = this.#peers.get(connection.from);
    if (!wasOpen || !tell || peer?.life !== connection.fromLife) return;
    peer.emit({ type: "lost", nodeId: connection.to });
    this.#time.after(1, () => this.probe(connection.from, connection.to));
  }

  /** After a cut the other side answers to what it does not know any more by breaking the connection. */
  #breakSwallowed(): void {
    for (const connection of this.#connections)
      if (
        connection.swallowed &&
        this.#isOpen(connection.from, connection.to) &&
        this.#isOpen(connection.to, connection.from)
      )
        this.#time.after(this.#chance.between(1, 200), () => this.break(connection, true));
  }

  #drop(connection: Connection): void {
    connection.state = "broken";
    this.#connections.delete(connection);
    for (const call of connection.calls.splice(0)) {
      this.#time.cancel(call.timer);
      call.settled = true;
    }
  }

  #isOpen(from: NodeId, to: NodeId): boolean {
    return !this.#cuts.has(`${from}>${to}`);
  }

  #connectionFor(from: NodeId, to: NodeId, lane: Lane, fromLife: number): Connection {
    if (lane !== "poll")
      for (const connection of this.#connections)
        if (
          connection.from === from &&
          connection.to === to &&
          connection.lane === lane &&
          connection.state !== "broken"
        )
          return connection;
    const connection: Connection = {
      from,
      to,
      lane,
      fromLife,
      state: "opening",
      toLife: -1,
      calls: [],
      requestArrivesMs: 0,
      replyArrivesMs: 0,
      swallowed: false,
    };
    this.#connections.add(connection);
    this.#time.after(2 * this.delayMs(), () => this.#connect(connection, 0));
    return connection;
  }

  /** The handshake has had its time: open, refused, or nothing at all. */
  #connect(connection: Connection, tries: number): void {
    if (connection.state !== "opening") return;
    const { from, to } = connection;
    if (!this.#isOpen(from, to) || !this.#isOpen(to, from)) {
      if (tries < CONNECT_TRIES) this.#time.after(CONNECT_AGAIN_MS, () => this.#connect(connection, tries + 1));
      else this.break(connection, false);
      return;
    }
    const listener = this.#listeners.get(to);
    const peer = this.#peers.get(from);
    if (peer?.life !== connection.fromLife) return this.#drop(connection);
    if (!listener) {
      connection.state = "broken";
      this.#connections.delete(connection);
      for (const call of connection.calls.splice(0)) this.#settle(call, { ok: false, reason: "refused" });
      peer.emit({ type: "refused", nodeId: to });
      return;
    }
    connection.state = "open";
    connection.toLife = listener.life;
    peer.emit({ type: "connected", nodeId: to });
    for (const call of connection.calls) this.#send(call);
  }

  #send(call: Call): void {
    const { connection } = call;
    call.sent = true;
    if (this.#chance.percent(this.faults.resetPercent)) {
      this.#time.after(this.delayMs(), () => this.break(connection, true));
      return;
    }
    connection.requestArrivesMs = Math.max(connection.requestArrivesMs, this.#time.nowMs + this.delayMs());
    this.#time.after(connection.requestArrivesMs - this.#time.nowMs, () => this.#arrive(call));
  }

  #arrive(call: Call): void {
    const { connection } = call;
    if (connection.state !== "open") return;
    const { from, to } = connection;
    // A cut link swallows what comes: TCP would try again for longer than any timeout here.
    if (!this.#isOpen(from, to)) {
      connection.swallowed = true;
      return;
    }
    const listener = this.#listeners.get(to);
    if (!listener || listener.life !== connection.toLife) {
      if (this.#isOpen(to, from)) this.#time.after(this.delayMs(), () => this.break(connection, true));
      return;
    }
    listener.accept(call.request, from, (body) => this.#replied(call, body));
  }

  #replied(call: Call, body: object | null | "close"): void {
    const { connection } = call;
    if (connection.state !== "open" || call.reply) return;
    if (body === "close") {
      this.#time.after(this.delayMs(), () => this.break(connection, true));
      return;
    }
    const { apiKey, apiVersion } = call.request;
    call.reply = { body: body === null ? null : this.#carrier.response(apiKey, apiVersion, body) };
    for (let head = connection.calls[0]; head?.reply; head = connection.calls[0]) {
      connection.calls.shift();
      this.#sendReply(head, head.reply.body);
    }
  }

  #sendReply(call: Call, body: unknown): void {
    const { connection } = call;
    if (this.#chance.percent(this.faults.resetPercent)) {
      this.#time.after(this.delayMs(), () => {
        this.#settle(call, { ok: false, reason: "disconnected" });
        this.break(connection, true);
      });
      return;
    }
    connection.replyArrivesMs = Math.max(connection.replyArrivesMs, this.#time.nowMs + this.delayMs());
    this.#time.after(connection.replyArrivesMs - this.#time.nowMs, () => {
      if (connection.state === "open" && this.#isOpen(connection.to, connection.from))
        this.#settle(call, { ok: true, body });
      else if (connection.state === "open") connection.swallowed = true;
      else this.#settle(call, { ok: false, reason: "disconnected" });
      if (connection.lane === "poll" && connection.calls.length === 0) this.#connections.delete(connection);
    });
  }

  #settle(call: Call, result: PeerResult): void {
    if (call.settled) return;
    call.settled = true;
    this.#time.cancel(call.timer);
    const { connection } = call;
    const at = connection.calls.indexOf(call);
    // An answer that nobody waits for still keeps its place in the order of replies.
    if (at >= 0 && !call.sent) connection.calls.splice(at, 1);
    if (this.#peers.get(connection.from)?.life === connection.fromLife) call.onResult(result);
    if (!result.ok && result.reason === "timeout" && connection.swallowed) this.break(connection, true);
  }
}

/** One node's way to its peers, for one life of its process. */
export class SimPeerNetwork implements PeerNetwork {
  readonly life: number;
  readonly #net: SimNetwork;
  readonly #nodeId: NodeId;
  #known = new Set<NodeId>();
  #listener: ((event: PeerEvent) => void) | null = null;

  constructor(net: SimNetwork, nodeId: NodeId, life: number) {
    this.#net = net;
    this.#nodeId = nodeId;
    this.life = life;
  }

  setEndpoints(endpoints: readonly PeerEndpoint[]): void {
    this.#known = new Set(endpoints.map((endpoint) => endpoint.nodeId));
  }

  request(
    to: NodeId,
    lane: Lane,
    request: ApiRequest,
    timeoutMs: number,
    onResult: (result: PeerResult) => void,
  ): void {
    if (!this.#known.has(to)) {
      this.#net.soon(() => onResult({ ok: false, reason: "not-sent" }));
      return;
    }
    this.#net.request(this.#nodeId, to, { lane, request, timeoutMs, onResult });
  }

  probe(to: NodeId): void {
    if (this.#known.has(to)) this.#net.probe(this.#nodeId, to);
  }

  onPeerEvent(listener: (event: PeerEvent) => void): void {
    this.#listener = listener;
  }

  emit(event: PeerEvent): void {
    this.#listener?.(event);
  }

  close(): void {
    this.#listener = null;
  }
}
