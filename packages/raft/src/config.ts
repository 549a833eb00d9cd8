import type { NodeId, Offset, Random, Uuid } from "@vitrine/core";
import type { Batch, SnapshotFile } from "@vitrine/log";
import type { RaftBug } from "./planted-bugs.ts";

/** Timings of the quorum, milliseconds. Names follow Kafka's `controller.quorum.*`. */
export interface RaftTimings {
  /** `controller.quorum.election.timeout.ms`: how long an election may take, and how long a voter without a leader waits. Jitter of as much again is added. */
  readonly electionTimeoutMs: number;
  /** `controller.quorum.fetch.timeout.ms`: a follower without a successful fetch for so long starts a pre-vote; a leader resigns after 1.5 times this without a majority of fetches. */
  readonly fetchTimeoutMs: number;
  /** `controller.quorum.election.backoff.max.ms`. */
  readonly backoffMaxMs: number;
  /** `controller.quorum.request.timeout.ms`; fetches get the time they may be parked in addition. */
  readonly requestTimeoutMs: number;
  /** How long a leader may park a fetch. */
  readonly fetchMaxWaitMs: number;
  /** `controller.quorum.retry.backoff.ms`: pause after a request that failed. */
  readonly retryBackoffMs: number;
  /** When a leader is known to be gone, the voter of rank k waits k times this, so that one of them usually wins the first vote. */
  readonly electionStaggerMs: number;
}

export const DEFAULT_RAFT_TIMINGS: RaftTimings = {
  electionTimeoutMs: 1000,
  fetchTimeoutMs: 2000,
  backoffMaxMs: 1000,
  requestTimeoutMs: 2000,
  fetchMaxWaitMs: 500,
  retryBackoffMs: 20,
  electionStaggerMs: 30,
};

/** Sizes, bytes or records. */
export interface RaftLimits {
  /** Soft bound of one fetch answer: at least one batch. */
  readonly fetchMaxBytes: number;
  readonly snapshotChunkBytes: number;
  /** A proposal above this is refused whole, with RECORD_LIST_TOO_LARGE (KAFKA-14204). */
  readonly proposalMaxBytes: number;
  /** A snapshot to download may not be larger: memory is bounded. */
  readonly snapshotMaxBytes: number;
  /** Fetches parked at a leader; beyond it they are answered at once, empty. */
  readonly parkedFetchesMax: number;
  /** Records kept below a snapshot, so that followers a little behind need no snapshot. */
  readonly recordsKeptBelowSnapshot: number;
  /** Observers whose progress is remembered, least recently seen leave first. */
  readonly observersMax: number;
}

export const DEFAULT_RAFT_LIMITS: RaftLimits = {
  fetchMaxBytes: 1024 * 1024,
  snapshotChunkBytes: 1024 * 1024,
  proposalMaxBytes: 8 * 1024 * 1024,
  snapshotMaxBytes: 1024 * 1024 * 1024,
  parkedFetchesMax: 1000,
  recordsKeptBelowSnapshot: 10_000,
  observersMax: 1000,
};

export interface RaftConfig {
  readonly nodeId: NodeId;
  readonly directoryId: Uuid;
  /** Requests that name another cluster are refused; null checks nothing. */
  readonly clusterId: string | null;
  /** Ids of the voters; a node that is not among them is an observer. */
  readonly voters: readonly NodeId[];
  readonly timings: RaftTimings;
  readonly limits: RaftLimits;
  readonly random: Random;
  /** Bytes of the LeaderChange control record; raft itself builds no records. */
  readonly makeLeaderChangeBatch: (change: LeaderChange) => Batch;
  /** Unique among all reads of this store. */
  readonly nextReadId: () => number;
  /** The sentence that says what is wrong with a downloaded snapshot (CRC, form), or null. */
  readonly checkSnapshot: (snapshot: SnapshotFile) => string | null;
  /** Only the simulator hands any in. */
  readonly plantedBugs?: ReadonlySet<RaftBug>;
}

export interface LeaderChange {
  readonly epoch: number;
  readonly baseOffset: Offset;
  readonly leaderId: NodeId;
  readonly voters: readonly NodeId[];
  /** Voters whose votes made the majority, this node included. */
  readonly grantingVoters: readonly NodeId[];
  readonly nowMs: number;
}
