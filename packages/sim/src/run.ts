/** One seed, one run: plan, faults under load, heal, and the last look. The same seed gives the same run to the last event. */
import { invariant } from "@vitrine/core";
import { Chance } from "./chance.ts";
import { Checkers } from "./checkers/index.ts";
import { Cluster } from "./cluster.ts";
import { Faults } from "./faults.ts";
import { checkHistory } from "./history.ts";
import type { Bugs } from "./planted-bugs.ts";
import { planRun, type Profile } from "./profiles.ts";
import { VirtualTime } from "./scheduler.ts";
import type { SimNode } from "./sim-node.ts";
import { Workload } from "./workload.ts";

export interface RunOptions {
  readonly seed: number;
  readonly profile: Profile;
  readonly bugs?: Bugs;
  /** Gets every line of the trace as it comes. */
  readonly onTrace?: (line: string) => void;
}

export interface RunReport {
  readonly seed: number;
  readonly profile: Profile;
  /** null: all was well. */
  readonly failure: string | null;
  /** Rolling over every turn and every line of the trace. */
  readonly hash: number;
  readonly virtualMs: number;
  readonly turns: number;
  readonly acknowledged: number;
  /** Offset commits that were acknowledged. */
  readonly commits: number;
  readonly elections: number;
  /** That took something away, on any node. */
  readonly compactions: number;
  /** Of a failure: the last lines before it. */
  readonly trace: readonly string[];
}

const HEAL_MS = 20_000;
/** As the cluster's properties have it. */
const SESSION_MS = 1500;
const EVENTS_MAX = 400_000;
const TRACE_LINES = 80;

function isMoving(partition: { addingReplicas: readonly number[]; removingReplicas: readonly number[] }): boolean {
  return partition.addingReplicas.length > 0 || partition.removingReplicas.length > 0;
}

/** Runs one seed. Never throws: what goes wrong is in the report. */
export function runSeed(options: RunOptions): RunReport {
  return new Run(options).run();
}

class Run {
  readonly #options: RunOptions;
  readonly #time = new VirtualTime();
  readonly #cluster: Cluster;
  readonly #checkers: Checkers;
  readonly #workload: Workload;
  readonly #faults: Faults;
  readonly #faultMs: number;
  readonly #trace: string[] = [];
  readonly #recent: string[] = [];
  #hash = 0x811c9dc5;
  #turns = 0;
  #failure: string | null = null;

