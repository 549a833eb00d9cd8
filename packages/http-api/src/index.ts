export { httpApi } from "./plugin.ts";
export { createHttpServer, httpServerOptions } from "./server.ts";
export { DEFAULT_LIMITS } from "./options.ts";
export type { BrokerReading, BrokerTraffic, LedPartition } from "./broker-metrics.ts";
export type {
  HealthCheck,
  HttpApiOptions,
  HttpContext,
  HttpFace,
  HttpLimits,
  ProcessCommand,
  ProcessControl,
  ProcessResult,
} from "./options.ts";
export { SECURITY_HEADERS, checkDoor, createGuard, doorRules } from "./guard.ts";
export type { DoorRequest, DoorRules, Guard, GuardOptions } from "./guard.ts";
export { openRecordTail } from "./record-tail.ts";
export type {
  GapReason,
  RecordTail,
  TailEvent,
  TailOptions,
  TailPosition,
  TailStart,
  TailVector,
} from "./record-tail.ts";
export type { LogRecord, RecordHeader } from "./read/log-record.ts";
export { liveFaces } from "./live-faces.ts";
export type { LiveFacesOptions } from "./live-faces.ts";
export { asyncApiDocument } from "./asyncapi.ts";
export { LiveCluster } from "./live/live-cluster.ts";
export type { LiveClusterOptions, PositionFeed } from "./live/live-cluster.ts";
export { BrokerPositionFeed } from "./live/position-feed.ts";
export { GatewayMerge } from "./live/merge.ts";
export type { NodeLineHandlers, OpenNodeLine } from "./live/merge.ts";
export { EventRing } from "./live/event-ring.ts";
export type { KnownNode } from "./live/node-board.ts";
export type {
  ClientReport,
  LiveSource,
  NodeMetrics,
  NodePositions,
  PartitionPositions,
  ProducerReport,
  QuorumPeer,
  QuorumReport,
  ReplicaPositions,
} from "./live/source.ts";
