import type { Client } from "@vitrine/group-coordinator";
import type { ApiRequest, RequestContext } from "../ports.ts";

/** Who sent a request, in the words of the group coordinator: the host as Kafka shows it, without the port. */
export function groupClient(request: ApiRequest, from: RequestContext): Client {
  return {
    clientId: request.clientId ?? "",
    clientHost: `/${hostOf(from.remote)}`,
    // Between our own parts requests are as new as can be.
    apiVersion: request.apiVersion < 0 ? Infinity : request.apiVersion,
  };
}

/** `10.0.0.7:51234` and `[::1]:51234` without port; an IPv4 address that came over IPv6 as what it is. */
function hostOf(remote: string): string {
  const colon = remote.lastIndexOf(":");
  const host = colon < 0 ? remote : remote.slice(0, colon);
  return host.replace(/^\[(.*)\]$/, "$1").replace(/^::ffff:(?=\d+\.)/, "");
}
