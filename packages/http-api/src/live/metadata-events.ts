import type { LiveEvent, NodeState } from "@vitrine/api";
import type { BrokerInfo, PartitionInfo, TopicInfo } from "@vitrine/engine";

/** What a partition's change means: a new leader or epoch, else a new ISR, else nothing for the timeline. */
export function partitionEvent(topic: string, before: PartitionInfo, after: PartitionInfo): LiveEvent | null {
  const common = {
    topic,
    p: after.partition,
    leader: after.leader,
    epoch: after.leaderEpoch,
    partition_epoch: after.partitionEpoch,
    isr: after.isr,
    replicas: after.replicas,
  };
  if (before.leader !== after.leader || before.leaderEpoch !== after.leaderEpoch) {
    return { type: "leader", from: before.leader, ...common };
  }
  const added = after.isr.filter((node) => !before.isr.includes(node));
  const removed = before.isr.filter((node) => !after.isr.includes(node));
  if (added.length === 0 && removed.length === 0) return null;
  return { type: "isr", added, removed, ...common };
}

/** Whether anything that a row shows is different; `partitionEpoch` moves with every change of a partition. */
export function partitionChanged(before: PartitionInfo, after: PartitionInfo): boolean {
  return (
    before.partitionEpoch !== after.partitionEpoch ||
    before.leaderEpoch !== after.leaderEpoch ||
    before.leader !== after.leader ||
    !sameNodes(before.isr, after.isr) ||
    !sameNodes(before.replicas, after.replicas) ||
    !sameNodes(before.elr, after.elr)
  );
}

/** A topic that came, grew, or whose replicas moved; `before` is undefined for one that came. */
export function topicEvent(before: TopicInfo | undefined, after: TopicInfo): LiveEvent | null {
  const common = { topic: after.name, topic_id: after.topicId, partitions: after.partitions.length, rf: rfOf(after) };
  if (before === undefined) return { type: "admin", action: "topic-created", ...common };
  if (after.partitions.length > before.partitions.length)
    return { type: "admin", action: "partitions-added", ...common };
  const moved = after.partitions.some((partition, index) => {
    const old = before.partitions[index];
    return old !== undefined && !sameNodes(old.replicas, partition.replicas);
  });
  return moved ? { type: "admin", action: "replicas-changed", ...common } : null;
}

/** A topic that went. */
export function topicDeletedEvent(topic: TopicInfo): LiveEvent {
  return {
    type: "admin",
    action: "topic-deleted",
    topic: topic.name,
    topic_id: topic.topicId,
    partitions: topic.partitions.length,
    rf: rfOf(topic),
  };
}

/** Settings of a topic that were set, changed or removed; null where none was. */
export function configEvent(before: TopicInfo, after: TopicInfo): LiveEvent | null {
  const changes: { key: string; old: string | null; value: string | null }[] = [];
  for (const key of new Set([...before.config.keys(), ...after.config.keys()])) {
    const old = before.config.get(key) ?? null;
    const value = after.config.get(key) ?? null;
    if (old !== value) changes.push({ key, old, value });
  }
  return changes.length === 0 ? null : { type: "config", resource: "topic", name: after.name, changes };
}

/** What a broker's change means; `state` is what its row shows afterwards. */
export function brokerEvent(
  before: BrokerInfo | undefined,
  after: BrokerInfo,
  state: NodeState | null,
): LiveEvent | null {
  const change = brokerChange(before, after);
  return change === null ? null : { type: "broker", broker: after.id, change, epoch: after.epoch, state };
}

function brokerChange(before: BrokerInfo | undefined, after: BrokerInfo) {
  if (before === undefined) return after.fenced ? "registered" : "unfenced";
  if (before.fenced !== after.fenced) return after.fenced ? "fenced" : "unfenced";
  if (before.epoch !== after.epoch) return "restarted";
  return !before.inControlledShutdown && after.inControlledShutdown ? "shutting-down" : null;
}

function rfOf(topic: TopicInfo): number {
  return topic.partitions[0]?.replicas.length ?? 0;
}

function sameNodes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((node, index) => node === b[index]);
}
