/** What must hold of the replicas of one partition, whatever happens (`reliability.md` 1.1); throws where it does not. */
import type { NodeId } from "@vitrine/core";
import type { Disk } from "./disk.ts";
import { valueOf } from "./test-batch.ts";
import { LOG_KEY, type TestNode } from "./test-node.ts";
import type { TinyController } from "./tiny-controller.ts";

export interface WatchedMachine {
  readonly disk: Disk;
  /** null: it is down. */
  readonly node: TestNode | null;
}

export class Invariants {
  /** What was ever seen below a high watermark: values by base offset. */
  readonly committed = new Map<number, number>();
  private committedEnd = 0;
  private readonly machines: readonly WatchedMachine[];
  private readonly controller: TinyController;
  private readonly minIsr: number;
  private readonly leaderOfEpoch = new Map<number, NodeId>();
  /** The high watermark that each life has shown. */
  private readonly seen = new Map<TestNode, number>();

  /** Machines in order of their ids, from 1. */
  constructor(machines: readonly WatchedMachine[], controller: TinyController, minIsr: number) {
    this.machines = machines;
    this.controller = controller;
    this.minIsr = minIsr;
  }

  /** P1, P15. */
  onLeader(node: TestNode, leaderEpoch: number): void {
    const known = this.leaderOfEpoch.get(leaderEpoch) ?? node.id;
    if (known !== node.id) throw new Error(`P15 epoch ${leaderEpoch} has two leaders, ${known} and ${node.id}`);
    this.leaderOfEpoch.set(leaderEpoch, node.id);
    // P1: everything ever committed is in a new leader's log, at its place. Old news may name a leader that is none any more.
    if (leaderEpoch < this.controller.current.assignment.leaderEpoch) return;
    this.compare(node, node.log.logStartOffset, this.committedEnd, "P1 leader");
  }

  /** A node begins a life: from here on its high watermark may only grow. */
  onStart(node: TestNode): void {
    this.seen.set(node, node.log.highWatermark);
  }

  /** P3, P5, P10 to P13, P15: what a node says after a turn. */
  check(node: TestNode): void {
    const { log } = node;
    const before = this.seen.get(node) ?? 0;
    const { highWatermark } = log;
    if (highWatermark < before)
      throw new Error(`P11 node ${node.id}: high watermark went from ${before} to ${highWatermark}`);
    if (highWatermark > log.durableEndOffset || log.durableEndOffset > log.logEndOffset)
      throw new Error(`T8 node ${node.id}: ends out of order`);
    if (highWatermark === before) return;
    this.seen.set(node, highWatermark);
    if (node.partition.isLeader) this.checkLeaderAdvance(node);
    // P3, P5, P15: whatever anyone calls committed is the same for all, for ever; a stale leader's writes never get here.
    let epoch = -1;
    for (const batch of node.batches(before, highWatermark)) {
      const { baseOffset, lastOffset, leaderEpoch } = batch.facts;
      if (leaderEpoch < epoch) throw new Error(`P13 node ${node.id}: leader epoch falls at ${baseOffset}`);
      epoch = leaderEpoch;
      const value = valueOf(batch.bytes);
      const known = this.committed.get(baseOffset);
      if (known !== undefined && known !== value)
        throw new Error(`P3 node ${node.id}: ${value} at ${baseOffset}, ${known} was committed there`);
      if (known === undefined && baseOffset < this.committedEnd)
        throw new Error(`P12 node ${node.id}: a batch begins inside another at ${baseOffset}`);
      this.committed.set(baseOffset, value);
      this.committedEnd = Math.max(this.committedEnd, lastOffset + 1);
    }
  }

  /** P10: enough replicas, each with everything on its disk. */
  private checkLeaderAdvance(node: TestNode): void {
    const { state } = node.partition;
    if (state.role !== "leader") return;
    if (state.isr.committed.length < this.minIsr)
      throw new Error(`P10 leader ${node.id}: advanced with ISR ${state.isr.committed.join()}`);
    for (const id of state.isr.maximal) {
      const end = this.machines[id - 1]!.disk.endOf(LOG_KEY);
      if (end < node.log.highWatermark)
        throw new Error(
          `P10 leader ${node.id}: ${node.log.highWatermark} is committed, the disk of ${id} ends at ${end}`,
        );
    }
  }

  private compare(node: TestNode, from: number, upTo: number, what: string): void {
    if (node.log.logEndOffset < upTo)
      throw new Error(`${what} ${node.id}: log ends at ${node.log.logEndOffset}, ${upTo} is committed`);
    const held = new Map(
      node.batches(from, node.log.logEndOffset).map((batch) => [Number(batch.facts.baseOffset), valueOf(batch.bytes)]),
    );
    for (const [offset, value] of this.committed) {
      if (offset < upTo && held.get(offset) !== value)
        throw new Error(`${what} ${node.id}: ${held.get(offset)} at ${offset}, ${value} was committed there`);
    }
  }

  /** P6 and liveness: once the trouble is over, everybody is in sync and has everything. */
  checkHealed(acked: ReadonlyMap<number, number>): void {
    const leader = this.machines.find(
      ({ node }) =>
        node?.partition.isLeader && node.partition.leaderEpoch === this.controller.current.assignment.leaderEpoch,
    )?.node;
    if (!leader) throw new Error("no leader after the trouble was over");
    const { isr } = this.controller.current.assignment;
    if (isr.length !== this.machines.length) throw new Error(`ISR ${isr.join()} after the trouble was over`);
    const end = leader.log.logEndOffset;
    if (leader.log.highWatermark !== end)
      throw new Error(`high watermark ${leader.log.highWatermark} of ${end} after the trouble was over`);
    for (const { node } of this.machines) if (node) this.compare(node, 0, end, "end");
    for (const [value, offset] of acked) {
      if (this.committed.get(offset) !== value) throw new Error(`P6 acknowledged ${value} at ${offset} is lost`);
    }
  }
}
