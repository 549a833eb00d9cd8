/** Checks hand-made replica assignments, and turns assignments into the records of new partitions. */
import type { NodeId, PartitionIndex, Uuid } from "@vitrine/core";
import { ZERO_UUID } from "@vitrine/core";
import type { MetadataImage } from "../image.ts";
import { isActive } from "../image.ts";
import type { PlacementBroker } from "../placement.ts";
import type { MetadataRecord } from "../records.ts";
import { partitionRecord } from "../records.ts";
import type { Refusal } from "./draft.ts";
import { refuse } from "./draft.ts";

/** What is wrong with the replicas somebody chose for one partition, or null. `replicationFactor`: that of the partitions before it. */
export function checkAssignment(
  image: MetadataImage,
  brokerIds: readonly NodeId[],
  replicationFactor: number | null,
): Refusal | null {
  const wrong = (message: string) => refuse("INVALID_REPLICA_ASSIGNMENT", message);
  if (brokerIds.length === 0) return wrong("The manual partition assignment includes an empty replica list.");
  const seen = new Set<NodeId>();
  for (const id of brokerIds) {
    if (seen.has(id)) return wrong(`The manual partition assignment includes the broker ${id} more than once.`);
    seen.add(id);
    if (!image.brokers.has(id))
      return wrong(`The manual partition assignment includes broker ${id}, but no such broker is registered.`);
  }
  if (replicationFactor !== null && brokerIds.length !== replicationFactor)
    return wrong(
      `The manual partition assignment includes a partition with ${brokerIds.length} replica(s), but this is not consistent with previous partitions, which have ${replicationFactor} replica(s).`,
    );
  return null;
}

/** The brokers as placement sees them; one that shuts down is as good as fenced. */
export function placementBrokers(image: MetadataImage): PlacementBroker[] {
  return [...image.brokers.values()].map(({ id, rack }) => ({ id, rack, fenced: !isActive(image, id) }));
}

/** The record of a new partition, or null where none of its replicas is active. */
export function newPartitionRecord(
  image: MetadataImage,
  topicId: Uuid,
  partitionId: PartitionIndex,
  replicas: readonly NodeId[],
): MetadataRecord | null {
  const isr = replicas.filter((id) => isActive(image, id));
  const leader = isr[0];
  if (leader === undefined) return null;
  return partitionRecord({
    partitionId,
    topicId,
    replicas: [...replicas],
    isr,
    removingReplicas: [],
    addingReplicas: [],
    leader,
    leaderRecoveryState: 0,
    leaderEpoch: 0,
    partitionEpoch: 0,
    directories: replicas.map((id) => logDirOf(image, id)),
    eligibleLeaderReplicas: null,
    lastKnownElr: null,
  });
}

/** A broker with one log directory has no choice; with several it decides itself. */
function logDirOf(image: MetadataImage, id: NodeId): Uuid {
  const dirs = image.brokers.get(id)?.logDirs ?? [];
  return dirs.length === 1 ? (dirs[0] ?? ZERO_UUID) : ZERO_UUID;
}
