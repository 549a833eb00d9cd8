/**
 * Sticky assignment where members subscribe to different topics (KIP-54): everybody keeps what it may keep, what is free goes to whoever has
 * least, and then partitions move from members with more to members with at least two fewer, back to an earlier owner where possible, until
 * nobody can be better off. What makes the whole no more balanced is taken back.
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
import { PartitionMoves } from "./partition-moves.ts";
import type { PreviousOwners } from "./previous-owners.ts";

export function assignMixed(
  members: readonly AssignorMember[],
  counts: PartitionCounts,
  previous: PreviousOwners,
): Assignment {
  const table = new Table(members, counts, previous);
  return table.balance();
}

type Held = Map<string, TopicPartition>;

class Table {
  readonly #topicsOf = new Map<string, ReadonlySet<string>>();
  readonly #readersOf = new Map<string, readonly string[]>();
  readonly #counts: PartitionCounts;
  readonly #earlier: ReadonlyMap<string, string>;
  /** Fewest possible readers first: these are the hardest to place. */
  readonly #partitions: readonly TopicPartition[];
  readonly #fresh: readonly TopicPartition[];
  #held: Map<string, Held>;
  #owner = new Map<string, string>();
  /** Members that may still change, and those that may not. */
  #open: string[];
  readonly #fixed = new Map<string, Held>();
  #moves = new PartitionMoves();
  #revoked = false;

  constructor(members: readonly AssignorMember[], counts: PartitionCounts, previous: PreviousOwners) {
    this.#counts = counts;
    this.#earlier = previous.earlier;
    const topics = subscribedTopics(members, counts);
    for (const member of members) {
      this.#topicsOf.set(member.memberId, new Set(member.topics.filter((topic) => topics.includes(topic))));
    }
    for (const topic of topics) {
      const readers = members.filter((member) => member.topics.includes(topic)).map((member) => member.memberId);
      this.#readersOf.set(topic, readers);
    }
    const hardestFirst = topics.toSorted(
      (a, b) => this.#readersOf.get(a)!.length - this.#readersOf.get(b)!.length || compareText(a, b),
    );
    this.#partitions = partitionsOf(hardestFirst, counts);
    this.#open = members.map((member) => member.memberId);
    this.#held = new Map(this.#open.map((id) => [id, new Map()]));
    for (const id of this.#open) for (const at of previous.owned.get(id)!) this.#keep(id, at);
    this.#fresh = this.#partitions.filter((at) => !this.#owner.has(partitionId(at)));
  }

  balance(): Assignment {
    const initializing = [...this.#held.values()].every((held) => held.size === 0);
    for (const at of this.#fresh) this.#put(at, this.#leastLoaded(at.topic)!);
    const movable = (at: TopicPartition) => this.#readersOf.get(at.topic)!.length > 1;
    this.#setAside();
    const before = { held: copy(this.#held), owner: new Map(this.#owner) };
    // A new partition moves first: it belongs to nobody yet.
    if (!this.#revoked) this.#rearrange(this.#fresh.filter(movable));
    const moved = this.#rearrange(this.#partitions.filter(movable));
    if (!initializing && moved && imbalance(this.#held) >= imbalance(before.held)) {
      this.#held = before.held;
      this.#owner = before.owner;
    }
    const all = new Map([...this.#held, ...this.#fixed]);
    return new Map([...this.#topicsOf.keys()].map((id) => [id, [...all.get(id)!.values()]]));
  }

  #keep(id: string, at: TopicPartition): void {
    if (!this.#topicsOf.get(id)!.has(at.topic)) {
      this.#revoked = true;
      return;
    }
    this.#held.get(id)!.set(partitionId(at), at);
    this.#owner.set(partitionId(at), id);
  }

  #put(at: TopicPartition, id: string): void {
    this.#held.get(id)!.set(partitionId(at), at);
    this.#owner.set(partitionId(at), id);
  }

  /** Whoever may read the topic and has fewest partitions; null: nobody that is open. */
  #leastLoaded(topic: string): string | null {
    let best: string | null = null;
    for (const id of this.#open) {
      if (!this.#topicsOf.get(id)!.has(topic)) continue;
      if (best === null || this.#compareLoad(id, best) < 0) best = id;
    }
    return best;
  }

  #compareLoad(a: string, b: string): number {
    return this.#held.get(a)!.size - this.#held.get(b)!.size || compareText(a, b);
  }

  /** Members that have all they can have and only what nobody else may read stay as they are. */
  #setAside(): void {
    for (const id of this.#open) {
      const held = this.#held.get(id)!;
      const most = this.#mostOf(id);
      const shared = [...held.values()].some((at) => this.#readersOf.get(at.topic)!.length > 1);
      if (held.size < most || shared) continue;
      this.#open = this.#open.filter((other) => other !== id);
      this.#fixed.set(id, held);
      this.#held.delete(id);
    }
  }

  #mostOf(id: string): number {
    let most = 0;
    for (const topic of this.#topicsOf.get(id)!) most += this.#counts.get(topic)!;
    return most;
  }

  #rearrange(partitions: readonly TopicPartition[]): boolean {
    let movedAny = false;
    for (let moved = true; moved;) {
      moved = false;
      for (const at of partitions) {
        if (this.#isBalanced()) break;
        if (!this.#improve(at)) continue;
        moved = true;
        movedAny = true;
      }
    }
    return movedAny;
  }

  /** Moves one partition if somebody who may read it has at least two fewer. */
  #improve(at: TopicPartition): boolean {
    const owner = this.#owner.get(partitionId(at))!;
    const size = (id: string) => this.#held.get(id)?.size ?? Number.POSITIVE_INFINITY;
    const earlier = this.#earlier.get(partitionId(at));
    if (earlier !== undefined && size(owner) > size(earlier) + 1) {
      this.#move(at, owner, earlier);
      return true;
    }
    if (!this.#readersOf.get(at.topic)!.some((other) => size(owner) > size(other) + 1)) return false;
    this.#move(at, owner, this.#leastLoaded(at.topic)!);
    return true;
  }

  #move(wanted: TopicPartition, from: string, to: string): void {
    const at = this.#moves.better(wanted, from, to);
    const id = partitionId(at);
    const owner = this.#owner.get(id)!;
    this.#moves.record(at, owner, to);
    this.#held.get(owner)!.delete(id);
    this.#put(at, to);
  }

  #isBalanced(): boolean {
    const byLoad = this.#open.toSorted((a, b) => this.#compareLoad(a, b));
    const [least, most] = [byLoad[0], byLoad.at(-1)];
    if (least === undefined || most === undefined) return true;
    if (this.#held.get(least)!.size >= this.#held.get(most)!.size - 1) return true;
    return byLoad.every((id) => !this.#couldHaveMore(id));
  }

  /** Somebody who has more holds a partition that this member may read. */
  #couldHaveMore(id: string): boolean {
    const held = this.#held.get(id)!;
    if (held.size === this.#mostOf(id)) return false;
    for (const at of partitionsOf(this.#topicsOf.get(id)!, this.#counts)) {
      const owner = this.#owner.get(partitionId(at));
      const other = owner === undefined || owner === id ? undefined : this.#held.get(owner);
      if (other !== undefined && held.size < other.size) return true;
    }
    return false;
  }
}

/** Sum of the differences between all pairs of members: 0 is perfect. */
function imbalance(held: ReadonlyMap<string, Held>): number {
  const sizes = Array.from(held.values(), (partitions) => partitions.size);
  let sum = 0;
  for (let i = 0; i < sizes.length; i++) {
    for (let j = i + 1; j < sizes.length; j++) sum += Math.abs(sizes[i]! - sizes[j]!);
  }
  return sum;
}

function copy(held: ReadonlyMap<string, Held>): Map<string, Held> {
  return new Map(Array.from(held, ([id, partitions]) => [id, new Map(partitions)]));
}
