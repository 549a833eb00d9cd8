/** Does to the cluster what the plan says, until it is healed. */
import type { Chance } from "./chance.ts";
import type { World } from "./checkers/world.ts";
import { reassign } from "./client-requests.ts";
import type { Cluster } from "./cluster.ts";
import type { FaultKind, RunPlan } from "./profiles.ts";
import type { VirtualTime } from "./scheduler.ts";
import type { SimNode } from "./sim-node.ts";

export class Faults {
  readonly #cluster: Cluster;
  readonly #world: World;
  readonly #plan: RunPlan;
  readonly #time: VirtualTime;
  readonly #chance: Chance;
  readonly #note: (line: string) => void;
  #healed = false;

  constructor(
    plan: RunPlan,
    ports: { cluster: Cluster; world: World; time: VirtualTime; chance: Chance; note: (line: string) => void },
  ) {
    this.#world = ports.world;
    this.#plan = plan;
    this.#cluster = ports.cluster;
    this.#time = ports.time;
    this.#chance = ports.chance.stream("faults");
    this.#note = ports.note;
  }

  start(): void {
    if (this.#plan.faults.length > 0) this.#next();
  }

  /** Everything works again: links, disks, processes. */
  heal(): void {
    this.#healed = true;
    this.#note("healed");
    const { net, nodes } = this.#cluster;
    net.mendAll();
    net.faults = { delayMs: [0.1, 1], tailPercent: 0, tailMs: 1, resetPercent: 0 };
    for (const node of nodes) {
      node.options.disk.faults = { commitMs: [0.2, 3], slowPercent: 0, slowMs: 3, failPercent: 0 };
      node.options.disk.nearlyFull = false;
      node.resume();
      if (!node.isUp) this.#restart(node);
    }
  }

  /** A broker could not go on; its supervisor starts it again. */
  died(node: SimNode): void {
    this.crash(node, this.#chance.between(20, 500));
  }

  crash(node: SimNode, downMs: number): void {
    if (!node.isUp) return;
    const { kept, lost } = node.crash();
    this.#note(`${node.id} crashes: ${kept} writes kept, ${lost} lost; down for ${downMs.toFixed(0)} ms`);
    const { life } = node;
    this.#time.after(downMs, () => {
      if (node.life === life && !node.isUp) this.#restart(node);
    });
  }

  #restart(node: SimNode): void {
    this.#note(`${node.id} starts`);
    node.start();
  }

  #next(): void {
    const { everyMs, faults } = this.#plan;
    this.#time.after(this.#chance.between(everyMs[0], everyMs[1]), () => {
      if (this.#healed) return;
      this.#do(this.#chance.pick(faults));
      this.#next();
    });
  }

  #do(kind: FaultKind): void {
    const chance = this.#chance;
    const { nodes } = this.#cluster;
    const node = chance.pick(nodes);
    const shortly = chance.percent(60) ? chance.between(20, 400) : chance.between(400, 3500);
    switch (kind) {
      case "crash":
        return this.crash(node, shortly);
      case "crash-leader":
        return this.crash(this.#leader() ?? node, shortly);
      case "crash-controller":
        return this.crash(this.#cluster.controller() ?? node, shortly);
      case "crash-many":
        for (const other of nodes) if (chance.percent(60)) this.crash(other, chance.between(20, 1500));
        return;
      case "pause":
        this.#note(`${node.id} is paused`);
        node.pause();
        return void this.#time.after(chance.between(50, 2500), () => node.resume());
      case "stop":
        return this.#stop(node);
      case "isolate":
        this.#note(`${node.id} is isolated`);
        this.#cluster.isolate(node, true);
        return this.#untilHealed(shortly, () => this.#cluster.isolate(node, false));
      case "one-way": {
        const other = chance.pick(nodes.filter((candidate) => candidate !== node));
        if (!other) return;
        this.#note(`${node.id} is not heard by ${other.id}`);
        this.#cluster.net.cut(node.id, other.id);
        return this.#untilHealed(shortly, () => this.#cluster.net.mend(node.id, other.id));
      }
      case "reassign":
        return this.#reassign(node);
      case "disk-full":
        this.#note(`the disk of ${node.id} is nearly full`);
        node.options.disk.nearlyFull = true;
        return this.#untilHealed(shortly, () => void (node.options.disk.nearlyFull = false));
    }
  }

  /** A partition gets other replicas, never fewer than may write; or what is under way is cancelled. Whoever answers in time: it may never begin. */
  #reassign(node: SimNode): void {
    const chance = this.#chance;
    const partitions = [...this.#world.partitions()];
    if (partitions.length === 0) return;
    const { name, index } = chance.pick(partitions);
    const brokers = this.#cluster.brokers.map(({ id }) => id);
    const wanted: number[] = [];
    const count = chance.pick(brokers.map((_, at) => at + 1).filter((size) => size >= this.#plan.minInsyncReplicas));
    while (wanted.length < count) wanted.push(chance.pick(brokers.filter((id) => !wanted.includes(id))));
    const replicas = chance.percent(20) ? null : wanted;
    this.#note(`${name}-${index} is to have ${replicas ? `replicas ${replicas.join(",")}` : "its old replicas again"}`);
    this.#cluster.call(node.id, reassign(name, index, replicas), 1_000, () => {});
  }

  /** Orderly: leaders move away first. */
  #stop(node: SimNode): void {
    if (!node.broker || node.isPaused) return;
    this.#note(`${node.id} is told to stop`);
    const { life } = node;
    node.broker.stop(1500, () => {
      if (node.life !== life || !node.isUp) return;
      this.#note(`${node.id} stopped in order`);
      this.#time.after(1, () => {
        if (node.life === life) this.crash(node, this.#chance.between(20, 800));
      });
    });
  }

  #untilHealed(ms: number, run: () => void): void {
    this.#time.after(ms, () => {
      if (!this.#healed) run();
    });
  }

  /** A broker that leads a partition now. */
  #leader(): SimNode | undefined {
    return this.#cluster.brokers.find((node) => node.broker && [...node.broker.observer.partitions()].length > 0);
  }
}
