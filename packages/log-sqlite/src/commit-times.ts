import type { CommitStats } from "./messages.ts";

export interface DiskStats {
  /** Transactions of the storage thread (groups of hand-overs). */
  readonly commits: number;
  readonly handOvers: number;
  /** Payload bytes committed. */
  readonly bytes: number;
  /** How long the newest commits took, in milliseconds; 0 before the first. */
  readonly commitMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

const KEPT = 2048;

/** How long commits take: the newest KEPT of them. */
export class CommitTimes {
  readonly #ms = new Float64Array(KEPT);
  #commits = 0;
  #handOvers = 0;
  #bytes = 0;

  note(stats: CommitStats, handOvers: number): void {
    this.#ms[this.#commits % KEPT] = stats.ms;
    this.#commits++;
    this.#handOvers += handOvers;
    this.#bytes += stats.bytes;
  }

  stats(): DiskStats {
    const sorted = this.#ms.slice(0, Math.min(this.#commits, KEPT)).toSorted();
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return {
      commits: this.#commits,
      handOvers: this.#handOvers,
      bytes: this.#bytes,
      commitMs: {
        p50: at(0.5),
        p99: at(0.99),
        max: at(1),
      },
    };
  }
}
