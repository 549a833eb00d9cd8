/**
 * Two or three replicas of one partition under virtual time: messages that are late, lost, doubled and out of order, disks that are slow,
 * crashes that lose what was not committed, leaders that move. After every event the invariants of `reliability.md` 1.1 are looked at.
 */
import { type NodeId, Offset, type Random, randomBelow, seededRandom } from "@vitrine/core";
import { type AlterPartitionItem, DEFAULT_REPLICATION_SETTINGS, type ReplicationEffect } from "../src/index.ts";
import { Disk } from "./disk.ts";
import { Invariants } from "./invariants.ts";
import { makeBatch } from "./test-batch.ts";
import { type Outside, TestNode } from "./test-node.ts";
import { TinyController } from "./tiny-controller.ts";
import { VirtualTime } from "./virtual-time.ts";

export interface HarnessOptions {
  readonly seed: number;
  readonly replicas: number;
  readonly minIsr: number;
  /** Out of a thousand messages. */
  readonly lostPerMille: number;
  readonly doubledPerMille: number;
  /** Crashes, leader moves and stalls per virtual second, about. */
  readonly troublesPerSecond: number;
  /** Virtual time with load and trouble; after it everything heals. */
  readonly troubledMs: number;
}

interface Machine {
  readonly id: NodeId;
  readonly disk: Disk;
  node: TestNode | null;
  /** Grows with each life: what was meant for an earlier one is dropped. */
  life: number;
  stalledUntilMs: number;
}

const HEAL_MS = 20_000;

export class Harness {
  readonly options: HarnessOptions;
  readonly random: Random;
  readonly machines: Machine[];
  readonly controller: TinyController;
  /** Value to base offset, of acknowledged acks=all writes. */
  readonly acked = new Map<number, number>();
  readonly counts = { events: 0, crashes: 0, elections: 0, truncations: 0, acked: 0, refused: 0 };
  private readonly invariants: Invariants;
  private readonly waiting: {
    machine: Machine;
    life: number;
    value: number;
    baseOffset: number;
    requiredOffset: Offset;
    leaderEpoch: number;
  }[] = [];
  private readonly time = new VirtualTime();
  private value = 0;
  private healing = false;

  constructor(options: HarnessOptions) {
    this.options = options;
    this.random = seededRandom(options.seed);
    const ids = Array.from({ length: options.replicas }, (_, at) => at + 1);
    this.controller = new TinyController(ids);
    this.machines = ids.map((id) => ({ id, disk: new Disk(id), node: null, life: 0, stalledUntilMs: 0 }));
    this.invariants = new Invariants(this.machines, this.controller, options.minIsr);
  }

  /** Values below the high watermark, by base offset. */
  get committed(): ReadonlyMap<number, number> {
    return this.invariants.committed;
  }

  /** Runs the whole story; throws at the first broken invariant, with the seed. */
  run(): void {
    try {
      for (const machine of this.machines) this.boot(machine);
      this.at(5, () => this.produce());
      this.at(50, () => this.trouble());
      this.runUntil(this.options.troubledMs);
      this.healing = true;
      for (const machine of this.machines) if (!machine.node) this.boot(machine);
      this.announce();
      this.runUntil(this.options.troubledMs + HEAL_MS);
      this.invariants.checkHealed(this.acked);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      throw new Error(`seed ${this.options.seed}, ${this.options.replicas} replicas, at ${this.nowMs} ms: ${text}`, {
        cause: error,
      });
    }
  }

  private get nowMs(): number {
    return this.time.nowMs;
  }

  private runUntil(endMs: number): void {
    this.counts.events += this.time.runUntil(endMs);
  }

  // ---- nodes ------------------------------------------------------------------------------------------------------------------------

