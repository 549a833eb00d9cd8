/** What frames to and from the client share: ids, cursors, credits, filters. */
import Type from "typebox";
import type { Static } from "typebox";

export const strict = { additionalProperties: false } as const;

export const SubId = Type.Union([Type.Integer(), Type.String({ minLength: 1, maxLength: 64 })]);
export type SubId = Static<typeof SubId>;

const CursorText = Type.String({
  maxLength: 65_536,
  description: "0:1042@7,1:998@7 (partition:offset@leaderEpoch), earliest, latest, -N, or a time in ISO 8601",
});
export const From = Type.Union([CursorText, Type.Record(Type.String(), CursorText)]);

export const Credit = Type.Object(
  { records: Type.Integer({ minimum: 0 }), bytes: Type.Integer({ minimum: 0 }) },
  strict,
);

export const RecordFilter = Type.Object(
  {
    key: Type.Optional(Type.String()),
    key_prefix: Type.Optional(Type.String()),
    header: Type.Optional(Type.Object({ name: Type.String(), value: Type.String() }, strict)),
  },
  { ...strict, description: "All that are given must match. A hint that saves bandwidth, not security." },
);

export const Cursors = Type.Union([Type.String(), Type.Record(Type.String(), Type.String())], {
  description: "a cursor; with several topics an object, topic to cursor",
});
