import type { NodeState } from "@vitrine/api";

/** Longer than an ordinary election: while one runs nobody leads, and that is no loss. */
const ELECTION_MS = 1_000;

const UNHEARD: ReadonlySet<NodeState> = new Set<NodeState>(["down", "stopped", "frozen", "isolated"]);

/**
 * Whether to say that the controller quorum is there. Silence counts only when it has lasted longer than an election; a majority of voters
 * whose processes are known to be away counts at once, whatever was heard last.
 */
export class QuorumWatch {
  /** null: heard. Before it was heard for the first time there is nothing to wait for. */
  #silentSinceMs: number | null = Number.NEGATIVE_INFINITY;

  judge(nowMs: number, heard: boolean, voters: readonly (NodeState | null)[]): boolean {
    if (heard) this.#silentSinceMs = null;
    else this.#silentSinceMs ??= nowMs;
    const away = voters.filter((state) => state !== null && UNHEARD.has(state)).length;
    if (away > 0 && voters.length - away < Math.floor(voters.length / 2) + 1) return false;
    return this.#silentSinceMs === null || nowMs - this.#silentSinceMs < ELECTION_MS;
  }
}
