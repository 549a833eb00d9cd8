/** From the bytes of a Fetch answer to records for readers: below the asked offset, control batches and aborted transactions left out. */
import type { Position } from "@vitrine/api";
import { iterateRecords, readControlBatch, splitBatches } from "@vitrine/protocol";
import type { BatchSlice, StoredRecord } from "@vitrine/protocol";
import type { FetchResponseAbortedTransaction } from "@vitrine/protocol/types";

export interface Decoded {
  readonly records: StoredRecord[];
  /** After all that the bytes hold, shown or not. */
  readonly next: Position;
}

/** Decodes until about `recordsMax` records; the rest is fetched again when it is wanted. Throws ProtocolError on damaged bytes. */
export function decodeRecords(
  bytes: Uint8Array,
  from: Position,
  aborted: readonly FetchResponseAbortedTransaction[],
  recordsMax = Number.POSITIVE_INFINITY,
): Decoded {
  const { batches, error } = splitBatches(bytes);
  if (error !== null && batches.length === 0) throw new Error(`a fetch answer holds no batch: ${error.message}`);
  const filter = new AbortedFilter(aborted);
  const records: StoredRecord[] = [];
  let next = from;
  for (const batch of batches) {
    if (records.length >= recordsMax) break;
    const { facts } = batch;
    if (!filter.hides(batch))
      for (const record of iterateRecords(batch.bytes)) if (record.offset >= from.offset) records.push(record);
    if (facts.lastOffset >= from.offset) next = { offset: facts.lastOffset + 1, epoch: facts.leaderEpoch };
  }
  return { records, next };
}

/** Follows a committed reader's rule (KIP-98): from its first offset on, an aborted producer's batches are hidden, up to its abort marker. */
class AbortedFilter {
  readonly #pending: FetchResponseAbortedTransaction[];
  readonly #open = new Set<number>();

  constructor(aborted: readonly FetchResponseAbortedTransaction[]) {
    this.#pending = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset);
  }

  hides({ bytes, facts }: BatchSlice): boolean {
    while (this.#pending.length > 0 && this.#pending[0]!.firstOffset <= facts.lastOffset)
      this.#open.add(this.#pending.shift()!.producerId);
    if (facts.isControl) {
      if (this.#open.has(facts.producerId) && readControlBatch(bytes)[0]?.type === "ABORT")
        this.#open.delete(facts.producerId);
      return true;
    }
    return facts.isTransactional && this.#open.has(facts.producerId);
  }
}
