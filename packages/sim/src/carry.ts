/** How a message gets from one memory to another: copied deeply, or through the real codec. Never by reference: nodes share nothing. */
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  newestVersion,
  PEER_ADVERTISED,
} from "@vitrine/protocol";

export interface Carrier {
  request(apiKey: number, apiVersion: number, body: unknown): unknown;
  response(apiKey: number, apiVersion: number, body: unknown): unknown;
}

/** The version that goes over the wire: -1 says the newest. */
export function wireVersion(apiKey: number, apiVersion: number): number {
  return apiVersion >= 0 ? apiVersion : (newestVersion(PEER_ADVERTISED, apiKey) ?? 0);
}

/** Cheap: for most seeds. */
export const COPYING: Carrier = {
  request: (_apiKey, _apiVersion, body) => copy(body),
  response: (_apiKey, _apiVersion, body) => copy(body),
};

/** Every message becomes a frame of Kafka's protocol and is parsed again. */
export const ENCODING: Carrier = {
  request(apiKey, apiVersion, body) {
    const version = wireVersion(apiKey, apiVersion);
    const frame = encodeRequest({ apiKey, apiVersion: version, correlationId: 1, clientId: "sim" }, body);
    return decodeRequest(frame.subarray(4)).body;
  },
  response(apiKey, apiVersion, body) {
    const version = wireVersion(apiKey, apiVersion);
    return decodeResponse(apiKey, version, encodeResponse(apiKey, version, 1, body).subarray(4)).body;
  },
};

function copy(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return value.map((item) => copy(item));
  const copied: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) copied[key] = copy(item);
  return copied;
}
