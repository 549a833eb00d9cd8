import type {
  GroupMetadataKey,
  GroupMetadataValue,
  OffsetCommitKey,
  OffsetCommitValue,
} from "./gen/records-group-classic.types.ts";

/**
 * A record of `__consumer_offsets` that classic groups write: a committed offset, or a group's generation. A value of null is a tombstone.
 * `version` is that of the value; the key's leading number is the record's type.
 */
export type GroupRecord =
  | {
      readonly type: "OffsetCommit";
      readonly key: OffsetCommitKey;
      readonly value: OffsetCommitValue | null;
      readonly version: number;
    }
  | {
      readonly type: "GroupMetadata";
      readonly key: GroupMetadataKey;
      readonly value: GroupMetadataValue | null;
      readonly version: number;
    };
