/**
 * What all parts of the machine share: state, epoch and vote, effects, requests in flight. Changes of state go through here, so that
 * each is written down before its effects may leave (the gate), and each forgets the requests of the state before.
 */
import { invariant, type NodeId, randomBelow, type Uuid, ZERO_UUID } from "@vitrine/core";
import type { LogStore, PartitionLog, Ticket } from "@vitrine/log";
import type { RaftConfig } from "./config.ts";
import type { RaftEffect } from "./events.ts";
import type { RaftRequest, RaftResponse } from "./messages.ts";
import type { RaftBug } from "./planted-bugs.ts";
import { leaderIdOf, type QuorumState } from "./quorum-state.ts";
import { VoterProgress } from "./voter-progress.ts";
import { RequestsInFlight } from "./requests-in-flight.ts";

const NO_TICKET = 0 as Ticket;

export class RaftCore {
  readonly config: RaftConfig;
  readonly store: LogStore;
  readonly log: PartitionLog;
  readonly isVoter: boolean;
  readonly inFlight = new RequestsInFlight();
  /** When a connection attempt was last refused, for nodes of whom nothing was heard since. */
  readonly refusedAtMs = new Map<NodeId, number>();
  state: QuorumState;
  votedId: NodeId = -1;
  votedDirectoryId: Uuid = ZERO_UUID;
  /** Elections tried since a leader was last followed: the exponent of the backoff. */
  electionTries = 0;
  /** A voter's next fetch waits for this ticket (KAFKA-13884). */
  writtenTicket: Ticket = NO_TICKET;
  failed = false;
  #effects: RaftEffect[] = [];
  #stateTicket: Ticket = NO_TICKET;
  #saved = savedKey(0, -1, -1, ZERO_UUID);
  #announced = "";
  #discoveries = 0;

  constructor(config: RaftConfig, store: LogStore, log: PartitionLog, initial: QuorumState) {
    this.config = config;
    this.store = store;
    this.log = log;
    this.isVoter = config.voters.includes(config.nodeId);
    this.state = initial;
    const saved = store.quorumState;
    if (saved) {
      this.votedId = saved.votedId;
      this.votedDirectoryId = saved.votedDirectoryId;
      this.#saved = savedKey(saved.leaderEpoch, saved.leaderId, saved.votedId, saved.votedDirectoryId);
    }
  }

  get selfId(): NodeId {
    return this.config.nodeId;
  }

  get epoch(): number {
    return this.state.epoch;
  }

  get leaderId(): NodeId {
    return leaderIdOf(this.state, this.selfId);
  }

  get majority(): number {
    return Math.floor(this.config.voters.length / 2) + 1;
  }

  hasBug(bug: RaftBug): boolean {
    return this.config.plantedBugs?.has(bug) ?? false;
  }

  /** Enters a state of the same or a higher epoch. Requests of the state before are forgotten: their answers come too late. */
  enter(state: QuorumState): void {
    invariant(state.epoch >= this.state.epoch, `epoch would fall from ${this.state.epoch} to ${state.epoch}`);
    invariant(this.isVoter || state.role === "unattached" || state.role === "follower", `observer as ${state.role}`);
    const before = this.state;
    if (state.epoch > before.epoch) {
      this.votedId = -1;
      this.votedDirectoryId = ZERO_UUID;
    }
    if (!this.hasBug("stale-votes-counted")) this.inFlight.clear();
    this.state = state;
    this.save();
    if (before.role === "leader") this.#giveUp(before.epoch, before.parked);
    this.announce();
  }

  /** Notes a vote in the current epoch. At most one. */
  vote(candidateId: NodeId, directoryId: Uuid): void {
    invariant(
      this.votedId === -1 || (this.votedId === candidateId && this.votedDirectoryId === directoryId),
      `second vote in epoch ${this.epoch}: for ${this.votedId}, then for ${candidateId}`,
    );
    this.votedId = candidateId;
    this.votedDirectoryId = directoryId;
    this.save();
  }

