/**
 * The states of a node in the quorum, and how they follow each other (KIP-595, KIP-996).
 *
 *   Unattached   knows an epoch but no leader of it. Voters wait for their election time; everybody asks voters for the leader.
 *   Prospective  (voter) asks whether it would win: pre-vote in the current epoch, nothing is written, nobody is disturbed.
 *   Candidate    (voter) took a new epoch, voted for itself, asks for votes.
 *   Leader       (voter) appends, answers fetches, moves the high watermark.
 *   Resigned     (voter) was leader of this epoch and gave up; serves nothing.
 *   Follower     knows the leader of its epoch and fetches from it.
 *
 *   Unattached  -> Prospective   election time
 *               -> Follower      BeginQuorumEpoch, or somebody names the leader
 *   Prospective -> Candidate     majority granted the pre-vote; at once when this is the only voter
 *               -> Follower      the leader turns out to live; or pre-vote lost and a leader is known
 *               -> Unattached    pre-vote lost and no leader known
 *   Candidate   -> Leader        majority granted the vote
 *               -> Unattached    vote lost (same epoch; the vote for itself stays)
 *               -> Follower      another won this epoch
 *   Leader      -> Resigned      orderly stop, or no majority fetched for 1.5 fetch timeouts
 *   Resigned    -> Prospective   election time
 *   Follower    -> Prospective   no successful fetch for the fetch timeout, leader refused or gave up
 *               -> Candidate     the leader resigned and named this node first
 *               -> Unattached    (observer) as above
 *   any         -> Unattached    a higher epoch without a leader
 *   any         -> Follower      a higher epoch with a leader
 *
 * Observers are only ever Unattached or Follower. A restarted node is Unattached or Follower: leadership of an epoch is never
 * resumed (KAFKA-10527). Invariants: the epoch never decreases; one vote per epoch; one leader per epoch.
 */
import type { NodeId, Offset } from "@vitrine/core";
import type { ParkedFetch } from "./parked-fetches.ts";
import type { SnapshotDownload } from "./snapshot-download.ts";
import type { VoterProgress } from "./voter-progress.ts";

export interface Unattached {
  readonly role: "unattached";
  readonly epoch: number;
  /** Infinity for observers. */
  electionAtMs: number;
  /** When to ask the next voter for the leader. */
  discoverAtMs: number;
}

export interface Prospective {
  readonly role: "prospective";
  readonly epoch: number;
  /** The leader this node lost sight of, or -1. */
  readonly leaderId: NodeId;
  readonly ballot: Ballot;
}

export interface Candidate {
  readonly role: "candidate";
  readonly epoch: number;
  readonly ballot: Ballot;
}

/** Who said what in one election. A voter is in at most one of the sets. */
export interface Ballot {
  readonly granted: Set<NodeId>;
  readonly rejected: Set<NodeId>;
  /** Connection refused: counts as a refusal until it connects. */
  readonly unreachable: Set<NodeId>;
  readonly endsAtMs: number;
  /** When to ask again those who have not answered. */
  retryAtMs: number;
}

export interface Leader {
  readonly role: "leader";
  readonly epoch: number;
  /** Offset of this epoch's LeaderChange record. */
  readonly epochStartOffset: Offset;
  /** The high watermark has passed epochStartOffset. */
  ready: boolean;
  readonly progress: VoterProgress;
  readonly parked: ParkedFetch[];
  /** When to look for voters that do not fetch, and send them BeginQuorumEpoch. */
  beginAtMs: number;
}

export interface Resigned {
  readonly role: "resigned";
  readonly epoch: number;
  readonly preferredSuccessors: readonly NodeId[];
  electionAtMs: number;
}

export interface Follower {
  readonly role: "follower";
  readonly epoch: number;
  readonly leaderId: NodeId;
  /** A successful fetch keeps it fresh until then; -1: none yet. Pre-votes of others are denied while fresh. */
  freshUntilMs: number;
  /** When to start a pre-vote (voter) or to look for another leader (observer). */
  electionAtMs: number;
  /** Not before, after a failure. */
  fetchAtMs: number;
  download: SnapshotDownload | null;
}

export type QuorumState = Unattached | Prospective | Candidate | Leader | Resigned | Follower;

/** Leader of the state's epoch as this node would name it to others; -1: none. */
export function leaderIdOf(state: QuorumState, nodeId: NodeId): NodeId {
  switch (state.role) {
    case "leader":
      return nodeId;
    case "follower":
    case "prospective":
      return state.leaderId;
    default:
      return -1;
  }
}
