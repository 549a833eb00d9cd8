/**
 * KRaft as a step machine (KIP-595, 630, 996): events and time go in, effects come out; no clock, timer, socket or promise inside.
 * The log and the quorum's state live behind the log port; what depends on the disk carries a gate. States: quorum-state.ts.
 *
 * The driver: `step` for everything that happened, `propose` for records, then `drainEffects` once at the end of the turn, before or after
 * the store's hand-over; then a tick at `nextDeadlineMs`.
 */
import { type ErrorName, invariant, type NodeId, Offset, unreachable, type Uuid } from "@vitrine/core";
import type { Batch, LogStore, PartitionLog } from "@vitrine/log";
import type { RaftConfig } from "./config.ts";
import {
  handleVoteRequest,
  handleVoteResponse,
  peerCanVote,
  startPreVote,
  tickElection,
  voteRequestFailed,
} from "./election.ts";
import { deadlineOf } from "./deadline.ts";
import type { RaftEffect, RaftEvent, SendFailure } from "./events.ts";
import { answerParked, finishColdRead, refuseFetch, serveFetch } from "./fetch-service.ts";
import {
  fetchFailed,
  handleBeginQuorumEpoch,
  handleEndQuorumEpoch,
  handleFetchResponse,
  leaderGone,
  tickFollower,
  tickUnattached,
} from "./follower.ts";
import {
  advanceHighWatermark,
  checkBatch,
  greetVoter,
  quorumLostAtMs,
  resign,
  retryEnd,
  tickLeader,
} from "./leader.ts";
import type { FetchRequest, FetchSnapshotRequest, RaftRequest, RaftResponse } from "./messages.ts";
import type { QuorumState } from "./quorum-state.ts";
import { RaftCore } from "./raft-core.ts";
import { handleSnapshotResponse, moveLogStart, refuseSnapshot, serveSnapshot } from "./snapshots.ts";
import { learn } from "./transitions.ts";

export type RaftRole = QuorumState["role"];

export type ProposeResult =
  | { readonly ok: true; readonly firstOffset: Offset; readonly lastOffset: Offset; readonly epoch: number }
  | { readonly ok: false; readonly error: ErrorName };

/** What this node knows of the quorum. */
export interface RaftView {
  readonly role: RaftRole;
  readonly isVoter: boolean;
  readonly epoch: number;
  /** -1: none known. */
  readonly leaderId: NodeId;
  /** Whom this node voted for in this epoch; -1: nobody. */
  readonly votedId: NodeId;
  readonly votedDirectoryId: Uuid;
  readonly highWatermark: Offset;
  /** Offset of the LeaderChange record while leading, else null. */
  readonly epochStartOffset: Offset | null;
}

/** One replica of the metadata log as its leader sees it; what DescribeQuorum and the console show. */
export interface ReplicaState {
  readonly nodeId: NodeId;
  readonly isVoter: boolean;
  /** -1: has not fetched in this epoch. */
  readonly logEndOffset: number;
  /** What counts for the high watermark: for a voter its fetch offset, for this node its disk. */
  readonly durableEndOffset: number;
  /** Monotonic; -1: never. */
  readonly lastFetchMs: number;
  /** Last time it had everything; monotonic; -1: never. */
  readonly lastCaughtUpMs: number;
}

export class Raft {
  readonly #core: RaftCore;
  #nowMs: number;

