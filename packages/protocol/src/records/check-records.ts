import type { ErrorName } from "@vitrine/core";
import { ProtocolError } from "../protocol-error.ts";
import { iterateRecords } from "./read.ts";

/** Rules about single records. */
export interface RecordRules {
  /** `cleanup.policy` contains compact. */
  readonly needsKeys: boolean;
  /** Milliseconds since 1970, inclusive; -Infinity and Infinity: no bound. */
  readonly earliestMs: number;
  readonly latestMs: number;
  /** No batch decompresses to more. */
  readonly maxBytes: number;
}

export interface RecordProblem {
  readonly batchIndex: number;
  readonly message: string;
}

export type RecordsCheck =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly error: ErrorName;
      readonly message: string;
      readonly recordErrors: readonly RecordProblem[];
    };

/** Records at fault that are named one by one; the rest of a batch that is wrong from end to end is only counted. */
const PROBLEMS_MAX = 1_000;

/** Looks at every record of a batch (Kafka's `LogValidator`): the one place on the way in that decodes. */
export function checkRecords(batch: Uint8Array, rules: RecordRules): RecordsCheck {
  const recordErrors: RecordProblem[] = [];
  let count = 0;
  let isTime = false;
  const note = (batchIndex: number, message: string) => {
    count += 1;
    if (recordErrors.length < PROBLEMS_MAX) recordErrors.push({ batchIndex, message });
  };
  try {
    let batchIndex = 0;
    for (const { key, timestampMs } of iterateRecords(batch, rules.maxBytes)) {
      if (rules.needsKeys && key === null) note(batchIndex, "a compacted topic takes no record without a key");
      // -1 means that there is no timestamp.
      else if (timestampMs >= 0 && (timestampMs < rules.earliestMs || timestampMs > rules.latestMs)) {
        isTime = true;
        note(batchIndex, `timestamp ${timestampMs} is not within [${rules.earliestMs}, ${rules.latestMs}]`);
      }
      batchIndex++;
    }
  } catch (error) {
    if (error instanceof ProtocolError)
      return { ok: false, error: error.errorName, message: error.message, recordErrors: [] };
    throw error;
  }
  if (count === 0) return { ok: true };
  const first = recordErrors[0]!;
  const message = `${count} of the batch's records are refused; the first is record ${first.batchIndex}: ${first.message}`;
  return { ok: false, error: isTime ? "INVALID_TIMESTAMP" : "INVALID_RECORD", message, recordErrors };
}
