import { ApiKey } from "./gen/api-map.ts";
import { apiRow } from "./api-keys.ts";
import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/** What stands before a request's body. */
export interface RequestFrameHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  /** Chosen by the client, sent back with the response. */
  readonly correlationId: number;
  readonly clientId: string | null;
}

/** Whether the version of this key has compact encodings and tag sections. ApiVersions is asked about for versions we do not know. */
export function isFlexible(apiKey: number, apiVersion: number): boolean {
  return apiVersion >= (apiRow(apiKey)?.flexibleSince ?? Infinity);
}

/** Reads a request header, v1 or v2 as the version asks. The client id is no compact string even in v2. */
export function readRequestHeader(reader: Reader): RequestFrameHeader {
  const apiKey = reader.int16();
  const apiVersion = reader.int16();
  const correlationId = reader.int32();
  const clientId = reader.nullableString(false);
  if (isFlexible(apiKey, apiVersion)) reader.unknownTags();
  return { apiKey, apiVersion, correlationId, clientId };
}

export function writeRequestHeader(writer: Writer, header: RequestFrameHeader): void {
  writer.int16(header.apiKey);
  writer.int16(header.apiVersion);
  writer.int32(header.correlationId);
  writer.nullableString(header.clientId, false);
  if (isFlexible(header.apiKey, header.apiVersion)) writer.uvarint(0);
}

/** ApiVersions answers always have header v0, so that a client that knows only old versions can read them (KIP-511). */
function hasResponseTags(apiKey: number, apiVersion: number): boolean {
  return apiKey !== ApiKey.ApiVersions && isFlexible(apiKey, apiVersion);
}

/** Reads a response header; the correlation id. */
export function readResponseHeader(reader: Reader, apiKey: number, apiVersion: number): number {
  const correlationId = reader.int32();
  if (hasResponseTags(apiKey, apiVersion)) reader.unknownTags();
  return correlationId;
}

export function writeResponseHeader(writer: Writer, apiKey: number, apiVersion: number, correlationId: number): void {
  writer.int32(correlationId);
  if (hasResponseTags(apiKey, apiVersion)) writer.uvarint(0);
}
