/**
 * Holds back the catching up of replicas (KIP-73), so that a move leaves room for everybody else. Pure: time comes in.
 *
 * Q11: only replicas named by their topic (`leader.` and `follower.replication.throttled.replicas`), and only while they are outside the ISR.
 * Q12: a side that has moved more than its rate (`leader.` and `follower.replication.throttled.rate`) gives or asks nothing more until the
 * rate is within the bound again. One answer may go beyond it, as in Kafka.
 */
import type { NodeId } from "@vitrine/core";
import type { FollowerThrottle, Partition } from "@vitrine/replication";
import { SampledRate, type RateWindows } from "./sampled-rate.ts";

export type ThrottledSide = "leader" | "follower";

/** What metadata says of throttling, as text; undefined where it says nothing. */
export interface ThrottleConfigs {
  rate(side: ThrottledSide): string | undefined;
  replicas(topicName: string, side: ThrottledSide): string | undefined;
}

/** How soon a follower that is held back looks again. */
const PAUSE_MS = 100;
/** Kafka's Long.MAX_VALUE and whatever is near: no bound. */
const UNBOUNDED = 2 ** 62;

export class ReplicationThrottle implements FollowerThrottle {
  readonly #nodeId: NodeId;
  readonly #configs: ThrottleConfigs;
  readonly #rates: Readonly<Record<ThrottledSide, SampledRate>>;
  #bounds: Readonly<Record<ThrottledSide, number>> = { leader: Infinity, follower: Infinity };
  /** By side and topic; bounded by the topics this broker has replicas of. */
  readonly #replicas = new Map<string, ReadonlySet<number> | "all">();

  constructor(nodeId: NodeId, windows: RateWindows, configs: ThrottleConfigs) {
    this.#nodeId = nodeId;
    this.#configs = configs;
    this.#rates = { leader: new SampledRate(windows), follower: new SampledRate(windows) };
  }

  /** Settings have changed: they hold at once. */
  update(): void {
    this.#replicas.clear();
    this.#bounds = { leader: this.#boundOf("leader"), follower: this.#boundOf("follower") };
  }

  /** Whether this broker, leading a partition, gives this follower nothing now. */
  holdsBack(partition: Partition, followerId: NodeId, nowMs: number): boolean {
    return (
      this.#bounds.leader !== Infinity &&
      !partition.isr.includes(followerId) &&
      this.#isNamed("leader", partition) &&
      this.#isOver("leader", nowMs)
    );
  }

  /** Bytes went out to a follower. All of a named partition count, also those of replicas that are not held back. */
  gave(partition: Partition, bytes: number, nowMs: number): void {
    if (this.#bounds.leader !== Infinity && bytes > 0 && this.#isNamed("leader", partition))
      this.#rates.leader.record(bytes, nowMs);
  }

  get isActive(): boolean {
    return this.#bounds.follower !== Infinity;
  }

  pauseMs(partition: Partition, nowMs: number): number {
    const isHeldBack =
      !partition.isr.includes(this.#nodeId) && this.#isNamed("follower", partition) && this.#isOver("follower", nowMs);
    return isHeldBack ? PAUSE_MS : 0;
  }

  took(partition: Partition, bytes: number, nowMs: number): void {
    if (bytes > 0 && this.#isNamed("follower", partition)) this.#rates.follower.record(bytes, nowMs);
  }

  #isOver(side: ThrottledSide, nowMs: number): boolean {
    return this.#rates[side].measureSimply(nowMs).rate > this.#bounds[side];
  }

  #isNamed(side: ThrottledSide, { topicName, index }: Partition): boolean {
    const key = `${side}:${topicName}`;
    let named = this.#replicas.get(key);
    if (!named) {
      named = partitionsNamed(this.#configs.replicas(topicName, side) ?? "", this.#nodeId);
      this.#replicas.set(key, named);
    }
    return named === "all" || named.has(index);
  }

  #boundOf(side: ThrottledSide): number {
    const rate = Number(this.#configs.rate(side) ?? Infinity);
    return rate >= UNBOUNDED ? Infinity : rate;
  }
}

/** Partitions of a list like `0:1,1:2` (partition:broker) or `*` whose replica on this node is meant. */
function partitionsNamed(list: string, nodeId: NodeId): ReadonlySet<number> | "all" {
  const named = new Set<number>();
  for (const word of list.split(",")) {
    const [partition, broker] = word.trim().split(":");
    if (partition === "*") return "all";
    if (partition !== undefined && partition !== "" && Number(broker) === nodeId) named.add(Number(partition));
  }
  return named;
}
