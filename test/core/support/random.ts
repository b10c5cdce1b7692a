/** Seeded uniform numbers in [0, 1): mulberry32, the same in every runtime. */
export function seededRandom(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface Dice {
  /** Uniform in [low, high). */
  uniform(low: number, high: number): number;
  /** Uniform integer in low…high. */
  integer(low: number, high: number): number;
  chance(probability: number): boolean;
}

export function dice(seed: number): Dice {
  const next = seededRandom(seed);
  return {
    uniform: (low, high) => low + (high - low) * next(),
    integer: (low, high) => low + Math.floor((high - low + 1) * next()),
    chance: (probability) => next() < probability,
  };
}
