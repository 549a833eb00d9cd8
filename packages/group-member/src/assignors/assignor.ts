/** What assignors are given and give: members with what they subscribe to and own, topics with their number of partitions. */

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A member as an assignor sees it. */
export interface AssignorMember {
  readonly memberId: string;
  /** `group.instance.id`; static members come first and in the order of these ids (KIP-345). */
  readonly instanceId: string | null;
  readonly topics: readonly string[];
  /** What it owns, or owned when it was last heard of. */
  readonly owned: readonly TopicPartition[];
  /** Generation in which it got what it owns; -1: it does not say. */
  readonly generation: number;
  /** `client.rack`; null or absent: it does not say. */
  readonly rack?: string | null;
}

/** Topic to its number of partitions; a topic that does not exist has no entry. */
export type PartitionCounts = ReadonlyMap<string, number>;

/** Topic to the racks of each partition's replicas, by partition number. */
export type PartitionRacks = ReadonlyMap<string, readonly (readonly string[])[]>;

/** Member id to what it gets; every member has an entry. */
export type Assignment = ReadonlyMap<string, readonly TopicPartition[]>;

/** Gives every partition of the subscribed topics to exactly one member that subscribes to it. Same input, same answer. Only `range` looks at racks. */
export type Assignor = (
  members: readonly AssignorMember[],
  counts: PartitionCounts,
  racks?: PartitionRacks,
) => Assignment;

/** One string per partition; a topic's name holds no slash. */
export function partitionId(at: TopicPartition): string {
  return `${at.topic}/${at.partition}`;
}

/** Java's order of strings: by UTF-16 code units. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Kafka's order of members: those with an instance id first, by it; the others by member id. */
export function compareMembers(a: AssignorMember, b: AssignorMember): number {
  if (a.instanceId !== null && b.instanceId !== null) return compareText(a.instanceId, b.instanceId);
  if (a.instanceId !== null) return -1;
  if (b.instanceId !== null) return 1;
  return compareText(a.memberId, b.memberId);
}

/** Names of all topics that somebody subscribes to and that exist, sorted. */
export function subscribedTopics(members: readonly AssignorMember[], counts: PartitionCounts): string[] {
  const names = new Set(members.flatMap((member) => member.topics));
  return [...names].filter((topic) => (counts.get(topic) ?? 0) > 0).sort(compareText);
}

/** Partitions of topics, in their order. */
export function partitionsOf(topics: Iterable<string>, counts: PartitionCounts): TopicPartition[] {
  const all: TopicPartition[] = [];
  for (const topic of topics) {
    for (let partition = 0; partition < (counts.get(topic) ?? 0); partition++) all.push({ topic, partition });
  }
  return all;
}
