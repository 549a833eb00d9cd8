import type { SubRecordsFrame } from "@vitrine/api";
import type { LogRecord } from "../read/log-record.ts";

/** Whether a record is wanted. */
export type RecordFilter = (record: LogRecord) => boolean;

/** The filter of a subscription; null: every record. All members that are given must match; bytes are compared as UTF-8. */
export function recordFilter(spec: SubRecordsFrame["filter"]): RecordFilter | null {
  if (spec === undefined) return null;
  const tests: RecordFilter[] = [];
  if (spec.key !== undefined) {
    const key = Buffer.from(spec.key);
    tests.push((record) => record.key !== null && key.equals(record.key));
  }
  if (spec.key_prefix !== undefined) {
    const prefix = Buffer.from(spec.key_prefix);
    tests.push((record) => record.key !== null && prefix.equals(record.key.subarray(0, prefix.length)));
  }
  if (spec.header !== undefined) {
    const { name } = spec.header;
    const value = Buffer.from(spec.header.value);
    tests.push((record) =>
      record.headers.some((header) => header.key === name && header.value !== null && value.equals(header.value)),
    );
  }
  return tests.length === 0 ? null : (record) => tests.every((test) => test(record));
}
