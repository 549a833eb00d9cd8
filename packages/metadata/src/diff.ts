/** Compares two images. After records only what they touched is compared; after a snapshot everything. */
import type { NodeId, PartitionIndex, Uuid } from "@vitrine/core";
import type { BrokerDelta, ConfigDelta, MetadataDelta, PartitionDelta } from "./delta.ts";
import type { Touched } from "./image-draft.ts";
import type { MetadataImage, ResourceKey, TopicImage } from "./image.ts";
import { resourceOf } from "./image.ts";

/** What changed between any two images: for a node that loaded a snapshot. */
export function diffImages(before: MetadataImage, after: MetadataImage): MetadataDelta {
  const partitions = new Map<Uuid, Set<PartitionIndex>>();
  for (const topics of [before.topicsById, after.topicsById])
    for (const topic of topics.values()) {
      const indexes = partitions.get(topic.id) ?? new Set<PartitionIndex>();
      for (const index of topic.partitions.keys()) indexes.add(index);
      partitions.set(topic.id, indexes);
    }
  return deltaOf(before, after, {
    brokers: new Set<NodeId>([...before.brokers.keys(), ...after.brokers.keys()]),
    partitions,
    configs: new Set<ResourceKey>([...before.configs.keys(), ...after.configs.keys()]),
  });
}

/** Compares what was touched. */
export function deltaOf(before: MetadataImage, after: MetadataImage, touched: Touched): MetadataDelta {
  const topicsCreated: TopicImage[] = [];
  const topicsDeleted: TopicImage[] = [];
  const partitions: PartitionDelta[] = [];
  for (const [id, indexes] of touched.partitions) {
    const old = before.topicsById.get(id);
    const now = after.topicsById.get(id);
    if (old && !now) topicsDeleted.push(old);
    if (now && !old) topicsCreated.push(now);
    const topicName = (now ?? old)?.name;
    if (topicName === undefined) continue; // created and deleted again by the same records
    for (const partition of indexes) {
      const was = old?.partitions.get(partition) ?? null;
      const is = now?.partitions.get(partition) ?? null;
      if (!same(was, is)) partitions.push({ topicId: id, topicName, partition, before: was, after: is });
    }
  }
  const brokers: BrokerDelta[] = [];
  for (const id of touched.brokers) {
    const delta = { id, before: before.brokers.get(id) ?? null, after: after.brokers.get(id) ?? null };
    if (!same(delta.before, delta.after)) brokers.push(delta);
  }
  return {
    before,
    after,
    topicsCreated,
    topicsDeleted,
    partitions,
    brokers,
    configs: [...touched.configs].flatMap((key) => configDeltas(before, after, key)),
    featuresChanged: !same(before.features, after.features),
    clientQuotasChanged: !same(before.clientQuotas, after.clientQuotas),
  };
}

function configDeltas(before: MetadataImage, after: MetadataImage, key: ResourceKey): ConfigDelta[] {
  const old = before.configs.get(key) ?? new Map<string, string>();
  const now = after.configs.get(key) ?? new Map<string, string>();
  const { resourceType, resourceName } = resourceOf(key);
  const deltas: ConfigDelta[] = [];
  for (const name of new Set([...old.keys(), ...now.keys()])) {
    const was = old.get(name) ?? null;
    const is = now.get(name) ?? null;
    if (was !== is) deltas.push({ resourceType, resourceName, name, before: was, after: is });
  }
  return deltas;
}

/** Deep equality of the plain data images are made of. */
function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a instanceof Map && b instanceof Map) {
    if (a.size !== b.size) return false;
    for (const [key, value] of a) if (!b.has(key) || !same(value, b.get(key))) return false;
    return true;
  }
  const left = Object.entries(a);
  const right = new Map(Object.entries(b));
  return left.length === right.size && left.every(([key, value]) => right.has(key) && same(value, right.get(key)));
}

/** Whether two images hold the same cluster, whatever their positions. */
export function sameCluster(a: MetadataImage, b: MetadataImage): boolean {
  return same({ ...a, offset: 0, epoch: 0 }, { ...b, offset: 0, epoch: 0 });
}
