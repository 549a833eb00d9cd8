/**
 * A whole quorum in virtual time, driven by one seed: messages that are late, lost, twice or out of order, cuts in one direction, crashes
 * that lose what was not reported as written, late disks, pauses. Rules Q1 to Q9 are checked after every event.
 */
import { invariant, randomBelow, seededRandom, type NodeId, type Random } from "@vitrine/core";
import type { RaftBug, RaftLimits } from "../src/index.ts";
import { Ledger } from "./ledger.ts";
import { type Answer, type Envelope, TestNode, type Wire } from "./test-node.ts";

export interface RunOptions {
  readonly seed: number;
  readonly bugs?: ReadonlySet<RaftBug>;
  readonly faultMs?: number;
  readonly healMs?: number;
  /** "leader" aims crashes at the leader, mostly right after it was elected. */
  readonly profile?: "uniform" | "leader" | "calm";
  readonly trace?: (line: string) => void;
}

export interface RunReport {
  readonly events: number;
  readonly commits: number;
  readonly elections: number;
  readonly snapshots: number;
  /** FNV-1a over all (time, what): the same seed gives the same. */
  readonly hash: number;
}

interface Timed {
  readonly atMs: number;
  readonly seq: number;
  readonly run: () => void;
}

export function runSeed(options: RunOptions): RunReport {
  return new SeededCluster(options).run();
}

class SeededCluster implements Wire {
  readonly #options: RunOptions;
  readonly #random: Random;
  readonly #nodes = new Map<NodeId, TestNode>();
  readonly #ledger: Ledger;
  readonly #heap: Timed[] = [];
  readonly #cuts = new Set<string>();
  readonly #paused = new Set<NodeId>();
  readonly #armed = new Map<NodeId, number>();
  readonly #committing = new Set<NodeId>();
  readonly #voters: NodeId[];
  readonly #lossPercent: number;
  readonly #twicePercent: number;
  readonly #slowDisk: NodeId;
  #nowMs = 0;
  #seq = 0;
  #events = 0;
  #elections = 0;
  #hash = 0x811c9dc5;
  #healed = false;
  #value = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed * 2654435761);
    const calm = options.profile === "calm";
    const voterCount = [3, 3, 3, 5, 1][this.#below(5)]!;
    this.#voters = Array.from({ length: voterCount }, (_, i) => i + 1);
    const observers = this.#below(2) === 0 ? [] : [101];
    this.#lossPercent = calm ? 0 : [0, 2, 10][this.#below(3)]!;
    this.#twicePercent = calm ? 0 : [0, 5][this.#below(2)]!;
    this.#slowDisk = this.#below(2) === 0 ? this.#voters[this.#below(voterCount)]! : -1;
    this.#ledger = new Ledger(this.#voters);
    const limits: Partial<RaftLimits> = {
      recordsKeptBelowSnapshot: this.#below(8),
      snapshotChunkBytes: 1 + this.#below(20),
      fetchMaxBytes: 1 + this.#below(60),
    };
    for (const id of [...this.#voters, ...observers]) {
      const random = seededRandom(options.seed * 31 + id);
      const node = new TestNode(
        { id, voters: this.#voters, random, limits, ...(options.bugs ? { bugs: options.bugs } : {}) },
        this,
      );
      this.#nodes.set(id, node);
    }
  }

  run(): RunReport {
    const faultMs = this.#options.faultMs ?? 12_000;
    const healMs = this.#options.healMs ?? 8000;
    for (const node of this.#nodes.values()) this.#at(this.#below(200), () => this.#start(node));
    this.#at(100, () => this.#propose());
    if (this.#options.profile !== "calm") this.#at(500, () => this.#fault());
    this.#runUntil(faultMs);
    this.#heal();
    this.#runUntil(faultMs + healMs);
    this.#checkLiveness();
    return {
      events: this.#events,
      commits: this.#ledger.committedEnd,
      elections: this.#elections,
      snapshots: this.#ledger.snapshots,
      hash: this.#hash >>> 0,
    };
  }

  send(envelope: Envelope): void {
    this.#deliver(envelope.from, envelope.to, () => this.#arrive(envelope));
    this.#at(this.#nowMs + envelope.timeoutMs, () => this.#fail(envelope, "timeout"));
  }

  answer({ envelope, response }: Answer): void {
    this.#deliver(envelope.to, envelope.from, () => {
      const node = this.#nodes.get(envelope.from)!;
      if (!node.isUp || node.life !== envelope.life) return;
      this.#act(node, `${envelope.to}>${envelope.from} answer ${response.type} ${response.error}`, () =>
        node.step({ type: "response", from: envelope.to, requestId: envelope.requestId, response }, this.#nowMs),
      );
    });
  }

  noted(node: TestNode, effect: Parameters<Wire["noted"]>[1]): void {
    if (effect.type === "becameLeader") {
      this.#elections += 1;
      if (this.#options.profile === "leader" && !this.#healed && this.#below(3) === 0)
        this.#at(this.#nowMs + this.#below(60), () => this.#crash(node));
    }
    this.#note(`${node.id} ${JSON.stringify(effect)}`);
    this.#ledger.noted(node, effect);
  }

  #arrive(envelope: Envelope): void {
    const { from, to, request } = envelope;
    const node = this.#nodes.get(to)!;
    if (!node.isUp) {
      this.#at(this.#nowMs + 1, () => this.#fail(envelope, "refused"));
      return;
    }
    this.#act(node, `${from}>${to} ${request.type}`, () =>
      node.step({ type: "request", replyTo: envelope, request }, this.#nowMs),
    );
  }

  #fail(envelope: Envelope, reason: "refused" | "timeout"): void {
    const node = this.#nodes.get(envelope.from)!;
    this.#act(node, `${envelope.from} ${reason} by ${envelope.to}`, () => node.failed(envelope, reason, this.#nowMs));
  }

  /** Loss, delay with a long tail, doubling. A lost request times out at its sender. */
  #deliver(from: NodeId, to: NodeId, run: () => void): void {
    const isCut = this.#cuts.has(`${from}>${to}`);
    const isLost = !this.#healed && this.#below(100) < this.#lossPercent;
    if (isCut || isLost) return;
    this.#at(this.#nowMs + this.#delayMs(), run);
    if (!this.#healed && this.#below(100) < this.#twicePercent) this.#at(this.#nowMs + this.#delayMs() * 3, run);
  }

  #delayMs(): number {
    return this.#below(20) === 0 && !this.#healed ? 1 + this.#below(400) : 1 + this.#below(4);
  }

