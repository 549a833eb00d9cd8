import type { DeltaFrame, EventFrame, GapFrame, Problem, SnapFrame } from "@vitrine/api";
import type { TailRecord } from "./tail-record.ts";
import type { OpenTransport } from "./transport.ts";

export interface LiveSocketOptions {
  /** Base URLs of gateways and brokers (`http://127.0.0.1:8080`), tried in turn. A page gives its own origin. */
  readonly gateways: readonly string[];
  /** Name and version of the program, for the server's log. */
  readonly client?: string;
  /** "auto" (default): WebSocket, and SSE over fetch where that is blocked. */
  readonly transport?: "auto" | "websocket" | "sse";
  /** Numbers in [0, 1) for jitter. */
  readonly random?: () => number;
  /** How to open connections; tests pass their own. */
  readonly open?: { readonly websocket: OpenTransport; readonly sse: OpenTransport };
}

export interface LiveStatus {
  readonly state: "idle" | "connecting" | "live" | "waiting" | "refused" | "stopped";
  readonly transport: "websocket" | "sse" | null;
  /** The gateway that serves, or that is tried. */
  readonly gateway: string;
  /** Failed attempts in a row. */
  readonly attempt: number;
  /** When state is waiting: how long until the next attempt, as of the change. */
  readonly retryInMs: number | null;
  /** Why the last connection ended, in words; null before the first. */
  readonly reason: string | null;
  readonly paused: boolean;
  /** Broker that serves; null: a gateway, or not connected yet. */
  readonly broker: number | null;
}

export type ViewMessageFrame = SnapFrame | DeltaFrame | EventFrame | GapFrame;

export interface WatchHandlers {
  /** Frames in order, from the first snap on. */
  frame(frame: ViewMessageFrame): void;
  /** A new subscription of the view begins: sequence numbers start again and a snap will come. */
  restart?(): void;
  /** The view was refused. It is not asked for again. */
  failed?(problem: Problem): void;
}

export interface WatchOptions {
  readonly hz?: number;
  /** Event cursor (`next`), `earliest` or `-N`: events since then come before the first snap. */
  readonly from?: string;
}

export interface RecordsRequest {
  readonly topics: readonly string[];
  readonly partitions?: readonly number[];
  /** Cursor, earliest, latest (default), -N, or a time. */
  readonly from?: string;
  /** Window granted at the start; default 500 records and 1 MiB. */
  readonly credit?: { readonly records: number; readonly bytes: number };
  /** Credit is given back by itself when half of the window was processed. Default true. */
  readonly autoCredit?: boolean;
  readonly isolation?: "committed" | "uncommitted";
  readonly maxWaitMs?: number;
  readonly sampleRate?: number;
  /** Bytes of a value to be sent; longer ones are cut. */
  readonly preview?: number;
  readonly filter?: {
    readonly key?: string;
    readonly key_prefix?: string;
    readonly header?: { name: string; value: string };
  };
}

/** A subscription as a member of a consumer group: partitions come and go, positions are the group's. Only over a WebSocket. */
export interface GroupRequest extends Pick<
  RecordsRequest,
  "topics" | "credit" | "autoCredit" | "isolation" | "maxWaitMs" | "preview" | "filter"
> {
  readonly group: string;
  /** A name that stays (`group.instance.id`): who comes back with it has the same partitions, without a rebalance. */
  readonly member?: string;
  readonly assignor?: "range" | "roundrobin" | "sticky" | "cooperative-sticky";
  /** manual (default): what `records` has processed is acknowledged, in the background, and committed. delivered: what was sent counts as processed. */
  readonly commit?: "manual" | "delivered";
  /** Where a partition without a commit begins; default earliest. */
  readonly from?: "earliest" | "latest";
  /** How long the member stays when the connection is lost; default 10 s. */
  readonly graceMs?: number;
}

/** Topic to partitions. */
export type PartitionsOfTopics = Readonly<Record<string, readonly number[]>>;

export interface GroupHandlers extends Pick<RecordsHandlers, "gap" | "caughtUp" | "failed"> {
  /** Processed when it returns, or when its promise resolves: only then is it acknowledged. */
  records(batch: RecordsEvent): void | Promise<void>;
  /** All partitions that the subscription has now. */
  assigned?(assignment: {
    readonly partitions: PartitionsOfTopics;
    readonly generation: number;
    readonly memberId: string;
  }): void;
  /** They go to others; what was in hand was processed and acknowledged before, unless they were lost. */
  revoked?(partitions: PartitionsOfTopics, reason: "rebalance" | "lost"): void;
  committed?(committed: string | Readonly<Record<string, string>>): void;
}

export interface GroupHandle {
  /** Adds to the window, where `autoCredit` is off. */
  credit(records: number, bytes: number): void;
  pause(): void;
  resume(): void;
  /** Leaves the group. */
  close(): void;
}

export interface RecordsEvent {
  /** The topic of the batch. */
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly TailRecord[];
  readonly highWatermark: number;
  readonly lag: number;
  /** What the message cost of the window. */
  readonly bytes: number;
}

export interface RecordsGap {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  /** With `truncated` and `topic_recreated` at or below `from`: undo what came from here on. */
  readonly to: number;
  readonly reason: string;
}

export interface RecordsHandlers {
  /** Processed when it returns, or when its promise resolves: only then is the cursor moved and credit given back. */
  records(batch: RecordsEvent): void | Promise<void>;
  gap?(gap: RecordsGap): void;
  caughtUp?(topic: string): void;
  /** The subscription (again, after a reconnect) stands; `start` is where it reads from. */
  opened?(start: ReadonlyMap<string, string>): void;
  /** It was refused or ended for good. */
  failed?(problem: Problem): void;
}

export interface RecordsHandle {
  /** Adds to the window, where `autoCredit` is off. */
  credit(records: number, bytes: number): void;
  seek(from: string): void;
  pause(): void;
  resume(): void;
  close(): void;
  /** Where a new subscription would go on: topic to cursor; empty before it is known. */
  cursors(): ReadonlyMap<string, string>;
}