  /** Starts from what the store holds. `nowMs` is monotonic, as everywhere here. */
  constructor(config: RaftConfig, store: LogStore, log: PartitionLog, nowMs: number) {
    invariant(config.voters.length > 0, "a quorum needs at least one voter");
    this.#nowMs = nowMs;
    this.#core = new RaftCore(config, store, log, initialState(config, store, nowMs));
    this.#core.announce();
    if (this.#core.hasBug("resume-leadership")) this.#resumeLeadership();
  }

  /** Takes one event. Throws InvariantViolation on what must never be: the process must end then. */
  step(event: RaftEvent, nowMs: number): void {
    const core = this.#core;
    if (core.failed) return;
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    this.#dispatch(event, this.#nowMs);
    this.#tick(this.#nowMs);
  }

  /** Effects since the last call, in order. Parked fetches are answered here, so that all proposals of a turn go out together. */
  drainEffects(): RaftEffect[] {
    const { state } = this.#core;
    if (state.role === "leader" && !this.#core.failed) {
      advanceHighWatermark(this.#core);
      answerParked(this.#core, state, this.#nowMs);
    }
    return this.#core.drain();
  }

  /**
   * Appends whole or not at all; leader only. Batches continue the log from `log.logEndOffset` and carry this epoch. One batch is one
   * atom: readers never see half of it; of several batches a new leader may keep the first ones only.
   */
  propose(batches: readonly Batch[], nowMs: number): ProposeResult {
    const core = this.#core;
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    if (core.failed) return { ok: false, error: "KAFKA_STORAGE_ERROR" };
    if (core.state.role !== "leader") return { ok: false, error: "NOT_CONTROLLER" };
    const sizeBytes = batches.reduce((sum, batch) => sum + batch.bytes.length, 0);
    if (sizeBytes > core.config.limits.proposalMaxBytes) return { ok: false, error: "RECORD_LIST_TOO_LARGE" };
    const firstOffset = core.log.logEndOffset;
    let end = firstOffset;
    for (const batch of batches) {
      checkBatch(core, batch, end);
      end = Offset(batch.facts.lastOffset + 1);
    }
    invariant(end > firstOffset, "nothing was proposed");
    for (const batch of batches) core.log.append(batch);
    return { ok: true, firstOffset, lastOffset: Offset(end - 1), epoch: core.epoch };
  }

  /** Orderly stop: hands leadership over. Does nothing when not leader. */
  resign(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    if (!this.#core.failed) resign(this.#core, this.#nowMs);
  }

  /** The driver saved a snapshot of everything below endOffset, which is the end of a batch: the log start may move. */
  snapshotTaken(snapshot: { readonly endOffset: Offset; readonly epoch: number }): void {
    invariant(snapshot.endOffset <= this.#core.log.highWatermark, "a snapshot holds committed records only");
    moveLogStart(this.#core, snapshot.endOffset);
  }

  view(): RaftView {
    const core = this.#core;
    return {
      role: core.state.role,
      isVoter: core.isVoter,
      epoch: core.epoch,
      leaderId: core.leaderId,
      votedId: core.votedId,
      votedDirectoryId: core.votedDirectoryId,
      highWatermark: core.log.highWatermark,
      epochStartOffset: core.state.role === "leader" ? core.state.epochStartOffset : null,
    };
  }

  /** Voters and observers as the leader sees them, itself first; empty unless leading. */
  replicaStates(nowMs: number): readonly ReplicaState[] {
    const { state, log, selfId } = this.#core;
    if (state.role !== "leader") return [];
    const states: ReplicaState[] = [
      {
        nodeId: selfId,
        isVoter: true,
        logEndOffset: log.logEndOffset,
        durableEndOffset: log.durableEndOffset,
        lastFetchMs: nowMs,
        lastCaughtUpMs: nowMs,
      },
    ];
    for (const [nodeId, { isVoter, fetchOffset, lastFetchMs, lastCaughtUpMs }] of state.progress.replicas)
      states.push({
        nodeId,
        isVoter,
        logEndOffset: fetchOffset,
        durableEndOffset: fetchOffset,
        lastFetchMs,
        lastCaughtUpMs,
      });
    return states;
  }

  /** Whether a majority can be heard, as far as this node can know: a leader by its fetches, a follower by its leader. */
  hasQuorum(nowMs: number): boolean {
    const core = this.#core;
    const { state } = core;
    if (state.role === "follower") return nowMs < state.freshUntilMs && !core.isRefused(state.leaderId, nowMs);
    if (state.role !== "leader") return false;
    const refused = core.config.voters.filter((id) => core.isRefused(id, nowMs)).length;
    return nowMs < quorumLostAtMs(core, state) && core.config.voters.length - refused >= core.majority;
  }

  /** When the next tick is due, monotonic; null = never. May lie in the past. */
  nextDeadlineMs(): number | null {
    const core = this.#core;
    if (core.failed) return null;
    const at = deadlineOf(core);
    return Number.isFinite(at) ? at : null;
  }

  #tick(nowMs: number): void {
    const core = this.#core;
    if (core.failed) return;
    const { state } = core;
    switch (state.role) {
      case "unattached":
        return tickUnattached(core, state, nowMs);
      case "prospective":
      case "candidate":
        return tickElection(core, state, nowMs);
      case "leader":
        advanceHighWatermark(core);
        return tickLeader(core, nowMs);
      case "resigned":
        if (nowMs >= state.electionAtMs) startPreVote(core, nowMs);
        return;
      case "follower":
        return tickFollower(core, state, nowMs);
      default:
        return unreachable(state);
    }
  }

  #dispatch(event: RaftEvent, nowMs: number): void {
    const core = this.#core;
    switch (event.type) {
      case "request":
        return this.#handleRequest(event.replyTo, event.request, nowMs);
      case "response":
        return this.#handleResponse(event.from, event.requestId, event.response, nowMs);
      case "requestFailed":
        return this.#handleFailure(event.to, event.requestId, event.reason, nowMs);
      case "read":
        return finishColdRead(core, event.id, { batches: event.batches });
      case "readFailed":
        return finishColdRead(core, event.id, { error: event.error });
      case "peerRefused":
        return this.#peerRefused(event.nodeId, nowMs);
      case "peerConnected":
        return this.#peerConnected(event.nodeId, nowMs);
      case "storeFailed":
        if (core.state.role === "leader") resign(core, nowMs);
        core.failed = true;
        return;
      case "committed":
      case "tick":
        return;
      default:
        return unreachable(event);
    }
  }

  #handleRequest(replyTo: unknown, request: RaftRequest, nowMs: number): void {
    const core = this.#core;
    core.refusedAtMs.delete(senderOf(request));
    switch (request.type) {
      case "vote":
        return handleVoteRequest(core, replyTo, request, nowMs);
      case "beginQuorumEpoch":
        return handleBeginQuorumEpoch(core, replyTo, request, nowMs);
      case "endQuorumEpoch":
        return handleEndQuorumEpoch(core, replyTo, request, nowMs);
      case "fetch": {
        const error = this.#checkFetch(request, nowMs);
        if (error !== null) return refuseFetch(core, replyTo, error);
        if (core.state.role === "leader") serveFetch(core, core.state, { replyTo, request }, nowMs);
        return;
      }
      case "fetchSnapshot": {
        const error = this.#checkFetch(request, nowMs);
        if (error !== null) return refuseSnapshot(core, replyTo, request, error);
        if (core.state.role === "leader") serveSnapshot(core, core.state, { replyTo, request }, nowMs);
        return;
      }
      default:
        return unreachable(request);
    }
  }

  /** What both fetches have in common: cluster, leadership, epoch. null = go on. */
  #checkFetch(request: FetchRequest | FetchSnapshotRequest, nowMs: number): ErrorName | null {
    const core = this.#core;
    const { clusterId } = core.config;
    if (request.clusterId !== null && clusterId !== null && request.clusterId !== clusterId)
      return "INCONSISTENT_CLUSTER_ID";
    if (request.currentLeaderEpoch > core.epoch) {
      learn(core, { epoch: request.currentLeaderEpoch, leaderId: -1 }, nowMs);
      return "UNKNOWN_LEADER_EPOCH";
    }
    if (core.state.role !== "leader") return "NOT_LEADER_OR_FOLLOWER";
    if (request.currentLeaderEpoch !== -1 && request.currentLeaderEpoch < core.epoch) return "FENCED_LEADER_EPOCH";
    return null;
  }

  #handleResponse(from: NodeId, requestId: number, response: RaftResponse, nowMs: number): void {
    const core = this.#core;
    core.refusedAtMs.delete(from);
    const sent = core.inFlight.close(requestId, from, response.type);
    if (!sent && !(core.hasBug("no-request-correlation") && response.type === "fetch")) return;
    switch (response.type) {
      case "vote":
        return handleVoteResponse(core, { from, response, sentInEpoch: sent?.epoch ?? core.epoch }, nowMs);
      case "beginQuorumEpoch":
      case "endQuorumEpoch":
        return learn(core, { epoch: response.leaderEpoch, leaderId: response.leaderId }, nowMs);
      case "fetch":
        return handleFetchResponse(core, from, response, nowMs);
      case "fetchSnapshot":
        return handleSnapshotResponse(core, response, nowMs);
      default:
        return unreachable(response);
    }
  }

  #handleFailure(to: NodeId, requestId: number, reason: SendFailure, nowMs: number): void {
    const core = this.#core;
    const sent = core.inFlight.fail(requestId, to);
    if (reason === "refused") this.#peerRefused(to, nowMs);
    if (!sent) return;
    if (sent.type === "vote") voteRequestFailed(core, to, reason === "refused", nowMs);
    if (sent.type === "endQuorumEpoch" && reason !== "refused") retryEnd(core, to);
    const { state } = core;
    if (state.role === "follower" && (sent.type === "fetch" || sent.type === "fetchSnapshot"))
      fetchFailed(core, state, nowMs);
  }

