/** The records of `__consumer_offsets`, in the versions that we write. */
import type { ErrorName, PartitionIndex } from "@vitrine/core";
import type { GroupMetadataValue, GroupRecord, OffsetCommitValue } from "@vitrine/protocol/types";

/** Kafka writes 3 in every release since 2.3. */
const GROUP_METADATA_VERSION = 3;
/**
 * Kafka 4.0 and 4.1 write 3 too. Later ones write 4, which adds a topic id as a tag; monitors that read this topic (Burrow) know 0, 1
 * and 3 only. Both are read.
 */
const OFFSET_COMMIT_VERSION = 3;
/** The last version with an expiry of its own, which clients of OffsetCommit v2 to v4 may ask for. */
const OFFSET_COMMIT_VERSION_WITH_EXPIRY = 1;

/** A committed offset; one with an expiry of its own takes the version that has a field for it. */
export function offsetCommitRecord(
  group: string,
  topic: string,
  partition: PartitionIndex,
  value: OffsetCommitValue,
): GroupRecord {
  const version = value.expireTimestamp >= 0 ? OFFSET_COMMIT_VERSION_WITH_EXPIRY : OFFSET_COMMIT_VERSION;
  return { type: "OffsetCommit", key: { group, topic, partition }, value, version };
}

/** The offset is forgotten. */
export function offsetTombstone(group: string, topic: string, partition: PartitionIndex): GroupRecord {
  return { type: "OffsetCommit", key: { group, topic, partition }, value: null, version: OFFSET_COMMIT_VERSION };
}

/** A generation of a group. */
export function groupMetadataRecord(group: string, value: GroupMetadataValue): GroupRecord {
  return { type: "GroupMetadata", key: { group }, value, version: GROUP_METADATA_VERSION };
}

/** The group is gone. */
export function groupTombstone(group: string): GroupRecord {
  return { type: "GroupMetadata", key: { group }, value: null, version: GROUP_METADATA_VERSION };
}

/** What a member is told when the coordinator's own write failed (`appendGroupMetadataErrorToResponseError`). */
export function coordinatorErrorOf(writeError: ErrorName): ErrorName {
  switch (writeError) {
    case "UNKNOWN_TOPIC_OR_PARTITION":
    case "NOT_ENOUGH_REPLICAS":
    case "REQUEST_TIMED_OUT":
      return "COORDINATOR_NOT_AVAILABLE";
    case "NOT_LEADER_OR_FOLLOWER":
    case "KAFKA_STORAGE_ERROR":
      return "NOT_COORDINATOR";
    case "MESSAGE_TOO_LARGE":
    case "RECORD_LIST_TOO_LARGE":
    case "INVALID_FETCH_SIZE":
      return "UNKNOWN_SERVER_ERROR";
    default:
      return writeError;
  }
}
