/**
 * ListGroups, versions 0 to 5: the groups that this broker coordinates; whoever wants all asks every broker.
 *
 * - While one of its coordinators loads: COORDINATOR_LOAD_IN_PROGRESS, a list with holes would be taken for the whole.
 * - v4+: states, and a filter by them. v5+: types, and a filter by them (KIP-848).
 */
import { errorCode } from "@vitrine/core";
import {
  newListGroupsResponse,
  type ListGroupsRequest,
  type ListGroupsResponseListedGroup,
} from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";

export const listGroups: Handler = (parts, request, _from, reply) => {
  const { statesFilter, typesFilter } = request.body as ListGroupsRequest;
  const coordinators = parts.groups.all;
  if (coordinators.some((coordinator) => !coordinator.isActive)) {
    reply(newListGroupsResponse({ errorCode: errorCode("COORDINATOR_LOAD_IN_PROGRESS") }));
    return;
  }
  const groups: ListGroupsResponseListedGroup[] = [];
  for (const coordinator of coordinators)
    coordinator.submit<"listGroups">({ type: "listGroups", statesFilter, typesFilter }, (listed) =>
      groups.push(...(listed as ListGroupsResponseListedGroup[])),
    );
  reply(newListGroupsResponse({ groups }));
};