  #peerRefused(nodeId: NodeId, nowMs: number): void {
    const core = this.#core;
    core.refusedAtMs.set(nodeId, nowMs);
    const { state } = core;
    if (state.role === "follower" && state.leaderId === nodeId) leaderGone(core, state, nowMs);
    else voteRequestFailed(core, nodeId, true, nowMs);
  }

  #peerConnected(nodeId: NodeId, nowMs: number): void {
    const core = this.#core;
    core.refusedAtMs.delete(nodeId);
    peerCanVote(core, nodeId);
    greetVoter(core, nodeId);
    const { state } = core;
    if (state.role !== "unattached" || !core.config.voters.includes(nodeId)) return;
    state.discoverAtMs = nowMs;
    if (!core.isVoter) return;
    // A cluster that is starting does not wait out the pause of an election held before anybody was there.
    if (core.votedId === -1 || core.votedId === core.selfId)
      state.electionAtMs = Math.min(
        state.electionAtMs,
        nowMs + core.staggerMs(-1) + core.config.timings.retryBackoffMs,
      );
  }

  /** The planted mistake of KAFKA-10527: leads on in the epoch it led before the restart. */
  #resumeLeadership(): void {
    const core = this.#core;
    if (core.store.quorumState?.leaderId !== core.selfId || core.state.role !== "unattached") return;
    core.resumeLeader(this.#nowMs);
  }
}

