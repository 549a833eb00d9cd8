/** A record as it lies in the log, decoded once: bytes stay bytes. */
export type { RecordHeader, StoredRecord as LogRecord } from "@vitrine/protocol";
