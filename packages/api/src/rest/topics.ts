/** Bodies of /topics: creation, change, list, description, configuration. */
import Type from "typebox";
import type { Static } from "typebox";
import { NodeIdSchema, OffsetSchema, PageSchema, PartitionSchema } from "./common.ts";

/** A longer text fits no request to a controller. */
const SettingText = Type.String({ maxLength: 32_767 });

/** Body of `PUT /topics/{topic}`; an empty body takes every default. */
export const CreateTopicBody = Type.Object(
  {
    partitions: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    replication: Type.Optional(Type.Integer({ minimum: 1, maximum: 32_767 })),
    assignments: Type.Optional(
      Type.Record(Type.String({ pattern: "^[0-9]+$" }), Type.Array(NodeIdSchema, { minItems: 1 }), {
        description: "partition to broker ids, the first is the preferred leader; excludes partitions and replication",
      }),
    ),
    config: Type.Optional(Type.Record(Type.String(), SettingText)),
  },
  { additionalProperties: false },
);
export type CreateTopicBody = Static<typeof CreateTopicBody>;

/** Body of `PATCH /topics/{topic}`: the count may only grow. */
export const PatchTopicBody = Type.Object(
  { partitions: Type.Integer({ minimum: 1, maximum: 10_000 }) },
  { additionalProperties: false },
);
export type PatchTopicBody = Static<typeof PatchTopicBody>;

/** Body of `PATCH /topics/{topic}/config`: null takes a setting back to its default. */
export const PatchConfigBody = Type.Record(Type.String(), Type.Union([SettingText, Type.Null()]));
export type PatchConfigBody = Static<typeof PatchConfigBody>;

export const TopicSummary = Type.Object({
  name: Type.String(),
  topic_id: Type.String(),
  internal: Type.Boolean(),
  partitions: Type.Integer(),
  replication: Type.Integer(),
  under_replicated: Type.Integer({ description: "partitions with fewer in-sync replicas than replicas" }),
  leaderless: Type.Integer(),
});
export type TopicSummary = Static<typeof TopicSummary>;
export const TopicList = PageSchema(TopicSummary);
export type TopicList = Static<typeof TopicList>;

export const PartitionDetail = Type.Object({
  partition: PartitionSchema,
  leader: NodeIdSchema,
  leader_epoch: Type.Integer(),
  partition_epoch: Type.Integer(),
  replicas: Type.Array(NodeIdSchema),
  isr: Type.Array(NodeIdSchema),
  elr: Type.Array(NodeIdSchema),
  log_start: Type.Union([OffsetSchema, Type.Null()]),
  high_watermark: Type.Union([OffsetSchema, Type.Null()], { description: "null while the leader does not answer" }),
});
export type PartitionDetail = Static<typeof PartitionDetail>;

export const TopicDetail = Type.Object({
  name: Type.String(),
  topic_id: Type.String(),
  internal: Type.Boolean(),
  replication: Type.Integer(),
  partitions: Type.Array(PartitionDetail),
  config: Type.Record(Type.String(), Type.String(), { description: "only what is set on the topic" }),
});
export type TopicDetail = Static<typeof TopicDetail>;

export const ConfigEntry = Type.Object({
  name: Type.String(),
  value: Type.Union([Type.String(), Type.Null()]),
  source: Type.String({ description: "topic, broker, cluster or default" }),
  default: Type.Boolean(),
  read_only: Type.Boolean(),
  sensitive: Type.Boolean(),
  type: Type.String(),
  doc: Type.Union([Type.String(), Type.Null()]),
});
export type ConfigEntry = Static<typeof ConfigEntry>;
export const ConfigList = PageSchema(ConfigEntry);
export type ConfigList = Static<typeof ConfigList>;
