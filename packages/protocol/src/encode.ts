import { errorCode } from "@vitrine/core";
import { ApiKey } from "./gen/api-map.ts";
import type { ApiKeyNumber, Advertised, RequestOf, ResponseOf } from "./api-keys.ts";
import { codecOf } from "./decode.ts";
import { writeRequestHeader, writeResponseHeader, type RequestFrameHeader } from "./header.ts";
import { newApiVersionsResponse, newApiVersionsResponseApiVersion } from "./gen/18-api-versions.types.ts";
import type { ApiVersionsResponseApiVersion } from "./gen/18-api-versions.types.ts";
import { Writer } from "./writer.ts";

/** Encoding is synchronous and never nests, so one buffer serves all of it. */
const writer = new Writer();

function framed(write: (writer: Writer) => void): Uint8Array {
  writer.reset();
  writer.take(4);
  write(writer);
  writer.patchInt32(0, writer.at - 4);
  return writer.finish();
}

/** A request with its length in front. Throws ProtocolError when a value does not fit the version. */
export function encodeRequest<K extends ApiKeyNumber>(
  header: RequestFrameHeader & { apiKey: K },
  body: RequestOf<K>,
): Uint8Array;
export function encodeRequest(header: RequestFrameHeader, body: unknown): Uint8Array;
export function encodeRequest(header: RequestFrameHeader, body: unknown): Uint8Array {
  const codec = codecOf(header.apiKey, header.apiVersion);
  return framed((out) => {
    writeRequestHeader(out, header);
    codec.writeRequest(out, body, header.apiVersion);
  });
}

/** A response with its length in front. Throws ProtocolError when a value does not fit the version. */
export function encodeResponse<K extends ApiKeyNumber>(
  apiKey: K,
  apiVersion: number,
  correlationId: number,
  body: ResponseOf<K>,
): Uint8Array;
export function encodeResponse(apiKey: number, apiVersion: number, correlationId: number, body: unknown): Uint8Array;
export function encodeResponse(apiKey: number, apiVersion: number, correlationId: number, body: unknown): Uint8Array {
  const codec = codecOf(apiKey, apiVersion);
  return framed((out) => {
    writeResponseHeader(out, apiKey, apiVersion, correlationId);
    codec.writeResponse(out, body, apiVersion);
  });
}

/**
 * The same as pieces that follow each other: record batches are not copied but the very bytes of the body, which must not change until they are
 * sent.
 */
export function encodeResponseParts(
  apiKey: number,
  apiVersion: number,
  correlationId: number,
  body: unknown,
): Uint8Array[] {
  const codec = codecOf(apiKey, apiVersion);
  writer.reset(true);
  writer.take(4);
  writeResponseHeader(writer, apiKey, apiVersion, correlationId);
  codec.writeResponse(writer, body, apiVersion);
  writer.patchInt32(0, writer.sizeBytes - 4);
  return writer.finishParts();
}

/**
 * The answer to an ApiVersions request of a version we do not know (KIP-511): a v0 body with error 35 that names only ApiVersions' own
 * range, so that the client can ask again.
 */
export function encodeUnknownApiVersions(correlationId: number, advertised: Advertised): Uint8Array {
  const span = advertised.get(ApiKey.ApiVersions) ?? { min: 0, max: 0 };
  const row = newApiVersionsResponseApiVersion({
    apiKey: ApiKey.ApiVersions,
    minVersion: span.min,
    maxVersion: span.max,
  });
  const body = newApiVersionsResponse({ errorCode: errorCode("UNSUPPORTED_VERSION"), apiKeys: [row] });
  return encodeResponse(ApiKey.ApiVersions, 0, correlationId, body);
}

/** The rows of an ApiVersions answer for a listener. */
export function apiVersionRows(advertised: Advertised): ApiVersionsResponseApiVersion[] {
  return [...advertised]
    .sort(([a], [b]) => a - b)
    .map(([apiKey, { min, max }]) => newApiVersionsResponseApiVersion({ apiKey, minVersion: min, maxVersion: max }));
}
