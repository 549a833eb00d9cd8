import type { SchemaCodec } from "../codec.ts";
import { KEY_CODECS, VALUE_CODECS } from "../gen/codecs.ts";
import type { GroupRecord } from "../group-record.ts";
import { ProtocolError } from "../protocol-error.ts";
import { Reader } from "../reader.ts";
import { Writer } from "../writer.ts";

const writer = new Writer();

/** Key and value of a record as Kafka lays them out: the key begins with the record's type, the value with its version, each an int16. */
export function encodeGroupRecord(record: GroupRecord): {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
} {
  switch (record.type) {
    case "OffsetCommit":
      return {
        key: numbered(KEY_CODECS.OffsetCommitKey, KEY_CODECS.OffsetCommitKey.type, record.key, 0),
        value: record.value && numbered(VALUE_CODECS.OffsetCommitValue, record.version, record.value, record.version),
      };
    case "GroupMetadata":
      return {
        key: numbered(KEY_CODECS.GroupMetadataKey, KEY_CODECS.GroupMetadataKey.type, record.key, 0),
        value: record.value && numbered(VALUE_CODECS.GroupMetadataValue, record.version, record.value, record.version),
      };
  }
}

/**
 * Back to the record. null: a type that this program does not know, to be passed over as Kafka does it (left over from another version).
 * Throws ProtocolError where the bytes lie. Types 0 and 1 are both committed offsets; 0 is from before Kafka 0.8.2.
 */
export function decodeGroupRecord(key: Uint8Array, value: Uint8Array | null): GroupRecord | null {
  const reader = new Reader(key);
  const type = reader.int16();
  switch (type) {
    case KEY_CODECS.LegacyOffsetCommitKey.type:
    case KEY_CODECS.OffsetCommitKey.type: {
      const decoded = KEY_CODECS.OffsetCommitKey.read(reader, 0);
      return { type: "OffsetCommit", key: decoded, ...valueOf(VALUE_CODECS.OffsetCommitValue, value) };
    }
    case KEY_CODECS.GroupMetadataKey.type: {
      const decoded = KEY_CODECS.GroupMetadataKey.read(reader, 0);
      return { type: "GroupMetadata", key: decoded, ...valueOf(VALUE_CODECS.GroupMetadataValue, value) };
    }
    default:
      return null;
  }
}

function numbered<T>(codec: SchemaCodec<T>, number: number, message: T, version: number): Uint8Array {
  writer.reset();
  writer.int16(number);
  codec.write(writer, message, version);
  return writer.finish();
}

function valueOf<T>(codec: SchemaCodec<T>, bytes: Uint8Array | null): { value: T | null; version: number } {
  if (bytes === null) return { value: null, version: codec.max };
  const reader = new Reader(bytes);
  const version = reader.int16();
  if (version < codec.min || version > codec.max)
    throw new ProtocolError(`${codec.name} has no version ${version}`, "UNSUPPORTED_VERSION");
  return { value: codec.read(reader, version), version };
}
