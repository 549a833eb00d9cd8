import type { ApiCodec } from "./codec.ts";
import { apiName, apiRow, type ApiKeyNumber, type RequestOf, type ResponseOf } from "./api-keys.ts";
import { API_CODECS } from "./gen/codecs.ts";
import { readRequestHeader, readResponseHeader, type RequestFrameHeader } from "./header.ts";
import { ProtocolError } from "./protocol-error.ts";
import { Reader } from "./reader.ts";

const byKey: (ApiCodec | undefined)[] = [];
for (const codec of API_CODECS) byKey[codec.key] = codec;

/** Reader and writer of a key at a version; ProtocolError UNSUPPORTED_VERSION when the tables have none. */
export function codecOf(apiKey: number, apiVersion: number): ApiCodec {
  const codec = byKey[apiKey];
  const row = apiRow(apiKey);
  if (!codec || !row) throw new ProtocolError(`there is no API key ${apiKey}`, "UNSUPPORTED_VERSION");
  if (apiVersion < row.min || apiVersion > row.max)
    throw new ProtocolError(
      `${row.name} has versions ${row.min} to ${row.max}, not ${apiVersion}`,
      "UNSUPPORTED_VERSION",
    );
  return codec;
}

export interface DecodedRequest {
  readonly header: RequestFrameHeader;
  /** `RequestOf<header.apiKey>`; bytes and records in it are views on the frame. */
  readonly body: unknown;
}

/** The numbers at the front of a request. */
export interface RequestNumbers {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
}

/** Enough of a request to refuse it: read without trusting the rest. Throws ProtocolError where not even that is there. */
export function peekRequest(frame: Uint8Array): RequestNumbers {
  if (frame.length < 8) throw new ProtocolError(`8 bytes are needed for a request, ${frame.length} are there`);
  return { apiKey: int16At(frame, 0), apiVersion: int16At(frame, 2), correlationId: int32At(frame, 4) };
}

function int16At(bytes: Uint8Array, at: number): number {
  return (((bytes[at]! << 8) | bytes[at + 1]!) << 16) >> 16;
}

function int32At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/**
 * Array elements of one request, all arrays together. An honest request has far fewer (50,000 partitions with their replicas are 400,000); a hostile
 * frame of 17 MiB could ask for eight million objects, a hundred times its weight in memory.
 */
export const REQUEST_ELEMENTS_MAX = 1_000_000;

/**
 * A frame, without its length, to a request. Throws ProtocolError. Bytes after the message are let pass, as Kafka does: librdkafka leaves
 * three of them behind its question for all topics.
 */
export function decodeRequest(frame: Uint8Array): DecodedRequest {
  const reader = new Reader(frame);
  reader.elementsLeft = REQUEST_ELEMENTS_MAX;
  const { apiKey, apiVersion } = peekRequest(frame);
  const codec = codecOf(apiKey, apiVersion);
  try {
    const header = readRequestHeader(reader);
    return { header, body: codec.readRequest(reader, apiVersion) };
  } catch (error) {
    throw named(error, `${apiName(apiKey)} request v${apiVersion}`);
  }
}

/** Only the body, for callers that have read the header. */
export function decodeRequestBody<K extends ApiKeyNumber>(
  apiKey: K,
  apiVersion: number,
  bytes: Uint8Array,
): RequestOf<K> {
  const reader = new Reader(bytes);
  const body = codecOf(apiKey, apiVersion).readRequest(reader, apiVersion) as RequestOf<K>;
  reader.finish();
  return body;
}

export interface DecodedResponse<Body = unknown> {
  readonly correlationId: number;
  readonly body: Body;
}

/** A frame, without its length, to the response of a request sent with that key and version. Throws ProtocolError. */
export function decodeResponse<K extends ApiKeyNumber>(
  apiKey: K,
  apiVersion: number,
  frame: Uint8Array,
): DecodedResponse<ResponseOf<K>>;
export function decodeResponse(apiKey: number, apiVersion: number, frame: Uint8Array): DecodedResponse;
export function decodeResponse(apiKey: number, apiVersion: number, frame: Uint8Array): DecodedResponse {
  const codec = codecOf(apiKey, apiVersion);
  const reader = new Reader(frame);
  try {
    const correlationId = readResponseHeader(reader, apiKey, apiVersion);
    const body = codec.readResponse(reader, apiVersion);
    reader.finish();
    return { correlationId, body };
  } catch (error) {
    throw named(error, `${apiName(apiKey)} response v${apiVersion}`);
  }
}

function named(error: unknown, what: string): unknown {
  return error instanceof ProtocolError ? new ProtocolError(`${what}: ${error.message}`, error.errorName) : error;
}
