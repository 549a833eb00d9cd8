/** Bodies of /groups/{group}/members: join, poll, commit, leave. The process that answers is the member on the caller's behalf. */
import Type from "typebox";
import type { Static } from "typebox";
import { OffsetSchema, PartitionSchema } from "./common.ts";
import { PartitionsByTopic } from "./groups.ts";
import { ReadRecord } from "./records.ts";

export const ASSIGNORS = ["range", "roundrobin", "sticky", "cooperative-sticky"] as const;
export type AssignorName = (typeof ASSIGNORS)[number];

export const AssignorSchema = Type.Union(
  ASSIGNORS.map((name) => Type.Literal(name)),
  { description: "offered alone; by default range and cooperative-sticky, as Kafka's consumer offers" },
);

export const GroupIdSchema = Type.String({ minLength: 1, maxLength: 249 });

export const CommitModeSchema = Type.Union([Type.Literal("manual"), Type.Literal("delivered")], {
  description: "manual: only what is committed by hand. delivered: with each poll, what the poll before delivered",
});
export type CommitMode = Static<typeof CommitModeSchema>;

export const StartSchema = Type.Union([Type.Literal("earliest"), Type.Literal("latest")], {
  description: "where a partition without a committed offset begins; default earliest",
});

const Milliseconds = (minimum: number, maximum: number, description: string) =>
  Type.Optional(Type.Integer({ minimum, maximum, description }));

/** Body of `POST /groups/{group}/members`. */
export const JoinGroupBody = Type.Object(
  {
    topics: Type.Array(Type.String({ minLength: 1, maxLength: 249 }), { minItems: 1, maxItems: 1_000 }),
    member: Type.Optional(
      Type.String({
        pattern: "^[A-Za-z0-9._-]{1,200}$",
        description:
          "a name of your own: it is the member's group.instance.id, so coming back with it gets the same partitions. Without it the reply has one",
      }),
    ),
    assignor: Type.Optional(AssignorSchema),
    from: Type.Optional(StartSchema),
    commit: Type.Optional(CommitModeSchema),
    session_timeout_ms: Milliseconds(
      6_000,
      1_800_000,
      "how long the group waits for a member whose process died; default 45000",
    ),
    max_poll_interval_ms: Milliseconds(
      1_000,
      86_400_000,
      "without a poll for this long the member leaves; default 300000",
    ),
  },
  { additionalProperties: false },
);
export type JoinGroupBody = Static<typeof JoinGroupBody>;

/** joining: the group waits for its other members; poll on. stable: it has its assignment. */
export const MemberState = Type.Union([Type.Literal("joining"), Type.Literal("stable")]);
export type MemberState = Static<typeof MemberState>;

export const MemberReply = Type.Object({
  group: Type.String(),
  member: Type.String({ description: "its name in the paths below /groups/{group}/members" }),
  member_id: Type.String({ description: "as the coordinator knows it; empty while it joins" }),
  state: MemberState,
  generation: Type.Integer(),
  protocol: Type.Union([Type.String(), Type.Null()]),
  assignment: PartitionsByTopic,
  served_by: Type.String({ description: "the process that is the member: poll there" }),
  records: Type.String({ description: "path to poll" }),
});
export type MemberReply = Static<typeof MemberReply>;

export const MemberRecordsReply = Type.Object({
  records: Type.Array(Type.Object({ topic: Type.String(), ...ReadRecord.properties })),
  state: MemberState,
  generation: Type.Integer(),
  assignment: PartitionsByTopic,
  rebalanced: Type.Boolean({ description: "the assignment is another than in the reply before" }),
  next: Type.Record(Type.String(), Type.Record(Type.String(), OffsetSchema), {
    description: "positions after these records: what commit {} commits",
  }),
  lag: Type.Integer({ description: "records of its partitions that it was not given yet" }),
});
export type MemberRecordsReply = Static<typeof MemberRecordsReply>;

export const LeaveReply = Type.Object({
  group: Type.String(),
  member: Type.String(),
  left: Type.Boolean(),
  partitions: Type.Record(Type.String(), Type.Array(PartitionSchema)),
});
export type LeaveReply = Static<typeof LeaveReply>;
