/** Whether a fetch can be served from a log, for leaders and for followers that serve consumers. */
import type { Offset } from "@vitrine/core";
import type { PartitionLog } from "@vitrine/log";
import { endOfEpoch } from "./log-epochs.ts";
import type { FetchCheck } from "./types.ts";

/** Divergence before range: a position below our log start may diverge as well, and must truncate first (KAFKA-12996). */
export function checkFetch(
  log: PartitionLog,
  fetch: { readonly fetchOffset: Offset; readonly lastFetchedEpoch: number },
  readableEnd: Offset,
): FetchCheck {
  if (fetch.lastFetchedEpoch >= 0) {
    const end = endOfEpoch(log, fetch.lastFetchedEpoch);
    if (end.epoch < fetch.lastFetchedEpoch || end.endOffset < fetch.fetchOffset)
      return { kind: "diverging", diverging: end };
  }
  if (fetch.fetchOffset < log.logStartOffset || fetch.fetchOffset > log.logEndOffset)
    return { kind: "error", error: "OFFSET_OUT_OF_RANGE" };
  return { kind: "ok", readableEnd };
}
