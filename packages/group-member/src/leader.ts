/** The work of the member that leads a group: read everybody's subscription, assign, and notice when topics change afterwards. */
import type { JoinGroupResponse, SyncGroupRequest } from "@vitrine/protocol/types";
import type { Assignor, AssignorMember, PartitionRacks } from "./assignors/assignor.ts";
import { assignRange } from "./assignors/range.ts";
import { assignRoundRobin } from "./assignors/round-robin.ts";
import { assignCooperativeSticky, assignSticky } from "./assignors/sticky.ts";
import { readSubscription, writeAssignment } from "./consumer-protocol.ts";
import type { AssignorName, MemberContext } from "./member-types.ts";

const ASSIGNORS: Readonly<Record<AssignorName, Assignor>> = {
  range: assignRange,
  roundrobin: assignRoundRobin,
  sticky: assignSticky,
  "cooperative-sticky": assignCooperativeSticky,
};

export interface LeaderPlan {
  readonly assignments: SyncGroupRequest["assignments"];
  /** Whether topics have other partitions now than when it was made. */
  isStale(partitionsOf: (topic: string) => number): boolean;
}

/** Assigns by the protocol that the coordinator chose. Members whose subscription cannot be read get nothing. */
export function assignAsLeader(
  joined: JoinGroupResponse,
  { partitionsOf, racksOf }: Pick<MemberContext, "partitionsOf" | "racksOf">,
): LeaderPlan {
  const members = joined.members.map((member): AssignorMember => {
    const subscription = readSubscription(member.metadata);
    return {
      memberId: member.memberId,
      instanceId: member.groupInstanceId,
      topics: subscription?.topics ?? [],
      owned: subscription?.owned ?? [],
      generation: subscription?.generation ?? -1,
      rack: subscription?.rack ?? null,
    };
  });
  const topics = new Set(members.flatMap((member) => member.topics));
  const counts = new Map([...topics].map((topic) => [topic, partitionsOf(topic)]));
  const assignor = ASSIGNORS[joined.protocolName as AssignorName] ?? assignRange;
  const racks: PartitionRacks = new Map(racksOf ? [...topics].map((topic) => [topic, racksOf(topic)]) : []);
  const assigned = assignor(members, counts, racks);
  return {
    assignments: members.map(({ memberId }) => ({
      memberId,
      assignment: writeAssignment(assigned.get(memberId) ?? []),
    })),
    isStale: (now) => [...counts].some(([topic, count]) => now(topic) !== count),
  };
}
