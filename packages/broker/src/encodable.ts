import { ApiKey, encodeRequest, newestVersion, PEER_ADVERTISED } from "@vitrine/protocol";
import type { ApiRequest } from "./ports.ts";

/**
 * Throws ProtocolError when a request of this process to itself has a value that Kafka's field for it cannot hold. What comes over a connection has
 * been decoded; this has not, and a number from somebody's URL must not reach a log that cannot write it: that would stop the broker. Produce is
 * left out: its records are large, and its numbers are our own.
 */
export function checkEncodable({ apiKey, apiVersion, clientId, body }: ApiRequest): void {
  if (apiKey === ApiKey.Produce) return;
  const version = apiVersion < 0 ? newestVersion(PEER_ADVERTISED, apiKey) : apiVersion;
  if (version !== null) encodeRequest({ apiKey, apiVersion: version, correlationId: 0, clientId }, body);
}
