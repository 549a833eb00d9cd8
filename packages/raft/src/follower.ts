/**
 * The follower's side: fetch from the leader, cut where the logs diverge, append, and fetch on only when all of it is on disk (voters;
 * KAFKA-13884). A node that knows no leader asks the voters in turn.
 */
import { invariant, type NodeId, Offset, ZERO_UUID } from "@vitrine/core";
import { startPreVote, startVote } from "./election.ts";
import type { BeginQuorumEpochRequest, EndQuorumEpochRequest, FetchResponse } from "./messages.ts";
import type { Follower, Unattached } from "./quorum-state.ts";
import type { RaftCore } from "./raft-core.ts";
import { SnapshotDownload } from "./snapshot-download.ts";
import { becomeUnattached, learn } from "./transitions.ts";

/** Deadlines of a follower, and its next fetch if one may go out. */
export function tickFollower(core: RaftCore, state: Follower, nowMs: number): void {
  if (nowMs >= state.electionAtMs) {
    if (core.isVoter) startPreVote(core, nowMs);
    else becomeUnattached(core, { epoch: state.epoch }, nowMs);
    return;
  }
  fetchOn(core, state, nowMs);
}

/** Whether the next fetch may leave: none is under way, no pause, and a voter's writes are on disk. */
export function mayFetch(core: RaftCore, state: Follower, nowMs: number): boolean {
  if (nowMs < state.fetchAtMs || core.inFlight.hasType("fetch") || core.inFlight.hasType("fetchSnapshot")) return false;
  return isWritten(core);
}

/** Observers may fetch ahead: nobody counts them. */
export function isWritten(core: RaftCore): boolean {
  return (
    !core.isVoter || core.store.committedTicket >= core.writtenTicket || core.hasBug("voter-fetches-before-commit")
  );
}

function fetchOn(core: RaftCore, state: Follower, nowMs: number): void {
  if (!mayFetch(core, state, nowMs)) return;
  if (state.download) return sendFetchSnapshot(core, state);
  sendFetch(core, state.leaderId, core.config.timings.fetchMaxWaitMs);
}

/** Asks a voter in turn who leads. */
export function tickUnattached(core: RaftCore, state: Unattached, nowMs: number): void {
  if (nowMs >= state.electionAtMs) return startPreVote(core, nowMs);
  if (nowMs < state.discoverAtMs || core.inFlight.hasType("fetch")) return;
  const others = core.config.voters.filter((id) => id !== core.selfId);
  state.discoverAtMs = nowMs + 5 * core.config.timings.retryBackoffMs;
  const reachable = others.filter((id) => !core.isRefused(id, nowMs));
  const from = reachable.length > 0 ? reachable : others;
  const to = from[core.nextDiscovery() % Math.max(1, from.length)];
  if (to !== undefined) sendFetch(core, to, 0);
}

function sendFetch(core: RaftCore, to: NodeId, maxWaitMs: number): void {
  const { config, log } = core;
  const request = {
    type: "fetch" as const,
    clusterId: config.clusterId,
    replicaId: core.selfId,
    replicaDirectoryId: config.directoryId,
    currentLeaderEpoch: core.epoch,
    fetchOffset: log.logEndOffset,
    lastFetchedEpoch: core.lastEpoch(),
    highWatermark: log.highWatermark,
    maxBytes: config.limits.fetchMaxBytes,
    maxWaitMs,
  };
  core.send(to, request, config.timings.requestTimeoutMs + maxWaitMs);
}

function sendFetchSnapshot(core: RaftCore, state: Follower): void {
  if (!state.download) return;
  core.send(state.leaderId, {
    type: "fetchSnapshot",
    clusterId: core.config.clusterId,
    replicaId: core.selfId,
    currentLeaderEpoch: core.epoch,
    snapshotId: state.download.id,
    position: state.download.position,
    maxBytes: core.config.limits.snapshotChunkBytes,
  });
}

/** The answer to the one fetch under way. */
export function handleFetchResponse(core: RaftCore, from: NodeId, response: FetchResponse, nowMs: number): void {
  const before = core.state;
  learn(core, { epoch: response.leaderEpoch, leaderId: response.leaderId }, nowMs);
  const { state } = core;
  if (state !== before || state.role !== "follower" || from !== state.leaderId) return;
  if (response.error === "NONE" && response.leaderEpoch === state.epoch)
    return takeAnswer(core, state, response, nowMs);
  if (response.leaderEpoch === state.epoch && response.leaderId === -1) return leaderGone(core, state, nowMs);
  state.fetchAtMs = nowMs + core.config.timings.retryBackoffMs;
}

/** A word of the leader of this epoch: it lives. */
export function refresh(core: RaftCore, state: Follower, nowMs: number): void {
  state.freshUntilMs = nowMs + core.config.timings.fetchTimeoutMs;
  state.electionAtMs = state.freshUntilMs + core.staggerMs(state.leaderId);
  core.electionTries = 0;
}

function takeAnswer(core: RaftCore, state: Follower, response: FetchResponse, nowMs: number): void {
  refresh(core, state, nowMs);
  if (core.hasBug("high-watermark-from-diverging-answer")) takeHighWatermark(core, response.highWatermark);
  if (response.snapshotId) {
    state.download = new SnapshotDownload(response.snapshotId);
  } else if (response.divergingEpoch) {
    truncateToEpoch(core, response.divergingEpoch);
  } else {
    appendAll(core, response);
    takeHighWatermark(core, response.highWatermark);
  }
}

