/** The one truth of a simulated quorum, and the rules Q1 to Q9 checked against it after every event. */
import { invariant, type NodeId } from "@vitrine/core";
import type { Batch } from "@vitrine/log";
import type { RaftEffect } from "../src/index.ts";
import { textOf } from "./batches.ts";
import type { TestNode } from "./test-node.ts";

interface Entry {
  readonly baseOffset: number;
  readonly end: number;
  readonly epoch: number;
  readonly text: string;
}

export class Ledger {
  readonly #voters: readonly NodeId[];
  readonly #leaders = new Map<number, NodeId>();
  /** Committed batches in order: what was once here never changes (Q5). */
  readonly #entries: Entry[] = [];
  readonly #atBase = new Map<number, number>();
  /** How far each node's log was compared with the ledger. */
  readonly #checkedTo = new Map<NodeId, number>();
  readonly #epochOnDisk = new Map<NodeId, number>();
  readonly #leading = new Map<NodeId, { epoch: number; highWatermark: number }>();
  readonly #disks = new Map<NodeId, TestNode>();
  #accepted: { text: string; offset: number; epoch: number }[] = [];
  committedAtHeal = 0;
  snapshots = 0;

  constructor(voters: readonly NodeId[]) {
    this.#voters = voters;
  }

  get committedEnd(): number {
    return this.#entries.at(-1)?.end ?? 0;
  }

  proposed(node: TestNode, text: string, at: { offset: number; epoch: number }): void {
    invariant(node.raft!.view().role === "leader", "only a leader takes proposals");
    this.#accepted.push({ text, ...at });
  }

