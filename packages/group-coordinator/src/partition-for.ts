import type { PartitionIndex } from "@vitrine/core";

/** Java's `String.hashCode`: over UTF-16 units, 32 bits with a sign. */
export function javaStringHash(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash;
}

/**
 * The partition of `__consumer_offsets` that a group lives in; its leader coordinates the group (`GroupCoordinatorService.partitionFor`).
 * Kafka's `abs` gives 0 for the smallest number, which has no positive twin.
 */
export function groupPartition(groupId: string, partitionCount: number): PartitionIndex {
  const hash = javaStringHash(groupId);
  return (hash === -2_147_483_648 ? 0 : Math.abs(hash)) % partitionCount;
}