  constructor(options: RunOptions) {
    this.#options = options;
    const chance = new Chance(options.seed);
    const plan = planRun(options.profile, chance.stream("plan"));
    this.#faultMs = plan.faultMs;
    const note = (line: string) => this.#note(line);
    this.#cluster = new Cluster(
      {
        ...plan,
        bugs: options.bugs ?? new Set(),
        onTurn: (node) => this.#afterTurn(node),
        onFatal: (node, reason) => this.#onFatal(node, reason),
        note,
      },
      this.#time,
      chance,
    );
    this.#checkers = new Checkers(this.#cluster);
    const ports = { cluster: this.#cluster, time: this.#time, chance, note };
    this.#workload = new Workload(plan.workload, {
      ...ports,
      checkers: this.#checkers,
      onBroken: (error) => this.#fail(error),
    });
    this.#faults = new Faults(plan, { ...ports, world: this.#checkers.world });
  }

  run(): RunReport {
    try {
      this.#play();
    } catch (error) {
      this.#fail(error);
    }
    return {
      seed: this.#options.seed,
      profile: this.#options.profile,
      failure: this.#failure,
      hash: this.#hash >>> 0,
      virtualMs: Math.round(this.#time.nowMs),
      turns: this.#turns,
      acknowledged: this.#workload.acknowledged,
      commits: this.#workload.commits,
      elections: this.#checkers.elections,
      compactions: this.#checkers.compactions,
      trace: this.#failure === null ? [] : this.#trace,
    };
  }

  #play(): void {
    for (const node of this.#cluster.nodes) node.start();
    this.#workload.start();
    this.#faults.start();
    this.#until(this.#faultMs, () => false);
    this.#faults.heal();
    this.#workload.acknowledgedSince = 0;
    // Who was cut off before may still be fenced now, when its session ends; writers go on, because a healed cluster must take writes.
    this.#until(SESSION_MS + 200, () => false);
    this.#until(HEAL_MS, () => this.#workload.acknowledgedSince > 0 && this.#isWhole());
    this.#workload.stopWriting();
    this.#workload.stopReading();
    this.#until(HEAL_MS, () => !this.#workload.isWriting);
    // Followers learn the last high watermark with their next fetch, which may be parked for half a second.
    this.#until(1100, () => false);
    this.#until(HEAL_MS, () => this.#isWhole());
    if (this.#failure !== null) return;
    invariant(this.#workload.hasAllTopics, "liveness: the topics were never created");
    const moving = [...this.#checkers.world.partitions()].filter(({ partition }) => isMoving(partition));
    invariant(
      moving.length === 0,
      `liveness: ${moving.map(({ name }) => name).join(", ")} moved without end after healing`,
    );
    invariant(this.#workload.acknowledgedSince > 0, "liveness: nothing was acknowledged after healing");
    this.#checkers.atTheEnd();
    this.#readBack();
  }

  #readBack(): void {
    let done = false;
    this.#workload.readEverything(() => void (done = true));
    this.#until(HEAL_MS, () => done);
    if (this.#failure !== null) return;
    invariant(done, "liveness: the logs cannot be read to their end after healing");
    const [first, ...more] = checkHistory(this.#workload.history, {
      finalReads: true,
      recordsMayLeave: this.#cluster.options.compacts,
    }).anomalies;
    invariant(
      !first,
      `history: ${first?.type} in ${first?.key}: ${first?.detail}${more.length > 0 ? ` (and ${more.length} more)` : ""}`,
    );
  }

  /** Everybody unfenced, every ISR full, nothing on the move. */
  #isWhole(): boolean {
    const { newest } = this.#checkers.world;
    if (!newest || !this.#workload.hasAllTopics || this.#cluster.nodes.some((node) => !node.isUp)) return false;
    for (const node of this.#cluster.brokers) if (newest.brokers.get(node.id)?.fenced !== false) return false;
    for (const { partition } of this.#checkers.world.partitions())
      if (partition.isr.length < partition.replicas.length || isMoving(partition)) return false;
    return true;
  }

  #until(ms: number, done: () => boolean): void {
    const endMs = this.#time.nowMs + ms;
    let next = this.#time.nowMs;
    // The question is asked now and then only: it costs more than an event.
    this.#time.runUntil(endMs, () => {
      if (this.#failure !== null || this.#time.events > EVENTS_MAX) return true;
      if (this.#time.nowMs < next) return false;
      next = this.#time.nowMs + 10;
      return done();
    });
    if (this.#time.events > EVENTS_MAX) throw new Error("liveness: the cluster is busy without end");
  }

  #afterTurn(node: SimNode): void {
    this.#turns += 1;
    this.#mix(node.id);
    this.#mix(Math.round(this.#time.nowMs * 1000));
    if (this.#failure !== null) return;
    try {
      this.#checkers.afterTurn(node);
    } catch (error) {
      this.#fail(error);
    }
  }

  #onFatal(node: SimNode, reason: string): void {
    this.#note(`${node.id} died: ${reason}`);
    if (!node.options.disk.hasFailed) this.#fail(new Error(`broker ${node.id} died: ${reason}`));
    this.#time.after(0, () => this.#faults.died(node));
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error.message : String(error);
  }

  #note(line: string): void {
    const stamped = `${this.#time.nowMs.toFixed(2)} ${line}`;
    for (let at = 0; at < stamped.length; at++) this.#mix(stamped.charCodeAt(at));
    this.#options.onTrace?.(stamped);
    if (this.#failure !== null || this.#recent.includes(line)) return;
    // Nodes that ask the same again and again would fill the tail with it.
    this.#recent.push(line);
    if (this.#recent.length > 6) this.#recent.shift();
    this.#trace.push(stamped);
    if (this.#trace.length > TRACE_LINES) this.#trace.shift();
  }

  #mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ value, 0x01000193);
  }
}
