/**
 * Since when the first record that a group has not committed waits, partition by partition. A busy member commits faster than the time of each
 * committed record can be read from the leader: until the newest is known, the last one that was read stands, for a moment. It is of an older
 * record, so the lag in seconds is rather told too large, by no more than its age.
 */
import type { TimeQuestion } from "../groups/committed-times.ts";
import type { GroupEnds } from "./group-ends.ts";

/** A question with the key of the row that it is for. */
export interface RowQuestion extends TimeQuestion {
  readonly key: string;
}

interface Held {
  readonly time: number | null;
  readonly readAtMs: number;
}

/** Three rounds: then nobody can say any more how long the first record waits. */
const HELD_MS = 3_000;

export class WaitingTimes {
  readonly #ends: Pick<GroupEnds, "ask" | "timeAt">;
  readonly #held = new Map<string, Held>();

  constructor(ends: Pick<GroupEnds, "ask" | "timeAt">) {
    this.#ends = ends;
  }

  /** Milliseconds since 1970; null: the record has no time; undefined: not read (yet). */
  timeOf(question: RowQuestion, nowMs: number): number | null | undefined {
    const known = this.#ends.timeAt(question);
    if (known !== undefined) return known;
    const held = this.#held.get(question.key);
    return held !== undefined && nowMs - held.readAtMs <= HELD_MS ? held.time : undefined;
  }

  /** Reads what is open, and the ends that nobody told. */
  async ask(
    unknownEnds: ReadonlyMap<string, ReadonlySet<number>>,
    questions: readonly RowQuestion[],
    nowMs: number,
  ): Promise<void> {
    await this.#ends.ask(unknownEnds, questions);
    for (const question of questions) {
      const time = this.#ends.timeAt(question);
      if (time !== undefined) this.#held.set(question.key, { time, readAtMs: nowMs });
    }
  }

  /** Forgets the rows that are gone. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of this.#held.keys()) if (!keys.has(key)) this.#held.delete(key);
  }
}
