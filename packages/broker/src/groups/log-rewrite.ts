/**
 * Keeps a partition of `__consumer_offsets` short. Its topic is compacted, but compaction leaves the newest segment alone (100 MiB: a million records),
 * and what a coordinator must replay before it serves is to stay below a moment. So when most of the log says what is said again later, all that is
 * still true is written anew at its end; once that is committed the log begins there (what DeleteRecords does). Readers of the topic see repeated
 * records.
 *
 * Piece by piece, a piece for each turn: what changes meanwhile is written by the change itself, after the place where the rewriting began.
 */
import { Offset } from "@vitrine/core";
import type { GroupRecord } from "@vitrine/protocol";

/** A shorter log is not worth it: a million records are replayed in about one CPU-second (measured), these in some milliseconds. */
const RECORDS_MIN = 5_000;
/** Records in the log for each that is still true, beyond which it is rewritten: then a tenth of all writes is rewriting. */
const DEAD_WEIGHT_MAX = 10;
/** Records written anew in one turn. */
const PIECE_RECORDS = 1_000;

export interface RewriteSource {
  readonly liveRecordCount: number;
  records(): Iterable<GroupRecord>;
}

export class LogRewrite {
  readonly #source: RewriteSource;
  /** null = none is under way. */
  #current: { readonly fromOffset: Offset; readonly rest: Iterator<GroupRecord>; endOffset: Offset | null } | null =
    null;

  constructor(source: RewriteSource) {
    this.#source = source;
  }

  /** Whether a piece is to be written in the next turn. */
  get wantsTurn(): boolean {
    return this.#current !== null && this.#current.endOffset === null;
  }

  /** Whether the log is long enough to begin, and nothing is under way. */
  isDue(log: { readonly logStartOffset: Offset; readonly logEndOffset: Offset }): boolean {
    const count = log.logEndOffset - log.logStartOffset;
    return this.#current === null && count > Math.max(RECORDS_MIN, DEAD_WEIGHT_MAX * this.#source.liveRecordCount);
  }

  begin(nextOffset: Offset): void {
    this.#current = { fromOffset: nextOffset, rest: this.#source.records()[Symbol.iterator](), endOffset: null };
  }

  /** The next records to append, the first of which will stand at `nextOffset`. */
  nextPiece(nextOffset: Offset): GroupRecord[] {
    const piece: GroupRecord[] = [];
    const current = this.#current;
    while (current && current.endOffset === null && piece.length < PIECE_RECORDS) {
      const next = current.rest.next();
      if (next.done) current.endOffset = Offset(nextOffset + piece.length);
      else piece.push(next.value);
    }
    return piece;
  }

  /** Where the log may begin now that everything below the high watermark is committed; null = it is not so far. */
  finish(highWatermark: Offset): Offset | null {
    const current = this.#current;
    if (!current || current.endOffset === null || highWatermark < current.endOffset) return null;
    this.#current = null;
    return current.fromOffset;
  }
}
