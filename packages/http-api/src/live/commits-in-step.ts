import type { Ends } from "../groups/group-lag.ts";
import type { HeldCommit } from "./group-board.ts";

/** A commit and the ends of its partition that belong together. */
export interface InStep {
  readonly commit: HeldCommit | null;
  readonly bounds: Ends;
}

interface Shown {
  readonly commit: HeldCommit | null;
  /** Since when the newest commit is ahead of the end that the leader told; null: it is not. */
  readonly aheadSinceMs: number | null;
}

/** A leader's word on a partition comes several times a second, asked for once a second; a commit still ahead after this is past the end. */
const END_FOLLOWS_MS = 3_000;
/** Partitions of all groups together; what is beyond it is shown as it is told. */
const PARTITIONS_MAX = 100_000;

/**
 * A commit is told by the coordinator and the end by the leader, each in its own time, so a commit may come before the end that it was read up to.
 * Until the end follows, the commit before it is shown, which was true a moment ago; where there was none, the end is not known. A commit by hand
 * past the end is shown after END_FOLLOWS_MS.
 */
export class CommitsInStep {
  readonly #shown = new Map<string, Shown>();

  take(key: string, commit: HeldCommit | null, bounds: Ends, nowMs: number): InStep {
    const shown = this.#shown.get(key);
    if (commit === null || bounds.end === null || commit.offset <= bounds.end) {
      this.#keep(key, { commit, aheadSinceMs: null });
      return { commit, bounds };
    }
    const since = shown?.aheadSinceMs ?? nowMs;
    if (nowMs - since >= END_FOLLOWS_MS) return { commit, bounds };
    const before = shown?.commit ?? null;
    this.#keep(key, { commit: before, aheadSinceMs: since });
    return before === null ? { commit, bounds: { ...bounds, end: null } } : { commit: before, bounds };
  }

  /** Forgets all but these. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of this.#shown.keys()) if (!keys.has(key)) this.#shown.delete(key);
  }

  #keep(key: string, shown: Shown): void {
    if (this.#shown.has(key) || this.#shown.size < PARTITIONS_MAX) this.#shown.set(key, shown);
  }
}
