/** A few nodes in one thread under virtual time: direct calls instead of sockets, memory instead of disks. For the rules of single requests; the simulator does the rest. */
import { randomUuid, seededRandom, type NodeId } from "@vitrine/core";
import { MemoryLogStore } from "@vitrine/log";
import { recordFormat } from "@vitrine/protocol";
import {
  Broker,
  type ApiRequest,
  type BrokerConfig,
  type BrokerOptions,
  type PeerEvent,
  type PeerResult,
  type RequestContext,
} from "@vitrine/broker";

/** One way between two nodes, and a client's way, in milliseconds. */
const HOP_MS = 0.2;
const VOTERS = [1, 2, 3].map((nodeId) => ({ nodeId, host: "node", port: 9190 + nodeId }));

interface Timer {
  readonly atMs: number;
  readonly seq: number;
  readonly run: () => void;
}

interface Node {
  readonly broker: Broker;
  readonly store: MemoryLogStore;
  peerListener: (event: PeerEvent) => void;
  alive: boolean;
}

interface SmallClusterOptions {
  readonly tailBytesMax?: number;
  readonly racks?: Readonly<Record<NodeId, string>>;
  readonly scramKeys?: BrokerOptions["scramKeys"];
}

export class SmallCluster {
  readonly nodes = new Map<NodeId, Node>();
  readonly journal: string[] = [];
  nowMs = 0;
  #timers: Timer[] = [];
  #seq = 0;
  readonly #waiting = new Set<{ from: NodeId; to: NodeId; end: (result: PeerResult) => void }>();
  readonly #properties: ReadonlyMap<string, string>;
  readonly #scramKeys: BrokerOptions["scramKeys"];
  readonly #storeOptions: { readonly tailBytesMax?: number };
  readonly #racks: Readonly<Record<NodeId, string>>;

