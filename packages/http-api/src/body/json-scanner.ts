/**
 * JSON syntax (RFC 8259) over bytes: says where a value ends without making it. Values of records are spliced out as the bytes that were sent,
 * so 64-bit numbers, key order and spacing survive. Strict as JSON.parse is; faults carry byte, line and column.
 */
import { isUtf8 } from "node:buffer";

/** A fault in the text; `at` is its byte. */
export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** Nesting beyond this is refused: no honest record is deeper, and readers of the values recurse. */
export const JSON_DEPTH_MAX = 512;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

const SPACE = new Uint8Array(256);
for (const byte of [0x20, 0x09, 0x0a, 0x0d]) SPACE[byte] = 1;
/** Bytes that end the fast path through a string: quote, backslash, controls. */
const STOPS = new Uint8Array(256);
for (let byte = 0; byte < 0x20; byte++) STOPS[byte] = 1;
STOPS[QUOTE] = 1;
STOPS[BACKSLASH] = 1;

/** Index of the first byte at or after `at` that is not white space. */
export function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && SPACE[bytes[at]!] === 1) at++;
  return at;
}

/** Checks the value that begins at `at` (no white space before it) and gives the index after it. */
export function scanValue(bytes: Uint8Array, at: number, end: number): number {
  /** Closing byte of each open container. */
  const open: number[] = [];
  for (;;) {
    // A value begins at `at`.
    const byte = at < end ? bytes[at]! : -1;
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (open.length >= JSON_DEPTH_MAX) throw new JsonSyntaxError(`nested deeper than ${JSON_DEPTH_MAX}`, at);
      at = skipSpace(bytes, at + 1, end);
      const close = byte === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET;
      if (at >= end || bytes[at] !== close) {
        open.push(close);
        if (close === CLOSE_BRACE) at = scanName(bytes, at, end);
        continue;
      }
      at += 1;
    } else at = scanScalar(bytes, at, end, byte);
    // A value ended before `at`: close what closes.
    for (;;) {
      const close = open.at(-1);
      if (close === undefined) return at;
      at = skipSpace(bytes, at, end);
      const next = at < end ? bytes[at] : -1;
      if (next === COMMA) {
        at = skipSpace(bytes, at + 1, end);
        if (close === CLOSE_BRACE) at = scanName(bytes, at, end);
        break;
      }
      if (next !== close) throw unexpected(bytes, at, end, close === CLOSE_BRACE ? "a comma or }" : "a comma or ]");
      open.pop();
      at += 1;
    }
  }
}

/** A member's name and its colon; gives the index where the value begins. */
function scanName(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end || bytes[at] !== QUOTE) throw unexpected(bytes, at, end, "a member name in double quotes");
  at = skipSpace(bytes, scanString(bytes, at, end), end);
  if (at >= end || bytes[at] !== COLON) throw unexpected(bytes, at, end, "a colon");
  return skipSpace(bytes, at + 1, end);
}

function scanScalar(bytes: Uint8Array, at: number, end: number, byte: number): number {
  switch (byte) {
    case QUOTE:
      return scanString(bytes, at, end);
    case 0x74:
      return scanWord(bytes, at, end, "true");
    case 0x66:
      return scanWord(bytes, at, end, "false");
    case 0x6e:
      return scanWord(bytes, at, end, "null");
    default:
      if (byte === 0x2d || isDigit(byte)) return scanNumber(bytes, at, end);
      throw unexpected(bytes, at, end, "a value");
  }
}

/** Checks the string whose quote is at `at`; gives the index after its closing quote. */
export function scanString(bytes: Uint8Array, at: number, end: number): number {
  const start = at;
  at += 1;
  for (;;) {
    while (at < end && STOPS[bytes[at]!] === 0) at++;
    if (at >= end) throw new JsonSyntaxError("the string is not closed", start);
    const byte = bytes[at]!;
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) throw new JsonSyntaxError("a control character inside a string must be escaped", at);
    at = scanEscape(bytes, at, end);
  }
}

function scanEscape(bytes: Uint8Array, at: number, end: number): number {
  switch (bytes[at + 1]) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      if (at + 1 < end) return at + 2;
      break;
    case 0x75:
      if (at + 6 > end) break;
      for (let i = at + 2; i < at + 6; i++)
        if (!isHex(bytes[i]!)) throw new JsonSyntaxError("\\u needs four hexadecimal digits", i);
      return at + 6;
    default:
  }
  throw new JsonSyntaxError("not a legal escape", at);
}

function scanNumber(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] === 0x2d) at += 1;
  if (at < end && bytes[at] === 0x30) at += 1;
  else at = scanDigits(bytes, at, end);
  if (at < end && bytes[at] === 0x2e) at = scanDigits(bytes, at + 1, end);
  if (at < end && (bytes[at] === 0x65 || bytes[at] === 0x45)) {
    at += 1;
    if (at < end && (bytes[at] === 0x2b || bytes[at] === 0x2d)) at += 1;
    at = scanDigits(bytes, at, end);
  }
  return at;
}

function scanDigits(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end || !isDigit(bytes[at]!)) throw unexpected(bytes, at, end, "a digit");
  while (at < end && isDigit(bytes[at]!)) at++;
  return at;
}

