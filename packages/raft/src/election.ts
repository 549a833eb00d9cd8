/**
 * Elections (KIP-595, KIP-996): the candidate's side and the voter's side of pre-vote and vote. A pre-vote changes nothing on either
 * side; a vote is on disk before it is told (gate).
 */
import { type NodeId, ZERO_UUID } from "@vitrine/core";
import { becomeLeader } from "./leader.ts";
import type { VoteRequest, VoteResponse } from "./messages.ts";
import type { Ballot, Candidate, Prospective } from "./quorum-state.ts";
import type { RaftCore } from "./raft-core.ts";
import { becomeFollower, becomeUnattached, learn } from "./transitions.ts";

/** Asks whether this node would win. The only voter need not ask. */
export function startPreVote(core: RaftCore, nowMs: number): void {
  if (core.config.voters.length === 1) return startVote(core, nowMs);
  const leaderId = core.state.role === "follower" ? core.state.leaderId : -1;
  core.electionTries += 1;
  core.enter({ role: "prospective", epoch: core.epoch, leaderId, ballot: newBallot(core, nowMs) });
  askForVotes(core);
}

/** Takes a new epoch, votes for itself and asks. */
export function startVote(core: RaftCore, nowMs: number): void {
  const tries = core.state.role === "prospective" ? core.electionTries : core.electionTries + 1;
  core.electionTries = tries;
  core.enter({ role: "candidate", epoch: core.epoch + 1, ballot: newBallot(core, nowMs) });
  core.vote(core.selfId, core.config.directoryId);
  if (!countBallot(core, nowMs)) askForVotes(core);
}

function newBallot(core: RaftCore, nowMs: number): Ballot {
  return {
    granted: new Set([core.selfId]),
    rejected: new Set(),
    unreachable: new Set(),
    endsAtMs: nowMs + core.electionTimeoutMs(),
    retryAtMs: Number.POSITIVE_INFINITY,
  };
}

function askForVotes(core: RaftCore): void {
  const { state } = core;
  if (state.role !== "prospective" && state.role !== "candidate") return;
  state.ballot.retryAtMs = Number.POSITIVE_INFINITY;
  for (const voterId of core.config.voters) {
    const { granted, rejected } = state.ballot;
    if (granted.has(voterId) || rejected.has(voterId) || core.inFlight.has(voterId, "vote")) continue;
    core.send(voterId, {
      type: "vote",
      clusterId: core.config.clusterId,
      preVote: state.role === "prospective",
      candidateEpoch: state.epoch,
      candidateId: core.selfId,
      candidateDirectoryId: core.config.directoryId,
      voterId,
      voterDirectoryId: ZERO_UUID,
      lastEpoch: core.lastEpoch(),
      lastOffset: core.log.logEndOffset,
    });
  }
}

/** Time passed while asking. */
export function tickElection(core: RaftCore, state: Prospective | Candidate, nowMs: number): void {
  if (nowMs >= state.ballot.endsAtMs) loseElection(core, state, nowMs);
  else if (nowMs >= state.ballot.retryAtMs) askForVotes(core);
}

/** An answer to a vote request that this node sent in `sentInEpoch`. */
export function handleVoteResponse(
  core: RaftCore,
  arrived: { readonly from: NodeId; readonly response: VoteResponse; readonly sentInEpoch: number },
  nowMs: number,
): void {
  const { from, response, sentInEpoch } = arrived;
  const before = core.state;
  // A yes of this epoch may name the leader that both have lost: that is no reason to follow it again.
  const named = response.voteGranted && response.leaderEpoch === core.epoch ? -1 : response.leaderId;
  learn(core, { epoch: response.leaderEpoch, leaderId: named }, nowMs);
  if (core.state !== before) return;
  const { state } = core;
  if (state.role !== "prospective" && state.role !== "candidate") return;
  if (sentInEpoch !== state.epoch && !core.hasBug("stale-votes-counted")) return;
  state.ballot.unreachable.delete(from);
  if (response.error === "NONE" && response.voteGranted) state.ballot.granted.add(from);
  else state.ballot.rejected.add(from);
  countBallot(core, nowMs);
}

/** A vote request got no answer: refused peers count as a no for now, others are asked again. */
export function voteRequestFailed(core: RaftCore, to: NodeId, refused: boolean, nowMs: number): void {
  const { state } = core;
  if (state.role !== "prospective" && state.role !== "candidate") return;
  if (refused) {
    state.ballot.unreachable.add(to);
    countBallot(core, nowMs);
  } else {
    state.ballot.retryAtMs = Math.min(state.ballot.retryAtMs, nowMs + core.config.timings.retryBackoffMs);
  }
}

/** A peer came (back): it can be asked. */
export function peerCanVote(core: RaftCore, nodeId: NodeId): void {
  const { state } = core;
  if (state.role !== "prospective" && state.role !== "candidate") return;
  if (state.ballot.unreachable.delete(nodeId)) askForVotes(core);
}

