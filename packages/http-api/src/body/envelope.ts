/** The records of a `/records` body: envelopes whose values are spliced out as bytes. Unknown members are refused, with a hint. */
import { ENVELOPE_MEMBERS, httpProblem } from "@vitrine/api";
import type { FieldError } from "@vitrine/api";
import { closest } from "../did-you-mean.ts";
import { ProblemError } from "../error-reply.ts";
import type { NewRecord } from "../produce/new-record.ts";
import { JsonSyntaxError, decodeString, scanText, skipSpace, walkArray, walkObject } from "./json-scanner.ts";
import type { Span } from "./json-scanner.ts";
import { syntaxProblem } from "./read-json.ts";

export interface Envelope {
  readonly record: NewRecord;
  /** As asked for in the envelope; null: by key, or sticky. */
  readonly partition: number | null;
}

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const QUOTE = 0x22;

/** A whole body: one envelope, an array of them, or `{"records":[...]}`. */
export function parseRecordsBody(bytes: Uint8Array, now: number): Envelope[] {
  return withPosition(bytes, () => {
    const text = scanText(bytes);
    const first = bytes[text.start];
    if (first === OPEN_BRACKET) return parseList(bytes, text, now, "");
    if (first !== OPEN_BRACE)
      throw wrong("", 'must be an envelope object, an array of them, or {"records":[...]}', "did you mean /values?");
    let list: Span | null = null;
    let members = 0;
    walkObject(bytes, text.start, text.end, (name, value) => {
      members += 1;
      if (name === "records") list = value;
    });
    if (list === null) return [parseEnvelope(bytes, text, now, "")];
    if (members > 1) throw wrong("", "has members beside records", "put key, headers and partition into each record");
    const span: Span = list;
    if (bytes[span.start] !== OPEN_BRACKET) throw wrong("/records", "must be an array");
    return parseList(bytes, span, now, "/records");
  });
}

/** One line of NDJSON or one text of a sequence. */
export function parseRecordLine(bytes: Uint8Array, now: number): Envelope {
  return withPosition(bytes, () => parseEnvelope(bytes, scanText(bytes), now, ""));
}

function withPosition<Result>(bytes: Uint8Array, parse: () => Result): Result {
  try {
    return parse();
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new ProblemError(syntaxProblem(bytes, error));
    throw error;
  }
}

function parseList(bytes: Uint8Array, list: Span, now: number, pointer: string): Envelope[] {
  const envelopes: Envelope[] = [];
  walkArray(bytes, list.start, list.end, (element) => {
    envelopes.push(parseEnvelope(bytes, element, now, `${pointer}/${envelopes.length}`));
  });
  return envelopes;
}

function parseEnvelope(bytes: Uint8Array, span: Span, now: number, pointer: string): Envelope {
  if (bytes[span.start] !== OPEN_BRACE)
    throw wrong(pointer, "must be an envelope object", 'wrap it: {"value": ...}, or did you mean /values?');
  const members = new Map<string, Span>();
  walkObject(bytes, span.start, span.end, (name, value) => {
    if (!(ENVELOPE_MEMBERS as readonly string[]).includes(name)) throw unknownMember(pointer, name);
    if (members.has(name)) throw wrong(`${pointer}/${name}`, "is given twice");
    members.set(name, value);
  });
  const read = new EnvelopeReader(bytes, members, pointer);
  return {
    record: { key: read.key(), value: read.value(), headers: read.headers(), timestampMs: read.timestamp(now) },
    partition: read.partition(),
  };
}

class EnvelopeReader {
  readonly #bytes: Uint8Array;
  readonly #members: ReadonlyMap<string, Span>;
  readonly #pointer: string;

  constructor(bytes: Uint8Array, members: ReadonlyMap<string, Span>, pointer: string) {
    this.#bytes = bytes;
    this.#members = members;
    this.#pointer = pointer;
  }

