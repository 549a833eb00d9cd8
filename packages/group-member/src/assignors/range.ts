/**
 * Kafka's `range`: topic by topic, the members that subscribe to it in order get neighbouring partitions, the first ones one more where it does not
 * divide. Topics with as many partitions and the same members are therefore cut alike.
 *
 * With racks (KIP-881): where members and replicas have racks in common, and not every partition has a replica in each of them, members first get
 * partitions with a replica in their rack, as many as their share. Topics that are cut alike stay so: a member gets a number of all of them or of
 * none. What is left over is shared out as without racks.
 */
import {
  type AssignorMember,
  type Assignor,
  compareMembers,
  compareText,
  type PartitionCounts,
  type PartitionRacks,
  subscribedTopics,
  type TopicPartition,
} from "./assignor.ts";

export const assignRange: Assignor = (
  members: readonly AssignorMember[],
  counts: PartitionCounts,
  racks: PartitionRacks = new Map(),
) => {
  const assignment = new Map<string, TopicPartition[]>(members.map((member) => [member.memberId, []]));
  const ordered = members.toSorted(compareMembers);
  const shares = subscribedTopics(members, counts).map((topic) => {
    const readers = ordered.filter((member) => member.topics.includes(topic));
    return new TopicShare(topic, { readers, count: counts.get(topic)!, racks: racks.get(topic) ?? [], assignment });
  });
  if (shares.some((share) => share.looksAtRacks)) assignByRacks(shares);
  for (const share of shares) share.giveRanges(() => true);
  for (const partitions of assignment.values())
    partitions.sort((a, b) => compareText(a.topic, b.topic) || a.partition - b.partition);
  return assignment;
};

/** Topics that are cut alike together, the others each by itself. */
function assignByRacks(shares: readonly TopicShare[]): void {
  const alike = Map.groupBy(shares, (share) => share.cut);
  for (const group of alike.values()) {
    if (group.length > 1) giveAlike(group);
    else if (group[0]!.looksAtRacks) group[0]!.giveRanges((member, partition) => group[0]!.isNear(member, partition));
  }
}

function giveAlike(shares: readonly TopicShare[]): void {
  const { readers, placedCount } = shares[0]!;
  const remaining = new Set(readers);
  for (let partition = 0; partition < placedCount && remaining.size > 0; partition++) {
    const found = remaining
      .values()
      .find((member) => shares.every((share) => share.isNear(member, partition) && share.roomOf(member) > 0));
    if (found === undefined) continue;
    for (const share of shares) share.give(found, [partition]);
    if (shares.every((share) => share.roomOf(found) === 0)) remaining.delete(found);
  }
}

interface TopicParts {
  readonly readers: readonly AssignorMember[];
  readonly count: number;
  /** By partition. */
  readonly racks: readonly (readonly string[])[];
  readonly assignment: ReadonlyMap<string, TopicPartition[]>;
}

/** One topic while it is shared out. */
class TopicShare {
  readonly topic: string;
  readonly readers: readonly AssignorMember[];
  /** Whether racks decide anything for it. */
  readonly looksAtRacks: boolean;
  /** Partitions whose racks count; none where no reader has a rack. */
  readonly placedCount: number;
  /** The same for topics that are cut alike. */
  readonly cut: string;
  readonly #racks: readonly (readonly string[])[];
  readonly #assignment: TopicParts["assignment"];
  readonly #each: number;
  readonly #given = new Map<AssignorMember, number>();
  readonly #left: Set<number>;
  #withOneMore: number;

  constructor(topic: string, { readers, count, racks, assignment }: TopicParts) {
    this.topic = topic;
    this.readers = readers;
    this.#racks = racks;
    this.#assignment = assignment;
    this.#each = Math.floor(count / readers.length);
    this.#withOneMore = count % readers.length;
    this.#left = new Set(Array.from({ length: count }, (_, partition) => partition));
    const ofReaders = new Set(readers.flatMap((member) => (hasRack(member) ? [member.rack] : [])));
    const ofReplicas = new Set(racks.flat());
    this.placedCount = ofReaders.size > 0 ? count : 0;
    this.cut = JSON.stringify([readers.map((member) => member.memberId), this.placedCount]);
    this.looksAtRacks =
      !ofReaders.isDisjointFrom(ofReplicas) && !racks.every((each) => new Set(each).size === ofReplicas.size);
  }

  isNear(member: AssignorMember, partition: number): boolean {
    return !hasRack(member) || this.#racks[partition]?.includes(member.rack) === true;
  }

  /** How many more it may get. */
  roomOf(member: AssignorMember): number {
    return Math.max(0, this.#each + (this.#withOneMore > 0 ? 1 : 0) - (this.#given.get(member) ?? 0));
  }

  /** Each reader in order gets what is left and may be given to it, up to its share. */
  giveRanges(mayGive: (member: AssignorMember, partition: number) => boolean): void {
    for (const member of this.readers) {
      if (this.#left.size === 0) return;
      const fit = [...this.#left].filter((partition) => mayGive(member, partition)).slice(0, this.roomOf(member));
      if (fit.length > 0) this.give(member, fit);
    }
  }

  give(member: AssignorMember, partitions: readonly number[]): void {
    const given = (this.#given.get(member) ?? 0) + partitions.length;
    this.#given.set(member, given);
    if (given > this.#each) this.#withOneMore--;
    for (const partition of partitions) {
      this.#left.delete(partition);
      this.#assignment.get(member.memberId)!.push({ topic: this.topic, partition });
    }
  }
}

function hasRack(member: AssignorMember): member is AssignorMember & { readonly rack: string } {
  return member.rack !== undefined && member.rack !== null && member.rack !== "";
}