  #start(node: TestNode): void {
    if (node.isUp) return;
    this.#paused.delete(node.id);
    this.#act(node, `${node.id} starts`, () => node.start(this.#nowMs));
    for (const other of this.#nodes.values()) {
      if (other === node || !other.isUp || this.#cuts.has(`${other.id}>${node.id}`)) continue;
      this.#at(this.#nowMs + 1 + this.#below(50), () =>
        this.#act(other, `${other.id} connects to ${node.id}`, () =>
          other.step({ type: "peerConnected", nodeId: node.id }, this.#nowMs),
        ),
      );
    }
  }

  #crash(node: TestNode): void {
    if (!node.isUp) return;
    const kept = this.#below(node.disk.pending + 1);
    this.#note(`${node.id} crashes, keeps ${kept} of ${node.disk.pending}`);
    node.crash(kept);
    this.#paused.delete(node.id);
    this.#ledger.crashed(node);
    if (this.#below(3) > 0) this.#tellRefused(node.id);
    this.#at(this.#nowMs + 20 + this.#below(this.#below(3) === 0 ? 6000 : 600), () => this.#start(node));
  }

  #tellRefused(nodeId: NodeId): void {
    for (const other of this.#nodes.values()) {
      if (other.id === nodeId || !other.isUp) continue;
      this.#at(this.#nowMs + 1 + this.#below(10), () => {
        if (this.#nodes.get(nodeId)!.isUp) return;
        this.#act(other, `${other.id} is refused by ${nodeId}`, () =>
          other.step({ type: "peerRefused", nodeId }, this.#nowMs),
        );
      });
    }
  }

  #fault(): void {
    if (this.#healed) return;
    this.#at(this.#nowMs + 100 + this.#below(1500), () => this.#fault());
    const all = [...this.#nodes.values()];
    const leader = all.find((node) => node.raft?.view().role === "leader");
    const aimed = this.#options.profile === "leader" && leader && this.#below(2) === 0;
    const node = aimed ? leader : all[this.#below(all.length)]!;
    switch (this.#below(6)) {
      case 0:
      case 1:
        return this.#crash(node);
      case 2: {
        if (!node.isUp) return;
        this.#note(`${node.id} is paused`);
        this.#paused.add(node.id);
        return this.#at(this.#nowMs + this.#below(4000), () => this.#paused.delete(node.id));
      }
      case 3: {
        const other = all[this.#below(all.length)]!;
        return this.#cutFor([`${node.id}>${other.id}`], this.#below(3000));
      }
      case 4: {
        const links = all.flatMap((other) => [`${node.id}>${other.id}`, `${other.id}>${node.id}`]);
        return this.#cutFor(links, this.#below(5000));
      }
      default:
        if (node.raft?.view().role === "leader")
          this.#act(node, `${node.id} resigns`, () => node.raft?.resign(this.#nowMs));
    }
  }

  #cutFor(links: readonly string[], ms: number): void {
    this.#note(`cut ${links.join(" ")}`);
    for (const link of links) this.#cuts.add(link);
    this.#at(this.#nowMs + ms, () => {
      for (const link of links) this.#cuts.delete(link);
    });
  }

  #heal(): void {
    this.#note("healed");
    this.#healed = true;
    this.#cuts.clear();
    this.#paused.clear();
    for (const node of this.#nodes.values()) this.#start(node);
  }

  #propose(): void {
    this.#at(this.#nowMs + 20 + this.#below(200), () => this.#propose());
    for (const node of this.#nodes.values()) {
      if (node.raft?.view().role !== "leader" || this.#paused.has(node.id)) continue;
      const text = `v${++this.#value}`;
      this.#act(node, `${node.id} proposes ${text}`, () => {
        const result = node.propose(text, this.#nowMs, 1 + this.#below(3));
        if (typeof result === "object") this.#ledger.proposed(node, text, result);
      });
      const { log } = node;
      if (log && this.#below(6) === 0 && this.#ledger.snapshotDue(node))
        this.#act(node, `${node.id} takes a snapshot`, () => this.#ledger.takeSnapshot(node));
    }
  }

  /** Something happens to a node: then its disk and clock are armed, and everything is checked. */
  #act(node: TestNode, what: string, run: () => void): void {
    if (this.#paused.has(node.id)) {
      this.#at(this.#nowMs + 50, () => this.#act(node, what, run));
      return;
    }
    this.#note(what);
    run();
    node.drain();
    this.#events += 1;
    if (node.isUp) {
      this.#arm(node);
      this.#ledger.check(node);
    }
  }

  #arm(node: TestNode): void {
    if (node.disk.pending > 0 && !this.#committing.has(node.id)) {
      this.#committing.add(node.id);
      const slow = node.id === this.#slowDisk && !this.#healed ? 1 + this.#below(150) : 1 + this.#below(6);
      this.#at(this.#nowMs + slow, () => {
        this.#committing.delete(node.id);
        if (node.isUp) this.#act(node, `${node.id} commits`, () => node.commit(this.#nowMs));
      });
    }
    const due = node.raft?.nextDeadlineMs() ?? null;
    if (due === null) return;
    const atMs = Math.max(due, this.#nowMs + 1);
    const armed = this.#armed.get(node.id);
    if (armed !== undefined && armed <= atMs && armed > this.#nowMs) return;
    this.#armed.set(node.id, atMs);
    const { life } = node;
    this.#at(atMs, () => {
      if (this.#armed.get(node.id) === atMs) this.#armed.delete(node.id);
      if (node.isUp && node.life === life)
        this.#act(node, `${node.id} tick`, () => node.step({ type: "tick" }, this.#nowMs));
    });
  }

  #checkLiveness(): void {
    const up = [...this.#nodes.values()];
    const leaders = up.filter((node) => node.raft?.view().role === "leader");
    invariant(leaders.length === 1, `after healing there are ${leaders.length} leaders`);
    const leader = leaders[0]!;
    invariant(
      leader.log!.highWatermark > this.#ledger.committedAtHeal,
      `nothing was committed after healing: the high watermark stands at ${leader.log!.highWatermark}`,
    );
    for (const node of up) {
      invariant(node.raft!.view().leaderId === leader.id, `${node.id} does not follow ${leader.id} after healing`);
      const behind = leader.log!.highWatermark - node.log!.highWatermark;
      invariant(behind < 12, `${node.id} is ${behind} records behind after healing`);
    }
  }

  #runUntil(endMs: number): void {
    this.#ledger.committedAtHeal = this.#ledger.committedEnd;
    for (let next = this.#heap[0]; next && next.atMs <= endMs; next = this.#heap[0]) {
      popHeap(this.#heap);
      this.#nowMs = next.atMs;
      next.run();
      invariant(this.#events < 200_000, "the cluster is busy without end");
    }
    this.#nowMs = endMs;
  }

  #at(atMs: number, run: () => void): void {
    pushHeap(this.#heap, { atMs, seq: ++this.#seq, run });
  }

  #below(end: number): number {
    return randomBelow(this.#random, end);
  }

  #note(what: string): void {
    const line = `${this.#nowMs} ${what}`;
    for (let i = 0; i < line.length; i++) this.#hash = Math.imul(this.#hash ^ line.charCodeAt(i), 0x01000193);
    this.#options.trace?.(line);
  }
}

function isBefore(a: Timed, b: Timed): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.seq < b.seq);
}

function pushHeap(heap: Timed[], item: Timed): void {
  let i = heap.length;
  heap.push(item);
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (!isBefore(item, heap[parent]!)) break;
    heap[i] = heap[parent]!;
    i = parent;
  }
  heap[i] = item;
}

function popHeap(heap: Timed[]): void {
  const item = heap.pop()!;
  if (heap.length === 0) return;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
    if (!isBefore(heap[child]!, item)) break;
    heap[i] = heap[child]!;
    i = child;
  }
  heap[i] = item;
}
