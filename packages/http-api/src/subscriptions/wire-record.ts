import { isUtf8 } from "node:buffer";
import { wireRecord as wholeRecord } from "../read/format.ts";
import type { LogRecord } from "../read/log-record.ts";

/**
 * A record as JSON text of a `records` frame, as in streams. Values longer than `previewBytes` are cut, shown as text or base64, and marked
 * by `size`, the bytes of the whole value: a page that lists records need not carry two megabytes of one of them.
 */
export function wireRecord(record: LogRecord, previewBytes: number): string {
  const { value } = record;
  if (value === null || value.length <= previewBytes) return wholeRecord(record, { format: "auto" });
  const head = value.subarray(0, wholeCharacters(value, previewBytes));
  const text = wholeRecord({ ...record, value: head }, { format: isUtf8(head) ? "text" : "base64" });
  return `${text.slice(0, -1)},"size":${value.length}}`;
}

/** Steps back to the beginning of a UTF-8 sequence, so that a cut does not make text look like bytes. */
function wholeCharacters(value: Uint8Array, end: number): number {
  let at = end;
  while (at > 0 && end - at < 4 && (value[at]! & 0xc0) === 0x80) at--;
  return at;
}
