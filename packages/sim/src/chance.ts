import { randomBelow, seededRandom, type Random } from "@vitrine/core";

/** Draws from one seed. Each part of a run has a stream of its own, so that a change in one does not shift all the others. */
export class Chance {
  readonly random: Random;
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
    this.random = seededRandom(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ (seed >>> 13));
  }

  /** A stream of its own, by name. */
  stream(name: string): Chance {
    let hash = this.#seed;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) ^ (hash >>> 15);
    return new Chance(hash >>> 0);
  }

  /** Whole number in [0, end). */
  below(end: number): number {
    return randomBelow(this.random, end);
  }

  /** Real number in [from, to). */
  between(from: number, to: number): number {
    return from + (this.random.nextUint32() / 0x1_0000_0000) * (to - from);
  }

  percent(percent: number): boolean {
    return this.between(0, 100) < percent;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}