  private boot(machine: Machine): void {
    machine.life++;
    const past = [...this.controller.history];
    const brokerEpoch = this.controller.register(machine.id);
    machine.node = new TestNode({
      id: machine.id,
      brokerEpoch,
      disk: machine.disk,
      settings: { ...DEFAULT_REPLICATION_SETTINGS, replicaLagTimeMaxMs: 2_000, replicaFetchWaitMaxMs: 100 },
      minIsr: this.options.minIsr,
      random: this.random,
      outside: this.outside(machine),
    });
    this.invariants.onStart(machine.node);
    // A node that starts reads the metadata log from its beginning: what it led long ago is news to it.
    for (const version of past) {
      machine.node.onMetadata(version);
      if (this.chance(200)) this.turn(machine);
    }
    this.announce();
    this.heartbeat(machine, machine.life);
  }

  private crash(machine: Machine): void {
    this.counts.crashes++;
    machine.life++;
    machine.node = null;
    machine.disk.crash(randomBelow(this.random, 3));
    // Found out by a refused connection, or only after a while.
    const { id, life } = machine;
    this.at(5 + randomBelow(this.random, 400), () => {
      if (machine.life === life) this.controller.fence(id);
      this.announce();
    });
    this.at(20 + randomBelow(this.random, 1_500), () => {
      if (machine.life === life && !this.healing) this.boot(machine);
    });
  }

  /** Turns happen for their own sake too: ticks, fetches whose pause is over. */
  private heartbeat(machine: Machine, life: number): void {
    if (machine.life !== life) return;
    this.turn(machine);
    this.at(10, () => this.heartbeat(machine, life));
  }

  private turn(machine: Machine): void {
    const { node } = machine;
    if (!node) return;
    node.partition.onCommitted(this.nowMs);
    node.settle();
    this.scheduleCommit(machine);
    this.acknowledge();
    this.invariants.check(node);
  }

  private scheduleCommit(machine: Machine): void {
    const { life } = machine;
    if (machine.disk.isBusy || !machine.disk.hasWork) return;
    machine.disk.isBusy = true;
    const stall = Math.max(0, machine.stalledUntilMs - this.nowMs);
    this.at(1 + randomBelow(this.random, 8) + stall, () => {
      machine.disk.isBusy = false;
      if (machine.life !== life || !machine.node) return;
      machine.disk.commit();
      this.turn(machine);
    });
  }

  // ---- the world --------------------------------------------------------------------------------------------------------------------

  private outside(machine: Machine): Outside {
    const { life } = machine;
    return {
      nowMs: () => this.nowMs,
      fetch: (from, to, request, requestId) => {
        this.send(to, (node) => node.onFetch(from, request, requestId), false);
        this.timeOut(machine, life, to, requestId);
      },
      answer: (from, to, response, requestId) =>
        this.send(to, (node) => node.onAnswer(from, response, requestId), true),
      alterPartition: (_from, item, requestId) => this.alterPartition(machine, life, item, requestId),
      later: (_node, ms, run) =>
        this.at(ms + 1, () => {
          if (machine.life !== life) return;
          run();
          this.turn(machine);
        }),
      onEffect: (node, effect) => this.onEffect(node, effect),
    };
  }

  private send(to: NodeId, deliver: (node: TestNode) => void, maybeTwice: boolean): void {
    const machine = this.machines[to - 1]!;
    const { life } = machine;
    const arrive = () => {
      if (machine.life !== life || !machine.node) return;
      deliver(machine.node);
      this.turn(machine);
    };
    if (this.chance(this.options.lostPerMille)) return;
    this.at(this.delay(), arrive);
    if (maybeTwice && this.chance(this.options.doubledPerMille)) this.at(this.delay(), arrive);
  }

  /** Ends a request whose answer did not come; one that was answered is not in flight any more, and nothing happens. */
  private timeOut(machine: Machine, life: number, leader: NodeId, requestId: number): void {
    this.at(800, () => {
      if (machine.life !== life || !machine.node) return;
      machine.node.onAnswer(leader, null, requestId);
      this.turn(machine);
    });
  }

  private alterPartition(machine: Machine, life: number, item: AlterPartitionItem, requestId: number): void {
    const answer = (outcome: Parameters<TestNode["partition"]["onAlterPartition"]>[1]) =>
      this.at(this.delay(), () => {
        if (machine.life !== life || !machine.node) return;
        machine.node.partition.onAlterPartition(requestId, outcome, this.nowMs);
        this.turn(machine);
      });
    if (this.chance(this.options.lostPerMille)) {
      answer({ ok: false, error: "no-answer" });
      return;
    }
    this.at(this.delay(), () => {
      const outcome = this.controller.alter(machine.id, item);
      this.announce();
      answer(this.chance(this.options.lostPerMille) ? { ok: false, error: "no-answer" } : outcome);
    });
  }

