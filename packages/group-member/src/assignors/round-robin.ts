/** Kafka's `roundrobin`: all partitions in order are dealt to the members in order; who does not subscribe to a topic is passed over. */
import {
  type AssignorMember,
  type Assignor,
  compareMembers,
  type PartitionCounts,
  partitionsOf,
  subscribedTopics,
  type TopicPartition,
} from "./assignor.ts";

export const assignRoundRobin: Assignor = (members: readonly AssignorMember[], counts: PartitionCounts) => {
  const assignment = new Map<string, TopicPartition[]>(members.map((member) => [member.memberId, []]));
  const ordered = members.toSorted(compareMembers);
  let turn = 0;
  for (const at of partitionsOf(subscribedTopics(members, counts), counts)) {
    // Somebody subscribes to it, so the search ends.
    while (!ordered[turn % ordered.length]!.topics.includes(at.topic)) turn++;
    assignment.get(ordered[turn % ordered.length]!.memberId)!.push(at);
    turn++;
  }
  return assignment;
};
