import { invariant, type BatchFacts, type ErrorName } from "@vitrine/core";
import { ATTRIBUTE, BATCH_AT, isBatchError, readBatchFacts } from "../batch.ts";
import { ProtocolError } from "../protocol-error.ts";
import { compressionOf } from "./compression.ts";
import { computeBatchCrc, stampLogAppendTime } from "./crc32c.ts";
import { iterateRecords } from "./read.ts";

/** The topic's settings that decide about a batch, and the time of the check. */
export interface ProduceRules {
  /** Version of the Produce request, the newest when left out: zstd needs 7. */
  readonly apiVersion?: number;
  /** `max.message.bytes`: the whole batch, compressed. */
  readonly maxMessageBytes: number;
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: number;
  /** `message.timestamp.after.max.ms`: how far in the future a timestamp may lie. */
  readonly timestampAfterMaxMs: number;
  /** `message.timestamp.before.max.ms`. */
  readonly timestampBeforeMaxMs: number;
  /** LogAppendTime: the broker writes the timestamps itself, and the bounds do not apply. */
  readonly timestampType: "CreateTime" | "LogAppendTime";
  /** `cleanup.policy` contains compact: every record needs a key. The only rule that looks into records. */
  readonly compacted: boolean;
  /** Batches of our own coordinators may be control batches. */
  readonly allowControl?: boolean;
}

export interface RecordProblem {
  readonly batchIndex: number;
  readonly message: string;
}

export type ProduceCheck =
  | {
      readonly ok: true;
      /** What to append: the bytes as sent, or a copy with the broker's time under LogAppendTime. */
      readonly bytes: Uint8Array;
      readonly facts: BatchFacts;
    }
  | {
      readonly ok: false;
      readonly error: ErrorName;
      readonly message: string;
      /** The records at fault, where the rule is about single records (Produce v8+). */
      readonly recordErrors: readonly RecordProblem[];
    };

/** What a broker checks before it appends what a client sent, in Kafka's order (`ProduceRequest.validateRecords`, `LogValidator`). */
export function validateProduceBatch(records: Uint8Array | null, rules: ProduceRules): ProduceCheck {
  if (records === null || records.length === 0) return bad("INVALID_RECORD", "the request holds no record batch");
  const facts = readBatchFacts(records);
  if (isBatchError(facts)) {
    const isDamage = facts.reason === "length" || (facts.reason === "magic" && !isOldFormat(records));
    return bad(isDamage ? "CORRUPT_MESSAGE" : "INVALID_RECORD", facts.message);
  }
  if (facts.sizeBytes !== records.length)
    return bad(
      "INVALID_RECORD",
      `${records.length - facts.sizeBytes} bytes follow the batch: exactly one batch is allowed`,
    );
  const compression = compressionOf(facts.attributes);
  if (compression === null)
    return bad("UNSUPPORTED_COMPRESSION_TYPE", `compression ${facts.attributes & 7} is not known`);
  if (compression === "zstd" && rules.apiVersion !== undefined && rules.apiVersion < 7)
    return bad("UNSUPPORTED_COMPRESSION_TYPE", "zstd needs version 7 of the Produce request or newer");
  if (facts.sizeBytes > rules.maxMessageBytes)
    return bad(
      "MESSAGE_TOO_LARGE",
      `the batch takes ${facts.sizeBytes} bytes; max.message.bytes allows ${rules.maxMessageBytes}`,
    );
  if (facts.crc !== computeBatchCrc(records))
    return bad("CORRUPT_MESSAGE", "the batch does not match its CRC-32C: it was damaged on the way");
  const wrong = checkNumbers(facts, rules) ?? checkTimestamps(facts, rules) ?? checkKeys(records, facts, rules);
  if (wrong !== null) return wrong;
  if (rules.timestampType === "CreateTime") return { ok: true, bytes: records, facts };
  const bytes = new Uint8Array(records);
  stampLogAppendTime(bytes, rules.nowMs);
  const stamped = readBatchFacts(bytes);
  invariant(!isBatchError(stamped), "a stamped batch is no batch");
  return { ok: true, bytes, facts: stamped };
}

/** Message sets of before Kafka 0.11: a client's age, not damage. */
function isOldFormat(records: Uint8Array): boolean {
  const magic = records[BATCH_AT.magic];
  return magic === 0 || magic === 1;
}

function checkNumbers(batch: BatchFacts, rules: ProduceRules): ProduceCheck | null {
  if (batch.recordCount < 1) return bad("INVALID_RECORD", "the batch holds no record");
  const fromOffsets = batch.lastOffset - batch.baseOffset + 1;
  if (fromOffsets !== batch.recordCount)
    return bad("INVALID_RECORD", `the batch states ${batch.recordCount} records but spans ${fromOffsets} offsets`);
  if (batch.isControl && rules.allowControl !== true)
    return bad("INVALID_RECORD", "clients may not write control records");
  if (batch.producerId >= 0 && (batch.baseSequence < 0 || batch.producerEpoch < 0))
    return bad(
      "INVALID_RECORD",
      `producer ${batch.producerId} sent sequence ${batch.baseSequence}, epoch ${batch.producerEpoch}`,
    );
  if (batch.isTransactional && batch.producerId < 0)
    return bad("INVALID_RECORD", "a transactional batch needs a producer id");
  return null;
}

function checkTimestamps(facts: BatchFacts, rules: ProduceRules): ProduceCheck | null {
  if (facts.attributes & ATTRIBUTE.logAppendTime)
    return bad("INVALID_TIMESTAMP", "a client may not set the timestamp type LogAppendTime");
  if (rules.timestampType === "LogAppendTime") return null;
  // -1 means that there is no timestamp.
  const { baseTimestampMs, maxTimestampMs } = facts;
  if (maxTimestampMs - rules.nowMs > rules.timestampAfterMaxMs)
    return bad(
      "INVALID_TIMESTAMP",
      `timestamp ${maxTimestampMs} is more than ${rules.timestampAfterMaxMs} ms after the broker's time ${rules.nowMs}`,
    );
  if (baseTimestampMs >= 0 && rules.nowMs - baseTimestampMs > rules.timestampBeforeMaxMs)
    return bad(
      "INVALID_TIMESTAMP",
      `timestamp ${baseTimestampMs} is more than ${rules.timestampBeforeMaxMs} ms before the broker's time ${rules.nowMs}`,
    );
  return null;
}

function checkKeys(records: Uint8Array, facts: BatchFacts, rules: ProduceRules): ProduceCheck | null {
  if (!rules.compacted || facts.isControl) return null;
  const message = "a compacted topic takes no record without a key";
  const recordErrors: RecordProblem[] = [];
  try {
    let batchIndex = 0;
    for (const record of iterateRecords(records)) {
      if (record.key === null) recordErrors.push({ batchIndex, message });
      batchIndex++;
    }
  } catch (error) {
    if (error instanceof ProtocolError) return bad(error.errorName, error.message);
    throw error;
  }
  return recordErrors.length === 0 ? null : { ok: false, error: "INVALID_RECORD", message, recordErrors };
}

function bad(error: ErrorName, message: string): ProduceCheck {
  return { ok: false, error, message, recordErrors: [] };
}
