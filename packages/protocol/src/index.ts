/** Kafka's wire format for Node: codec, frames, record batches. The pure halves are `./types` and `./batch`. */
export * from "./types.ts";
export * from "./batch.ts";
export type { ApiCodec, SchemaCodec } from "./codec.ts";
export * from "./decode.ts";
export * from "./encode.ts";
export { DATA_CODECS, KEY_CODECS, METADATA_CODECS, VALUE_CODECS } from "./gen/codecs.ts";
export * from "./header.ts";
export * from "./protocol-error.ts";
export { Reader } from "./reader.ts";
export { Writer } from "./writer.ts";
export * from "./records/build.ts";
export * from "./records/compression.ts";
export * from "./records/control.ts";
export * from "./records/crc32c.ts";
export * from "./records/group-records.ts";
export * from "./records/metadata-records.ts";
export * from "./records/read.ts";
export * from "./records/validate.ts";
