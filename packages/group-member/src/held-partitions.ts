import { partitionId, type TopicPartition } from "./assignors/assignor.ts";

/** The partitions of one member, and those of them that it is giving up. */
export class HeldPartitions {
  #owned: readonly TopicPartition[] = [];
  #going: readonly TopicPartition[] = [];

  /** Those that go count until they are gone. */
  get owned(): readonly TopicPartition[] {
    return this.#owned;
  }

  /** An assignment is there: what is new in it, and what is not in it any more; that stays until it is let go and dropped. */
  take(assigned: readonly TopicPartition[]): { added: readonly TopicPartition[]; going: readonly TopicPartition[] } {
    const added = without(assigned, this.#owned);
    const going = without(this.#owned, assigned);
    this.#owned = [...assigned, ...going];
    return { added, going };
  }

  /** These are being given up, until `drop`. */
  letGo(going: readonly TopicPartition[]): void {
    this.#going = going;
  }

  /** What was let go is gone. */
  drop(): void {
    this.#owned = without(this.#owned, this.#going);
    this.#going = [];
  }

  clear(): void {
    this.#owned = [];
    this.#going = [];
  }
}

function without(partitions: readonly TopicPartition[], others: readonly TopicPartition[]): readonly TopicPartition[] {
  const ids = new Set(others.map(partitionId));
  return partitions.filter((at) => !ids.has(partitionId(at)));
}
