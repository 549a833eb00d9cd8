/**
 * The frames of `/v1/ws`, subprotocol `vitrine.v1+json`, as schemas: the server checks what comes in by them, AsyncAPI is generated from them,
 * clients take their types from them. Frames to the client are described, not checked. Text frames carry one object or an array of them.
 */
import Type from "typebox";
import type { Static } from "typebox";
import type { LiveEvent } from "./events.ts";
import type { Problem } from "./problem.ts";
import { OffsetSchema, PartitionSchema, ProblemSchema } from "./rest/common.ts";
import { Credit, Cursors, From, RecordFilter, strict, SubId } from "./ws-fields.ts";
import { AckFrame, AckedFrame, AssignedFrame, RevokedFrame, RevokingFrame, SubGroupFrame } from "./ws-groups.ts";

export { SubId } from "./ws-fields.ts";

export const WS_SUBPROTOCOL = "vitrine.v1+json";

/** Limits that `welcome` states, and those behind the close codes. */
export const WS_LIMITS = {
  /** Bytes of one frame from a client; beyond it close 4413. */
  frame: 1_048_576,
  subs: 64,
  /** Partitions of one record subscription. */
  partitions: 1_000,
  /** Frames a second from a client, credits and pongs not counted; beyond it close 4429. */
  messages_per_second: 100,
  hello_ms: 10_000,
  ping_ms: 25_000,
} as const;

/** 4000-4099: connect again with jitter. Others are final until the user acts. */
export const CLOSE = {
  shutdown: 4000,
  idle: 4001,
  pongMissed: 4008,
  metadataChange: 4010,
  malformed: 4400,
  unauthenticated: 4401,
  forbidden: 4403,
  helloTimeout: 4408,
  duplicateId: 4409,
  frameTooLarge: 4413,
  version: 4426,
  tooMany: 4429,
} as const;

/** Whether to connect again after a close code by oneself: network losses (1006) and 4000-4099. */
export function isReconnectable(code: number): boolean {
  return code < 4000 || code < 4100;
}

export const HelloFrame = Type.Object(
  {
    t: Type.Literal("hello"),
    client: Type.Optional(Type.String({ maxLength: 256, description: "name and version of the program, for the log" })),
    auth: Type.Optional(Type.Object({ bearer: Type.Optional(Type.String({ maxLength: 4096 })) }, strict)),
    resume: Type.Optional(
      Type.String({
        maxLength: 64,
        description: "session of an earlier welcome: its group members go on with this one",
      }),
    ),
  },
  { ...strict, description: "First frame, within 10 s; nothing else is legal before welcome." },
);

export const SubRecordsFrame = Type.Object(
  {
    t: Type.Literal("sub"),
    id: SubId,
    topics: Type.Array(Type.String({ minLength: 1, maxLength: 249 }), { minItems: 1, maxItems: 64 }),
    partitions: Type.Optional(Type.Array(PartitionSchema, { minItems: 1, maxItems: 1_000 })),
    from: Type.Optional(From),
    filter: Type.Optional(RecordFilter),
    mode: Type.Optional(Type.Union([Type.Literal("all"), Type.Literal("sample")])),
    max_rate: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 100_000, description: "records a second with mode sample" }),
    ),
    isolation: Type.Optional(Type.Union([Type.Literal("committed"), Type.Literal("uncommitted")])),
    credit: Type.Optional(Type.Union([Credit, Type.Literal("auto")])),
    max_wait_ms: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 5_000,
        description: "how long records may be gathered into one frame; default 20",
      }),
    ),
    preview: Type.Optional(
      Type.Integer({
        minimum: 16,
        maximum: 1_048_576,
        description: "bytes of a value to send; longer ones are cut and marked",
      }),
    ),
  },
  { ...strict, description: "Subscribes to records: every one, in order per partition, with credits and a cursor." },
);

export const SubViewFrame = Type.Object(
  {
    t: Type.Literal("sub"),
    id: SubId,
    view: Type.String({ minLength: 1, maxLength: 300 }),
    hz: Type.Optional(Type.Number({ minimum: 0.1, maximum: 60 })),
    from: Type.Optional(Type.String({ maxLength: 100, description: "event cursor to resume from" })),
  },
  { ...strict, description: "Subscribes to a live view: state, latest wins, no credits." },
);

