import Type from "typebox";
import type { TSchema } from "typebox";

/** An offset in JSON: a number in [0, 2^53). */
export const OffsetSchema = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** A broker or controller id; -1 where there is none. */
export const NodeIdSchema = Type.Integer({ minimum: -1, maximum: 2_147_483_647 });

export const PartitionSchema = Type.Integer({ minimum: 0, maximum: 2_147_483_647 });

/** Every error answer (RFC 9457), content type application/problem+json. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: "what kind of problem; stable" }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: "what happened, to what, and what to do" }),
    instance: Type.Optional(Type.String()),
    kafka_code: Type.Optional(Type.Integer()),
    kafka_error: Type.Optional(Type.String()),
    retriable: Type.Boolean({ description: "the same request may succeed later" }),
    side_effects: Type.Union([Type.Literal("none"), Type.Literal("possible"), Type.Literal("applied")]),
    hint: Type.Optional(Type.String()),
    errors: Type.Optional(
      Type.Array(Type.Object({ pointer: Type.String(), detail: Type.String(), hint: Type.Optional(Type.String()) })),
    ),
  },
  { additionalProperties: true },
);

/** One page of a list: `next` is the cursor of the following page, or null at the end. */
export function PageSchema<Item extends TSchema>(item: Item) {
  return Type.Object({ data: Type.Array(item), next: Type.Union([Type.String(), Type.Null()]) });
}
