/**
 * What a leader knows of the replicas of its log: how far each is, when it last fetched. Owns the arithmetic of the high watermark and
 * of the check-quorum. Voters are counted; observers are only remembered.
 */
import type { NodeId, Offset } from "@vitrine/core";

export interface ReplicaProgress {
  readonly isVoter: boolean;
  /** -1: has not passed the divergence check in this epoch. For a voter this end is on its disk. */
  fetchOffset: number;
  /** -1: never. */
  lastFetchMs: number;
  lastCaughtUpMs: number;
  /** The leader's log end when it last fetched: reaching it later means it was caught up then. */
  leaderEndAtLastFetch: number;
}

export class VoterProgress {
  readonly #selfId: NodeId;
  readonly #voters: readonly NodeId[];
  readonly #replicas = new Map<NodeId, ReplicaProgress>();
  readonly #since: number;
  readonly #observersMax: number;

  constructor(options: { selfId: NodeId; voters: readonly NodeId[]; observersMax: number; nowMs: number }) {
    this.#selfId = options.selfId;
    this.#voters = options.voters;
    this.#since = options.nowMs;
    this.#observersMax = options.observersMax;
    for (const id of options.voters) if (id !== options.selfId) this.#replicas.set(id, newProgress(true));
  }

  get replicas(): ReadonlyMap<NodeId, ReplicaProgress> {
    return this.#replicas;
  }

  /** A fetch that passed the divergence check (KAFKA-13141). Stale duplicates may lower an end: the high watermark never follows down. */
  fetched(nodeId: NodeId, at: { fetchOffset: Offset; leaderEndOffset: Offset; nowMs: number }): void {
    const replica = this.#replica(nodeId);
    if (at.fetchOffset >= at.leaderEndOffset) replica.lastCaughtUpMs = at.nowMs;
    else if (replica.lastFetchMs >= 0 && at.fetchOffset >= replica.leaderEndAtLastFetch)
      replica.lastCaughtUpMs = Math.max(replica.lastCaughtUpMs, replica.lastFetchMs);
    replica.fetchOffset = at.fetchOffset;
    replica.lastFetchMs = at.nowMs;
    replica.leaderEndAtLastFetch = at.leaderEndOffset;
  }

  /** It lives, but its position does not count: diverging, or downloading a snapshot. */
  heard(nodeId: NodeId, nowMs: number): void {
    this.#replica(nodeId).lastFetchMs = nowMs;
  }

  /** Element floor(n/2) of the voters' durable ends sorted descending: held by a majority. -1: some majority has none yet. */
  majorityEnd(selfDurableEnd: Offset): number {
    const ends = this.#voters.map((id) => (id === this.#selfId ? selfDurableEnd : this.#replicas.get(id)!.fetchOffset));
    ends.sort((a, b) => b - a);
    return ends[Math.floor(this.#voters.length / 2)] ?? -1;
  }

  /** Since when a majority, this node included, has been heard of: the check-quorum's clock. Infinity for a single voter (KAFKA-16144). */
  majorityHeardMs(): number {
    if (this.#voters.length === 1) return Number.POSITIVE_INFINITY;
    const times = this.#voters.map((id) =>
      id === this.#selfId ? Number.POSITIVE_INFINITY : Math.max(this.#since, this.#replicas.get(id)!.lastFetchMs),
    );
    times.sort((a, b) => b - a);
    return times[Math.floor(this.#voters.length / 2)]!;
  }

  /** Other voters, most caught up first. */
  successors(): NodeId[] {
    const others = this.#voters.filter((id) => id !== this.#selfId);
    return others.sort((a, b) => this.#replicas.get(b)!.fetchOffset - this.#replicas.get(a)!.fetchOffset || a - b);
  }

  #replica(nodeId: NodeId): ReplicaProgress {
    let replica = this.#replicas.get(nodeId);
    if (!replica) {
      if (this.#replicas.size - this.#voters.length >= this.#observersMax) this.#forgetOldestObserver();
      replica = newProgress(false);
      this.#replicas.set(nodeId, replica);
    }
    return replica;
  }

  #forgetOldestObserver(): void {
    let oldest: NodeId | null = null;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const [id, replica] of this.#replicas) {
      if (replica.isVoter || replica.lastFetchMs >= oldestMs) continue;
      oldest = id;
      oldestMs = replica.lastFetchMs;
    }
    if (oldest !== null) this.#replicas.delete(oldest);
  }
}

function newProgress(isVoter: boolean): ReplicaProgress {
  return { isVoter, fetchOffset: -1, lastFetchMs: -1, lastCaughtUpMs: -1, leaderEndAtLastFetch: -1 };
}
