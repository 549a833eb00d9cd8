/** Bodies of /values and /records: produce replies, envelopes, read replies. Values themselves are never parsed: they are spliced as text. */
import Type from "typebox";
import type { Static } from "typebox";
import { OffsetSchema, PartitionSchema } from "./common.ts";

/** One record of a `/records` body. Exactly one of value, value_text, value_b64; none of them is a tombstone only with `"value":null`. */
export const RecordEnvelope = Type.Object(
  {
    key: Type.Optional(
      Type.Unknown({ description: "a string is its UTF-8 bytes; other JSON is its text; null or absent: no key" }),
    ),
    key_b64: Type.Optional(Type.String()),
    headers: Type.Optional(
      Type.Union([
        Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()])),
        Type.Array(Type.Tuple([Type.String(), Type.Union([Type.String(), Type.Null()])])),
      ]),
    ),
    partition: Type.Optional(PartitionSchema),
    timestamp: Type.Optional(
      Type.Union([Type.Integer({ minimum: 0 }), Type.String({ description: "milliseconds since 1970, or ISO 8601" })]),
    ),
    value: Type.Optional(Type.Unknown({ description: "any JSON, stored as the text that was sent" })),
    value_text: Type.Optional(Type.String()),
    value_b64: Type.Optional(Type.String()),
    tombstone: Type.Optional(Type.Boolean({ description: "true: a record without a value, which deletes its key" })),
  },
  { additionalProperties: false },
);
export type RecordEnvelope = Static<typeof RecordEnvelope>;

/** The members an envelope may have; everything else is refused with a hint. */
export const ENVELOPE_MEMBERS = [
  "key",
  "key_b64",
  "headers",
  "partition",
  "timestamp",
  "value",
  "value_text",
  "value_b64",
  "tombstone",
] as const;

export const ProducedRange = Type.Object({
  partition: PartitionSchema,
  first_offset: OffsetSchema,
  last_offset: OffsetSchema,
  timestamp: Type.Union([Type.Integer(), Type.Null()]),
});
export type ProducedRange = Static<typeof ProducedRange>;

/** Reply to a produce that was taken whole. */
export const ProduceReply = Type.Object({ topic: Type.String(), offsets: Type.Array(ProducedRange) });
export type ProduceReply = Static<typeof ProduceReply>;

/** One line of the reply to a streamed body: what became of the records since the line before, in order. */
export const ReceiptLine = Type.Object({
  n: Type.Integer({ description: "number of the record in the body, from 0" }),
  partition: Type.Optional(PartitionSchema),
  offset: Type.Optional(OffsetSchema),
});
export type ReceiptLine = Static<typeof ReceiptLine>;

/** A record in an answer of type application/json. `value` is spliced text, so it has no schema. */
export const ReadRecord = Type.Object({
  partition: PartitionSchema,
  offset: OffsetSchema,
  timestamp: Type.Integer(),
  key: Type.Union([Type.String(), Type.Null()]),
  headers: Type.Array(Type.Tuple([Type.String(), Type.Union([Type.String(), Type.Null()])])),
  value: Type.Unknown(),
  encoding: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("text"), Type.Literal("base64")])),
  tombstone: Type.Optional(Type.Boolean()),
});
export type ReadRecord = Static<typeof ReadRecord>;

export const ReadReply = Type.Object({
  records: Type.Array(ReadRecord),
  next: Type.String({ description: "cursor of the next read: partition:offset@leaderEpoch, joined by commas" }),
  up_to_date: Type.Boolean(),
  high_watermark: Type.Record(Type.String(), OffsetSchema),
  log_start: Type.Record(Type.String(), OffsetSchema),
});
export type ReadReply = Static<typeof ReadReply>;

export const DeleteRecordsReply = Type.Object({
  topic: Type.String(),
  partition: PartitionSchema,
  log_start: OffsetSchema,
});
export type DeleteRecordsReply = Static<typeof DeleteRecordsReply>;
