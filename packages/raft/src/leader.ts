/**
 * The leader: appends, answers fetches, moves the high watermark over what a majority has on disk, and makes sure that it still has a
 * majority. Nothing of an older epoch is committed by counting: only what lies past this epoch's first record is (Raft figure 8,
 * KAFKA-12619).
 */
import { invariant, type NodeId, Offset, ZERO_UUID } from "@vitrine/core";
import type { Batch } from "@vitrine/log";
import { answerParked } from "./fetch-service.ts";
import type { Candidate, Leader } from "./quorum-state.ts";
import type { RaftCore } from "./raft-core.ts";
import { VoterProgress } from "./voter-progress.ts";

/** A majority voted for it: the first record of the epoch goes into the log, and everybody is told. */
export function becomeLeader(core: RaftCore, won: Candidate, nowMs: number): void {
  const { config, log } = core;
  const epochStartOffset = log.logEndOffset;
  core.electionTries = 0;
  core.enter({
    role: "leader",
    epoch: won.epoch,
    epochStartOffset,
    ready: false,
    progress: new VoterProgress({
      selfId: core.selfId,
      voters: config.voters,
      observersMax: config.limits.observersMax,
      nowMs,
    }),
    parked: [],
    beginAtMs: nowMs,
  });
  const batch = config.makeLeaderChangeBatch({
    epoch: won.epoch,
    baseOffset: epochStartOffset,
    leaderId: core.selfId,
    voters: config.voters,
    grantingVoters: [...won.ballot.granted],
    nowMs,
  });
  checkBatch(core, batch, epochStartOffset);
  log.append(batch);
  core.emit({ type: "becameLeader", epoch: won.epoch, epochStartOffset });
  tickLeader(core, nowMs);
}

/** A batch of ours must continue the log in this epoch. */
export function checkBatch(core: RaftCore, batch: Batch, baseOffset: Offset): void {
  const { facts } = batch;
  invariant(facts.baseOffset === baseOffset, `batch at ${facts.baseOffset}, the log ends at ${baseOffset}`);
  invariant(facts.leaderEpoch === core.epoch, `batch of epoch ${facts.leaderEpoch} in epoch ${core.epoch}`);
}

/** Deadlines of the leader: quorum, voters that do not fetch, parked fetches. */
export function tickLeader(core: RaftCore, nowMs: number): void {
  const { state } = core;
  if (state.role !== "leader") return;
  if (nowMs >= quorumLostAtMs(core, state)) return resign(core, nowMs);
  if (nowMs >= state.beginAtMs) beginQuorumEpoch(core, state, nowMs);
  answerParked(core, state, nowMs);
}

/** When the check-quorum fails, unless somebody fetches (1.5 fetch timeouts). */
export function quorumLostAtMs(core: RaftCore, state: Leader): number {
  return state.progress.majorityHeardMs() + 1.5 * core.config.timings.fetchTimeoutMs;
}

function beginQuorumEpoch(core: RaftCore, state: Leader, nowMs: number): void {
  const intervalMs = core.config.timings.fetchTimeoutMs / 2;
  state.beginAtMs = nowMs + intervalMs;
  for (const [voterId, replica] of state.progress.replicas) {
    const isHeard = replica.lastFetchMs >= 0 && nowMs - replica.lastFetchMs < intervalMs;
    if (replica.isVoter && !isHeard && !core.inFlight.has(voterId, "beginQuorumEpoch")) sendBegin(core, voterId);
  }
}

/** Tells one voter at once: it has just connected. */
export function greetVoter(core: RaftCore, nodeId: NodeId): void {
  const { state } = core;
  if (state.role !== "leader" || !state.progress.replicas.get(nodeId)?.isVoter) return;
  if (!core.inFlight.has(nodeId, "beginQuorumEpoch")) sendBegin(core, nodeId);
}

function sendBegin(core: RaftCore, voterId: NodeId): void {
  core.send(voterId, {
    type: "beginQuorumEpoch",
    clusterId: core.config.clusterId,
    leaderId: core.selfId,
    leaderEpoch: core.epoch,
    voterId,
    voterDirectoryId: ZERO_UUID,
  });
}

/** Moves the high watermark to what a majority has on disk, past the epoch's first record only, and never back (KAFKA-16530). */
export function advanceHighWatermark(core: RaftCore): void {
  const { state, log } = core;
  if (state.role !== "leader") return;
  const selfEnd = core.hasBug("leader-counts-before-commit") ? log.logEndOffset : log.durableEndOffset;
  const end = Math.min(state.progress.majorityEnd(selfEnd), log.logEndOffset);
  const floor = core.hasBug("own-epoch-rule-off-by-one") ? state.epochStartOffset - 1 : state.epochStartOffset;
  if (end <= floor && !core.hasBug("no-own-epoch-rule")) return;
  if (end <= log.highWatermark) return;
  log.setHighWatermark(Offset(end));
  core.emit({ type: "highWatermarkAdvanced", offset: log.highWatermark });
  if (!state.ready) {
    state.ready = true;
    core.emit({ type: "leaderReady", epoch: state.epoch, epochStartOffset: state.epochStartOffset });
  }
}

/** Gives up leadership and names successors, the most caught up first. What was not committed may or may not survive. */
export function resign(core: RaftCore, nowMs: number): void {
  const { state } = core;
  if (state.role !== "leader") return;
  const preferredSuccessors = state.progress.successors();
  core.enter({
    role: "resigned",
    epoch: state.epoch,
    preferredSuccessors,
    electionAtMs: nowMs + core.electionTimeoutMs(),
  });
  for (const voterId of preferredSuccessors) sendEnd(core, voterId, preferredSuccessors);
}

/** Tells a voter again that had not answered. */
export function retryEnd(core: RaftCore, voterId: NodeId): void {
  const { state } = core;
  if (state.role === "resigned") sendEnd(core, voterId, state.preferredSuccessors);
}

function sendEnd(core: RaftCore, voterId: NodeId, preferredSuccessors: readonly NodeId[]): void {
  core.send(voterId, {
    type: "endQuorumEpoch",
    clusterId: core.config.clusterId,
    leaderId: core.selfId,
    leaderEpoch: core.epoch,
    preferredSuccessors,
  });
}