  /** Metadata reaches each node in its own time; a newer version may overtake an older one. */
  private announce(): void {
    const metadata = this.controller.current;
    for (const machine of this.machines) {
      const { life } = machine;
      this.at(this.delay(), () => {
        if (machine.life !== life || !machine.node) return;
        machine.node.onMetadata(metadata);
        this.turn(machine);
      });
    }
  }

  private produce(): void {
    for (const machine of this.machines) {
      const { node } = machine;
      if (!node?.partition.isLeader) continue;
      const value = ++this.value;
      const { bytes, facts } = makeBatch({ value, records: 1 + randomBelow(this.random, 3) });
      const result = node.partition.append({ bytes, facts, acks: this.chance(300) ? 1 : -1, nowMs: this.nowMs });
      if (result.ok) {
        const { baseOffset, requiredOffset, leaderEpoch } = result;
        this.waiting.push({ machine, life: machine.life, value, baseOffset, requiredOffset, leaderEpoch });
      } else this.counts.refused++;
      this.turn(machine);
    }
    if (!this.healing) this.at(1 + randomBelow(this.random, 20), () => this.produce());
  }

  private acknowledge(): void {
    for (let at = this.waiting.length - 1; at >= 0; at--) {
      const { machine, life, value, baseOffset, requiredOffset, leaderEpoch } = this.waiting[at]!;
      const status =
        machine.life === life && machine.node
          ? machine.node.partition.produceStatus({ requiredOffset, leaderEpoch })
          : null;
      if (status?.kind === "waiting") continue;
      this.waiting.splice(at, 1);
      if (status?.kind !== "done") continue;
      this.acked.set(value, baseOffset);
      this.counts.acked++;
    }
  }

  private trouble(): void {
    if (this.healing || this.options.troublesPerSecond === 0) return;
    const machine = this.machines[randomBelow(this.random, this.machines.length)]!;
    const kind = randomBelow(this.random, 4);
    if (kind === 0 && machine.node) this.crash(machine);
    else if (kind === 1) machine.stalledUntilMs = this.nowMs + randomBelow(this.random, 3_000);
    else if (kind === 2) this.controller.moveLeader(machine.id);
    else if (machine.node) this.suspect(machine);
    this.announce();
    this.at(1 + randomBelow(this.random, 2_000 / this.options.troublesPerSecond), () => this.trouble());
  }

  /** Fenced though it lives (a false alarm), registered anew a little later under the same roof. */
  private suspect(machine: Machine): void {
    this.controller.fence(machine.id);
    const { life } = machine;
    this.at(randomBelow(this.random, 500), () => {
      if (machine.life !== life || !machine.node) return;
      machine.life++;
      machine.node.store.handOver();
      machine.disk.crash(randomBelow(this.random, 3));
      machine.node = null;
      this.boot(machine);
    });
  }

  private onEffect(node: TestNode, effect: ReplicationEffect): void {
    switch (effect.type) {
      case "roleChanged":
        if (effect.role !== "leader") return;
        this.counts.elections++;
        this.invariants.onLeader(node, effect.leaderEpoch);
        return;
      case "truncated":
        this.counts.truncations++;
        return;
      case "failed":
        throw new Error(`P14 node ${node.id}: ${effect.reason}`);
      case "highWatermark":
      case "alterPartition":
      case "isrChanged":
      case "logStart":
        return;
    }
  }

  // ---- chance and time --------------------------------------------------------------------------------------------------------------

  private chance(perMille: number): boolean {
    return !this.healing && randomBelow(this.random, 1000) < perMille;
  }

  private delay(): number {
    return this.chance(30) ? 50 + randomBelow(this.random, 400) : 1 + randomBelow(this.random, 4);
  }

  private at(inMs: number, run: () => void): void {
    this.time.at(inMs, run);
  }
}
