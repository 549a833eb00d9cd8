import type { TailRecord as ClientRecord } from "@vitrine/client";

/** A record of a tail with its partition. Payloads stay text: what was written is what is read, digit for digit. */
export interface TailRecord extends ClientRecord {
  readonly partition: number;
}

/** `partition:offset`, unique within a topic. */
export function recordKey(record: Pick<TailRecord, "partition" | "offset">): string {
  return `${record.partition}:${record.offset}`;
}
