/**
 * Finds out at once who is dead: a connection to a registered broker that breaks, and a new one that is refused. Fencing early is always safe,
 * because epochs protect (DESIGN 5); a silent broker waits for its session.
 */
import type { NodeId } from "@vitrine/core";
import { endpointOf, type MetadataImage } from "@vitrine/metadata";
import type { ActiveController } from "./active-controller.ts";
import type { PeerEvent } from "./ports.ts";
import type { Runtime } from "./runtime.ts";

export class DeadBrokers {
  readonly #runtime: Runtime;
  readonly #image: () => MetadataImage;
  readonly #active: () => ActiveController | null;
  /** Nodes that refused the last connection, with the broker epoch they had then: a later life is not judged by it. Bounded by the nodes there are. */
  readonly #refused = new Map<NodeId, number>();
  /** Broker epoch in which a broker was fenced because it refused connections: once per life. */
  readonly #fencedIn = new Map<NodeId, number>();

  constructor(runtime: Runtime, image: () => MetadataImage, active: () => ActiveController | null) {
    this.#runtime = runtime;
    this.#image = image;
    this.#active = active;
  }

  onPeerEvent(event: PeerEvent): void {
    if (event.type === "refused") {
      this.#refused.set(event.nodeId, this.#image().brokers.get(event.nodeId)?.epoch ?? -1);
      this.#fence(event.nodeId);
    } else if (event.type === "connected") this.#refused.delete(event.nodeId);
  }

  /** A new controller looks at every registered broker: who died together with the old controller is found out at once. */
  probe(nodes: readonly NodeId[]): void {
    for (const nodeId of nodes) {
      if (nodeId === this.#runtime.config.nodeId) continue;
      this.#runtime.network.probe(nodeId);
      // A refusal may have come before this node was the controller.
      if (this.#refused.get(nodeId) === this.#image().brokers.get(nodeId)?.epoch) this.#fence(nodeId);
    }
  }

  #fence(nodeId: NodeId): void {
    const broker = this.#image().brokers.get(nodeId);
    const active = this.#active();
    if (!active?.isActive || !broker || broker.fenced) return;
    if (this.#fencedIn.get(nodeId) === broker.epoch) {
      // Fenced for it before in this life, and heard since: it lives, and its address is wrong or shut.
      const at = endpointOf(broker, "PEER");
      const address = at ? `${at.host}:${at.port}` : "unknown";
      const sentence = `broker ${nodeId} is alive, but its peer address ${address} refuses connections: it cannot be followed`;
      this.#runtime.journal("error", sentence);
      return;
    }
    this.#fencedIn.set(nodeId, broker.epoch);
    const reason = "its process is gone: the connection broke and a new one was refused";
    active.execute({ type: "fenceBroker", brokerId: nodeId, brokerEpoch: broker.epoch, reason }, () => {});
  }
}
