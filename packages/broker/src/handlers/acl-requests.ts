/**
 * DescribeAcls, CreateAcls and DeleteAcls, versions 1 to 3: there is no authorizer, and they say so as a Kafka without one does
 * (SECURITY_DISABLED). Clients take it for an answer, where a missing key would end the connection.
 */
import { errorCode } from "@vitrine/core";
import {
  newCreateAclsResponse,
  newDeleteAclsResponse,
  newDescribeAclsResponse,
  type CreateAclsRequest,
  type DeleteAclsRequest,
} from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";

const NO_AUTHORIZER = {
  errorCode: errorCode("SECURITY_DISABLED"),
  errorMessage: "no authorizer is configured: everybody may do everything",
} as const;

export const describeAcls: Handler = (_parts, _request, _from, reply) => reply(newDescribeAclsResponse(NO_AUTHORIZER));

export const createAcls: Handler = (_parts, request, _from, reply) => {
  const { creations } = request.body as CreateAclsRequest;
  reply(newCreateAclsResponse({ results: creations.map(() => NO_AUTHORIZER) }));
};

export const deleteAcls: Handler = (_parts, request, _from, reply) => {
  const { filters } = request.body as DeleteAclsRequest;
  reply(newDeleteAclsResponse({ filterResults: filters.map(() => ({ ...NO_AUTHORIZER, matchingAcls: [] })) }));
};