function scanWord(bytes: Uint8Array, at: number, end: number, word: string): number {
  for (let i = 0; i < word.length; i++)
    if (at + i >= end || bytes[at + i] !== word.charCodeAt(i))
      throw unexpected(bytes, Math.min(at + i, end), end, word);
  return at + word.length;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isHex(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x61 && byte <= 0x66) || (byte >= 0x41 && byte <= 0x46);
}

function unexpected(bytes: Uint8Array, at: number, end: number, wanted: string): JsonSyntaxError {
  if (at >= end) return new JsonSyntaxError(`the text ends where ${wanted} should follow`, end);
  const byte = bytes[at]!;
  const found =
    byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}'` : `byte 0x${byte.toString(16).padStart(2, "0")}`;
  return new JsonSyntaxError(`found ${found} where ${wanted} should be`, at);
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The one value of a text, without the white space around it. Fails on anything after it, and on bytes that are not UTF-8. */
export function scanText(bytes: Uint8Array, start = 0, end = bytes.length): Span {
  const from = skipSpace(bytes, start, end);
  const to = scanValue(bytes, from, end);
  const rest = skipSpace(bytes, to, end);
  if (rest < end) throw unexpected(bytes, rest, end, "the end of the text");
  checkUtf8(bytes, start, end);
  return { start: from, end: to };
}

/** Fails at the first byte that is not UTF-8. */
export function checkUtf8(bytes: Uint8Array, start: number, end: number): void {
  const part = bytes.subarray(start, end);
  if (isUtf8(part)) return;
  // Halving finds the longest good prefix; only faulty texts pay for it.
  let good = 0;
  let bad = part.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isUtf8(trimmed(part, middle))) good = middle;
    else bad = middle;
  }
  throw new JsonSyntaxError("the text is not UTF-8", start + trimmed(part, good).length);
}

/** The first `length` bytes without a character cut at the end. */
function trimmed(bytes: Uint8Array, length: number): Uint8Array {
  let cut = length;
  for (let i = 1; i <= 3 && i <= length; i++) {
    const byte = bytes[length - i]!;
    if (byte >= 0xc0) {
      const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      if (size > i) cut = length - i;
      break;
    }
    if (byte < 0x80) break;
  }
  return bytes.subarray(0, cut);
}

/** Whether the bytes are one JSON value, with nothing but white space around it. */
export function isJson(bytes: Uint8Array): boolean {
  try {
    scanText(bytes);
    return true;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return false;
    throw error;
  }
}

/** Walks the members of the object at `at`: decoded name, and where the value lies. Gives the index after the object. */
export function walkObject(
  bytes: Uint8Array,
  at: number,
  end: number,
  member: (name: string, value: Span, nameAt: number) => void,
): number {
  at = skipSpace(bytes, at + 1, end);
  if (at < end && bytes[at] === CLOSE_BRACE) return at + 1;
  for (;;) {
    const nameAt = at;
    const valueAt = scanName(bytes, at, end);
    const valueEnd = scanValue(bytes, valueAt, end);
    member(decodeString(bytes, nameAt, scanString(bytes, nameAt, end)), { start: valueAt, end: valueEnd }, nameAt);
    at = skipSpace(bytes, valueEnd, end);
    if (at < end && bytes[at] === CLOSE_BRACE) return at + 1;
    if (at >= end || bytes[at] !== COMMA) throw unexpected(bytes, at, end, "a comma or }");
    at = skipSpace(bytes, at + 1, end);
  }
}

/** Walks the elements of the array at `at`. Gives the index after the array. */
export function walkArray(bytes: Uint8Array, at: number, end: number, element: (value: Span) => void): number {
  at = skipSpace(bytes, at + 1, end);
  if (at < end && bytes[at] === CLOSE_BRACKET) return at + 1;
  for (;;) {
    const valueEnd = scanValue(bytes, at, end);
    element({ start: at, end: valueEnd });
    at = skipSpace(bytes, valueEnd, end);
    if (at < end && bytes[at] === CLOSE_BRACKET) return at + 1;
    if (at >= end || bytes[at] !== COMMA) throw unexpected(bytes, at, end, "a comma or ]");
    at = skipSpace(bytes, at + 1, end);
  }
}

/** The text of a checked string literal, escapes resolved. Fails on a lone surrogate: it has no UTF-8 form. */
export function decodeString(bytes: Uint8Array, start: number, end: number): string {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
  if (!raw.includes("\\")) return raw.slice(1, -1);
  const text = JSON.parse(raw) as string;
  if (!text.isWellFormed()) throw new JsonSyntaxError("the string holds half of a surrogate pair", start);
  return text;
}

/** Line and column (from 1; columns count bytes) of a byte. */
export function lineAndColumn(bytes: Uint8Array, at: number): { line: number; column: number } {
  let line = 1;
  let lineStart = 0;
  for (let i = bytes.indexOf(0x0a); i !== -1 && i < at; i = bytes.indexOf(0x0a, i + 1)) {
    line += 1;
    lineStart = i + 1;
  }
  return { line, column: at - lineStart + 1 };
}
