/** A source of random numbers. Machines get one passed in, so that a seed replays a run. */
export interface Random {
  /** Uniform in [0, 2^32). */
  nextUint32(): number;
}

/** mulberry32: 32 bits of state, good enough for jitter and simulation, never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    nextUint32() {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = state;
      t = Math.imul(t ^ (t >>> 15), t | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return (t ^ (t >>> 14)) >>> 0;
    },
  };
}

/** Uniform in [0, end). */
export function randomBelow(random: Random, end: number): number {
  return Math.floor((random.nextUint32() / 0x1_0000_0000) * end);
}
