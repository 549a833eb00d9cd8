/** What the HTTP face is given: a cluster to speak for, a guard for the door, and the faces that others add. */
import type { ProcessReply, ProcessRow, ProcessVerb } from "@vitrine/api";
import type { Engine } from "@vitrine/engine";
import type { FastifyInstance } from "fastify";
import type { OpenMetricsContentType, Registry } from "prom-client";
import type { BrokerReading } from "./broker-metrics.ts";
import type { MemberRoom } from "./groups/member-sessions.ts";
import type { Guard, GuardOptions } from "./guard.ts";

/** The side that owns the processes (the supervisor). Only the gateway has one. */
export interface ProcessControl {
  /** Every broker and controller process, also those that are gone. Cheap: called per request and per tick. */
  rows(): readonly ProcessRow[];
  /** Carries out one verb and resolves when the new state is reached (or given up on). Rejects never. */
  run(command: ProcessCommand): Promise<ProcessResult>;
  /** Called after each change of a row; returns the way to stop. */
  onChange(listener: () => void): () => void;
}

export interface ProcessCommand {
  readonly verb: ProcessVerb;
  readonly kind: "broker" | "controller";
  readonly id: number;
}

export type ProcessResult =
  | { readonly ok: true; readonly reply: ProcessReply }
  | {
      readonly ok: false;
      /** unknown: no such process. unsupported: this platform cannot. conflict: it means nothing in this state. failed: tried, did not work. */
      readonly reason: "unknown" | "unsupported" | "conflict" | "failed";
      readonly detail: string;
    };

/** One line of `/readyz?verbose=1`. */
export interface HealthCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Bounds; what happens at each is said where it is enforced and in README.md. */
export interface HttpLimits {
  /** A body read whole, decompressed: beyond it 413. */
  readonly closedBodyBytes: number;
  /** One record of a streamed body: beyond it the stream ends with a receipt that says so. */
  readonly recordBytes: number;
  /** Bytes of one streamed body that are not acknowledged yet: at it the socket is not read. */
  readonly streamInFlightBytes: number;
  /** Bytes queued to be produced by this process: at it requests wait, streams are not read. */
  readonly produceQueueBytes: number;
  /** Silence in the middle of a closed body: beyond it 408. */
  readonly closedBodyIdleMs: number;
  /** Silence in the middle of a streamed body: beyond it the stream ends with a receipt that says so. */
  readonly streamIdleMs: number;
  readonly connectionsMax: number;
  /** Long polls and tails at once: beyond it 503. */
  readonly tailsMax: number;
}

export const DEFAULT_LIMITS: HttpLimits = {
  closedBodyBytes: 16 * 1024 * 1024,
  recordBytes: 1024 * 1024,
  streamInFlightBytes: 4 * 1024 * 1024,
  produceQueueBytes: 256 * 1024 * 1024,
  closedBodyIdleMs: 30_000,
  streamIdleMs: 3_600_000,
  connectionsMax: 10_000,
  tailsMax: 2_000,
};

/** What every route, and the live faces, share. */
export interface HttpContext {
  readonly engine: Engine;
  readonly role: "broker" | "gateway";
  readonly guard: Guard;
  readonly limits: HttpLimits;
  readonly processControl: ProcessControl | null;
  /** Aborted when the server begins to close: tails end, sockets say goodbye. */
  readonly closing: AbortSignal;
  readonly registry: Registry<OpenMetricsContentType>;
  readonly version: string;
  /** Group members that this process is for its callers, over HTTP and WebSocket together. */
  readonly members: MemberRoom;
}

/** Adds routes that this package's core does not know (the WebSocket, the views). Called once, on the encapsulated instance. */
export type HttpFace = (app: FastifyInstance, context: HttpContext) => void | Promise<void>;

export interface HttpApiOptions {
  readonly engine: Engine;
  readonly role: "broker" | "gateway";
  readonly guard: GuardOptions;
  /** Version of Vitrine, for the index and OpenAPI. */
  readonly version?: string;
  readonly processControl?: ProcessControl;
  /** The WebSocket and the live views; `liveFaces(...)` makes it. */
  readonly live?: HttpFace;
  /** The console's built files; without it `/` is the JSON index for everybody. */
  readonly consoleDir?: string;
  /** Directory of the manual's Markdown files. */
  readonly docsDir?: string;
  /** Registry to which the metrics of HTTP are added and from which /metrics is served; a new one without it. */
  readonly metrics?: Registry<OpenMetricsContentType>;
  /** Numbers of the broker in this process for /metrics; absent in the gateway. Called once per scrape. */
  readonly brokerMetrics?: () => BrokerReading;
  /** More lines for /readyz: lag of own replicas, disks, draining. */
  readonly health?: () => readonly HealthCheck[];
  readonly limits?: Partial<HttpLimits>;
  /** AsyncAPI document of the live faces, served at /asyncapi.json. */
  readonly asyncapi?: () => unknown;
}