function appendAll(core: RaftCore, response: FetchResponse): void {
  const { log } = core;
  for (const batch of response.batches) {
    const { facts } = batch;
    invariant(
      facts.baseOffset === log.logEndOffset,
      `leader ${response.leaderId} sent a batch at ${facts.baseOffset}, the log ends at ${log.logEndOffset}`,
    );
    invariant(facts.leaderEpoch <= core.epoch, `batch of epoch ${facts.leaderEpoch} in epoch ${core.epoch}`);
    log.append(batch);
  }
  if (response.batches.length > 0) core.writtenTicket = core.store.nextTicket;
}

/** A follower knows of commits only what its own log holds. */
function takeHighWatermark(core: RaftCore, told: number): void {
  const offset = Math.min(told, core.log.logEndOffset);
  if (offset <= core.log.highWatermark) return;
  core.log.setHighWatermark(Offset(offset));
  core.emit({ type: "highWatermarkAdvanced", offset: core.log.highWatermark });
}

/** Cuts to the smaller of both ends of the epoch (KIP-101, KIP-279); never below what is committed (KAFKA-12460). */
function truncateToEpoch(core: RaftCore, diverging: { readonly epoch: number; readonly endOffset: Offset }): void {
  const { log } = core;
  const own = log.epochs.endOffsetFor(diverging.epoch, log.logEndOffset);
  const ownEnd = own.epoch === -1 ? log.logEndOffset : own.endOffset;
  const target = Offset(Math.max(log.logStartOffset, Math.min(diverging.endOffset, ownEnd)));
  invariant(target < log.logEndOffset, `told to truncate to ${target}, but the log ends at ${log.logEndOffset}`);
  invariant(
    target >= log.highWatermark || (core.config.plantedBugs?.size ?? 0) > 0,
    `told to truncate to ${target}, below the high watermark ${log.highWatermark}: committed records would be lost`,
  );
  log.truncateTo(target, { unclean: target < log.highWatermark });
  core.writtenTicket = core.store.nextTicket;
  core.emit({ type: "truncated", offset: target });
}

/** The leader ended or gave up: its freshness is void, the first voter in line asks for pre-votes at once (DESIGN 10.2). */
export function leaderGone(core: RaftCore, state: Follower, nowMs: number): void {
  state.freshUntilMs = -1;
  state.fetchAtMs = nowMs + core.config.timings.retryBackoffMs;
  if (!core.isVoter) return becomeUnattached(core, { epoch: state.epoch }, nowMs);
  const pauseMs = core.electionTries === 0 ? core.staggerMs(state.leaderId) : core.backoffMs();
  state.electionAtMs = Math.min(state.electionAtMs, nowMs + pauseMs);
}

export function fetchFailed(core: RaftCore, state: Follower, nowMs: number): void {
  state.fetchAtMs = nowMs + core.config.timings.retryBackoffMs;
}

export function handleBeginQuorumEpoch(
  core: RaftCore,
  replyTo: unknown,
  request: BeginQuorumEpochRequest,
  nowMs: number,
): void {
  const { config } = core;
  const isForeign = request.clusterId !== null && config.clusterId !== null && request.clusterId !== config.clusterId;
  const isMisdirected =
    (request.voterId !== -1 && request.voterId !== core.selfId) ||
    (request.voterDirectoryId !== ZERO_UUID && request.voterDirectoryId !== config.directoryId);
  if (isForeign) return answerQuorum(core, replyTo, "beginQuorumEpoch", "INCONSISTENT_CLUSTER_ID");
  if (isMisdirected) return answerQuorum(core, replyTo, "beginQuorumEpoch", "INVALID_VOTER_KEY");
  if (request.leaderEpoch < core.epoch) return answerQuorum(core, replyTo, "beginQuorumEpoch", "FENCED_LEADER_EPOCH");
  learn(core, { epoch: request.leaderEpoch, leaderId: request.leaderId }, nowMs);
  answerQuorum(core, replyTo, "beginQuorumEpoch", "NONE");
}

export function handleEndQuorumEpoch(
  core: RaftCore,
  replyTo: unknown,
  request: EndQuorumEpochRequest,
  nowMs: number,
): void {
  const { config } = core;
  const isForeign = request.clusterId !== null && config.clusterId !== null && request.clusterId !== config.clusterId;
  if (isForeign) return answerQuorum(core, replyTo, "endQuorumEpoch", "INCONSISTENT_CLUSTER_ID");
  if (request.leaderEpoch < core.epoch) return answerQuorum(core, replyTo, "endQuorumEpoch", "FENCED_LEADER_EPOCH");
  learn(core, { epoch: request.leaderEpoch, leaderId: request.leaderId }, nowMs);
  answerQuorum(core, replyTo, "endQuorumEpoch", "NONE");
  const { state } = core;
  if (state.role !== "follower" || state.leaderId !== request.leaderId) return;
  const rank = request.preferredSuccessors.indexOf(core.selfId);
  // The leader itself says that it is gone: no pre-vote has to find that out.
  if (core.isVoter && rank === 0) return startVote(core, nowMs);
  leaderGone(core, state, nowMs);
  if (state === core.state && rank > 0) {
    const { electionStaggerMs } = config.timings;
    state.electionAtMs = Math.max(state.electionAtMs, nowMs + (rank + 1) * 2 * electionStaggerMs);
  }
}

function answerQuorum(
  core: RaftCore,
  replyTo: unknown,
  type: "beginQuorumEpoch" | "endQuorumEpoch",
  error: FetchResponse["error"],
): void {
  core.reply(replyTo, { type, error, leaderEpoch: core.epoch, leaderId: core.leaderId });
}