/** A restarted node leads nothing, whatever it led (KAFKA-10527); it goes on following the leader it knew. */
function initialState(config: RaftConfig, store: LogStore, nowMs: number): QuorumState {
  const saved = store.quorumState;
  const epoch = saved?.leaderEpoch ?? 0;
  const isVoter = config.voters.includes(config.nodeId);
  if (saved && saved.leaderId >= 0 && saved.leaderId !== config.nodeId) {
    const electionAtMs = nowMs + config.timings.fetchTimeoutMs;
    return {
      role: "follower",
      epoch,
      leaderId: saved.leaderId,
      freshUntilMs: -1,
      electionAtMs,
      fetchAtMs: nowMs,
      download: null,
    };
  }
  const rank = [...config.voters].sort((a, b) => a - b).indexOf(config.nodeId);
  const electionAtMs = isVoter ? nowMs + rank * config.timings.electionStaggerMs : Number.POSITIVE_INFINITY;
  return { role: "unattached", epoch, electionAtMs, discoverAtMs: nowMs };
}

function senderOf(request: RaftRequest): NodeId {
  switch (request.type) {
    case "vote":
      return request.candidateId;
    case "beginQuorumEpoch":
    case "endQuorumEpoch":
      return request.leaderId;
    case "fetch":
    case "fetchSnapshot":
      return request.replicaId;
    default:
      return unreachable(request);
  }
}
