/** What a member is told and what it wants done: the words between the machine and its edge. */
import type { ErrorName, NodeId } from "@vitrine/core";
import type {
  FindCoordinatorRequest,
  FindCoordinatorResponse,
  HeartbeatRequest,
  HeartbeatResponse,
  JoinGroupRequest,
  JoinGroupResponse,
  LeaveGroupRequest,
  LeaveGroupResponse,
  SyncGroupRequest,
  SyncGroupResponse,
} from "@vitrine/protocol/types";
import type { TopicPartition } from "./assignors/assignor.ts";

export type AssignorName = "range" | "roundrobin" | "sticky" | "cooperative-sticky";

export interface MemberSettings {
  readonly groupId: string;
  /** `group.instance.id` of a static member (KIP-345); null: a dynamic one. */
  readonly instanceId: string | null;
  readonly topics: readonly string[];
  /** Offered in this order. `cooperative-sticky` alone makes the member cooperative (KIP-429); with others beside it, it is eager. */
  readonly assignors: readonly AssignorName[];
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** Without a poll for so long the member leaves; the group also waits for it so long in a rebalance (`max.poll.interval.ms`). */
  readonly maxPollIntervalMs: number;
}

/** What a member does now; `ended` is for good. */
export type MemberState = "idle" | "finding" | "joining" | "syncing" | "stable" | "revoking" | "ended";

export type MemberCall =
  | { readonly kind: "find"; readonly request: FindCoordinatorRequest }
  | { readonly kind: "join"; readonly request: JoinGroupRequest }
  | { readonly kind: "sync"; readonly request: SyncGroupRequest }
  | { readonly kind: "heartbeat"; readonly request: HeartbeatRequest }
  | { readonly kind: "leave"; readonly request: LeaveGroupRequest };

export type MemberAnswer =
  | { readonly kind: "find"; readonly body: FindCoordinatorResponse }
  | { readonly kind: "join"; readonly body: JoinGroupResponse }
  | { readonly kind: "sync"; readonly body: SyncGroupResponse }
  | { readonly kind: "heartbeat"; readonly body: HeartbeatResponse }
  | { readonly kind: "leave"; readonly body: LeaveGroupResponse };

export type MemberEvent =
  | { readonly type: "start" }
  /** The caller is there: it asked for records, or its connection lives. */
  | { readonly type: "poll" }
  /** What `revoke` named was finished with. */
  | { readonly type: "revoked" }
  /** Topics or their partitions may have changed. */
  | { readonly type: "metadata" }
  | { readonly type: "subscribe"; readonly topics: readonly string[] }
  | { readonly type: "answer"; readonly call: number; readonly answer: MemberAnswer }
  /** No answer came: the connection broke, or the time is over. */
  | { readonly type: "failed"; readonly call: number }
  /** A commit or another request was answered with an error that concerns the membership. */
  | { readonly type: "refused"; readonly error: ErrorName }
  | { readonly type: "leave"; readonly reason: string }
  | { readonly type: "tick" };

export type MemberEffect =
  /**
   * Send it to the node, or to any broker where that is null; tell the answer or the failure with the number. A `leave` is for the coordinator,
   * wherever it is by now, and is worth trying again: until it is told, the group keeps a place for the member.
   */
  | {
      readonly type: "call";
      readonly call: number;
      readonly to: NodeId | null;
      readonly timeoutMs: number;
      /** It may be held by the coordinator: use a connection that nothing waits behind. */
      readonly held: boolean;
      readonly message: MemberCall;
    }
  /** Finish with these partitions, commit, then say `revoked`. After `deadlineMs` (of the machine's clock) it goes on without. */
  | { readonly type: "revoke"; readonly partitions: readonly TopicPartition[]; readonly deadlineMs: number }
  /** They are somebody else's already: nothing can be committed any more. */
  | { readonly type: "lost"; readonly partitions: readonly TopicPartition[]; readonly reason: string }
  /** The member has `partitions` now; `added` are new, or are to be read from their committed offsets again. */
  | {
      readonly type: "assigned";
      readonly partitions: readonly TopicPartition[];
      readonly added: readonly TopicPartition[];
      readonly generation: number;
    }
  /** It is over; nothing follows. */
  | { readonly type: "ended"; readonly error: ErrorName | null; readonly reason: string };

/** What the machine needs of the moment. */
export interface MemberContext {
  readonly nowMs: number;
  /** Partitions of a topic as the metadata has them; 0: there is no such topic. */
  readonly partitionsOf: (topic: string) => number;
  /** Racks of each partition's replicas, for a member that leads others who name theirs; absent: nobody knows. */
  readonly racksOf?: (topic: string) => readonly (readonly string[])[];
}
