/**
 * Moves that a balancing run has made, so that a partition is not passed on through a member that gave up another one of the same topic for
 * it: instead of A to B and then one from B to A, the one that came from A goes back.
 */
import { partitionId, type TopicPartition } from "./assignor.ts";

interface Move {
  readonly from: string;
  readonly to: string;
}

export class PartitionMoves {
  /** Partition to where it came from and where it is now. */
  readonly #moves = new Map<string, Move & { readonly at: TopicPartition }>();

  /** Which partition should really go where `at` is about to go. */
  better(at: TopicPartition, from: string, to: string): TopicPartition {
    const origin = this.#moves.get(partitionId(at))?.from ?? from;
    for (const move of this.#moves.values()) {
      if (move.at.topic === at.topic && move.from === to && move.to === origin) return move.at;
    }
    return at;
  }

  record(at: TopicPartition, from: string, to: string): void {
    const id = partitionId(at);
    const origin = this.#moves.get(id)?.from ?? from;
    this.#moves.delete(id);
    if (origin !== to) this.#moves.set(id, { at, from: origin, to });
  }
}
