import type { LiveEvent } from "@vitrine/api";
import type { BrokerInfo, Engine, TopicInfo } from "@vitrine/engine";
import {
  brokerEvent,
  configEvent,
  partitionChanged,
  partitionEvent,
  topicDeletedEvent,
  topicEvent,
} from "./metadata-events.ts";
import type { NodeBoard } from "./node-board.ts";
import type { PartitionBoard } from "./partition-board.ts";

/** What one round of comparing found. */
export interface MetadataChanges {
  /** In order: brokers, topics, partitions, controller. */
  readonly events: readonly LiveEvent[];
  /** Names of topics whose rows must be made again; also those that went. */
  readonly topics: ReadonlySet<string>;
}

/**
 * Compares what the engine says now with what it said before, puts the difference on the boards and tells it as events. An engine changes
 * its objects only by replacing them, so topics that did not change cost one comparison of references where it keeps them.
 */
export class MetadataRows {
  readonly #engine: Engine;
  readonly #partitions: PartitionBoard;
  readonly #nodes: NodeBoard;
  readonly #minIsrOf: (topic: TopicInfo) => number;
  readonly #judgeQuorum: (nowMs: number) => boolean;
  #topics = new Map<string, TopicInfo>();
  #brokers = new Map<number, BrokerInfo>();
  #controller = -1;
  #hasQuorum = true;

  constructor(parts: {
    readonly engine: Engine;
    readonly partitions: PartitionBoard;
    readonly nodes: NodeBoard;
    readonly minIsrOf: (topic: TopicInfo) => number;
    readonly hasQuorum: (nowMs: number) => boolean;
  }) {
    this.#engine = parts.engine;
    this.#partitions = parts.partitions;
    this.#nodes = parts.nodes;
    this.#minIsrOf = parts.minIsrOf;
    this.#judgeQuorum = parts.hasQuorum;
  }

  get topics(): ReadonlyMap<string, TopicInfo> {
    return this.#topics;
  }

  /** One round. Call it after each change of metadata. */
  sync(nowMs: number): MetadataChanges {
    const events: LiveEvent[] = [];
    const changed = new Set<string>();
    this.#syncBrokers(events, nowMs);
    this.#syncTopics(events, changed);
    this.#syncController(events, nowMs);
    return { events, topics: changed };
  }

  #syncBrokers(events: LiveEvent[], nowMs: number): void {
    const now = new Map(this.#engine.brokers().map((broker) => [broker.id, broker]));
    for (const broker of now.values()) {
      const before = this.#brokers.get(broker.id);
      if (before === broker) continue;
      this.#nodes.setBroker(broker, nowMs);
      const event = brokerEvent(before, broker, this.#nodes.stateOf(broker.id));
      if (event !== null) events.push(event);
    }
    for (const before of this.#brokers.values()) {
      if (now.has(before.id)) continue;
      this.#nodes.removeBroker(before.id, nowMs);
      const state = this.#nodes.stateOf(before.id);
      events.push({ type: "broker", broker: before.id, change: "unregistered", epoch: before.epoch, state });
    }
    this.#brokers = now;
  }

  #syncTopics(events: LiveEvent[], changed: Set<string>): void {
    const now = new Map<string, TopicInfo>();
    for (const topic of this.#engine.topics()) now.set(topic.name, topic);
    for (const before of this.#topics.values()) {
      const after = now.get(before.name);
      if (after !== undefined && after.topicId === before.topicId) continue;
      for (const partition of before.partitions) this.#partitions.remove(before.name, partition.partition);
      changed.add(before.name);
      events.push(topicDeletedEvent(before));
    }
    for (const topic of now.values()) {
      const held = this.#topics.get(topic.name);
      const before = held?.topicId === topic.topicId ? held : undefined;
      if (before !== topic) this.#syncTopic(before, topic, events, changed);
    }
    this.#topics = now;
  }

  #syncTopic(before: TopicInfo | undefined, topic: TopicInfo, events: LiveEvent[], changed: Set<string>): void {
    const minIsr = this.#minIsrOf(topic);
    const event = topicEvent(before, topic);
    const config = before === undefined ? null : configEvent(before, topic);
    if (event !== null) events.push(event);
    if (config !== null) events.push(config);
    let differs = event !== null || config !== null;
    for (const partition of topic.partitions) {
      const old = before?.partitions[partition.partition];
      if (old !== undefined && config === null && !partitionChanged(old, partition)) continue;
      differs = true;
      this.#partitions.setMetadata(topic.name, partition, minIsr);
      const change = old === undefined ? null : partitionEvent(topic.name, old, partition);
      if (change !== null) events.push(change);
    }
    if (differs) changed.add(topic.name);
  }

  #syncController(events: LiveEvent[], nowMs: number): void {
    const controller = this.#engine.controllerId();
    const hasQuorum = this.#judgeQuorum(nowMs);
    const lost = hasQuorum !== this.#hasQuorum;
    // Between two controllers none is known for a moment: the event is the arrival of the next, or the loss of the quorum.
    const moved = controller >= 0 && controller !== this.#controller;
    if (lost || moved) {
      const epoch = this.#engine.metadataPosition().epoch;
      events.push({ type: "controller", controller, from: this.#controller, epoch, has_quorum: hasQuorum });
    }
    if (controller >= 0) this.#controller = controller;
    this.#hasQuorum = hasQuorum;
  }
}
