/** One node of the simulated cluster: a real Broker on simulated ports, through its lives. */
import {
  Broker,
  type ApiRequest,
  type BrokerConfig,
  type Clock,
  type PeerEndpoint,
  type Reply,
  type RequestContext,
  type Scheduler,
} from "@vitrine/broker";
import { randomUuid, type NodeId } from "@vitrine/core";
import { QueuedStore, type LogDisk, type LogStore } from "@vitrine/log";
import type { Chance } from "./chance.ts";
import { plantInRequest, plantInStore, type Bugs } from "./planted-bugs.ts";
import type { Timer, VirtualTime } from "./scheduler.ts";
import type { SimDisk } from "./sim-disk.ts";
import type { SimNetwork, SimPeerNetwork } from "./sim-net.ts";

export interface SimNodeOptions {
  readonly nodeId: NodeId;
  readonly roles: { readonly broker: boolean; readonly controller: boolean };
  readonly voters: readonly PeerEndpoint[];
  readonly properties: ReadonlyMap<string, string>;
  readonly disk: SimDisk;
  readonly net: SimNetwork;
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly bugs: Bugs;
  /** This node's clock runs ahead by `offsetMs` and at `rate` times the true speed. */
  readonly skew: { readonly offsetMs: number; readonly rate: number };
  readonly onTurn: (node: SimNode) => void;
  readonly onFatal: (node: SimNode, reason: string) => void;
  readonly note: (line: string) => void;
}

/** A process of the life of a node. What it scheduled dies with it; while it is paused everything waits. */
export class SimNode {
  readonly id: NodeId;
  readonly options: SimNodeOptions;
  broker: Broker | null = null;
  store: LogStore | null = null;
  network: SimPeerNetwork | null = null;
  life = 0;
  #paused = false;
  #waiting: (() => void)[] = [];
  #wake: Timer | null = null;

  constructor(options: SimNodeOptions) {
    this.options = options;
    this.id = options.nodeId;
  }

  get isUp(): boolean {
    return this.broker !== null;
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  start(): void {
    const { options } = this;
    this.life += 1;
    this.#paused = false;
    const { nodeId, disk, net, chance } = options;
    const store = plantInStore(new QueuedStore(this.#guarded(disk.open())), options.bugs);
    this.store = store;
    this.network = net.join(nodeId, {
      life: this.life,
      accept: (request, from, reply) =>
        this.accept(request, { listener: "peer", connectionId: `${from}`, remote: `node-${from}` }, reply),
    });
    const own = chance.stream(`life ${this.life}`);
    const broker = new Broker({
      config: this.#config(own),
      clock: this.#clock(),
      scheduler: this.#scheduler(),
      network: this.network,
      store,
      random: own.random,
      journal: (level, message) => options.note(`${nodeId} ${level}: ${message}`),
      onFatal: (reason) => options.onFatal(this, reason),
    });
    this.broker = broker;
    broker.start();
  }

  /** SIGKILL. */
  crash(): { kept: number; lost: number } {
    const { options } = this;
    this.broker = null;
    this.store = null;
    this.network = null;
    this.#waiting = [];
    this.#paused = false;
    options.time.cancel(this.#wake);
    options.net.leave(this.id);
    return options.disk.crash();
  }

  /** SIGSTOP: the kernel still takes connections and bytes, nothing is read. */
  pause(): void {
    if (this.isUp) this.#paused = true;
  }

  /** SIGCONT. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) this.#now(run);
  }

  /** A request reached this process. */
  accept(request: ApiRequest, from: RequestContext, reply: Reply): void {
    const { life } = this;
    this.#now(() =>
      this.broker?.submit(plantInRequest(request, this.options.bugs), from, (body) => {
        if (this.life === life && this.isUp) reply(body);
      }),
    );
  }

  /** Runs in this life of the process: not when it is gone, later when it is paused. */
  #now(run: () => void): void {
    if (this.#paused) this.#waiting.push(run);
    else run();
  }

  #inThisLife(run: () => void): () => void {
    const { life } = this;
    return () => {
      if (this.life === life && this.isUp) this.#now(run);
    };
  }

  #clock(): Clock {
    const { time, skew } = this.options;
    return {
      nowMs: () => skew.offsetMs + time.nowMs * skew.rate,
      wallMs: () => Math.floor(1_700_000_000_000 + skew.offsetMs + time.nowMs * skew.rate),
    };
  }

  #scheduler(): Scheduler {
    const { time, skew } = this.options;
    return {
      soon: (run) =>
        void time.after(
          0,
          this.#inThisLife(() => {
            run();
            this.options.onTurn(this);
          }),
        ),
      wakeAt: (deadlineMs, run) => {
        time.cancel(this.#wake);
        this.#wake = null;
        if (deadlineMs === null) return;
        // Rounded up a little: a timer that fires a hair early would fire again and again.
        const atMs = (deadlineMs - skew.offsetMs) / skew.rate + 0.01;
        this.#wake = time.after(atMs - time.nowMs, this.#inThisLife(run));
      },
    };
  }

  #config(chance: Chance): BrokerConfig {
    const { nodeId, roles, voters, properties } = this.options;
    const at = (port: number) => ({ host: "sim", port });
    return {
      nodeId,
      clusterId: "sim",
      roles,
      voters,
      advertised: { client: at(9000 + nodeId), peer: at(9100 + nodeId), http: null },
      rack: null,
      incarnationId: randomUuid(chance.random),
      properties,
    };
  }

  /** The disk's reports reach this process like any other input. */
  #guarded(disk: LogDisk): LogDisk {
    const { life } = this;
    return {
      loaded: disk.loaded,
      allocate: (sizeBytes) => disk.allocate(sizeBytes),
      adopt: (bytes) => disk.adopt(bytes),
      write: (handOver) => disk.write(handOver),
      read: (id, key, spec) => disk.read(id, key, spec),
      findKept: (id, key, bytes) => disk.findKept(id, key, bytes),
      findTimestamp: (id, key, timestampMs, range) => disk.findTimestamp(id, key, timestampMs, range),
      survey: (id, key, spec) => disk.survey(id, key, spec),
      clean: (id, key, request) => disk.clean(id, key, request),
      onReport: (listener) =>
        disk.onReport((report) => {
          if (this.life === life) this.#now(() => listener(report));
        }),
      health: () => disk.health(),
      close: (brokerEpoch) => disk.close(brokerEpoch),
    };
  }
}
