/** The transitions that many causes lead to: following a leader, losing all, and what another node's word about epochs does. */
import { invariant, type NodeId } from "@vitrine/core";
import type { RaftCore } from "./raft-core.ts";

/** Follows a leader of this or a higher epoch. Without a time for the next election, a fetch timeout is granted first. */
export function becomeFollower(
  core: RaftCore,
  to: { readonly epoch: number; readonly leaderId: NodeId; readonly electionAtMs?: number },
  nowMs: number,
): void {
  invariant(to.leaderId !== core.selfId, `node ${core.selfId} would follow itself in epoch ${to.epoch}`);
  core.enter({
    role: "follower",
    epoch: to.epoch,
    leaderId: to.leaderId,
    freshUntilMs: -1,
    electionAtMs: to.electionAtMs ?? nowMs + core.config.timings.fetchTimeoutMs + core.staggerMs(to.leaderId),
    fetchAtMs: nowMs,
    download: null,
  });
}

/** No leader known. Voters stand for election after a while; everybody asks around meanwhile. */
export function becomeUnattached(
  core: RaftCore,
  to: { readonly epoch: number; readonly electionAtMs?: number },
  nowMs: number,
): void {
  const electionAtMs = core.isVoter ? (to.electionAtMs ?? nowMs + core.electionTimeoutMs()) : Number.POSITIVE_INFINITY;
  core.enter({ role: "unattached", epoch: to.epoch, electionAtMs, discoverAtMs: nowMs });
}

/** Takes another node's word about epoch and leader (-1: it knows none). Older epochs are nothing. */
export function learn(
  core: RaftCore,
  told: { readonly epoch: number; readonly leaderId: NodeId },
  nowMs: number,
): void {
  if (told.epoch < core.epoch) return;
  if (told.epoch > core.epoch) return learnHigherEpoch(core, told, nowMs);
  if (told.leaderId === -1 || told.leaderId === core.selfId) return;
  const { state } = core;
  switch (state.role) {
    case "candidate":
      return becomeFollower(core, told, nowMs);
    case "unattached":
      // Hearsay about a leader whose port refused us: it was told before its process ended.
      if (!core.isRefused(told.leaderId, nowMs)) becomeFollower(core, told, nowMs);
      return;
    case "prospective":
      invariant(state.leaderId === -1 || state.leaderId === told.leaderId, twoLeaders(told, state.leaderId));
      if (!core.isRefused(told.leaderId, nowMs)) becomeFollower(core, told, nowMs);
      return;
    case "follower":
      return invariant(state.leaderId === told.leaderId, twoLeaders(told, state.leaderId));
    case "leader":
    case "resigned":
      return invariant(false, twoLeaders(told, core.selfId));
  }
}

function learnHigherEpoch(
  core: RaftCore,
  told: { readonly epoch: number; readonly leaderId: NodeId },
  nowMs: number,
): void {
  // A leader id that is ours comes from an epoch whose memory we lost: we are not its leader any more.
  if (told.leaderId !== -1 && told.leaderId !== core.selfId) becomeFollower(core, told, nowMs);
  else becomeUnattached(core, told, nowMs);
}

function twoLeaders(told: { readonly epoch: number; readonly leaderId: NodeId }, known: NodeId): string {
  return `two leaders of epoch ${told.epoch}: ${known} is known and ${told.leaderId} was named`;
}
