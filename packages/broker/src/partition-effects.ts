/** Carries out what partitions asked for while they were stepped, and tells the groups whose partitions they are. */
import { invariant } from "@vitrine/core";
import type { LogKey } from "@vitrine/log";
import type { ReplicationEffect } from "@vitrine/replication";
import type { Groups } from "./groups/groups.ts";
import type { IsrChannel } from "./isr-channel.ts";
import { partitionLogKey, type Partitions } from "./partitions.ts";
import type { ReplicaFetcher } from "./replica-fetcher.ts";
import type { Runtime } from "./runtime.ts";

/** Each round answers what the last one caused, so a few are many; at the bound the broker ends instead of turning for ever. */
const ROUNDS_MAX = 1_000;

export interface EffectReceivers {
  readonly partitions: Partitions;
  readonly groups: Groups;
  readonly isr: IsrChannel;
  readonly fetcher: ReplicaFetcher;
}

export class PartitionEffects {
  readonly #runtime: Runtime;
  readonly #receivers: EffectReceivers;

  constructor(runtime: Runtime, receivers: EffectReceivers) {
    this.#runtime = runtime;
    this.#receivers = receivers;
  }

  /** Until nothing is left: carrying one out may lead to more. */
  follow(): void {
    const { partitions, groups, isr, fetcher } = this.#receivers;
    const { effects } = partitions;
    for (let round = 0; effects.length > 0 || groups.hasQueued; round++) {
      groups.flush();
      invariant(round < ROUNDS_MAX, "partitions keep asking for more within one turn");
      for (const effect of effects.splice(0)) {
        this.#carryOut(effect);
        this.#runtime.touch(keyOf(effect));
      }
      isr.poll();
      fetcher.poll();
    }
    isr.poll();
    fetcher.poll();
  }

  #carryOut(effect: ReplicationEffect): void {
    const { partitions, groups, isr } = this.#receivers;
    const { partition } = effect;
    switch (effect.type) {
      case "alterPartition":
        isr.push(effect);
        return;
      case "failed":
        this.#runtime.journal("error", `replica ${partition.label} stopped following: ${effect.reason}`);
        return;
      case "truncated":
        this.#runtime.journal(
          "info",
          `replica ${partition.label} dropped [${effect.to}, ${effect.from}): its leader's history differs there`,
        );
        return;
      case "roleChanged":
        partitions.plans.sync(partition);
        groups.onRoleChanged(partition);
        return;
      case "highWatermark":
        groups.onHighWatermark(partition);
        return;
      case "isrChanged":
      case "logStart":
        return;
    }
  }
}

function keyOf({ partition }: ReplicationEffect): LogKey {
  return partitionLogKey(partition.topicId, partition.index);
}
