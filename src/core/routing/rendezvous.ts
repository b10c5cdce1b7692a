/**
 * Weighted rendezvous hashing (Thaler and Ravishankar 1998; logarithmic weights after Schindelhauer
 * and Schomaker 2005): every session ranks the sites by −w / ln h(session, site), so that a site
 * leads for its share of sessions and a session keeps its leader while the shares stand.
 *
 * Where a change of shares makes a part δ of the sessions have another leader at least, at most
 * 2δ / (1 + δ) of them move (Daliri, Musco and Suresh 2024, "Coupling without Communication and
 * Drafter-Invariant Speculative Decoding", for what is the same draw), less than twice as many; without
 * knowing what was before, no ranking does better by all changes (Bavarian et al. 2020, "Optimality
 * of Correlated Sampling Strategies"). A site that goes moves its own sessions only.
 */
export function rankSites(
  session: string,
  shares: readonly (readonly [site: string, share: number])[],
): string[] {
  const seeds = seedsOf(session);
  const scored: { site: string; score: number }[] = [];
  for (const [site, share] of shares) {
    if (share > 0) scored.push({ site, score: -share / Math.log(seededHash(seeds, site)) });
  }
  return scored.sort((a, b) => b.score - a.score).map(({ site }) => site);
}

/** A short name of a long text: 64 bits in hex, for spreading, not for secrets. */
export function digest(text: string): string {
  const [high, low] = seedsOf(text);
  return hex(high) + hex(low);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

/** Uniform in (0, 1): two rounds of FNV-1a, each finished by MurmurHash3's mixer. */
export function unitHash(a: string, b: string): number {
  return seededHash(seedsOf(a), b);
}

type Seeds = readonly [high: number, low: number];

function seedsOf(text: string): Seeds {
  return [mix(fnv1a(text, 0x811c9dc5)), mix(fnv1a(text, 0x9e3779b9))];
}

function seededHash(seeds: Seeds, text: string): number {
  const high = mix(fnv1a(text, seeds[0]));
  const low = mix(fnv1a(text, seeds[1]));
  return ((high >>> 5) * 2 ** 26 + (low >>> 6) + 0.5) / 2 ** 53;
}

function fnv1a(text: string, seed: number): number {
  let h = seed;
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  }
  return h;
}

function mix(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
