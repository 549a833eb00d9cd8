/** Where a node finds its peers: controllers from the configuration, brokers from the image. Never itself. */
import type { NodeId } from "@vitrine/core";
import { endpointOf, type MetadataImage } from "@vitrine/metadata";
import type { BrokerConfig } from "./config.ts";
import type { PeerEndpoint } from "./ports.ts";

export function peerEndpoints(image: MetadataImage, config: BrokerConfig): PeerEndpoint[] {
  const endpoints = new Map<NodeId, PeerEndpoint>();
  for (const broker of image.brokers.values()) {
    const at = endpointOf(broker, "PEER");
    if (at) endpoints.set(broker.id, { nodeId: broker.id, host: at.host, port: at.port });
  }
  for (const voter of config.voters) endpoints.set(voter.nodeId, voter);
  endpoints.delete(config.nodeId);
  return [...endpoints.values()];
}
