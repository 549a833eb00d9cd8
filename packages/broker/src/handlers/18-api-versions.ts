/**
 * ApiVersions, versions 0 to 4 (KIP-511): what this listener serves, and nothing that does not work.
 *
 * - A version beyond ours is answered by the listener itself, with a v0 body and error 35.
 * - v3+: the client says who it is; a malformed name is INVALID_REQUEST. Features: none are finalized for clients
 *   (no `transaction.version`, so that clients keep the older flow).
 */
import { errorCode } from "@vitrine/core";
import {
  CLIENT_ADVERTISED,
  newApiVersionsResponse,
  PEER_ADVERTISED,
  type ApiVersionsRequest,
} from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";

const CLIENT_SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

export const apiVersions: Handler = (_parts, request, from, reply) => {
  const body = request.body as ApiVersionsRequest;
  const named =
    request.apiVersion < 3 ||
    (CLIENT_SOFTWARE.test(body.clientSoftwareName) && CLIENT_SOFTWARE.test(body.clientSoftwareVersion));
  if (!named) {
    reply(newApiVersionsResponse({ errorCode: errorCode("INVALID_REQUEST") }));
    return;
  }
  const advertised = from.listener === "client" ? CLIENT_ADVERTISED : PEER_ADVERTISED;
  reply(
    newApiVersionsResponse({
      apiKeys: [...advertised].map(([apiKey, { min, max }]) => ({ apiKey, minVersion: min, maxVersion: max })),
    }),
  );
};
