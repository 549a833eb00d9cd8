/**
 * What voters and observers say to each other: compact forms of Kafka's Vote (52), BeginQuorumEpoch (53), EndQuorumEpoch (54),
 * Fetch (1) on the metadata partition, and FetchSnapshot (59). The broker maps them to the wire; raft knows no versions.
 */
import type { ErrorName, NodeId, Offset, Uuid } from "@vitrine/core";
import type { Batch } from "@vitrine/log";

/** End offset (exclusive) of a snapshot, and the epoch of the last record below it. */
export interface SnapshotId {
  readonly endOffset: Offset;
  readonly epoch: number;
}

/** KIP-595, KIP-996: one message for pre-vote and vote. A pre-vote carries the sender's current epoch, a vote the epoch it wants. */
export interface VoteRequest {
  readonly type: "vote";
  readonly clusterId: string | null;
  readonly preVote: boolean;
  /** Kafka's ReplicaEpoch. */
  readonly candidateEpoch: number;
  readonly candidateId: NodeId;
  readonly candidateDirectoryId: Uuid;
  /** Who is asked; -1 when the sender does not say. */
  readonly voterId: NodeId;
  /** ZERO_UUID when the sender does not say. */
  readonly voterDirectoryId: Uuid;
  /** Epoch of the last record of the candidate's log; 0 when it has none. */
  readonly lastEpoch: number;
  /** The candidate's log end. */
  readonly lastOffset: Offset;
}

export interface VoteResponse {
  readonly type: "vote";
  readonly error: ErrorName;
  readonly leaderEpoch: number;
  /** -1: unknown. */
  readonly leaderId: NodeId;
  readonly voteGranted: boolean;
}

/** A new leader, and from then on its heartbeat to voters that do not fetch (KAFKA-16536). */
export interface BeginQuorumEpochRequest {
  readonly type: "beginQuorumEpoch";
  readonly clusterId: string | null;
  readonly leaderId: NodeId;
  readonly leaderEpoch: number;
  readonly voterId: NodeId;
  readonly voterDirectoryId: Uuid;
}

export interface BeginQuorumEpochResponse {
  readonly type: "beginQuorumEpoch";
  readonly error: ErrorName;
  readonly leaderEpoch: number;
  readonly leaderId: NodeId;
}

/** A leader that gives up; the first of the successors starts an election at once, the others a little later each. */
export interface EndQuorumEpochRequest {
  readonly type: "endQuorumEpoch";
  readonly clusterId: string | null;
  readonly leaderId: NodeId;
  readonly leaderEpoch: number;
  /** Voters by their log end, most caught up first. Kafka's PreferredCandidates. */
  readonly preferredSuccessors: readonly NodeId[];
}

export interface EndQuorumEpochResponse {
  readonly type: "endQuorumEpoch";
  readonly error: ErrorName;
  readonly leaderEpoch: number;
  readonly leaderId: NodeId;
}

/** One replica asks for the log. A voter's fetchOffset is its acknowledgement: everything below it is on its disk. */
export interface FetchRequest {
  readonly type: "fetch";
  readonly clusterId: string | null;
  /** -1 is a reader that is no replica: it is served below the high watermark only. */
  readonly replicaId: NodeId;
  readonly replicaDirectoryId: Uuid;
  /** -1: does not know. */
  readonly currentLeaderEpoch: number;
  readonly fetchOffset: Offset;
  /** Epoch of the record before fetchOffset; 0 when the log is empty. */
  readonly lastFetchedEpoch: number;
  /** What the follower knows; the leader answers at once when it knows a higher one (KIP-1166). -1: wants to be told; null: does not care. */
  readonly highWatermark: number | null;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
}

export interface FetchResponse {
  readonly type: "fetch";
  readonly error: ErrorName;
  readonly leaderEpoch: number;
  readonly leaderId: NodeId;
  /** -1 in errors. */
  readonly highWatermark: number;
  readonly logStartOffset: number;
  /** Whole batches, in order; empty with an error, a diverging epoch or a snapshot id. */
  readonly batches: readonly Batch[];
  /** Largest epoch of the leader not above the requested one, and where it ends: the follower truncates and asks again. */
  readonly divergingEpoch: { readonly epoch: number; readonly endOffset: Offset } | null;
  /** The offset is gone: fetch this snapshot. */
  readonly snapshotId: SnapshotId | null;
}

export interface FetchSnapshotRequest {
  readonly type: "fetchSnapshot";
  readonly clusterId: string | null;
  readonly replicaId: NodeId;
  readonly currentLeaderEpoch: number;
  readonly snapshotId: SnapshotId;
  /** Byte position to read from. */
  readonly position: number;
  readonly maxBytes: number;
}

export interface FetchSnapshotResponse {
  readonly type: "fetchSnapshot";
  readonly error: ErrorName;
  readonly leaderEpoch: number;
  readonly leaderId: NodeId;
  readonly snapshotId: SnapshotId;
  /** Whole snapshot, in bytes. */
  readonly sizeBytes: number;
  readonly position: number;
  readonly bytes: Uint8Array;
}

export type RaftRequest =
  | VoteRequest
  | BeginQuorumEpochRequest
  | EndQuorumEpochRequest
  | FetchRequest
  | FetchSnapshotRequest;

export type RaftResponse =
  | VoteResponse
  | BeginQuorumEpochResponse
  | EndQuorumEpochResponse
  | FetchResponse
  | FetchSnapshotResponse;