  key(): Uint8Array | null {
    const plain = this.#members.get("key");
    const base64 = this.#members.get("key_b64");
    if (plain !== undefined && base64 !== undefined) throw wrong(`${this.#pointer}/key_b64`, "excludes key");
    if (base64 !== undefined) return this.#base64("key_b64", base64);
    if (plain === undefined || this.#isWord(plain, "null")) return null;
    return this.#isString(plain) ? Buffer.from(this.#text(plain)) : this.#raw(plain);
  }

  value(): Uint8Array | null {
    const given = ["value", "value_text", "value_b64"].filter((name) => this.#members.has(name));
    if (given.length > 1) throw wrong(`${this.#pointer}/${given[1]!}`, `excludes ${given[0]!}`);
    const value = this.#members.get("value");
    if (this.#flag("tombstone")) {
      if (given.length > 0 && (value === undefined || !this.#isWord(value, "null")))
        throw wrong(`${this.#pointer}/tombstone`, "a tombstone has no value");
      return null;
    }
    if (value !== undefined) return this.#raw(value);
    const text = this.#members.get("value_text");
    if (text !== undefined) return Buffer.from(this.#string("value_text", text));
    const base64 = this.#members.get("value_b64");
    if (base64 !== undefined) return this.#base64("value_b64", base64);
    throw wrong(
      this.#pointer,
      "has no value",
      'give "value", "value_text" or "value_b64", or "tombstone": true; or did you mean /values?',
    );
  }

  headers(): NewRecord["headers"] {
    const span = this.#members.get("headers");
    if (span === undefined || this.#isWord(span, "null")) return [];
    const headers: { key: string; value: Uint8Array | null }[] = [];
    const first = this.#bytes[span.start];
    if (first === OPEN_BRACE)
      walkObject(this.#bytes, span.start, span.end, (name, value) =>
        headers.push({ key: name, value: this.#headerValue(value, name) }),
      );
    else if (first === OPEN_BRACKET)
      walkArray(this.#bytes, span.start, span.end, (pair) => {
        const parts: Span[] = [];
        if (this.#bytes[pair.start] === OPEN_BRACKET)
          walkArray(this.#bytes, pair.start, pair.end, (part) => parts.push(part));
        const [name, value] = parts;
        if (parts.length !== 2 || name === undefined || value === undefined || !this.#isString(name))
          throw wrong(`${this.#pointer}/headers/${headers.length}`, 'must be ["name", "value"]');
        headers.push({ key: this.#text(name), value: this.#headerValue(value, String(headers.length)) });
      });
    else throw wrong(`${this.#pointer}/headers`, "must be an object or an array of pairs");
    return headers;
  }

  timestamp(now: number): number {
    const span = this.#members.get("timestamp");
    if (span === undefined || this.#isWord(span, "null")) return now;
    const text = this.#isString(span) ? this.#text(span) : this.#ascii(span);
    const ms = /^\d{1,16}$/.test(text) ? Number(text) : this.#isString(span) ? Date.parse(text) : Number.NaN;
    if (!Number.isSafeInteger(ms) || ms < 0)
      throw wrong(`${this.#pointer}/timestamp`, "must be milliseconds since 1970 or an ISO 8601 time");
    return ms;
  }

  partition(): number | null {
    const span = this.#members.get("partition");
    if (span === undefined || this.#isWord(span, "null")) return null;
    const text = this.#ascii(span);
    if (!/^\d{1,9}$/.test(text)) throw wrong(`${this.#pointer}/partition`, "must be a partition number");
    return Number(text);
  }

  #flag(name: string): boolean {
    const span = this.#members.get(name);
    if (span === undefined || this.#isWord(span, "false")) return false;
    if (this.#isWord(span, "true")) return true;
    throw wrong(`${this.#pointer}/${name}`, "must be true or false");
  }

  #headerValue(span: Span, name: string): Uint8Array | null {
    if (this.#isWord(span, "null")) return null;
    if (!this.#isString(span))
      throw wrong(
        `${this.#pointer}/headers/${name}`,
        "must be a string or null",
        "header values are bytes: send JSON as text",
      );
    return Buffer.from(this.#text(span));
  }

  #string(name: string, span: Span): string {
    if (!this.#isString(span)) throw wrong(`${this.#pointer}/${name}`, "must be a string");
    return this.#text(span);
  }

  #base64(name: string, span: Span): Uint8Array {
    const text = this.#string(name, span);
    if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) throw wrong(`${this.#pointer}/${name}`, "is not base64");
    return Buffer.from(text, "base64");
  }

  #raw(span: Span): Uint8Array {
    return this.#bytes.subarray(span.start, span.end);
  }

  #text(span: Span): string {
    return decodeString(this.#bytes, span.start, span.end);
  }

  #ascii(span: Span): string {
    return Buffer.from(this.#raw(span)).toString("latin1");
  }

  #isString(span: Span): boolean {
    return this.#bytes[span.start] === QUOTE;
  }

  #isWord(span: Span, word: string): boolean {
    return span.end - span.start === word.length && this.#ascii(span) === word;
  }
}

function wrong(pointer: string, detail: string, hint?: string): ProblemError {
  const error: FieldError = hint === undefined ? { pointer, detail } : { pointer, detail, hint };
  return new ProblemError(
    httpProblem({
      status: 422,
      slug: "invalid-envelope",
      title: "Not a record envelope",
      detail: `${pointer === "" ? "the body" : pointer} ${detail}`,
      ...(hint === undefined ? {} : { hint }),
      errors: [error],
    }),
  );
}

function unknownMember(pointer: string, name: string): ProblemError {
  const near = closest(name, ENVELOPE_MEMBERS);
  const hint = `${near === undefined ? "" : `did you mean ${near}? `}/records takes envelopes: did you mean /values, or wrap in value?`;
  const path = `${pointer}/${name.slice(0, 100).replaceAll("~", "~0").replaceAll("/", "~1")}`;
  return wrong(path, "is not a member of an envelope", hint);
}

/** The value of a JSON body for `/values`, without the white space around it. 400 with the position when it is not JSON. */
export function jsonValue(bytes: Uint8Array): Uint8Array {
  return withPosition(bytes, () => {
    const span = scanText(bytes);
    return bytes.subarray(span.start, span.end);
  });
}

/** Whether a line holds nothing but white space. */
export function isBlank(bytes: Uint8Array): boolean {
  return skipSpace(bytes, 0, bytes.length) === bytes.length;
}
