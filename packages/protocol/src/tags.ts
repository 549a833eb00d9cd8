/** A tagged field (KIP-482) that the table does not know: kept as it came, written back as it was. */
export interface UnknownTag {
  readonly tag: number;
  readonly data: Uint8Array;
}

/** Tags from here on are ours, between our own brokers; Kafka numbers its own upwards from 0. */
export const FIRST_PRIVATE_TAG = 10_000;

/** The bytes of a tag, or null when the struct does not carry it. */
export function tagData(struct: { readonly unknownTags?: readonly UnknownTag[] }, tag: number): Uint8Array | null {
  return struct.unknownTags?.find((entry) => entry.tag === tag)?.data ?? null;
}

/** A private tag that holds one whole number (8 bytes, big-endian): safe integers only. */
export function numberTag(tag: number, value: number): UnknownTag {
  const data = new Uint8Array(8);
  const view = new DataView(data.buffer);
  view.setInt32(0, Math.floor(value / 0x1_0000_0000));
  view.setUint32(4, value >>> 0);
  return { tag, data };
}

/** The number of a private tag, or null when it is absent or not eight bytes long. */
export function tagNumber(struct: { readonly unknownTags?: readonly UnknownTag[] }, tag: number): number | null {
  const data = tagData(struct, tag);
  if (data === null || data.length !== 8) return null;
  const view = new DataView(data.buffer, data.byteOffset, 8);
  const value = view.getInt32(0) * 0x1_0000_0000 + view.getUint32(4);
  return Number.isSafeInteger(value) ? value : null;
}