  /** Writes epoch, leader and vote if they changed. A leader once known for an epoch stays written. */
  save(): void {
    const { epoch } = this.state;
    const known = this.leaderId;
    const before = this.store.quorumState;
    const leaderId = known === -1 && before?.leaderEpoch === epoch ? before.leaderId : known;
    const key = savedKey(epoch, leaderId, this.votedId, this.votedDirectoryId);
    if (key === this.#saved || this.hasBug("vote-not-persisted")) return;
    this.#saved = key;
    this.store.saveQuorumState({
      leaderEpoch: epoch,
      leaderId,
      votedId: this.votedId,
      votedDirectoryId: this.votedDirectoryId,
    });
    this.#stateTicket = this.store.nextTicket;
  }

  /** What leaves must not be ahead of the disk in epoch or vote (T5). */
  gate(): Ticket {
    if (this.hasBug("vote-before-commit")) return NO_TICKET;
    return this.store.committedTicket >= this.#stateTicket ? NO_TICKET : this.#stateTicket;
  }

  emit(effect: RaftEffect): void {
    this.#effects.push(effect);
  }

  drain(): RaftEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  send(to: NodeId, request: RaftRequest, timeoutMs: number = this.config.timings.requestTimeoutMs): void {
    const requestId = this.inFlight.open(to, request.type, this.epoch);
    this.emit({ type: "send", to, requestId, request, timeoutMs, gate: this.gate() });
  }

  reply(replyTo: unknown, response: RaftResponse): void {
    this.emit({ type: "reply", replyTo, response, gate: this.gate() });
  }

  announce(): void {
    const key = `${this.epoch} ${this.leaderId}`;
    if (key === this.#announced) return;
    this.#announced = key;
    this.emit({ type: "leaderChanged", epoch: this.epoch, leaderId: this.leaderId });
  }

  /** Kafka's election timeout with its jitter. */
  electionTimeoutMs(): number {
    const { electionTimeoutMs } = this.config.timings;
    return electionTimeoutMs + randomBelow(this.config.random, electionTimeoutMs + 1);
  }

  /** Pause after a lost election: doubles, at random, up to the maximum. */
  backoffMs(): number {
    const ceiling = Math.min(this.config.timings.backoffMaxMs, 50 * 2 ** Math.min(this.electionTries, 10));
    return 1 + randomBelow(this.config.random, ceiling);
  }

  /** Head start of other voters when a leader is gone: 0 for the first in line. */
  staggerMs(goneLeaderId: NodeId): number {
    const line = this.config.voters.filter((id) => id !== goneLeaderId).sort((a, b) => a - b);
    return Math.max(0, line.indexOf(this.selfId)) * this.config.timings.electionStaggerMs;
  }

  /** Epoch of the last record, 0 when there is none; after a snapshot was installed, the snapshot's. */
  lastEpoch(): number {
    if (this.log.epochs.latestEpoch >= 0) return this.log.epochs.latestEpoch;
    const snapshot = this.store.latestSnapshot();
    return snapshot && snapshot.endOffset === this.log.logEndOffset ? snapshot.epoch : 0;
  }

  /** Nobody listens there, as of the last second: a refusal grows old, because a host may refuse for a moment only. */
  isRefused(nodeId: NodeId, nowMs: number): boolean {
    const atMs = this.refusedAtMs.get(nodeId);
    return atMs !== undefined && nowMs < atMs + this.config.timings.electionTimeoutMs;
  }

  /** Only for the planted mistake "resume-leadership". */
  resumeLeader(nowMs: number): void {
    const { config, log } = this;
    const options = { selfId: this.selfId, voters: config.voters, observersMax: 10, nowMs };
    const progress = new VoterProgress(options);
    const epochStartOffset = log.logEndOffset;
    this.enter({
      role: "leader",
      epoch: this.epoch,
      epochStartOffset,
      ready: false,
      progress,
      parked: [],
      beginAtMs: nowMs,
    });
  }

  /** Counts up, so that discovery asks voters in turn. */
  nextDiscovery(): number {
    this.#discoveries += 1;
    return this.#discoveries - 1;
  }

  /** Parked fetches of a leader that is none any more are answered at once, so that followers look for the next. */
  #giveUp(epoch: number, parked: readonly { readonly replyTo: unknown }[]): void {
    for (const { replyTo } of parked) {
      this.reply(replyTo, {
        type: "fetch",
        error: "NOT_LEADER_OR_FOLLOWER",
        leaderEpoch: this.epoch,
        leaderId: this.leaderId,
        highWatermark: -1,
        logStartOffset: -1,
        batches: [],
        divergingEpoch: null,
        snapshotId: null,
      });
    }
    this.emit({ type: "lostLeadership", epoch });
  }
}

function savedKey(epoch: number, leaderId: NodeId, votedId: NodeId, votedDirectoryId: Uuid): string {
  return `${epoch} ${leaderId} ${votedId} ${votedDirectoryId}`;
}
