/** DescribeClientQuotas, versions 0 and 1: quotas of users and client ids that match a filter, from this node's image. */
import { describeClientQuotas } from "@vitrine/metadata";
import type { DescribeClientQuotasRequest } from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";

export const describeQuotas: Handler = (parts, request, _from, reply) =>
  reply(describeClientQuotas(parts.image(), request.body as DescribeClientQuotasRequest));
