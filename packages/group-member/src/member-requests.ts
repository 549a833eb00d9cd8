/** The requests of a member, from what it is set to and where it stands; in the form of the newest versions (KIP-699, KIP-345). */
import {
  type JoinGroupResponse,
  newFindCoordinatorRequest,
  newHeartbeatRequest,
  newJoinGroupRequest,
  newJoinGroupRequestJoinGroupRequestProtocol,
  newLeaveGroupRequest,
  newSyncGroupRequest,
  type SyncGroupRequest,
} from "@vitrine/protocol/types";
import { writeSubscription, type Subscription } from "./consumer-protocol.ts";
import type { MemberCall, MemberSettings } from "./member-types.ts";

/** FindCoordinator for the group. */
export function findCall({ groupId }: MemberSettings): MemberCall {
  return { kind: "find", request: newFindCoordinatorRequest({ coordinatorKeys: [groupId] }) };
}

/** JoinGroup: one protocol for each assignor, with the subscription as that assignor wants it; `reason` is for people (KIP-800). */
export function joinCall(
  settings: MemberSettings,
  member: { readonly memberId: string; readonly subscription: Subscription; readonly reason: string },
): MemberCall {
  const protocols = settings.assignors.map((name) =>
    newJoinGroupRequestJoinGroupRequestProtocol({ name, metadata: writeSubscription(member.subscription, name) }),
  );
  const request = newJoinGroupRequest({
    groupId: settings.groupId,
    sessionTimeoutMs: settings.sessionTimeoutMs,
    rebalanceTimeoutMs: settings.maxPollIntervalMs,
    memberId: member.memberId,
    groupInstanceId: settings.instanceId,
    protocolType: "consumer",
    protocols,
    reason: member.reason,
  });
  return { kind: "join", request };
}

/** SyncGroup in the generation that was joined; `assignments` are the leader's, empty from everybody else. */
export function syncCall(
  settings: MemberSettings,
  joined: JoinGroupResponse,
  assignments: SyncGroupRequest["assignments"],
): MemberCall {
  const request = newSyncGroupRequest({
    groupId: settings.groupId,
    generationId: joined.generationId,
    memberId: joined.memberId,
    groupInstanceId: settings.instanceId,
    protocolType: joined.protocolType ?? "consumer",
    protocolName: joined.protocolName,
    assignments,
  });
  return { kind: "sync", request };
}

interface Standing {
  readonly memberId: string;
  readonly generation: number;
}

/** Heartbeat of a generation. */
export function heartbeatCall(settings: MemberSettings, { memberId, generation }: Standing): MemberCall {
  const { groupId, instanceId } = settings;
  return {
    kind: "heartbeat",
    request: newHeartbeatRequest({ groupId, generationId: generation, memberId, groupInstanceId: instanceId }),
  };
}

/** LeaveGroup of this one member, with the reason for people (KIP-800). */
export function leaveCall({ groupId, instanceId }: MemberSettings, memberId: string, reason: string): MemberCall {
  const members = [{ memberId, groupInstanceId: instanceId, reason }];
  return { kind: "leave", request: newLeaveGroupRequest({ groupId, members }) };
}
