/** What goes into the machine (events) and what comes out of it (effects). */
import type { ErrorName, NodeId, Offset } from "@vitrine/core";
import type { Batch, Ticket } from "@vitrine/log";
import type { RaftRequest, RaftResponse } from "./messages.ts";

/** Why a request that raft sent has no response. */
export type SendFailure = "refused" | "disconnected" | "timeout" | "not-sent";

export type RaftEvent =
  /** A request of another node. `replyTo` is the driver's own and comes back, once, in a `reply` effect, perhaps much later. */
  | { readonly type: "request"; readonly replyTo: unknown; readonly request: RaftRequest }
  /** The answer to a `send` effect. Ignored unless the request with this id is still the one that is waited for. */
  | { readonly type: "response"; readonly from: NodeId; readonly requestId: number; readonly response: RaftResponse }
  | { readonly type: "requestFailed"; readonly to: NodeId; readonly requestId: number; readonly reason: SendFailure }
  /** The log moved its durable end, or a saved state reached the disk. */
  | { readonly type: "committed" }
  /** Fail-stop (T10): the machine gives up leadership and falls silent; the process must end. */
  | { readonly type: "storeFailed" }
  /** The answer to `readCold` of the metadata log; the id came from `config.nextReadId`. Ids that are not raft's are ignored. */
  | { readonly type: "read"; readonly id: number; readonly batches: readonly Batch[] }
  | { readonly type: "readFailed"; readonly id: number; readonly error: ErrorName }
  /** A connection attempt was refused: the process is gone. If it led, its freshness is void (DESIGN 10.2). */
  | { readonly type: "peerRefused"; readonly nodeId: NodeId }
  | { readonly type: "peerConnected"; readonly nodeId: NodeId }
  /** Time has reached `nextDeadlineMs()`; harmless at any other time. */
  | { readonly type: "tick" };

/**
 * A gate is the disk gate of T5: the effect may leave once `store.committedTicket >= gate`. 0 = at once. Gates of the turn's own writes
 * equal the ticket that the turn's hand-over will carry. Gated effects of a failed store never leave.
 */
export type Gate = Ticket;

export type RaftEffect =
  | {
      readonly type: "send";
      readonly to: NodeId;
      readonly requestId: number;
      readonly request: RaftRequest;
      /** How long the driver should wait before it reports `requestFailed` with "timeout". */
      readonly timeoutMs: number;
      readonly gate: Gate;
    }
  | { readonly type: "reply"; readonly replyTo: unknown; readonly response: RaftResponse; readonly gate: Gate }
  /** This node's view changed; leaderId -1 = none known. */
  | { readonly type: "leaderChanged"; readonly epoch: number; readonly leaderId: NodeId }
  /** Won the election: `propose` works from now on. What is in the log below epochStartOffset may not be committed yet. */
  | { readonly type: "becameLeader"; readonly epoch: number; readonly epochStartOffset: Offset }
  /**
   * The high watermark passed epochStartOffset: everything of earlier epochs is committed. A state machine acts as controller
   * only after this and after it has applied the log up to epochStartOffset (KAFKA-15345).
   */
  | { readonly type: "leaderReady"; readonly epoch: number; readonly epochStartOffset: Offset }
  /** No longer leader of that epoch. What was proposed and is not committed may or may not survive. */
  | { readonly type: "lostLeadership"; readonly epoch: number }
  | { readonly type: "highWatermarkAdvanced"; readonly offset: Offset }
  /** The log was emptied and begins at endOffset: load `store.latestSnapshot()`. Never on an active leader (KAFKA-12958). */
  | { readonly type: "snapshotInstalled"; readonly endOffset: Offset; readonly epoch: number }
  /** Uncommitted records at and above the offset are gone. */
  | { readonly type: "truncated"; readonly offset: Offset };
