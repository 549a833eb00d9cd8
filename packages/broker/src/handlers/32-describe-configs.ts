/** DescribeConfigs, versions 1 to 4: every setting of topics and brokers with value, source and synonyms, from this node's image. */
import { describeConfigs as describe } from "@vitrine/metadata";
import type { DescribeConfigsRequest } from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";

export const describeConfigs: Handler = (parts, request, _from, reply) => {
  const { config } = parts.runtime;
  const node = { brokerId: config.roles.broker ? config.nodeId : null, staticConfigs: config.properties };
  reply(describe(parts.image(), request.body as DescribeConfigsRequest, node));
};
