/**
 * Which replica a consumer should read from (KIP-392). Kafka's `RackAwareReplicaSelector`, by the class name that its users put into
 * `replica.selector.class`: the leader where it is in the consumer's rack, else the in-sync replica of that rack that has most, else the leader.
 */
import type { NodeId } from "@vitrine/core";
import { endpointOf, type MetadataImage } from "@vitrine/metadata";
import type { Partition, ReadCandidate } from "@vitrine/replication";

export const RACK_AWARE_SELECTOR = "org.apache.kafka.common.replica.RackAwareReplicaSelector";

/** The replica to read from instead of this leader; null: stay here. */
export function preferredReadReplica(
  image: MetadataImage,
  partition: Partition,
  asked: { readonly rackId: string; readonly fetchOffset: number; readonly nowMs: number },
): NodeId | null {
  const { rackId } = asked;
  if (rackId === "" || !partition.isLeader || rackOf(image, partition.localId) === rackId) return null;
  let best: ReadCandidate | null = null;
  for (const candidate of partition.readCandidates(asked.fetchOffset, asked.nowMs)) {
    if (rackOf(image, candidate.replicaId) !== rackId || !isReachable(image, candidate.replicaId)) continue;
    if (best === null || isBetter(candidate, best)) best = candidate;
  }
  return best?.replicaId ?? null;
}

/** The order of Kafka's `ReplicaView.comparator`: the most data, then the least behind in time, then the highest id. */
function isBetter(a: ReadCandidate, b: ReadCandidate): boolean {
  if (a.logEndOffset !== b.logEndOffset) return a.logEndOffset > b.logEndOffset;
  if (a.behindMs !== b.behindMs) return a.behindMs < b.behindMs;
  return a.replicaId > b.replicaId;
}

function rackOf(image: MetadataImage, id: NodeId): string | null {
  return image.brokers.get(id)?.rack ?? null;
}

/** Whether clients can connect to it. */
function isReachable(image: MetadataImage, id: NodeId): boolean {
  const broker = image.brokers.get(id);
  return broker !== undefined && !broker.fenced && endpointOf(broker, "CLIENT") !== undefined;
}
