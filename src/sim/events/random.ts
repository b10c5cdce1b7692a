/** Uniform in [0, 1), repeatable. */
export type Random = () => number;

/**
 * A stream of its own for every name under a seed, so that adding one draw somewhere changes nothing
 * elsewhere. FNV-1a of the name starts mulberry32 (T. Ettinger, public domain).
 */
export function randomOf(seed: number, name: string): Random {
  let state = 0x811c9dc5 ^ seed;
  for (let i = 0; i < name.length; i++) {
    state = Math.imul(state ^ name.charCodeAt(i), 0x01000193);
  }
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
