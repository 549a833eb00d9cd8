import type { NodeId } from "@vitrine/core";
import { endpointOf, type MetadataImage } from "@vitrine/metadata";

/** Addresses of the leaders named in an answer, so that the client need not ask for metadata (KIP-951). */
export function nodeEndpointsOf(
  image: MetadataImage,
  nodes: Iterable<NodeId>,
): { nodeId: NodeId; host: string; port: number; rack: string | null }[] {
  const endpoints: { nodeId: NodeId; host: string; port: number; rack: string | null }[] = [];
  for (const nodeId of nodes) {
    const broker = image.brokers.get(nodeId);
    const at = broker && endpointOf(broker, "CLIENT");
    if (at) endpoints.push({ nodeId, host: at.host, port: at.port, rack: broker.rack });
  }
  return endpoints;
}