export const CreditFrame = Type.Object(
  {
    t: Type.Literal("credit"),
    id: SubId,
    records: Type.Optional(Type.Integer({ minimum: 0 })),
    bytes: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  { ...strict, description: "Added to the window of a record subscription, after the records were processed." },
);

export const SeekFrame = Type.Object(
  { t: Type.Literal("seek"), id: SubId, from: From, gen: Type.Integer({ minimum: 0 }) },
  { ...strict, description: "Reads on elsewhere; records sent after it carry gen." },
);

export const PauseFrame = Type.Object(
  { t: Type.Literal("pause"), id: Type.Optional(SubId) },
  { ...strict, description: "Without id: all views." },
);
export const ResumeFrame = Type.Object(
  { t: Type.Literal("resume"), id: Type.Optional(SubId) },
  { ...strict, description: "Without id: all views; each gets one snap." },
);
export const UnsubFrame = Type.Object({ t: Type.Literal("unsub"), id: SubId }, strict);
export const PongFrame = Type.Object({ t: Type.Literal("pong"), ts: Type.Optional(Type.Number()) }, strict);

/** Client frames by `t`; `sub` is two. */
export const CLIENT_FRAMES = {
  hello: HelloFrame,
  sub_records: SubRecordsFrame,
  sub_group: SubGroupFrame,
  sub_view: SubViewFrame,
  credit: CreditFrame,
  seek: SeekFrame,
  pause: PauseFrame,
  resume: ResumeFrame,
  unsub: UnsubFrame,
  ack: AckFrame,
  pong: PongFrame,
} as const;

export type HelloFrame = Static<typeof HelloFrame>;
export type SubRecordsFrame = Static<typeof SubRecordsFrame>;
export type SubViewFrame = Static<typeof SubViewFrame>;
export type CreditFrame = Static<typeof CreditFrame>;
export type SeekFrame = Static<typeof SeekFrame>;
export type PauseFrame = Static<typeof PauseFrame>;
export type ResumeFrame = Static<typeof ResumeFrame>;
export type UnsubFrame = Static<typeof UnsubFrame>;
export type PongFrame = Static<typeof PongFrame>;
export type ClientFrame =
  | HelloFrame
  | SubRecordsFrame
  | SubGroupFrame
  | SubViewFrame
  | CreditFrame
  | SeekFrame
  | PauseFrame
  | ResumeFrame
  | UnsubFrame
  | AckFrame
  | PongFrame;

export const WelcomeFrame = Type.Object({
  t: Type.Literal("welcome"),
  session: Type.String(),
  /** The broker that serves; null: the gateway. */
  broker: Type.Union([Type.Integer(), Type.Null()]),
  cluster: Type.String(),
  ping_ms: Type.Integer(),
  limits: Type.Object({
    frame: Type.Integer(),
    subs: Type.Integer(),
    partitions: Type.Integer(),
    messages_per_second: Type.Integer(),
  }),
  features: Type.Array(Type.String()),
});

export const SubbedFrame = Type.Object({
  t: Type.Literal("subbed"),
  id: SubId,
  start: Type.Optional(Cursors),
  end: Type.Optional(Cursors),
  log_start: Type.Optional(Cursors),
  topic_ids: Type.Optional(Type.Record(Type.String(), Type.String())),
  hz: Type.Optional(Type.Number()),
  sampled_ms: Type.Optional(Type.Integer({ description: "positions are polled at this interval, not pushed" })),
});

/** A record inside a `records` frame. */
export const WireRecord = Type.Object({
  o: OffsetSchema,
  ts: Type.Number({ description: "milliseconds since 1970" }),
  k: Type.Optional(
    Type.Union([Type.String(), Type.Null()], { description: "key as text; absent: see k_b64; null: no key" }),
  ),
  k_b64: Type.Optional(Type.String({ description: "a key that is not UTF-8" })),
  h: Type.Optional(Type.Array(Type.Array(Type.Union([Type.String(), Type.Null()])))),
  v: Type.Unknown({
    description: "JSON as it was produced (parse losslessly), text or base64 as enc says; null with tomb",
  }),
  enc: Type.Optional(Type.Union([Type.Literal("text"), Type.Literal("base64")], { description: "absent: v is JSON" })),
  tomb: Type.Optional(Type.Boolean({ description: "a record without a value" })),
  size: Type.Optional(Type.Integer({ description: "bytes of the whole value, where v is cut to the preview" })),
});
export type WireRecord = Static<typeof WireRecord>;

export const RecordsFrame = Type.Object({
  t: Type.Literal("records"),
  id: SubId,
  topic: Type.Optional(Type.String({ description: "only where the subscription has several topics" })),
  p: PartitionSchema,
  r: Type.Array(WireRecord),
  next: Type.String({ description: "position after these records in this partition; merge it into your vector" }),
  hw: OffsetSchema,
  lag: Type.Integer(),
  gen: Type.Optional(Type.Integer()),
});

export const CaughtUpFrame = Type.Object({
  t: Type.Literal("caught_up"),
  id: SubId,
  topic: Type.Optional(Type.String()),
  next: Type.String(),
  gen: Type.Optional(Type.Integer()),
});

const CellSchema = Type.Union([
  Type.String(),
  Type.Number(),
  Type.Boolean(),
  Type.Null(),
  Type.Array(Type.String()),
  Type.Array(Type.Number()),
]);
const RowSchema = Type.Array(CellSchema);

export const SnapFrame = Type.Object({
  t: Type.Literal("snap"),
  id: Type.Optional(SubId),
  seq: Type.Integer(),
  ts: Type.Number(),
  next: Type.String({ description: "event cursor: the state holds every event up to it" }),
  cols: Type.Array(Type.String()),
  rows: Type.Array(RowSchema),
  info: Type.Optional(Type.Unknown()),
});

export const DeltaFrame = Type.Object({
  t: Type.Literal("delta"),
  id: Type.Optional(SubId),
  seq: Type.Integer(),
  ts: Type.Number(),
  rows: Type.Array(RowSchema, { description: "changed rows only, whole" }),
  gone: Type.Optional(Type.Array(Type.String(), { description: "keys of removed rows" })),
  info: Type.Optional(Type.Unknown({ description: "the whole info, where it changed" })),
});

export const EventFrame = Type.Object({
  t: Type.Literal("event"),
  id: Type.Optional(SubId),
  seq: Type.Integer(),
  ts: Type.Number(),
  next: Type.String(),
  e: Type.Object({ type: Type.String() }, { additionalProperties: true }),
});

export const GapFrame = Type.Object({
  t: Type.Literal("gap"),
  id: Type.Optional(SubId),
  /** Views. */
  seq: Type.Optional(Type.Integer()),
  /** Records. */
  topic: Type.Optional(Type.String()),
  p: Type.Optional(PartitionSchema),
  from: Type.Optional(OffsetSchema),
  to: Type.Optional(OffsetSchema),
  next: Type.Optional(Type.String()),
  gen: Type.Optional(Type.Integer()),
  reason: Type.Union(
    (
      ["retention", "truncated", "topic_recreated", "sampled", "too_large", "expired", "slow", "restarted"] as const
    ).map((reason) => Type.Literal(reason)),
  ),
});

export const ClockFrame = Type.Object({
  t: Type.Literal("clock"),
  ts: Type.Number(),
  ages: Type.Record(Type.String(), Type.Number(), { description: "milliseconds since each node was last heard of" }),
});
export const PingFrame = Type.Object({ t: Type.Literal("ping"), ts: Type.Number() });
export const ErrorFrame = Type.Object({ t: Type.Literal("error"), id: Type.Optional(SubId), problem: ProblemSchema });
export const GoodbyeFrame = Type.Object({
  t: Type.Literal("goodbye"),
  reason: Type.String(),
  reconnect_ms: Type.Integer(),
  alt: Type.Array(Type.String()),
});

/** Server frames by `t`. */
export const SERVER_FRAMES = {
  welcome: WelcomeFrame,
  subbed: SubbedFrame,
  records: RecordsFrame,
  caught_up: CaughtUpFrame,
  assigned: AssignedFrame,
  revoking: RevokingFrame,
  revoked: RevokedFrame,
  acked: AckedFrame,
  snap: SnapFrame,
  delta: DeltaFrame,
  event: EventFrame,
  gap: GapFrame,
  clock: ClockFrame,
  ping: PingFrame,
  error: ErrorFrame,
  goodbye: GoodbyeFrame,
} as const;

export type WelcomeFrame = Static<typeof WelcomeFrame>;
export type SubbedFrame = Static<typeof SubbedFrame>;
export type RecordsFrame = Static<typeof RecordsFrame>;
export type CaughtUpFrame = Static<typeof CaughtUpFrame>;
export type SnapFrame = Static<typeof SnapFrame>;
export type DeltaFrame = Static<typeof DeltaFrame>;
export type EventFrame = Omit<Static<typeof EventFrame>, "e"> & { e: LiveEvent };
export type GapFrame = Static<typeof GapFrame>;
export type ClockFrame = Static<typeof ClockFrame>;
export type PingFrame = Static<typeof PingFrame>;
export type ErrorFrame = Omit<Static<typeof ErrorFrame>, "problem"> & { problem: Problem };
export type GoodbyeFrame = Static<typeof GoodbyeFrame>;
export type ServerFrame =
  | WelcomeFrame
  | SubbedFrame
  | RecordsFrame
  | CaughtUpFrame
  | AssignedFrame
  | RevokingFrame
  | RevokedFrame
  | AckedFrame
  | SnapFrame
  | DeltaFrame
  | EventFrame
  | GapFrame
  | ClockFrame
  | PingFrame
  | ErrorFrame
  | GoodbyeFrame;
