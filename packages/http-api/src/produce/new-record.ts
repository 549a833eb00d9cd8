import type { RecordHeader } from "@vitrine/protocol";

/** A record on its way in, before it has an offset. */
export interface NewRecord {
  readonly key: Uint8Array | null;
  /** null: a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
}

/** Upper bound of the room a record takes in a batch: its bytes and the varints around them. */
export function recordBytesMax(record: NewRecord): number {
  let bytes = 30 + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const header of record.headers) bytes += 10 + header.key.length * 3 + (header.value?.length ?? 0);
  return bytes;
}
