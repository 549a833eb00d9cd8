/**
 * ApiVersions, versions 0 to 4 (KIP-511): what this listener serves, and nothing that does not work.
 *
 * - A version beyond ours is answered by the listener itself, with a v0 body and error 35.
 * - v3+: the client says who it is; a malformed name is INVALID_REQUEST.
 * - v3: supported features that begin at 0 are left out, because older clients take 0 for a mistake (KAFKA-17011).
 * - Only features that work are finalized. `transaction.version` is not, so that clients keep the older flow (KIP-890).
 */
import { errorCode } from "@vitrine/core";
import { SUPPORTED_FEATURES } from "@vitrine/metadata";
import {
  CLIENT_ADVERTISED,
  newApiVersionsResponse,
  PEER_ADVERTISED,
  type ApiVersionsRequest,
} from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";

const CLIENT_SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

export const apiVersions: Handler = (parts, request, from, reply) => {
  const body = request.body as ApiVersionsRequest;
  const { apiVersion } = request;
  const isNamed =
    apiVersion < 3 ||
    (CLIENT_SOFTWARE.test(body.clientSoftwareName) && CLIENT_SOFTWARE.test(body.clientSoftwareVersion));
  if (!isNamed) {
    from.noteRefusal?.(
      "gave a client software name or version in ApiVersions that is empty or has other characters than letters, digits, '-' and '.'",
    );
    reply(newApiVersionsResponse({ errorCode: errorCode("INVALID_REQUEST") }));
    return;
  }
  const advertised = from.listener === "client" ? CLIENT_ADVERTISED : PEER_ADVERTISED;
  const apiKeys = [...advertised]
    .toSorted(([a], [b]) => a - b)
    .map(([apiKey, { min, max }]) => ({ apiKey, minVersion: min, maxVersion: max }));
  const image = parts.image();
  const finalizedFeatures = [...image.features].map(([name, level]) => ({
    name,
    minVersionLevel: level,
    maxVersionLevel: level,
  }));
  reply(
    newApiVersionsResponse({
      apiKeys,
      supportedFeatures: [...SUPPORTED_FEATURES]
        .filter(([, { min }]) => min > 0 || apiVersion !== 3)
        .map(([name, { min, max }]) => ({ name, minVersion: min, maxVersion: max })),
      finalizedFeatures,
      finalizedFeaturesEpoch: image.offset,
    }),
  );
};
