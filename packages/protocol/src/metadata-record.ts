import { METADATA_ROWS, type MetadataRecordMap } from "./gen/metadata-map.ts";

export type MetadataRecordType = keyof MetadataRecordMap;

/** A record of the metadata log: which one, at which version, and its fields. */
export type MetadataRecord = {
  [T in MetadataRecordType]: { readonly type: T; readonly version: number } & MetadataRecordMap[T];
}[MetadataRecordType];

/** The record of one type. */
export type MetadataRecordOf<T extends MetadataRecordType> = {
  readonly type: T;
  readonly version: number;
} & MetadataRecordMap[T];

/** Builds a record at its newest version, with defaults for the fields left out. */
export function metadataRecord<T extends MetadataRecordType>(
  type: T,
  fields: Partial<MetadataRecordMap[T]> = {},
  version: number = METADATA_ROWS[type].max,
): MetadataRecordOf<T> {
  return { type, version, ...METADATA_ROWS[type].make(), ...fields };
}
