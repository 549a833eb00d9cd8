import { METADATA_CODECS } from "../gen/codecs.ts";
import type { MetadataRecord, MetadataRecordType } from "../metadata-record.ts";
import type { SchemaCodec } from "../codec.ts";
import { ProtocolError } from "../protocol-error.ts";
import { Reader } from "../reader.ts";
import { Writer } from "../writer.ts";
import { buildBatch, type BatchOptions } from "./build.ts";
import { iterateRecords } from "./read.ts";

/** Frame version of a record of the metadata log; behind it follow type and version, each an unsigned varint. */
const FRAME_VERSION = 1;

const writer = new Writer();
const codecs: Readonly<Record<MetadataRecordType, SchemaCodec>> = METADATA_CODECS;
const byType = new Map(Object.values(codecs).map((codec) => [codec.type, codec]));

/** The value of a metadata record, in Kafka's framing. */
export function encodeMetadataRecord(record: MetadataRecord): Uint8Array {
  const codec = codecs[record.type];
  if (record.version < codec.min || record.version > codec.max)
    throw new ProtocolError(`${codec.name} has no version ${record.version}`, "UNSUPPORTED_VERSION");
  writer.reset();
  writer.uvarint(FRAME_VERSION);
  writer.uvarint(codec.type);
  writer.uvarint(record.version);
  codec.write(writer, record, record.version);
  return writer.finish();
}

/** Back to the record. Throws ProtocolError for types and versions this program does not know: a newer one wrote them. */
export function decodeMetadataRecord(value: Uint8Array): MetadataRecord {
  const reader = new Reader(value);
  const frame = reader.uvarint();
  if (frame !== FRAME_VERSION)
    throw new ProtocolError(`metadata record with frame version ${frame}`, "CORRUPT_MESSAGE");
  const type = reader.uvarint();
  const version = reader.uvarint();
  const codec = byType.get(type);
  if (!codec || version < codec.min || version > codec.max)
    throw new ProtocolError(`metadata record of type ${type}, version ${version}`, "UNSUPPORTED_VERSION");
  const fields = codec.read(reader, version) as object;
  reader.finish();
  return { type: codec.name, version, ...fields } as MetadataRecord;
}

/** A batch of the metadata log. */
export function buildMetadataBatch(
  records: readonly MetadataRecord[],
  timestampMs: number,
  options: Pick<BatchOptions, "baseOffset" | "leaderEpoch"> = {},
): Uint8Array {
  return buildBatch(
    records.map((record) => ({ key: null, value: encodeMetadataRecord(record), timestampMs })),
    options,
  );
}

/** The metadata records of a batch with their offsets. Control batches hold none: ask `facts.isControl` first. */
export function readMetadataBatch(batch: Uint8Array): { readonly offset: number; readonly record: MetadataRecord }[] {
  const out: { offset: number; record: MetadataRecord }[] = [];
  for (const { offset, value } of iterateRecords(batch)) {
    if (value === null) throw new ProtocolError(`the metadata record at offset ${offset} is empty`, "CORRUPT_MESSAGE");
    out.push({ offset, record: decodeMetadataRecord(value) });
  }
  return out;
}