  constructor(
    properties: Readonly<Record<string, string>> = {},
    { racks = {}, scramKeys, ...storeOptions }: SmallClusterOptions = {},
  ) {
    this.#scramKeys = scramKeys;
    this.#storeOptions = storeOptions;
    this.#racks = racks;
    this.#properties = new Map(
      Object.entries({
        "default.replication.factor": "3",
        "min.insync.replicas": "2",
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "250",
        ...properties,
      }),
    );
    for (const { nodeId } of VOTERS) this.#start(nodeId, { broker: true, controller: true });
    this.until(() => [...this.nodes.values()].every(({ broker }) => broker.isReady), "every node to be ready");
  }

  broker(id: NodeId): Broker {
    return this.nodes.get(id)!.broker;
  }

  get controllerId(): NodeId {
    return [...this.nodes].find(([, node]) => node.alive && node.broker.isActiveController)?.[0] ?? -1;
  }

  /** Runs virtual time until the condition holds; throws when it does not within ten seconds. */
  until(condition: () => boolean, what: string): void {
    const endMs = this.nowMs + 10_000;
    while (!condition()) {
      const next = this.#next();
      if (!next || next.atMs > endMs) throw new Error(`in vain: ${what}\n${this.journal.slice(-20).join("\n")}`);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
  }

  /** Lets virtual time pass. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (let next = this.#peek(); next && next.atMs <= endMs; next = this.#peek()) {
      this.#next();
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
    this.nowMs = endMs;
  }

  /** A client's request, to its reply. */
  call<Body>(
    to: NodeId,
    apiKey: number,
    body: unknown,
    apiVersion: number,
    listener: RequestContext["listener"] = "client",
  ): Body | "close" | null {
    const answer = this.send<Body>(to, apiKey, body, apiVersion, listener);
    this.until(() => answer.done, `an answer to request ${apiKey}`);
    return answer.body;
  }

  /** The same without waiting. */
  send<Body>(
    to: NodeId,
    apiKey: number,
    body: unknown,
    apiVersion: number,
    listener: RequestContext["listener"] = "client",
    clientId = "test",
  ) {
    const answer: { done: boolean; body: Body | "close" | null; count: number; muteMs: number } = {
      done: false,
      body: null,
      count: 0,
      muteMs: 0,
    };
    this.broker(to).submit(
      { apiKey, apiVersion, clientId, body },
      { listener, connectionId: "1", remote: "test" },
      (reply, muteMs = 0) => {
        answer.muteMs = muteMs;
        answer.done = true;
        answer.count += 1;
        answer.body = reply as Body | "close" | null;
      },
    );
    return answer;
  }

  /** The process is gone: connections break, new ones are refused. */
  kill(id: NodeId): void {
    const node = this.nodes.get(id)!;
    node.alive = false;
    for (const waiting of this.#waiting) if (waiting.to === id) waiting.end({ ok: false, reason: "disconnected" });
    for (const [other, { peerListener }] of this.nodes)
      if (other !== id) this.#at(HOP_MS, () => peerListener({ type: "refused", nodeId: id }), other);
  }

  restart(id: NodeId, options: { readonly wiped?: boolean } = {}): void {
    const node = this.nodes.get(id)!;
    this.#start(id, node.broker.config.roles, options.wiped ? undefined : node.store);
  }

  #start(id: NodeId, roles: BrokerConfig["roles"], before?: MemoryLogStore): void {
    const random = seededRandom(id * 7919 + this.#seq);
    const store = new MemoryLogStore(before ? before.disk.crash() : randomUuid(random), {
      format: recordFormat,
      ...this.#storeOptions,
      auto: (run) => this.#at(0.05, run, id),
    });
    let wakeUp = 0;
    const broker = new Broker({
      config: {
        nodeId: id,
        clusterId: "test",
        roles,
        voters: VOTERS,
        advertised: { client: { host: "node", port: 9090 + id }, peer: { host: "node", port: 9190 + id }, http: null },
        rack: this.#racks[id] ?? null,
        incarnationId: randomUuid(random),
        properties: this.#properties,
      },
      clock: { nowMs: () => this.nowMs, wallMs: () => 1_700_000_000_000 + Math.floor(this.nowMs) },
      random,
      store,
      ...(this.#scramKeys && { scramKeys: this.#scramKeys }),
      scheduler: {
        soon: (run) => this.#at(0.01, run, id),
        wakeAt: (deadlineMs, run) => {
          const mine = ++wakeUp;
          if (deadlineMs !== null) this.#at(Math.max(0, deadlineMs - this.nowMs), () => mine === wakeUp && run(), id);
        },
      },
      network: {
        setEndpoints() {},
        onPeerEvent: (listener) => this.#at(0, () => (this.nodes.get(id)!.peerListener = listener), id),
        probe: (to) =>
          this.#at(
            HOP_MS,
            () =>
              this.nodes
                .get(id)!
                .peerListener({ type: this.nodes.get(to)?.alive ? "connected" : "refused", nodeId: to }),
            id,
          ),
        request: (to, _lane, request, timeoutMs, onResult) => this.#request(id, to, request, timeoutMs, onResult),
      },
      journal: (level, message) => void this.journal.push(`${this.nowMs.toFixed(2)} [${id}] ${level} ${message}`),
      onFatal: (reason) => {
        throw new Error(`node ${id}: ${reason}`);
      },
    });
    this.nodes.set(id, { broker, store, peerListener: () => {}, alive: true });
    broker.start();
  }

  #request(
    from: NodeId,
    to: NodeId,
    request: ApiRequest,
    timeoutMs: number,
    onResult: (result: PeerResult) => void,
  ): void {
    const waiting = {
      from,
      to,
      end: (result: PeerResult) => {
        if (this.#waiting.delete(waiting)) this.#at(HOP_MS, () => onResult(result), from);
      },
    };
    this.#waiting.add(waiting);
    this.#at(timeoutMs, () => waiting.end({ ok: false, reason: "timeout" }), from);
    this.#at(HOP_MS, () => {
      const node = this.nodes.get(to);
      if (!node?.alive) return waiting.end({ ok: false, reason: "refused" });
      node.broker.submit(
        { ...request, apiVersion: Math.max(request.apiVersion, 0) },
        { listener: "peer", connectionId: "peer", remote: "peer" },
        (body) => waiting.end(body === "close" ? { ok: false, reason: "disconnected" } : { ok: true, body }),
      );
    });
  }

  /** Runs later, unless the node it belongs to is gone or has begun a new life. */
  #at(inMs: number, run: () => void, owner?: NodeId): void {
    const life = owner === undefined ? null : this.nodes.get(owner);
    const isMine = () => owner === undefined || life === undefined || (this.nodes.get(owner) === life && life!.alive);
    this.#timers.push({ atMs: this.nowMs + inMs, seq: this.#seq++, run: () => isMine() && run() });
  }

  #peek(): Timer | undefined {
    this.#timers.sort((a, b) => a.atMs - b.atMs || a.seq - b.seq);
    return this.#timers[0];
  }

  #next(): Timer | undefined {
    this.#peek();
    return this.#timers.shift();
  }
}
