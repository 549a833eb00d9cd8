export { Backoff } from "./backoff.ts";
export { HttpClient } from "./http.ts";
export type { CallOptions, HttpClientOptions } from "./http.ts";
export { LiveSocket } from "./live-socket.ts";
export type {
  GroupHandle,
  GroupHandlers,
  GroupRequest,
  LiveSocketOptions,
  LiveStatus,
  PartitionsOfTopics,
  RecordsEvent,
  RecordsGap,
  RecordsHandle,
  RecordsHandlers,
  RecordsRequest,
  ViewMessageFrame,
  WatchHandlers,
  WatchOptions,
} from "./live-types.ts";
export { openNodeLine } from "./node-line.ts";
export type { NodeLineHandlers } from "./node-line.ts";
export { ProblemError, problemOf } from "./problem-error.ts";
export { SseParser } from "./sse-parser.ts";
export type { SseEvent } from "./sse-parser.ts";
export { parseRecordsFrame } from "./tail-record.ts";
export type { RecordBatch, TailRecord } from "./tail-record.ts";
export type { OpenTransport, Transport, TransportEvents } from "./transport.ts";
export { watchView } from "./watch-view.ts";
export type { WatchedView } from "./watch-view.ts";
export { openWebSocket } from "./ws-transport.ts";