/** Wins or loses if the ballot is decided; says whether it was. */
function countBallot(core: RaftCore, nowMs: number): boolean {
  const { state } = core;
  if (state.role !== "prospective" && state.role !== "candidate") return true;
  const { granted, rejected, unreachable } = state.ballot;
  if (granted.size >= core.majority) {
    if (state.role === "prospective") startVote(core, nowMs);
    else becomeLeader(core, state, nowMs);
    return true;
  }
  const against = [...new Set([...rejected, ...unreachable])].filter((id) => !granted.has(id)).length;
  if (against <= core.config.voters.length - core.majority) return false;
  loseElection(core, state, nowMs);
  return true;
}

/** Back to where it came from, to try again after a pause. */
function loseElection(core: RaftCore, state: Prospective | Candidate, nowMs: number): void {
  const electionAtMs = nowMs + core.backoffMs();
  if (state.role === "prospective" && state.leaderId !== -1)
    becomeFollower(core, { epoch: state.epoch, leaderId: state.leaderId, electionAtMs }, nowMs);
  else becomeUnattached(core, { epoch: state.epoch, electionAtMs }, nowMs);
}

/** The voter's side. */
export function handleVoteRequest(core: RaftCore, replyTo: unknown, request: VoteRequest, nowMs: number): void {
  const error = checkVoteRequest(core, request);
  if (error !== "NONE") return answer(core, replyTo, error, false);
  if (request.candidateEpoch < core.epoch) return answer(core, replyTo, "FENCED_LEADER_EPOCH", false);
  if (request.candidateEpoch > core.epoch) learn(core, { epoch: request.candidateEpoch, leaderId: -1 }, nowMs);
  if (request.candidateEpoch > core.epoch) return answer(core, replyTo, "UNKNOWN_LEADER_EPOCH", false);
  const granted =
    logIsCovered(core, request) && (request.preVote ? grantsPreVote(core, nowMs) : grantsVote(core, request));
  if (granted && !request.preVote) {
    core.vote(request.candidateId, request.candidateDirectoryId);
    postponeElection(core, nowMs);
  } else if (granted) {
    standBack(core, nowMs);
  }
  answer(core, replyTo, "NONE", granted);
}

function checkVoteRequest(core: RaftCore, request: VoteRequest): VoteResponse["error"] {
  const { config } = core;
  if (request.clusterId !== null && config.clusterId !== null && request.clusterId !== config.clusterId)
    return "INCONSISTENT_CLUSTER_ID";
  if (request.voterId !== -1 && request.voterId !== core.selfId) return "INVALID_VOTER_KEY";
  if (request.voterDirectoryId !== ZERO_UUID && request.voterDirectoryId !== config.directoryId)
    return "INVALID_VOTER_KEY";
  if (!core.isVoter || !config.voters.includes(request.candidateId)) return "INCONSISTENT_VOTER_SET";
  const epochIsPast = request.preVote
    ? request.lastEpoch > request.candidateEpoch
    : request.lastEpoch >= request.candidateEpoch;
  if (request.lastEpoch < 0 || request.lastOffset < 0 || epochIsPast) return "INVALID_REQUEST";
  return "NONE";
}

/** (last epoch, log end) of the candidate is not behind ours. */
function logIsCovered(core: RaftCore, request: VoteRequest): boolean {
  const lastEpoch = core.lastEpoch();
  if (core.hasBug("vote-compares-length-only")) return request.lastOffset >= core.log.logEndOffset;
  if (request.lastEpoch !== lastEpoch) return request.lastEpoch > lastEpoch;
  return request.lastOffset >= core.log.logEndOffset;
}

/** A leader that is alive is not disturbed: only nodes that have lost theirs say yes. */
function grantsPreVote(core: RaftCore, nowMs: number): boolean {
  const { state } = core;
  switch (state.role) {
    case "unattached":
    case "prospective":
    case "candidate":
    case "resigned":
      return true;
    case "leader":
      return false;
    case "follower":
      return nowMs >= state.freshUntilMs || core.isRefused(state.leaderId, nowMs);
  }
}

function grantsVote(core: RaftCore, request: VoteRequest): boolean {
  if (core.votedId !== -1)
    return core.votedId === request.candidateId && core.votedDirectoryId === request.candidateDirectoryId;
  const { state } = core;
  return state.role === "unattached" || (state.role === "prospective" && state.leaderId === -1);
}

/** Who has just voted gives the candidate time to win; a prospective stops asking. */
function postponeElection(core: RaftCore, nowMs: number): void {
  const electionAtMs = nowMs + core.electionTimeoutMs();
  if (core.state.role === "unattached") core.state.electionAtMs = electionAtMs;
  else if (core.state.role === "prospective") becomeUnattached(core, { epoch: core.epoch, electionAtMs }, nowMs);
}

/** Who has just encouraged another does not run against it in the same moment: two candidates at once both lose. */
function standBack(core: RaftCore, nowMs: number): void {
  const { state } = core;
  if (state.role !== "unattached" && state.role !== "follower") return;
  state.electionAtMs = Math.max(state.electionAtMs, nowMs + 4 * core.config.timings.electionStaggerMs);
}

function answer(core: RaftCore, replyTo: unknown, error: VoteResponse["error"], voteGranted: boolean): void {
  core.reply(replyTo, { type: "vote", error, leaderEpoch: core.epoch, leaderId: core.leaderId, voteGranted });
}
