import { invariant, type BatchFacts, type ErrorName } from "@vitrine/core";
import { ATTRIBUTE, BATCH_AT, isBatchError, readBatchFacts } from "../batch.ts";
import { ProtocolError } from "../protocol-error.ts";
import { checkRecords, type RecordProblem, type RecordRules } from "./check-records.ts";
import { compressionOf, MAX_DECOMPRESSED_BYTES, type Compression } from "./compression.ts";
import { computeBatchCrc, stampLogAppendTime } from "./crc32c.ts";
import { recompressBatch } from "./recompress.ts";

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
  /** `cleanup.policy` contains compact: every record needs a key. */
  readonly compacted: boolean;
  /** `compression.type` and the level for it; absent: kept as sent. */
  readonly compression?: TopicCompression;
  /** Batches of our own coordinators may be control batches. */
  readonly allowControl?: boolean;
}

/** A topic's `compression.type`. */
export interface TopicCompression {
  readonly type: "producer" | "uncompressed" | Exclude<Compression, "none">;
  /** `compression.gzip.level` or `compression.zstd.level`. */
  readonly level?: number;
}

export type ProduceCheck =
  | {
      readonly ok: true;
      /** What to append: the bytes as sent, or a copy with the broker's time under LogAppendTime, or in the topic's codec. */
      readonly bytes: Uint8Array;
      readonly facts: BatchFacts;
      /** Records that had to be decoded for it; 0 where the bytes pass through untouched. */
      readonly decodedRecords: number;
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
  const wrong =
    checkNumbers(facts, rules) ?? checkTimestamps(records, facts, rules) ?? checkContent(records, facts, rules);
  if (wrong !== null) return wrong;
  const coded = inTopicCodec(records, facts, compression, rules);
  if ("ok" in coded) return coded;
  const decodedRecords = coded.decodedRecords + (needsRecords(rules) ? facts.recordCount : 0);
  const isStamped = rules.timestampType === "LogAppendTime";
  if (coded.bytes === records && !isStamped) return { ok: true, bytes: records, facts, decodedRecords };
  // What belongs to the request is not written into.
  const bytes = coded.bytes === records ? new Uint8Array(records) : coded.bytes;
  if (isStamped) stampLogAppendTime(bytes, rules.nowMs);
  const changed = readBatchFacts(bytes);
  invariant(!isBatchError(changed), "a changed batch is no batch");
  return { ok: true, bytes, facts: changed, decodedRecords };
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

function checkTimestamps(records: Uint8Array, facts: BatchFacts, rules: ProduceRules): ProduceCheck | null {
  if (facts.attributes & ATTRIBUTE.logAppendTime)
    return bad("INVALID_TIMESTAMP", "a client may not set the timestamp type LogAppendTime");
  if (rules.timestampType === "LogAppendTime") return null;
  // The header knows the newest; which records are at fault is looked up only when there is one.
  if (facts.maxTimestampMs - rules.nowMs <= rules.timestampAfterMaxMs) return null;
  const checked = checkRecords(records, recordRules(rules));
  if (!checked.ok && checked.error !== "CORRUPT_MESSAGE") return checked;
  return bad(
    "INVALID_TIMESTAMP",
    `timestamp ${facts.maxTimestampMs} is more than ${rules.timestampAfterMaxMs} ms after the broker's time ${rules.nowMs}`,
  );
}

/** Rules that need the records themselves; without such a rule nothing is decoded. */
function checkContent(records: Uint8Array, facts: BatchFacts, rules: ProduceRules): ProduceCheck | null {
  if (!needsRecords(rules) || facts.isControl) return null;
  const checked = checkRecords(records, recordRules(rules));
  return checked.ok ? null : checked;
}

function needsRecords(rules: ProduceRules): boolean {
  return rules.compacted || (rules.timestampType === "CreateTime" && Number.isFinite(rules.timestampBeforeMaxMs));
}

function recordRules(rules: ProduceRules): RecordRules {
  const hasBounds = rules.timestampType === "CreateTime";
  return {
    needsKeys: rules.compacted,
    earliestMs: hasBounds ? rules.nowMs - rules.timestampBeforeMaxMs : -Infinity,
    latestMs: hasBounds ? rules.nowMs + rules.timestampAfterMaxMs : Infinity,
    maxBytes: decompressedBytesMax(rules),
  };
}

/** What one request may cost the broker, however well its batch is packed: 32 MiB, or sixteen times what the topic takes. */
function decompressedBytesMax({ maxMessageBytes }: ProduceRules): number {
  return Math.min(MAX_DECOMPRESSED_BYTES, Math.max(32 << 20, 16 * maxMessageBytes));
}

/** The batch in the topic's own codec; as it is where the topic keeps what producers send, or they agree. */
function inTopicCodec(
  records: Uint8Array,
  facts: BatchFacts,
  source: Compression,
  rules: ProduceRules,
): { bytes: Uint8Array; decodedRecords: number } | ProduceCheck {
  const { type, level } = rules.compression ?? KEEP;
  const target = type === "uncompressed" ? "none" : type;
  if (target === "producer" || target === source || facts.isControl) return { bytes: records, decodedRecords: 0 };
  const maxBytes = decompressedBytesMax(rules);
  try {
    const options = { recordCount: facts.recordCount, maxBytes, ...(level === undefined ? {} : { level }) };
    const bytes = recompressBatch(records, target, options);
    if (bytes.length <= rules.maxMessageBytes) return { bytes, decodedRecords: facts.recordCount };
    return bad(
      "MESSAGE_TOO_LARGE",
      `the batch takes ${bytes.length} bytes as ${type}, the compression.type of its topic; max.message.bytes allows ${rules.maxMessageBytes}`,
    );
  } catch (error) {
    if (error instanceof ProtocolError) return bad(error.errorName, error.message);
    throw error;
  }
}

const KEEP: TopicCompression = { type: "producer" };

function bad(error: ErrorName, message: string): ProduceCheck {
  return { ok: false, error, message, recordErrors: [] };
}
