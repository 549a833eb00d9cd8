/** Takes the ISR changes that leaders want to the controller, many partitions in one AlterPartition, one request in flight. */
import type { LogKey } from "@vitrine/log";
import type { AlterPartitionResponse } from "@vitrine/protocol/types";
import { ApiKey } from "@vitrine/protocol/types";
import { alterPartitionOutcome, toAlterPartitionRequest, type ReplicationEffect } from "@vitrine/replication";
import type { ControllerChannel } from "./controller-channel.ts";
import { partitionLogKey } from "./partitions.ts";
import type { Runtime } from "./runtime.ts";

type AlterPartitionEffect = Extract<ReplicationEffect, { type: "alterPartition" }>;

/** Items of one request; more wait for the next one. */
const ITEMS_MAX = 10_000;

export class IsrChannel {
  readonly #runtime: Runtime;
  readonly #channel: ControllerChannel;
  readonly #brokerEpoch: () => number;
  readonly #queue = new Map<LogKey, AlterPartitionEffect>();
  /** Number of the request that is waited for; 0 = none. */
  #inFlight = 0;
  #lastRequest = 0;
  #giveUp: (() => void) | null = null;

  constructor(runtime: Runtime, channel: ControllerChannel, brokerEpoch: () => number) {
    this.#runtime = runtime;
    this.#channel = channel;
    this.#brokerEpoch = brokerEpoch;
  }

  /**
   * One change of a partition waits, so the queue is bounded by their number. A newer one takes the place of the one before, which newer metadata has
   * made void: twice in one request, the answer to the first would be taken for that to the second.
   */
  push(effect: AlterPartitionEffect): void {
    const key = partitionLogKey(effect.item.topicId, effect.item.partitionIndex);
    this.#queue.delete(key);
    this.#queue.set(key, effect);
  }

  /** Sends what has come together in this turn. */
  poll(): void {
    if (this.#inFlight !== 0 || this.#queue.size === 0) return;
    const asked = [...this.#queue.values()].slice(0, ITEMS_MAX);
    for (const { item } of asked) this.#queue.delete(partitionLogKey(item.topicId, item.partitionIndex));
    const broker = { brokerId: this.#runtime.config.nodeId, brokerEpoch: this.#brokerEpoch() };
    const request = toAlterPartitionRequest(
      broker,
      asked.map((effect) => effect.item),
    );
    const number = ++this.#lastRequest;
    this.#inFlight = number;
    const settle = (response: AlterPartitionResponse | null) => {
      if (this.#inFlight !== number) return;
      this.#inFlight = 0;
      this.#giveUp = null;
      for (const { partition, requestId, item } of asked) {
        const outcome = alterPartitionOutcome(response, item.topicId, item.partitionIndex);
        partition.onAlterPartition(requestId, outcome, this.#runtime.nowMs);
      }
    };
    this.#giveUp = () => settle(null);
    this.#channel.call(ApiKey.AlterPartition, request, this.#runtime.settings.sessionTimeoutMs, (result) =>
      settle(result.ok ? (result.body as AlterPartitionResponse) : null),
    );
  }

  /** The controller that was asked may never answer: the partitions ask the new one. */
  onLeaderChanged(): void {
    this.#giveUp?.();
  }
}
