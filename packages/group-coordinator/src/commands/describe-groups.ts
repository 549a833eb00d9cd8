/** DescribeGroups and ListGroups. */
import { errorCode } from "@vitrine/core";
import {
  newDescribeGroupsResponseDescribedGroup as newDescribed,
  type DescribeGroupsResponseDescribedGroup,
  type ListGroupsResponseListedGroup,
} from "@vitrine/protocol/types";
import type { ClassicGroup } from "../classic-group.ts";
import { metadataFor, NO_ASSIGNMENT } from "../classic-member.ts";
import type { Command } from "../coordinator-types.ts";
import type { Draft } from "../shard.ts";

export function describeGroups(draft: Draft, { token, groupIds, client }: Command<"describeGroups">): void {
  const described = groupIds.map((groupId) => {
    const group = draft.shard.visibleGroup(groupId);
    return group ? describe(group) : describeMissing(groupId, client.apiVersion);
  });
  draft.answer(token, described);
}

/** Before version 6 a group that does not exist is "Dead" and no error (KIP-1043). */
function describeMissing(groupId: string, apiVersion: number): DescribeGroupsResponseDescribedGroup {
  const groupState = "Dead";
  if (apiVersion < 6) return newDescribed({ groupId, groupState });
  const errorMessage = `Group ${groupId} not found.`;
  return newDescribed({ groupId, groupState, errorCode: errorCode("GROUP_ID_NOT_FOUND"), errorMessage });
}

/** What a member subscribes to is told of a stable group only: else there is no protocol in which it would be meant. */
function describe(group: ClassicGroup): DescribeGroupsResponseDescribedGroup {
  const isStable = group.state === "Stable";
  return newDescribed({
    groupId: group.groupId,
    groupState: group.state,
    protocolType: group.protocolType ?? "",
    protocolData: isStable ? (group.protocolName ?? "") : "",
    members: [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: isStable ? metadataFor(member, group.protocolName) : NO_ASSIGNMENT,
      memberAssignment: member.assignment,
    })),
  });
}

/** Kafka's type of every group that this coordinator has. */
const GROUP_TYPE = "Classic";

/** Filters do not look at upper and lower case; without filters every group is listed. */
export function listGroups(draft: Draft, { token, statesFilter, typesFilter }: Command<"listGroups">): void {
  const states = new Set(statesFilter.map((state) => state.trim().toLowerCase()));
  const types = new Set(typesFilter.map((type) => type.trim().toLowerCase()));
  const { groups, leaving } = draft.shard;
  const listed: ListGroupsResponseListedGroup[] = [];
  for (const groupId of new Set([...groups.keys(), ...leaving.keys()])) {
    const group = draft.shard.visibleGroup(groupId);
    if (!group) continue;
    if (states.size > 0 && !states.has(group.state.toLowerCase())) continue;
    if (types.size > 0 && !types.has(GROUP_TYPE.toLowerCase())) continue;
    const { protocolType, state: groupState } = group;
    listed.push({ groupId, protocolType: protocolType ?? "", groupState, groupType: GROUP_TYPE });
  }
  draft.answer(token, listed);
}