  noted(node: TestNode, effect: RaftEffect): void {
    if (effect.type === "snapshotInstalled") {
      invariant(node.raft!.view().role !== "leader", `Q7 leader ${node.id} loaded a snapshot`);
      const bytes = node.store!.latestSnapshot()!.bytes;
      const text = new TextDecoder().decode(bytes);
      invariant(text === this.#snapshotText(effect.endOffset), `Q5 node ${node.id} installed ${text}`);
      this.#checkedTo.set(node.id, effect.endOffset);
      this.snapshots += 1;
    }
    if (effect.type === "truncated")
      invariant(
        effect.offset >= (this.#checkedTo.get(node.id) ?? 0),
        `Q5 node ${node.id} cut committed records at ${effect.offset}`,
      );
  }

  crashed(node: TestNode): void {
    this.#leading.delete(node.id);
    this.#checkedTo.delete(node.id);
    // The only voter leads before its epoch is on disk (nobody else hears of it before): a crash may take epoch and records back.
    if (this.#voters.length === 1)
      this.#accepted = this.#accepted.filter(({ offset }) => offset < node.disk.durableEnd());
  }

  check(node: TestNode): void {
    this.#disks.set(node.id, node);
    const view = node.raft!.view();
    const log = node.log!;
    if (view.leaderId >= 0) this.#oneLeader(view.epoch, view.leaderId, node.id);
    const saved = node.store!.quorumState;
    if (saved && saved.leaderId >= 0) this.#oneLeader(saved.leaderEpoch, saved.leaderId, node.id);
    invariant(
      (saved?.leaderEpoch ?? 0) === view.epoch,
      `Q2 node ${node.id} wrote epoch ${saved?.leaderEpoch} but is in ${view.epoch}`,
    );
    invariant(
      view.epoch >= (this.#epochOnDisk.get(node.id) ?? 0),
      `Q2 the epoch of node ${node.id} fell to ${view.epoch}`,
    );
    if (node.disk.pending === 0) this.#epochOnDisk.set(node.id, view.epoch);
    if (!view.isVoter) invariant(view.role === "unattached" || view.role === "follower", `Q9 observer is ${view.role}`);
    if (view.role === "unattached") invariant(view.leaderId === -1, "Q9 unattached with a leader");
    this.#leaderHighWatermark(node, view.role, view.epoch);
    invariant(log.highWatermark <= log.logEndOffset, `Q9 node ${node.id} has its high watermark above its end`);
    if (log.logStartOffset > 0) {
      const snapshot = node.store!.latestSnapshot();
      invariant(
        snapshot !== null && snapshot.endOffset >= log.logStartOffset,
        `Q6 node ${node.id} starts at ${log.logStartOffset}`,
      );
    }
    this.#committed(node);
  }

  /** Whether enough was committed since this node's last snapshot. */
  snapshotDue(node: TestNode): boolean {
    return node.log!.highWatermark - (node.store!.latestSnapshot()?.endOffset ?? 0) > 10;
  }

  takeSnapshot(node: TestNode): void {
    const endOffset = node.log!.highWatermark;
    node.snapshot(endOffset, this.#snapshotText(endOffset));
  }

  #snapshotText(endOffset: number): string {
    const below = this.#entries.filter((entry) => entry.end <= endOffset);
    invariant((below.at(-1)?.end ?? 0) === endOffset, `no batch ends at ${endOffset}`);
    return `${endOffset}:${below
      .slice(-3)
      .map((entry) => entry.text)
      .join(",")}`;
  }

  #oneLeader(epoch: number, leaderId: NodeId, saidBy: NodeId): void {
    const known = this.#leaders.get(epoch);
    if (known === undefined) this.#leaders.set(epoch, leaderId);
    else invariant(known === leaderId, `Q1 node ${saidBy} names ${leaderId} leader of epoch ${epoch}, others ${known}`);
  }

  #leaderHighWatermark(node: TestNode, role: string, epoch: number): void {
    if (role !== "leader") {
      this.#leading.delete(node.id);
      return;
    }
    const { highWatermark } = node.log!;
    const before = this.#leading.get(node.id);
    if (before?.epoch === epoch)
      invariant(highWatermark >= before.highWatermark, `Q3 leader ${node.id} lowered its high watermark`);
    this.#leading.set(node.id, { epoch, highWatermark });
  }

  /** Compares what this node newly calls committed with what was committed before. */
  #committed(node: TestNode): void {
    const log = node.log!;
    const from = this.#checkedTo.get(node.id) ?? log.logStartOffset;
    if (log.highWatermark <= from) return;
    for (const batch of this.#read(node, from)) this.#compare(node, batch);
    this.#checkedTo.set(node.id, log.highWatermark);
  }

  #read(node: TestNode, from: number): readonly Batch[] {
    const log = node.log!;
    const all = node.batches(from);
    return all.filter((batch) => batch.facts.baseOffset >= from && batch.facts.lastOffset < log.highWatermark);
  }

  #compare(node: TestNode, batch: Batch): void {
    const { baseOffset, lastOffset, leaderEpoch } = batch.facts;
    const known = this.#atBase.get(baseOffset);
    const text = textOf(batch);
    if (known !== undefined) {
      const entry = this.#entries[known]!;
      const same = entry.text === text && entry.epoch === leaderEpoch && entry.end === lastOffset + 1;
      invariant(
        same,
        `Q5 node ${node.id} has ${text} of epoch ${leaderEpoch} at ${baseOffset}, committed was ${entry.text} of ${entry.epoch}`,
      );
      return;
    }
    invariant(
      baseOffset === this.committedEnd,
      `Q5 node ${node.id} committed ${baseOffset}, the ledger ends at ${this.committedEnd}`,
    );
    this.#atBase.set(baseOffset, this.#entries.length);
    this.#entries.push({ baseOffset, end: lastOffset + 1, epoch: leaderEpoch, text });
    this.#onMajority(lastOffset + 1);
    for (const accepted of this.#accepted)
      if (accepted.offset === baseOffset && accepted.epoch === leaderEpoch)
        invariant(accepted.text === text, "Q8 another text at an accepted offset");
  }

  /** Q4: at least a majority of voters has it on disk, running or not. */
  #onMajority(end: number): void {
    const ends = this.#voters.map((id) => this.#disks.get(id)?.disk.durableEnd() ?? 0);
    const holding = ends.filter((durable) => durable >= end).length;
    invariant(
      holding * 2 > this.#voters.length,
      `Q4 ${end} is committed, but the voters' disks end at ${ends.join(", ")}`,
    );
  }
}
