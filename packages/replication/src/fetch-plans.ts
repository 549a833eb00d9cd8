/** All fetch plans of a broker, one per leader it follows. The broker tells it of partitions, answers and failures, and sends what `next` gives. */
import type { NodeId } from "@vitrine/core";
import { earliest } from "./deadline.ts";
import { FetchPlan, type FollowerThrottle, type PlannedFetchAnswer } from "./fetch-plan.ts";
import type { Partition } from "./partition.ts";
import { type PartitionKey, type PlannedFetch, partitionKey } from "./planned-fetch.ts";
import type { ReplicationSettings } from "./settings.ts";

export class FetchPlans {
  private readonly settings: ReplicationSettings;
  private readonly throttle: FollowerThrottle | null;
  private readonly plans = new Map<NodeId, FetchPlan>();
  private readonly homes = new Map<PartitionKey, { leader: NodeId; leaderEpoch: number }>();

  constructor(settings: ReplicationSettings, throttle: FollowerThrottle | null = null) {
    this.settings = settings;
    this.throttle = throttle;
  }

  /** Call after each applyMetadata (and close) of a partition: puts it into the plan of its leader, or of nobody. */
  sync(partition: Partition): void {
    const key = partitionKey(partition);
    const home = this.homes.get(key);
    const { state } = partition;
    if (state.role === "follower" && home?.leader === state.leader && home.leaderEpoch === state.leaderEpoch) return;
    if (home) this.plans.get(home.leader)?.remove(partition);
    this.homes.delete(key);
    if (state.role !== "follower") return;
    const { leader, leaderEpoch } = state;
    this.homes.set(key, { leader, leaderEpoch });
    this.planOf(leader).add(partition);
  }

  /** The requests to send now. Leave it uncalled while the store has too much uncommitted (T12). */
  next(nowMs: number): PlannedFetch[] {
    const requests: PlannedFetch[] = [];
    for (const plan of this.plans.values()) {
      const request = plan.next(nowMs);
      if (request) requests.push(request);
    }
    return requests;
  }

  onAnswer(
    to: { leader: NodeId; requestId: number },
    answer: PlannedFetchAnswer,
    verifyCrc: (batch: Uint8Array) => boolean,
    nowMs: number,
  ): void {
    this.plans.get(to.leader)?.onAnswer(to.requestId, answer, verifyCrc, nowMs);
  }

  onFailure(to: { leader: NodeId; requestId: number }, nowMs: number): void {
    this.plans.get(to.leader)?.onFailure(to.requestId, nowMs);
  }

  /** When `next` wants to be called though nothing happened; null = not at all. */
  get nextDeadlineMs(): number | null {
    let deadline: number | null = null;
    for (const plan of this.plans.values()) deadline = earliest(deadline, plan.nextDeadlineMs);
    return deadline;
  }

  /** Plans stay when they run empty (their request ids must not begin again); there are never more than brokers. */
  private planOf(leader: NodeId): FetchPlan {
    const plan = this.plans.get(leader) ?? new FetchPlan(leader, this.settings, this.throttle);
    this.plans.set(leader, plan);
    return plan;
  }
}
