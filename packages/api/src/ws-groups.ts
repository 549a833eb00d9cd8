/**
 * Frames of a record subscription that is a member of a consumer group: the process that holds the socket is the member on the client's
 * behalf. Partitions come with `assigned` and go with `revoking` (finish, then `ack`) and `revoked`; what was processed is told by `ack`.
 */
import Type from "typebox";
import type { Static } from "typebox";
import { AssignorSchema, CommitModeSchema, GroupIdSchema, StartSchema } from "./rest/group-members.ts";
import { Credit, Cursors, From, RecordFilter, strict, SubId } from "./ws-fields.ts";

export const SubGroupFrame = Type.Object(
  {
    t: Type.Literal("sub"),
    id: SubId,
    topics: Type.Array(Type.String({ minLength: 1, maxLength: 249 }), { minItems: 1, maxItems: 64 }),
    group: GroupIdSchema,
    member: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 249,
        description:
          "a name that stays (group.instance.id): who comes back with it within the session gets the same partitions, without a rebalance",
      }),
    ),
    assignor: Type.Optional(AssignorSchema),
    commit: Type.Optional(CommitModeSchema),
    from: Type.Optional(StartSchema),
    session_timeout_ms: Type.Optional(Type.Integer({ minimum: 6_000, maximum: 1_800_000 })),
    grace_ms: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 600_000,
        description: "how long the member stays after the socket closed, so that a page can come back; default 10000",
      }),
    ),
    filter: Type.Optional(RecordFilter),
    isolation: Type.Optional(Type.Union([Type.Literal("committed"), Type.Literal("uncommitted")])),
    credit: Type.Optional(Type.Union([Credit, Type.Literal("auto")])),
    max_wait_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 5_000 })),
    preview: Type.Optional(Type.Integer({ minimum: 16, maximum: 1_048_576 })),
  },
  { ...strict, description: "Subscribes to records as a member of a consumer group." },
);
export type SubGroupFrame = Static<typeof SubGroupFrame>;

export const AckFrame = Type.Object(
  {
    t: Type.Literal("ack"),
    id: SubId,
    next: Type.Optional(From),
    commit: Type.Optional(Type.Boolean({ description: "false: processed, but not to be committed; default true" })),
  },
  {
    ...strict,
    description:
      "Everything before `next` was processed (a cursor; with several topics an object, topic to cursor). Without next: all that was sent. It also ends the wait of a revoking.",
  },
);
export type AckFrame = Static<typeof AckFrame>;

const Partitions = Type.Record(Type.String(), Type.Array(Type.Integer()), { description: "topic to partitions" });

export const AssignedFrame = Type.Object(
  {
    t: Type.Literal("assigned"),
    id: SubId,
    group: Type.String(),
    member_id: Type.String(),
    generation: Type.Integer(),
    partitions: Partitions,
    start: Type.Record(Type.String(), Type.String(), { description: "topic to the cursor where reading begins" }),
  },
  { description: "All partitions that the subscription has now. Sent after each rebalance, also when nothing moved." },
);
export type AssignedFrame = Static<typeof AssignedFrame>;

export const RevokingFrame = Type.Object(
  {
    t: Type.Literal("revoking"),
    id: SubId,
    partitions: Partitions,
    generation: Type.Integer(),
    deadline_ms: Type.Integer({ description: "time left to finish and to ack, in milliseconds" }),
  },
  { description: "These partitions are about to go: finish what was sent of them, then ack." },
);
export type RevokingFrame = Static<typeof RevokingFrame>;

export const RevokedFrame = Type.Object({
  t: Type.Literal("revoked"),
  id: SubId,
  partitions: Partitions,
  generation: Type.Integer(),
  reason: Type.Union([Type.Literal("rebalance"), Type.Literal("lost")], {
    description: "lost: the group went on without this member, so what was not acked in time may be read twice",
  }),
});
export type RevokedFrame = Static<typeof RevokedFrame>;

export const AckedFrame = Type.Object({ t: Type.Literal("acked"), id: SubId, committed: Cursors });
export type AckedFrame = Static<typeof AckedFrame>;
