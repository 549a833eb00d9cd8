/**
 * Problem documents (RFC 9457) with Kafka's code: the one form in which HTTP, SSE and WebSocket tell a person or a program what went wrong.
 * Titles, statuses and `side_effects` are decided here; the text in `detail` says what happened, to what, and what to do.
 */
import { errorInfo } from "@vitrine/core";
import type { ErrorName } from "@vitrine/core";

/** Whether the refused or failed request changed anything. A repeat is safe when it is "none". */
export type SideEffects = "none" | "possible" | "applied";

/** One fault inside a document or a query string. */
export interface FieldError {
  /** JSON Pointer into the body, or `?name` for a query parameter. */
  readonly pointer: string;
  readonly detail: string;
  readonly hint?: string;
}

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** `/v1/requests/<id>`: the id under which the log knows the request. */
  readonly instance?: string;
  readonly kafka_code?: number;
  readonly kafka_error?: ErrorName;
  /** The same request may succeed later. */
  readonly retriable: boolean;
  readonly side_effects: SideEffects;
  readonly hint?: string;
  readonly errors?: readonly FieldError[];
  /** Facts of the case: partition, leader, isr, log_start, ... */
  readonly [extra: string]: unknown;
}

export type ProblemExtra = Readonly<Record<string, unknown>>;

/** Statuses that differ from the core table, because they are ours and not Kafka's. */
const STATUS: Partial<Record<ErrorName, number>> = {
  NETWORK_EXCEPTION: 503,
  BROKER_NOT_AVAILABLE: 503,
  REPLICA_NOT_AVAILABLE: 503,
  OFFSET_NOT_AVAILABLE: 503,
  FENCED_LEADER_EPOCH: 503,
  UNKNOWN_LEADER_EPOCH: 503,
  INVALID_REQUIRED_ACKS: 422,
  INVALID_REQUEST: 422,
  INVALID_TIMESTAMP: 422,
  CORRUPT_MESSAGE: 422,
  BROKER_ID_NOT_REGISTERED: 404,
  UNSUPPORTED_VERSION: 501,
};

const SIDE_EFFECTS: Partial<Record<ErrorName, SideEffects>> = {
  REQUEST_TIMED_OUT: "possible",
  NETWORK_EXCEPTION: "possible",
  KAFKA_STORAGE_ERROR: "possible",
  UNKNOWN_SERVER_ERROR: "possible",
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: "applied",
  DUPLICATE_SEQUENCE_NUMBER: "applied",
};

const TITLES: Partial<Record<ErrorName, string>> = {
  NOT_ENOUGH_REPLICAS: "Not enough in-sync replicas",
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: "Not enough in-sync replicas after the append",
  UNKNOWN_TOPIC_OR_PARTITION: "Unknown topic or partition",
  INVALID_TOPIC_EXCEPTION: "Invalid topic",
  NETWORK_EXCEPTION: "The answer was lost",
  REQUEST_TIMED_OUT: "Timed out",
};

/** Slug of a Kafka error in `type`: NOT_ENOUGH_REPLICAS is /problems/not-enough-replicas. */
export function problemSlug(error: ErrorName): string {
  return error.toLowerCase().replaceAll("_", "-");
}

/** NOT_CONTROLLER is "Not controller". */
function titleOf(error: ErrorName): string {
  const words = error.toLowerCase().replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A problem that Kafka has a name for. `extra` may override `status`, `retriable`, `side_effects` and `title`. */
export function kafkaProblem(error: ErrorName, detail: string, extra: ProblemExtra = {}): Problem {
  const info = errorInfo(error);
  return {
    type: `/problems/${problemSlug(error)}`,
    title: TITLES[error] ?? titleOf(error),
    status: STATUS[error] ?? info.httpStatus,
    detail,
    kafka_code: info.code,
    kafka_error: error,
    retriable: info.retriable,
    side_effects: SIDE_EFFECTS[error] ?? "none",
    ...extra,
  };
}

export interface HttpProblemOptions {
  readonly status: number;
  /** Last part of `type`. */
  readonly slug: string;
  readonly title: string;
  readonly detail: string;
  readonly retriable?: boolean;
  readonly sideEffects?: SideEffects;
  readonly hint?: string;
  readonly errors?: readonly FieldError[];
  readonly extra?: ProblemExtra;
}

/** A problem of HTTP itself: Kafka has no name for it. */
export function httpProblem(options: HttpProblemOptions): Problem {
  return {
    type: `/problems/${options.slug}`,
    title: options.title,
    status: options.status,
    detail: options.detail,
    retriable: options.retriable ?? false,
    side_effects: options.sideEffects ?? "none",
    ...(options.hint === undefined ? {} : { hint: options.hint }),
    ...(options.errors === undefined ? {} : { errors: options.errors }),
    ...options.extra,
  };
}

export interface OffsetBounds {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** First offset that can still be read. */
  readonly logStart: number;
  /** First offset that cannot be read yet. */
  readonly end: number;
}

/** OFFSET_OUT_OF_RANGE in HTTP's words: 410 below the start of the log, 416 beyond its end. */
export function offsetOutOfRange(bounds: OffsetBounds): Problem {
  const { topic, partition, offset, logStart, end } = bounds;
  const below = offset < logStart;
  const detail = below
    ? `offset ${offset} of ${topic}-${partition} is gone: the log starts at ${logStart}`
    : `offset ${offset} of ${topic}-${partition} does not exist yet: the log ends at ${end}`;
  return kafkaProblem("OFFSET_OUT_OF_RANGE", detail, {
    status: below ? 410 : 416,
    hint: below
      ? `read from offset=${logStart}, or offset=earliest`
      : `read from offset=${end} with wait=30s to wait for it, or add clamp=1`,
    partition,
    log_start: logStart,
    end,
  });
}
