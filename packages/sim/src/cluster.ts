/** N real brokers on simulated ports, and what can be done to them. */
import type { ApiRequest, PeerEndpoint, Reply } from "@vitrine/broker";
import { randomUuid, type NodeId } from "@vitrine/core";
import { COPYING, ENCODING } from "./carry.ts";
import type { Chance } from "./chance.ts";
import { plantInCarrier, type Bugs } from "./planted-bugs.ts";
import type { VirtualTime } from "./scheduler.ts";
import { type DiskFaults, SimDisk } from "./sim-disk.ts";
import { type NetFaults, SimNetwork } from "./sim-net.ts";
import { SimNode } from "./sim-node.ts";

export interface ClusterOptions {
  readonly brokers: number;
  /** Controllers as nodes of their own, ids from 101; 0 = every broker is one. */
  readonly controllers: number;
  readonly minInsyncReplicas: number;
  readonly net: NetFaults;
  readonly disk: DiskFaults;
  /** Every message through the real codec. */
  readonly encode: boolean;
  readonly skewed: boolean;
  /** Topics are compacted, often. */
  readonly compacts: boolean;
  readonly bugs: Bugs;
  readonly onTurn: (node: SimNode) => void;
  readonly onFatal: (node: SimNode, reason: string) => void;
  readonly note: (line: string) => void;
}

/** The outcome of a client's call. "refused" is certainly without effect. */
export type ClientResult =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly reason: "refused" | "disconnected" | "timeout" };

export class Cluster {
  readonly nodes: readonly SimNode[];
  readonly net: SimNetwork;
  readonly options: ClusterOptions;
  readonly #time: VirtualTime;
  readonly #chance: Chance;

  constructor(options: ClusterOptions, time: VirtualTime, chance: Chance) {
    this.options = options;
    this.#time = time;
    this.#chance = chance.stream("clients");
    const carrier = plantInCarrier(options.encode ? ENCODING : COPYING, options.bugs);
    this.net = new SimNetwork({ time, chance: chance.stream("net"), carrier, faults: options.net });
    const brokerIds = Array.from({ length: options.brokers }, (_, index) => index + 1);
    const controllerIds =
      options.controllers > 0 ? Array.from({ length: options.controllers }, (_, index) => index + 101) : brokerIds;
    const voters = controllerIds.map((nodeId): PeerEndpoint => ({ nodeId, host: "sim", port: 9100 + nodeId }));
    const ids = [...new Set([...brokerIds, ...controllerIds])];
    this.nodes = ids.map((nodeId) => {
      const own = chance.stream(`node ${nodeId}`);
      const disk = new SimDisk({
        directoryId: randomUuid(own.random),
        time,
        chance: own.stream("disk"),
        faults: options.disk,
        lies: options.bugs.has("disk-lies"),
      });
      const skew = options.skewed
        ? { offsetMs: own.between(0, 100_000), rate: own.between(0.98, 1.02) }
        : { offsetMs: 0, rate: 1 };
      return new SimNode({
        nodeId,
        roles: { broker: brokerIds.includes(nodeId), controller: controllerIds.includes(nodeId) },
        voters,
        properties: propertiesOf(options, own),
        disk,
        net: this.net,
        time,
        chance: own,
        bugs: options.bugs,
        skew,
        onTurn: options.onTurn,
        onFatal: options.onFatal,
        note: options.note,
      });
    });
  }

  get brokers(): readonly SimNode[] {
    return this.nodes.filter((node) => node.options.roles.broker);
  }

  node(id: NodeId): SimNode | undefined {
    return this.nodes.find((node) => node.id === id);
  }

  /** The node that acts as controller, if any. */
  controller(): SimNode | undefined {
    return this.nodes.find((node) => node.broker?.isActiveController);
  }

  /** Cuts a node off from all its peers; clients still reach it. */
  isolate(node: SimNode, on: boolean): void {
    for (const other of this.nodes) {
      if (other === node) continue;
      if (on) this.net.cut(node.id, other.id);
      else this.net.mend(node.id, other.id);
      if (on) this.net.cut(other.id, node.id);
      else this.net.mend(other.id, node.id);
    }
  }

  /** A client's request over a connection of its own, which breaks when the process dies. The result comes once, at the latest after `timeoutMs`. */
  call(nodeId: NodeId, request: ApiRequest, timeoutMs: number, onResult: (result: ClientResult) => void): void {
    const node = this.node(nodeId);
    let settled = false;
    const settle = (result: ClientResult) => {
      if (settled) return;
      settled = true;
      this.#time.cancel(timer);
      onResult(result);
    };
    const timer = this.#time.after(timeoutMs, () => settle({ ok: false, reason: "timeout" }));
    this.#time.after(this.#delayMs(), () => {
      if (!node?.isUp) return settle({ ok: false, reason: "refused" });
      const { life } = node;
      const watch = () => {
        if (settled) return;
        if (!node.isUp || node.life !== life) settle({ ok: false, reason: "disconnected" });
        else this.#time.after(20, watch);
      };
      watch();
      const reply: Reply = (body) => {
        if (body === null || body === "close") settle({ ok: false, reason: "disconnected" });
        else this.#time.after(this.#delayMs(), () => settle({ ok: true, body }));
      };
      node.accept(request, { listener: "client", connectionId: "c", remote: "client" }, reply);
    });
  }

  #delayMs(): number {
    return this.#chance.between(0.1, 1.5);
  }
}

/** Short times and small sizes: rare things happen often. */
function propertiesOf(options: ClusterOptions, chance: Chance): ReadonlyMap<string, string> {
  return new Map([
    ["broker.heartbeat.interval.ms", "250"],
    ["broker.session.timeout.ms", "1500"],
    ["controller.quorum.election.timeout.ms", "400"],
    ["controller.quorum.fetch.timeout.ms", "800"],
    ["controller.quorum.election.backoff.max.ms", "300"],
    ["controller.quorum.request.timeout.ms", "600"],
    ["metadata.log.max.record.bytes.between.snapshots", String(chance.pick([1500, 6000, 1 << 20]))],
    ["replica.lag.time.max.ms", "1000"],
    ["replica.fetch.wait.max.ms", String(chance.pick([100, 500]))],
    ["replica.fetch.backoff.ms", "50"],
    ["replica.fetch.max.bytes", String(chance.pick([300, 2000, 1 << 20]))],
    ["request.timeout.ms", "1500"],
    ["default.replication.factor", String(Math.min(3, options.brokers))],
    ["min.insync.replicas", String(options.minInsyncReplicas)],
    ["offsets.topic.num.partitions", "2"],
    ["offsets.commit.timeout.ms", "800"],
    ["log.retention.check.interval.ms", "300000"],
    ...(options.compacts ? [["log.cleaner.backoff.ms", "80"] as const] : []),
  ]);
}
