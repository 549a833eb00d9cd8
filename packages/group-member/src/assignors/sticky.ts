/** Kafka's `sticky` (KIP-54) and `cooperative-sticky` (KIP-429): as balanced as can be, moving as little as can be. */
import {
  type Assignment,
  type Assignor,
  type AssignorMember,
  partitionId,
  type PartitionCounts,
  subscribedTopics,
} from "./assignor.ts";
import { previousOwners, type PreviousOwners } from "./previous-owners.ts";
import { assignMixed } from "./sticky-mixed.ts";
import { assignUniformly } from "./sticky-uniform.ts";

export const assignSticky: Assignor = (members, counts) => assign(members, counts, ownersOf(members, counts));

/**
 * The same, but a partition that changes hands is given to nobody in this round: its owner gives it up, joins again, and the next round gives
 * it. So nobody stops reading what it keeps.
 */
export const assignCooperativeSticky: Assignor = (members, counts) => {
  const previous = ownersOf(members, counts);
  const ideal = assign(members, counts, previous);
  const ownedBy = new Map<string, Set<string>>();
  for (const member of members) {
    for (const at of member.owned) {
      const id = partitionId(at);
      const owners = ownedBy.get(id) ?? new Set();
      ownedBy.set(id, owners.add(member.memberId));
    }
  }
  return new Map(
    Array.from(ideal, ([memberId, partitions]) => [
      memberId,
      partitions.filter((at) => !changesHands(ownedBy.get(partitionId(at)), memberId)),
    ]),
  );
};

function changesHands(owners: ReadonlySet<string> | undefined, memberId: string): boolean {
  return owners !== undefined && (owners.size > 1 || !owners.has(memberId));
}

/** Only topics that a member still subscribes to, and that exist, can be kept. */
function ownersOf(members: readonly AssignorMember[], counts: PartitionCounts): PreviousOwners {
  const topics = new Set(subscribedTopics(members, counts));
  return previousOwners(members, new Map([...counts].filter(([topic]) => topics.has(topic))));
}

function assign(members: readonly AssignorMember[], counts: PartitionCounts, previous: PreviousOwners): Assignment {
  if (members.length === 0) return new Map();
  return haveSameTopics(members) ? assignUniformly(members, counts, previous) : assignMixed(members, counts, previous);
}

function haveSameTopics(members: readonly AssignorMember[]): boolean {
  const first = new Set(members[0]!.topics);
  return members.every(({ topics }) => {
    const mine = new Set(topics);
    return mine.size === first.size && [...mine].every((topic) => first.has(topic));
  });
}
