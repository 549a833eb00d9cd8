import { itemSlices, memberSlices } from "./json-slices.ts";

/** A record of a tail. The value stays text: a 64-bit number keeps every digit. */
export interface TailRecord {
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
  /** null: no key. Bytes that are no UTF-8 are base64, see `keyBase64`. */
  readonly key: string | null;
  readonly keyBase64: boolean;
  readonly headers: readonly (readonly [name: string, value: string | null])[];
  /** JSON as it was produced, else the text, else base64; null: a tombstone. */
  readonly value: string | null;
  readonly encoding: "json" | "text" | "base64";
  /** Bytes of the whole value where `value` is a preview of it; null: it is whole. */
  readonly cutFromBytes: number | null;
}

export interface RecordBatch {
  readonly topic: string | null;
  readonly partition: number;
  readonly records: readonly TailRecord[];
  /** Position after them, `0:1043@7`. */
  readonly next: string;
  readonly highWatermark: number;
  readonly lag: number;
  readonly gen: number | null;
}

/** A `records` frame as text to a batch, values untouched. */
export function parseRecordsFrame(text: string): RecordBatch {
  const frame = memberSlices(text, 0);
  const field = (name: string): unknown => JSON.parse(frame.get(name) ?? "null");
  return {
    topic: field("topic") as string | null,
    partition: field("p") as number,
    records: itemSlices(frame.get("r") ?? "[]", 0).map(parseRecord),
    next: field("next") as string,
    highWatermark: field("hw") as number,
    lag: field("lag") as number,
    gen: field("gen") as number | null,
  };
}

function parseRecord(text: string): TailRecord {
  const members = memberSlices(text, 0);
  const field = (name: string): unknown => JSON.parse(members.get(name) ?? "null");
  const encoding = (field("enc") as TailRecord["encoding"] | null) ?? "json";
  const raw = members.get("v") ?? "null";
  const tombstone = field("tomb") === true;
  const keyBase64 = members.has("k_b64");
  return {
    offset: field("o") as number,
    timestampMs: field("ts") as number,
    key: field(keyBase64 ? "k_b64" : "k") as string | null,
    keyBase64,
    headers: (field("h") as [string, string | null][] | null) ?? [],
    value: tombstone ? null : encoding === "json" ? raw : (JSON.parse(raw) as string),
    encoding,
    cutFromBytes: field("size") as number | null,
  };
}
