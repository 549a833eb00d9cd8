/** Bodies of /groups: list, description, lag, offsets, reset. */
import Type from "typebox";
import type { Static } from "typebox";
import { NodeIdSchema, OffsetSchema, PageSchema, PartitionSchema } from "./common.ts";

const Nullable = <Schema extends Parameters<typeof Type.Union>[0][number]>(schema: Schema) =>
  Type.Union([schema, Type.Null()]);

export const GroupSummary = Type.Object({
  group: Type.String(),
  state: Type.String({ description: "Empty, PreparingRebalance, CompletingRebalance, Stable or Dead" }),
  type: Type.String({ description: "classic or consumer" }),
  protocol_type: Type.String({ description: "consumer for consumers; empty for a group that only has offsets" }),
  protocol: Nullable(Type.String({ description: "the assignor in force" })),
  members: Type.Integer(),
  coordinator: NodeIdSchema,
});
export type GroupSummary = Static<typeof GroupSummary>;
export const GroupList = PageSchema(GroupSummary);
export type GroupList = Static<typeof GroupList>;

/** Topic to partition numbers. */
export const PartitionsByTopic = Type.Record(Type.String(), Type.Array(PartitionSchema));
export type PartitionsByTopic = Static<typeof PartitionsByTopic>;

export const GroupMember = Type.Object({
  member_id: Type.String(),
  instance_id: Nullable(Type.String({ description: "group.instance.id of a static member" })),
  client_id: Type.String(),
  host: Type.String(),
  topics: Type.Array(Type.String(), { description: "what it subscribes to" }),
  assigned: PartitionsByTopic,
  /** Only for members that this interface holds for a caller. */
  served_by: Type.Optional(Type.String({ description: "the process that is this member on a caller's behalf" })),
});
export type GroupMember = Static<typeof GroupMember>;

export const GroupDetail = Type.Object({
  group: Type.String(),
  state: Type.String(),
  type: Type.String(),
  protocol_type: Type.String(),
  protocol: Nullable(Type.String()),
  coordinator: NodeIdSchema,
  members: Type.Array(GroupMember),
  lag: Nullable(Type.Integer({ description: "records behind, all partitions together; see /groups/{group}/lag" })),
});
export type GroupDetail = Static<typeof GroupDetail>;

export const PartitionLag = Type.Object({
  topic: Type.String(),
  partition: PartitionSchema,
  committed: Nullable(OffsetSchema),
  end: Nullable(OffsetSchema),
  lag: Nullable(
    Type.Integer({ description: "records between committed and end; without a commit all that are there" }),
  ),
  lag_seconds: Nullable(
    Type.Number({
      description: "age of the record at the committed offset; 0: nothing waits; null: it cannot be read",
    }),
  ),
  member_id: Nullable(Type.String()),
  client_id: Nullable(Type.String()),
  metadata: Type.Optional(Type.String()),
});
export type PartitionLag = Static<typeof PartitionLag>;

export const GroupLagReply = Type.Object({
  group: Type.String(),
  state: Type.String(),
  lag: Nullable(Type.Integer()),
  lag_seconds: Nullable(Type.Number({ description: "of the partition whose record waits longest" })),
  worst: Nullable(
    Type.Object(
      { topic: Type.String(), partition: PartitionSchema, lag: Type.Integer() },
      { description: "most records behind" },
    ),
  ),
  partitions: Type.Array(PartitionLag),
});
export type GroupLagReply = Static<typeof GroupLagReply>;

/** Topic to partition to committed offset: what `GET .../offsets` gives, `PUT .../offsets` takes. */
export const OffsetsByTopic = Type.Record(Type.String(), Type.Record(Type.String(), OffsetSchema));
export type OffsetsByTopic = Static<typeof OffsetsByTopic>;

export const CommittedOffset = Type.Object({
  topic: Type.String(),
  partition: PartitionSchema,
  offset: OffsetSchema,
  leader_epoch: Nullable(Type.Integer()),
  metadata: Type.String(),
});
export type CommittedOffset = Static<typeof CommittedOffset>;

export const GroupOffsetsReply = Type.Object({
  group: Type.String(),
  offsets: OffsetsByTopic,
  data: Type.Array(CommittedOffset),
});
export type GroupOffsetsReply = Static<typeof GroupOffsetsReply>;

const OffsetOrMore = Type.Union([
  OffsetSchema,
  Type.Object(
    {
      offset: OffsetSchema,
      metadata: Type.Optional(Type.String({ maxLength: 32_767 })),
      leader_epoch: Type.Optional(Type.Integer({ minimum: -1, maximum: 2_147_483_647 })),
    },
    { additionalProperties: false },
  ),
]);

/** Body of `PUT .../offsets` and of a member's commit: `{"orders":{"0":3}}`; the offset is the next one to read. */
export const CommitOffsetsBody = Type.Record(
  Type.String(),
  Type.Record(Type.String({ pattern: "^[0-9]+$" }), OffsetOrMore),
);
export type CommitOffsetsBody = Static<typeof CommitOffsetsBody>;

export const CommitOffsetsReply = Type.Object({ group: Type.String(), committed: OffsetsByTopic });
export type CommitOffsetsReply = Static<typeof CommitOffsetsReply>;

export const ResetOffsetsBody = Type.Object(
  {
    to: Type.Optional(
      Type.Union([
        OffsetSchema,
        Type.String({
          description:
            "earliest, latest, an offset, a time in ISO 8601 (2026-11-20T09:00:00Z), or a duration back from now (15m, 2h, PT15M)",
        }),
      ]),
    ),
    shift: Type.Optional(
      Type.Integer({
        description: "records forward, or back where negative, from the committed offset; instead of to",
      }),
    ),
    topics: Type.Optional(
      Type.Array(Type.String(), { description: "only these; default: all that the group has committed" }),
    ),
    partitions: Type.Optional(
      Type.Record(Type.String(), Type.Array(PartitionSchema), { description: "only these: topic to partitions" }),
    ),
  },
  { additionalProperties: false },
);
export type ResetOffsetsBody = Static<typeof ResetOffsetsBody>;

export const ResetOffset = Type.Object({
  topic: Type.String(),
  partition: PartitionSchema,
  before: Nullable(OffsetSchema),
  after: OffsetSchema,
  log_start: OffsetSchema,
  end: OffsetSchema,
  clamped: Type.Boolean({ description: "what was asked for lies outside the log, so its nearest end was taken" }),
});
export type ResetOffset = Static<typeof ResetOffset>;

export const ResetOffsetsReply = Type.Object({
  group: Type.String(),
  dry_run: Type.Boolean(),
  etag: Type.String({ description: "of the committed offsets after this; of a dry run: those that it was planned on" }),
  partitions: Type.Array(ResetOffset),
});
export type ResetOffsetsReply = Static<typeof ResetOffsetsReply>;

export const DeleteOffsetsReply = Type.Object({ group: Type.String(), deleted: PartitionsByTopic });
export type DeleteOffsetsReply = Static<typeof DeleteOffsetsReply>;
