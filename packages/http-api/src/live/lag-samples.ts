import {
  judgePartition,
  type LagSample,
  type PartitionJudgement,
  type PartitionReader,
  VERDICT_WINDOW_MS,
} from "@vitrine/api";

/** Looks at a partition lie so far apart; the newest is always now. */
const SAMPLE_MS = 5_000;
/** Partitions of all groups together that are looked at; those beyond it are judged by the present alone. */
const PARTITIONS_MAX = 20_000;

/** The last minute of every partition of every group, for the verdicts. */
export class LagSamples {
  readonly #byKey = new Map<string, LagSample[]>();

  /** Takes a look, and judges by it and those before. */
  judge(key: string, now: LagSample, reader: PartitionReader): PartitionJudgement {
    let samples = this.#byKey.get(key);
    if (samples === undefined) {
      if (this.#byKey.size >= PARTITIONS_MAX) return judgePartition([now], reader);
      samples = [];
      this.#byKey.set(key, samples);
    }
    const last = samples.at(-1);
    const before = samples.at(-2);
    // Between two marks only the newest is kept; a commit that went back is one of its own, so that it is not missed.
    const replaces = last !== undefined && before !== undefined && now.atMs - before.atMs < SAMPLE_MS;
    if (replaces && now.committed >= last.committed) samples.pop();
    samples.push(now);
    while (samples.length > 2 && now.atMs - samples[1]!.atMs >= VERDICT_WINDOW_MS) samples.shift();
    return judgePartition(samples, reader);
  }

  /** Forgets all but these. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of this.#byKey.keys()) if (!keys.has(key)) this.#byKey.delete(key);
  }
}
