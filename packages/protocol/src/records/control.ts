import { DATA_CODECS } from "../gen/codecs.ts";
import type {
  KRaftVersionRecord,
  LeaderChangeMessage,
  SnapshotFooterRecord,
  SnapshotHeaderRecord,
  VotersRecord,
} from "../gen/data.types.ts";
import { ProtocolError } from "../protocol-error.ts";
import { Reader } from "../reader.ts";
import { Writer } from "../writer.ts";
import { buildBatch, type BatchOptions } from "./build.ts";
import { readRecords } from "./read.ts";

/** Records that brokers write for themselves; clients skip them (`ControlRecordType`). */
export type ControlRecord =
  | { readonly type: "ABORT"; readonly coordinatorEpoch: number }
  | { readonly type: "COMMIT"; readonly coordinatorEpoch: number }
  | { readonly type: "LEADER_CHANGE"; readonly message: LeaderChangeMessage }
  | { readonly type: "SNAPSHOT_HEADER"; readonly message: SnapshotHeaderRecord }
  | { readonly type: "SNAPSHOT_FOOTER"; readonly message: SnapshotFooterRecord }
  | { readonly type: "KRAFT_VERSION"; readonly message: KRaftVersionRecord }
  | { readonly type: "KRAFT_VOTERS"; readonly message: VotersRecord };

const NUMBERS = {
  ABORT: 0,
  COMMIT: 1,
  LEADER_CHANGE: 2,
  SNAPSHOT_HEADER: 3,
  SNAPSHOT_FOOTER: 4,
  KRAFT_VERSION: 5,
  KRAFT_VOTERS: 6,
} as const;

const writer = new Writer();

/** A control batch. Kafka writes one record in each; a leader's first batch may hold several. */
export function buildControlBatch(
  records: readonly ControlRecord[],
  timestampMs: number,
  options: Omit<BatchOptions, "isControl" | "compression"> = {},
): Uint8Array {
  return buildBatch(
    records.map((record) => ({ key: controlKey(record), value: controlValue(record), timestampMs })),
    { ...options, isControl: true },
  );
}

/** The control records of a batch; types this program does not know are left out, as Kafka's clients do. */
export function readControlBatch(batch: Uint8Array): ControlRecord[] {
  const out: ControlRecord[] = [];
  for (const { key, value } of readRecords(batch)) {
    if (key === null || value === null) throw new ProtocolError("a control record is empty", "CORRUPT_MESSAGE");
    const record = readControl(key, value);
    if (record !== null) out.push(record);
  }
  return out;
}

function controlKey(record: ControlRecord): Uint8Array {
  writer.reset();
  writer.int16(0);
  writer.int16(NUMBERS[record.type]);
  return writer.finish();
}

function controlValue(record: ControlRecord): Uint8Array {
  writer.reset();
  switch (record.type) {
    case "ABORT":
    case "COMMIT":
      // The only ones with a version in front instead of inside.
      writer.int16(0);
      DATA_CODECS.EndTxnMarker.write(writer, { coordinatorEpoch: record.coordinatorEpoch }, 0);
      break;
    case "LEADER_CHANGE":
      DATA_CODECS.LeaderChangeMessage.write(writer, record.message, record.message.version);
      break;
    case "SNAPSHOT_HEADER":
      DATA_CODECS.SnapshotHeaderRecord.write(writer, record.message, 0);
      break;
    case "SNAPSHOT_FOOTER":
      DATA_CODECS.SnapshotFooterRecord.write(writer, record.message, 0);
      break;
    case "KRAFT_VERSION":
      DATA_CODECS.KRaftVersionRecord.write(writer, record.message, 0);
      break;
    case "KRAFT_VOTERS":
      DATA_CODECS.VotersRecord.write(writer, record.message, 0);
      break;
  }
  return writer.finish();
}

function readControl(key: Uint8Array, value: Uint8Array): ControlRecord | null {
  const keyReader = new Reader(key);
  keyReader.int16();
  const number = keyReader.int16();
  const reader = new Reader(value);
  switch (number) {
    case NUMBERS.ABORT:
    case NUMBERS.COMMIT: {
      reader.int16();
      const { coordinatorEpoch } = DATA_CODECS.EndTxnMarker.read(reader, 0);
      return { type: number === NUMBERS.ABORT ? "ABORT" : "COMMIT", coordinatorEpoch };
    }
    case NUMBERS.LEADER_CHANGE: {
      // The message begins with its own version.
      const version = new Reader(value).int16();
      const { max } = DATA_CODECS.LeaderChangeMessage;
      return { type: "LEADER_CHANGE", message: DATA_CODECS.LeaderChangeMessage.read(reader, Math.min(version, max)) };
    }
    case NUMBERS.SNAPSHOT_HEADER:
      return { type: "SNAPSHOT_HEADER", message: DATA_CODECS.SnapshotHeaderRecord.read(reader, 0) };
    case NUMBERS.SNAPSHOT_FOOTER:
      return { type: "SNAPSHOT_FOOTER", message: DATA_CODECS.SnapshotFooterRecord.read(reader, 0) };
    case NUMBERS.KRAFT_VERSION:
      return { type: "KRAFT_VERSION", message: DATA_CODECS.KRaftVersionRecord.read(reader, 0) };
    case NUMBERS.KRAFT_VOTERS:
      return { type: "KRAFT_VOTERS", message: DATA_CODECS.VotersRecord.read(reader, 0) };
    default:
      return null;
  }
}
