import { unreachable } from "@vitrine/core";
import { isWritten } from "./follower.ts";
import { quorumLostAtMs } from "./leader.ts";
import type { RaftCore } from "./raft-core.ts";

/** When time alone will make this node act; Infinity = never. */
export function deadlineOf(core: RaftCore): number {
  const { state } = core;
  switch (state.role) {
    case "unattached":
      return core.inFlight.hasType("fetch") ? state.electionAtMs : Math.min(state.electionAtMs, state.discoverAtMs);
    case "prospective":
    case "candidate":
      return Math.min(state.ballot.endsAtMs, state.ballot.retryAtMs);
    case "resigned":
      return state.electionAtMs;
    case "leader": {
      const single = core.config.voters.length === 1;
      const parkedAt = state.parked.reduce(
        (at, p) => (p.readId === null ? Math.min(at, p.deadlineMs) : at),
        Number.POSITIVE_INFINITY,
      );
      return Math.min(single ? Number.POSITIVE_INFINITY : state.beginAtMs, quorumLostAtMs(core, state), parkedAt);
    }
    case "follower": {
      const isWaiting = core.inFlight.hasType("fetch") || core.inFlight.hasType("fetchSnapshot") || !isWritten(core);
      return isWaiting ? state.electionAtMs : Math.min(state.electionAtMs, state.fetchAtMs);
    }
    default:
      return unreachable(state);
  }
}
