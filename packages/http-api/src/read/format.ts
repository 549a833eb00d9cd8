/**
 * Records as JSON text. Values are spliced, never parsed: a value that is valid JSON goes out as the bytes that came in (line breaks between
 * tokens become spaces, so that one record is one line); other values become a string or base64, and the record says which.
 */
import { isUtf8 } from "node:buffer";
import { formatPosition } from "@vitrine/api";
import type { Position } from "@vitrine/api";
import { isJson } from "../body/json-scanner.ts";
import type { LogRecord, RecordHeader } from "./log-record.ts";

export type ValueFormat = "auto" | "json" | "text" | "base64";
export const VALUE_FORMATS = ["auto", "json", "text", "base64"] as const;

export type ValueEncoding = "json" | "text" | "base64";

export interface ValueText {
  /** JSON text, on one line. */
  readonly json: string;
  readonly encoding: ValueEncoding;
}

/** A value as JSON text. `auto` and `json`: JSON as it is, else text, else base64; `text` and `base64` are what they say. */
export function valueText(value: Uint8Array, format: ValueFormat): ValueText {
  if (format !== "base64") {
    if (format !== "text" && isJson(value)) return { json: oneLine(utf8(value)), encoding: "json" };
    if (format === "text" || isUtf8(value)) return { json: JSON.stringify(utf8(value)), encoding: "text" };
  }
  return { json: `"${base64(value)}"`, encoding: "base64" };
}

/** JSON holds line breaks only between tokens, where a space says the same. */
function oneLine(json: string): string {
  return /[\r\n]/.test(json) ? json.replace(/[\r\n]/g, " ") : json;
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** Bytes as a JSON string when they are UTF-8, else null. */
function textOrNull(bytes: Uint8Array): string | null {
  return isUtf8(bytes) ? JSON.stringify(utf8(bytes)) : null;
}

function headersJson(headers: readonly RecordHeader[]): string {
  const pairs = headers.map(({ key, value }) => {
    const name = JSON.stringify(key);
    if (value === null) return `[${name},null]`;
    const text = textOrNull(value);
    return text === null ? `[${name},"${base64(value)}","base64"]` : `[${name},${text}]`;
  });
  return `[${pairs.join(",")}]`;
}

export interface WireFormat {
  readonly format: ValueFormat;
  /** Written as `p`; absent where the frame around it names the partition. */
  readonly partition?: number;
}

/** Short names, for streams and the WebSocket: `{"p":0,"o":42,"ts":...,"k":"7","h":[...],"v":...,"enc"?,"tomb"?}`. */
export function wireRecord(record: LogRecord, { format, partition }: WireFormat): string {
  let json = partition === undefined ? `{"o":${record.offset}` : `{"p":${partition},"o":${record.offset}`;
  json += `,"ts":${record.timestampMs}`;
  if (record.key === null) json += ',"k":null';
  else {
    const key = textOrNull(record.key);
    json += key === null ? `,"k_b64":"${base64(record.key)}"` : `,"k":${key}`;
  }
  if (record.headers.length > 0) json += `,"h":${headersJson(record.headers)}`;
  if (record.value === null) return `${json},"v":null,"tomb":true}`;
  const value = valueText(record.value, format);
  const enc = value.encoding === "json" ? "" : `,"enc":"${value.encoding}"`;
  return `${json},"v":${value.json}${enc}}`;
}

/** Long names, for `Accept: application/json`. */
export function readRecord(record: LogRecord, partition: number, format: ValueFormat): string {
  let json = `{"partition":${partition},"offset":${record.offset},"timestamp":${record.timestampMs}`;
  if (record.key === null) json += ',"key":null';
  else {
    const key = textOrNull(record.key);
    json += key === null ? `,"key_b64":"${base64(record.key)}"` : `,"key":${key}`;
  }
  json += `,"headers":${headersJson(record.headers)}`;
  if (record.value === null) return `${json},"value":null,"tombstone":true}`;
  const value = valueText(record.value, format);
  return `${json},"value":${value.json},"encoding":"${value.encoding}"}`;
}

/** Cursor text of one partition, as in `next`. */
export function cursorOf(partition: number, position: Position): string {
  return formatPosition(partition, position);
}

const NOTHING = new Uint8Array(0);
const LF = Buffer.from("\n");

/** Bare values, one per line as they are: what went in as lines comes out byte for byte. A tombstone is an empty line. */
export function valueLines(records: readonly LogRecord[]): Buffer {
  return Buffer.concat(records.flatMap((record) => [record.value ?? NOTHING, LF]));
}

/** Bare values with nothing between them. */
export function valuesRaw(records: readonly LogRecord[]): Buffer {
  return Buffer.concat(records.map((record) => record.value ?? NOTHING));
}

/** Bare values as one JSON text per line; a tombstone is null. */
export function valueNdjson(records: readonly LogRecord[], format: ValueFormat): string {
  return records.map((record) => `${record.value === null ? "null" : valueText(record.value, format).json}\n`).join("");
}
