/** R1 to R9 of reliability 1.2, after every turn. */
import { invariant, type NodeId } from "@vitrine/core";
import { METADATA_LOG } from "@vitrine/log";
import type { SimNode } from "../sim-node.ts";
import type { World } from "./world.ts";

interface Leading {
  readonly life: number;
  readonly epoch: number;
  readonly highWatermark: number;
}

export class QuorumRules {
  readonly #world: World;
  readonly #leaders = new Map<number, NodeId>();
  readonly #durableEpoch = new Map<NodeId, number>();
  readonly #leading = new Map<NodeId, Leading>();
  elections = 0;

  constructor(world: World) {
    this.#world = world;
  }

  check(node: SimNode): void {
    const { broker, store } = node;
    if (!broker || !store) return;
    const log = store.logs.get(METADATA_LOG);
    if (!log) return;
    const view = broker.observer.quorum();
    if (view.leader >= 0) this.#oneLeader(view.epoch, view.leader, node.id);
    const saved = store.quorumState;
    if (saved && saved.leaderId >= 0) this.#oneLeader(saved.leaderEpoch, saved.leaderId, node.id);
    this.#epochs(node, view.epoch, saved?.leaderEpoch ?? 0);
    if (!view.voter) invariant(view.role === "observer", `R9 node ${node.id} is no voter and is ${view.role}`);
    if (view.role === "unattached")
      invariant(view.leader === -1, `R9 node ${node.id} is unattached and names leader ${view.leader}`);
    invariant(
      log.highWatermark <= log.logEndOffset,
      `R9 node ${node.id}: high watermark ${log.highWatermark} above the end ${log.logEndOffset}`,
    );
    if (log.logStartOffset > 0) {
      const snapshot = store.latestSnapshot();
      const has = snapshot !== null && snapshot.endOffset >= log.logStartOffset;
      invariant(has, `R6 node ${node.id} begins at ${log.logStartOffset} without a snapshot that reaches there`);
    }
    this.#leaderHighWatermark(node, view);
  }

  #oneLeader(epoch: number, leaderId: NodeId, saidBy: NodeId): void {
    const known = this.#leaders.get(epoch);
    if (known === undefined) {
      this.#leaders.set(epoch, leaderId);
      this.elections += 1;
    } else
      invariant(
        known === leaderId,
        `R1 node ${saidBy} names ${leaderId} leader of epoch ${epoch}, others named ${known}`,
      );
  }

  #epochs(node: SimNode, epoch: number, saved: number): void {
    invariant(saved === epoch, `R2 node ${node.id} is in epoch ${epoch} and wrote ${saved}`);
    const before = this.#durableEpoch.get(node.id) ?? 0;
    invariant(epoch >= before, `R2 the epoch of node ${node.id} fell from ${before} to ${epoch}`);
    if (node.options.disk.pending === 0) this.#durableEpoch.set(node.id, epoch);
  }

  #leaderHighWatermark(node: SimNode, view: { role: string; epoch: number; highWatermark: number }): void {
    if (view.role !== "leader") {
      this.#leading.delete(node.id);
      return;
    }
    const before = this.#leading.get(node.id);
    if (before && before.life === node.life && before.epoch === view.epoch)
      invariant(
        view.highWatermark >= before.highWatermark,
        `R3 the high watermark of leader ${node.id} fell to ${view.highWatermark}`,
      );
    this.#leading.set(node.id, { life: node.life, epoch: view.epoch, highWatermark: view.highWatermark });
  }

  /** R4: what is committed is on the disks of a majority, running or not. */
  committed(end: number): void {
    const voters = this.#world.cluster.nodes.filter((node) => node.options.roles.controller);
    const ends = voters.map((node) => node.options.disk.durableEnd(METADATA_LOG));
    const holding = ends.filter((durable) => durable >= end).length;
    invariant(
      holding * 2 > voters.length,
      `R4 metadata up to ${end} is committed, but the controllers' disks end at ${ends.join(", ")}`,
    );
  }
}
