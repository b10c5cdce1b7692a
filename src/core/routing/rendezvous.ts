/**
 * Weighted rendezvous hashing (Thaler and Ravishankar 1998; logarithmic weights after Schindelhauer
 * and Schomaker 2005): every session ranks the sites by −w / ln h(session, site), so that a site
 * leads for its share of sessions, a session keeps its leader while the shares stand, and a change of
 * shares moves the fewest sessions.
 */
export function rankSites(
  session: string,
  shares: readonly (readonly [site: string, share: number])[],
): string[] {
  return shares
    .filter(([, share]) => share > 0)
    .map(([site, share]) => ({ site, score: -share / Math.log(unitHash(session, site)) }))
    .sort((a, b) => b.score - a.score)
    .map(({ site }) => site);
}

/** A short name of a long text: 64 bits in hex, for spreading, not for secrets. */
export function digest(text: string): string {
  const words = [fnv1a(text, 0x811c9dc5), fnv1a(text, 0x9e3779b9)];
  return words.map((w) => (mix(w) >>> 0).toString(16).padStart(8, '0')).join('');
}

/** Uniform in (0, 1): two rounds of FNV-1a, each finished by MurmurHash3's mixer. */
export function unitHash(a: string, b: string): number {
  const high = mix(fnv1a(b, mix(fnv1a(a, 0x811c9dc5))));
  const low = mix(fnv1a(b, mix(fnv1a(a, 0x9e3779b9))));
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
