/**
 * Sticky assignment where all members subscribe to the same topics (KIP-54, KAFKA-9987): each keeps what it owns up to its share, those with
 * less are filled in turn. Shares differ by one at most, and nothing moves that need not.
 */
import {
  type Assignment,
  type AssignorMember,
  compareText,
  partitionId,
  type PartitionCounts,
  partitionsOf,
  subscribedTopics,
  type TopicPartition,
} from "./assignor.ts";
import type { PreviousOwners } from "./previous-owners.ts";

export function assignUniformly(
  members: readonly AssignorMember[],
  counts: PartitionCounts,
  previous: PreviousOwners,
): Assignment {
  const all = partitionsOf(subscribedTopics(members, counts), counts);
  const ids = members.map((member) => member.memberId).toSorted(compareText);
  const shares = new Shares(ids, all.length);
  const taken = new Set<string>();
  for (const id of ids) {
    for (const at of shares.keep(id, previous.owned.get(id)!.toSorted(comparePartitionFirst)))
      taken.add(partitionId(at));
  }
  shares.sortWaiting();
  for (const at of all) if (!taken.has(partitionId(at))) shares.give(at);
  return shares.assignment;
}

function comparePartitionFirst(a: TopicPartition, b: TopicPartition): number {
  return a.partition - b.partition || compareText(a.topic, b.topic);
}

/** How many partitions each member may have: `least` for all, one more for `luckyMax` of them. */
class Shares {
  readonly assignment = new Map<string, TopicPartition[]>();
  readonly #least: number;
  readonly #most: number;
  readonly #luckyMax: number;
  #lucky = 0;
  /** Below the least; filled in turn. */
  readonly #below: string[] = [];
  /** At the least, and still candidates for one more. */
  #atLeast: string[] = [];
  #turn = 0;

  constructor(ids: readonly string[], partitions: number) {
    this.#least = Math.floor(partitions / ids.length);
    this.#most = Math.ceil(partitions / ids.length);
    this.#luckyMax = partitions % ids.length;
    for (const id of ids) this.assignment.set(id, []);
  }

  /** A member keeps of what it owns what its share allows; returns that. */
  keep(id: string, owned: readonly TopicPartition[]): readonly TopicPartition[] {
    const kept = owned.slice(0, this.#keepCount(owned.length));
    this.assignment.get(id)!.push(...kept);
    if (kept.length < this.#least) this.#below.push(id);
    else if (kept.length > this.#least) this.#countLucky();
    else if (this.#lucky < this.#luckyMax) this.#atLeast.push(id);
    return kept;
  }

  sortWaiting(): void {
    this.#below.sort(compareText);
    this.#atLeast.sort(compareText);
  }

  /** The next in turn gets the partition. */
  give(at: TopicPartition): void {
    const fromBelow = this.#below.length > 0;
    if (fromBelow && this.#turn >= this.#below.length) this.#turn = 0;
    const id = fromBelow ? this.#below[this.#turn]! : this.#atLeast.shift()!;
    const list = this.assignment.get(id)!;
    list.push(at);
    if (list.length === this.#least) {
      this.#below.splice(this.#turn, 1);
      this.#atLeast.push(id);
      return;
    }
    if (fromBelow) this.#turn++;
    if (list.length === this.#most) this.#countLucky();
  }

  #keepCount(owned: number): number {
    if (owned < this.#least) return owned;
    return owned >= this.#most && this.#lucky < this.#luckyMax ? this.#most : this.#least;
  }

  #countLucky(): void {
    if (++this.#lucky === this.#luckyMax) this.#atLeast = [];
  }
}
