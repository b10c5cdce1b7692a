/** About four characters a token is the usual rule of thumb for English. */
export const CHARS_PER_TOKEN = 4;

const SUBJECTS = [
  'the evening breeze',
  'a cold front',
  'the outside air',
  'the chilled water loop',
  'a dry cooler',
  'the north wind',
  'the rack inlet',
  'the condenser',
  'a warm afternoon',
  'the heat exchanger',
  'the morning fog',
  'free cooling',
];
const VERBS = [
  'lowers',
  'carries away',
  'follows',
  'softens',
  'delays',
  'balances',
  'outlasts',
  'trims',
  'reaches',
  'relieves',
];
const OBJECTS = [
  'the compressor load',
  'the heat of the servers',
  'the wet bulb reading',
  'the peak of the day',
  'the supply temperature',
  'the fan speed',
  'the next hour of sunshine',
  'the humidity',
  'the pump power',
  'the return water',
];
const ENDINGS = [
  'after sunset',
  'near the coast',
  'until rain arrives',
  'in the hills',
  'by night',
];

/** Small repeatable generator (mulberry32): uniform numbers in [0, 1). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a, so that one prompt always gets one answer, in whatever order requests arrive. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

export function countTokens(text: string): number {
  return Math.ceil(text.length / CHARS_PER_TOKEN);
}

/** Output length with the given mean; a gamma of shape 2 has the right long tail. */
export function drawOutputTokens(random: () => number, meanTokens: number): number {
  const draw = -Math.log(1 - random()) - Math.log(1 - random());
  return Math.max(1, Math.round((draw * meanTokens) / 2));
}

/** Text of exactly `tokens` tokens; the site id comes first so that a person sees who answers. */
export function writeTokens(siteId: string, tokens: number, random: () => number): string[] {
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)] ?? '';
  const length = tokens * CHARS_PER_TOKEN;
  let text = `[${siteId}]`;
  while (text.length < length) {
    const sentence = `${pick(SUBJECTS)} ${pick(VERBS)} ${pick(OBJECTS)} ${pick(ENDINGS)}.`;
    text += ` ${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`;
  }
  const pieces: string[] = [];
  for (let at = 0; at < length; at += CHARS_PER_TOKEN) {
    pieces.push(text.slice(at, at + CHARS_PER_TOKEN));
  }
  return pieces;
}
