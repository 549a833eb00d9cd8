/**
 * Partitions for records without a key: one partition stays chosen until a batch of it leaves, then another is drawn (KIP-480), with more weight
 * for partitions that have less queued (KIP-794). Partitions without a leader are not drawn while others have one.
 */
import type { Random } from "@vitrine/core";
import { randomBelow } from "@vitrine/core";
import type { PartitionInfo } from "@vitrine/engine";

/** Beyond it the choices are forgotten; each is drawn anew. */
const TOPICS_MAX = 10_000;

export class StickyPartitioner {
  readonly #random: Random;
  readonly #chosen = new Map<string, number>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** The partition for the next record without a key. `queued` tells how much waits for a partition (any unit). */
  choose(topicId: string, partitions: readonly PartitionInfo[], queued: (partition: number) => number): number {
    const current = this.#chosen.get(topicId);
    if (current !== undefined && partitions[current] !== undefined && partitions[current].leader !== -1) return current;
    const drawn = draw(partitions, queued, this.#random);
    if (this.#chosen.size >= TOPICS_MAX) this.#chosen.clear();
    this.#chosen.set(topicId, drawn);
    return drawn;
  }

  /** A batch of this partition has left: the next record without a key gets a new draw. */
  batchLeft(topicId: string, partition: number): void {
    if (this.#chosen.get(topicId) === partition) this.#chosen.delete(topicId);
  }
}

function draw(partitions: readonly PartitionInfo[], queued: (partition: number) => number, random: Random): number {
  const led = partitions.filter((partition) => partition.leader !== -1);
  const candidates = led.length > 0 ? led : partitions;
  const loads = candidates.map((candidate) => queued(candidate.partition));
  // As in Kafka: the weight of a partition is how far it is below the longest queue, plus one.
  const longest = Math.max(...loads);
  const weights = loads.map((load) => longest - load + 1);
  let at = randomBelow(
    random,
    weights.reduce((sum, weight) => sum + weight, 0),
  );
  for (let i = 0; i < candidates.length; i++) {
    at -= weights[i]!;
    if (at < 0) return candidates[i]!.partition;
  }
  return candidates.at(-1)!.partition;
}
