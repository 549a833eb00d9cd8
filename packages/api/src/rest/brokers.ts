/** Bodies of /brokers, /cluster and /metadata. */
import Type from "typebox";
import type { Static } from "typebox";
import { NodeIdSchema, OffsetSchema, PageSchema } from "./common.ts";
import { ProcessRow } from "./process-control.ts";

export const BrokerSummary = Type.Object({
  id: NodeIdSchema,
  state: Type.Union([Type.Literal("active"), Type.Literal("fenced"), Type.Literal("shutting_down")]),
  epoch: Type.Integer(),
  host: Type.String(),
  kafka: Type.String({ description: "host:port for Kafka clients" }),
  http: Type.Union([Type.String(), Type.Null()]),
  rack: Type.Union([Type.String(), Type.Null()]),
  controller: Type.Boolean({ description: "the active controller" }),
  leaders: Type.Integer({ description: "partitions it leads" }),
  replicas: Type.Integer(),
  not_in_sync: Type.Integer({ description: "its replicas that are not in the ISR" }),
  heard_ms_ago: Type.Union([Type.Integer(), Type.Null()]),
  process: Type.Union([ProcessRow, Type.Null()], { description: "only where this server owns the processes" }),
});
export type BrokerSummary = Static<typeof BrokerSummary>;
export const BrokerList = PageSchema(BrokerSummary);
export type BrokerList = Static<typeof BrokerList>;

export const ClusterReply = Type.Object({
  cluster_id: Type.String(),
  controller: NodeIdSchema,
  quorum: Type.Boolean({ description: "a majority of the controllers can be heard, as far as this node can know" }),
  metadata: Type.Object({ offset: OffsetSchema, epoch: Type.Integer() }),
  brokers: Type.Integer(),
  brokers_active: Type.Integer(),
  topics: Type.Integer(),
  partitions: Type.Integer(),
  under_replicated: Type.Integer(),
  leaderless: Type.Integer(),
  processes: Type.Array(ProcessRow),
});
export type ClusterReply = Static<typeof ClusterReply>;
