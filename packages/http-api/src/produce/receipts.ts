/** Receipts of a streamed body: one line per record, in the order of the body, as far as the head of the order is known. */
import type { Problem } from "@vitrine/api";
import type { ProduceOutcome } from "./producer.ts";

/** One record of the body and where its fate is told. */
interface Entry {
  readonly n: number;
  readonly fate: Fate;
  /** Place within the job. */
  readonly index: number;
}

export interface Fate {
  readonly partition: number;
  outcome: ProduceOutcome | null;
}

export interface RangeSummary {
  partition: number;
  first_offset: number;
  last_offset: number;
  timestamp: number | null;
}

const FAILURES_MAX = 1_000;

/** Merges neighbouring offsets into ranges; failures are counted, the first ones kept. */
export class ReceiptBook {
  #entries: (Entry | { readonly n: number; readonly problem: Problem })[] = [];
  #head = 0;
  #n = 0;
  readonly #ranges = new Map<number, RangeSummary[]>();
  readonly failures: { n: number; problem: Problem }[] = [];
  taken = 0;
  failed = 0;

  /** Records seen so far. */
  get count(): number {
    return this.#n;
  }

  /** Entries not told yet. */
  get pending(): number {
    return this.#entries.length - this.#head;
  }

  add(fate: Fate, index: number): void {
    this.#entries.push({ n: this.#n++, fate, index });
  }

  /** A record that never became part of a job. */
  addFault(problem: Problem): void {
    this.#entries.push({ n: this.#n++, problem });
  }

  /** Lines of all records at the head whose fate is known. */
  drain(): string {
    let lines = "";
    for (; this.#head < this.#entries.length; this.#head++) {
      const entry = this.#entries[this.#head]!;
      if ("problem" in entry) lines += this.#fault(entry.n, entry.problem);
      else {
        const { outcome, partition } = entry.fate;
        if (outcome === null) break;
        if (outcome.ok)
          lines += this.#good(entry.n, partition, outcome.firstOffset + entry.index, outcome.logAppendTimeMs);
        else lines += this.#fault(entry.n, outcome.problem);
      }
    }
    // Told entries are let go in bulk, so that the list stays as long as what is in flight.
    if (this.#head > 4_096 || this.#head === this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return lines;
  }

  ranges(): RangeSummary[] {
    return [...this.#ranges].toSorted(([a], [b]) => a - b).flatMap(([, ranges]) => ranges);
  }

  #good(n: number, partition: number, offset: number, timestamp: number | null): string {
    this.taken += 1;
    let ranges = this.#ranges.get(partition);
    if (ranges === undefined) this.#ranges.set(partition, (ranges = []));
    const last = ranges.at(-1);
    if (last !== undefined && last.last_offset + 1 === offset) {
      last.last_offset = offset;
      last.timestamp = timestamp;
    } else if (last !== undefined && ranges.length >= RANGES_MAX) last.last_offset = offset;
    else ranges.push({ partition, first_offset: offset, last_offset: offset, timestamp });
    return `{"n":${n},"partition":${partition},"offset":${offset}}\n`;
  }

  #fault(n: number, problem: Problem): string {
    this.failed += 1;
    if (this.failures.length < FAILURES_MAX) this.failures.push({ n, problem });
    return `${JSON.stringify({ n, error: problem })}\n`;
  }
}

/** Ranges per partition in a summary; other writers cut them. Beyond it the last one is stretched. */
const RANGES_MAX = 1_000;
