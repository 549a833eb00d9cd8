/**
 * Kafka's `range`: topic by topic, the members that subscribe to it in order get neighbouring partitions, the first ones one more where it
 * does not divide. Topics with as many partitions and the same members are therefore cut alike. Racks are not looked at.
 */
import {
  type AssignorMember,
  type Assignor,
  compareMembers,
  type PartitionCounts,
  subscribedTopics,
  type TopicPartition,
} from "./assignor.ts";

export const assignRange: Assignor = (members: readonly AssignorMember[], counts: PartitionCounts) => {
  const assignment = new Map<string, TopicPartition[]>(members.map((member) => [member.memberId, []]));
  const ordered = members.toSorted(compareMembers);
  for (const topic of subscribedTopics(members, counts)) {
    const readers = ordered.filter((member) => member.topics.includes(topic));
    const count = counts.get(topic)!;
    const each = Math.floor(count / readers.length);
    const withOneMore = count % readers.length;
    let next = 0;
    readers.forEach((member, index) => {
      const end = next + each + (index < withOneMore ? 1 : 0);
      for (; next < end; next++) assignment.get(member.memberId)!.push({ topic, partition: next });
    });
  }
  return assignment;
};
