/** Who owned what before, as far as it can be believed: the ground on which sticky assignment stands. */
import { type AssignorMember, partitionId, type PartitionCounts, type TopicPartition } from "./assignor.ts";

export interface PreviousOwners {
  /** Member id to what it may keep; every member has an entry. */
  readonly owned: ReadonlyMap<string, readonly TopicPartition[]>;
  /** Claimed by two members of one generation: nobody may keep them, and they must be given up before they are given. */
  readonly contested: ReadonlySet<string>;
  /** Partition to whom it belonged in an earlier generation, where the present owner is another (or nobody). */
  readonly earlier: ReadonlyMap<string, string>;
}

/** Reads the claims of all members: of two, the one of the newer generation counts; of the same generation, none does. */
export function previousOwners(members: readonly AssignorMember[], counts: PartitionCounts): PreviousOwners {
  const owned = new Map<string, TopicPartition[]>(members.map((member) => [member.memberId, []]));
  const owners = new Map<string, AssignorMember>();
  const contested = new Set<string>();
  const newest = Math.max(-1, ...members.map((member) => member.generation));
  for (const member of members) {
    for (const at of member.owned) {
      if (!exists(at, counts)) continue;
      const id = partitionId(at);
      const other = owners.get(id);
      if (other !== undefined && other.generation > member.generation) continue;
      if (other !== undefined) drop(owned.get(other.memberId)!, id);
      owners.set(id, member);
      if (other !== undefined && other.generation === member.generation) contested.add(id);
      else owned.get(member.memberId)!.push(at);
    }
  }
  const earlier = new Map<string, string>();
  const generations = new Map<string, number>();
  for (const member of members) {
    if (member.generation >= newest) continue;
    for (const at of member.owned) {
      // To whom it cannot go, it does not go back.
      if (!member.topics.includes(at.topic)) continue;
      const id = partitionId(at);
      if ((generations.get(id) ?? -2) >= member.generation) continue;
      generations.set(id, member.generation);
      earlier.set(id, member.memberId);
    }
  }
  return { owned, contested, earlier };
}

function exists(at: TopicPartition, counts: PartitionCounts): boolean {
  return at.partition < (counts.get(at.topic) ?? 0);
}

function drop(list: TopicPartition[], id: string): void {
  const index = list.findIndex((at) => partitionId(at) === id);
  if (index >= 0) list.splice(index, 1);
}
