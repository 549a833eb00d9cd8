/** DescribeCluster, versions 0 to 2: cluster id, brokers with their client addresses, a broker that forwards to the controller. v2: fenced brokers on request. */
import { endpointOf } from "@vitrine/metadata";
import { newDescribeClusterResponse, type DescribeClusterRequest } from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";
import { CLUSTER_OPERATIONS } from "./authorized-operations.ts";
import { aliveBrokers, controllerFor } from "./03-metadata.ts";

export const describeCluster: Handler = (parts, request, _from, reply) => {
  const body = request.body as DescribeClusterRequest;
  const image = parts.image();
  const alive = aliveBrokers(image);
  const brokers = alive.map((broker) => ({
    brokerId: broker.nodeId,
    host: broker.host,
    port: broker.port,
    rack: broker.rack,
    isFenced: false,
  }));
  if (body.includeFencedBrokers)
    for (const broker of image.brokers.values()) {
      const at = endpointOf(broker, "CLIENT");
      if (broker.fenced && at)
        brokers.push({ brokerId: broker.id, host: at.host, port: at.port, rack: broker.rack, isFenced: true });
    }
  reply(
    newDescribeClusterResponse({
      endpointType: body.endpointType,
      clusterId: image.clusterId,
      controllerId: controllerFor(parts, alive),
      brokers,
      ...(body.includeClusterAuthorizedOperations ? { clusterAuthorizedOperations: CLUSTER_OPERATIONS } : {}),
    }),
  );
};
