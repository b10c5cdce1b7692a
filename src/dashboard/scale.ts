/** Scales from figures to pixels and colours. */

export type Scale = (value: number) => number;

export function linear([d0, d1]: [number, number], [r0, r1]: [number, number]): Scale {
  const span = d1 - d0;
  return (value) => (span === 0 ? (r0 + r1) / 2 : r0 + ((value - d0) / span) * (r1 - r0));
}

/** Round numbers within a domain, about `count` of them. */
export function ticks(domain: [number, number], count = 5): number[] {
  const [low, high] = domain;
  if (!(high > low)) return [low];
  const step = stepOf(domain, count);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, n) =>
    Number(((first + n) * step).toPrecision(12)),
  );
}

/** The domain from the mark below it to the mark above it. */
export function roundedOut(domain: [number, number], count = 5): [number, number] {
  const [low, high] = domain;
  if (!(high > low)) return domain;
  const step = stepOf(domain, count);
  const mark = (n: number) => Number((n * step).toPrecision(12));
  return [mark(Math.floor(low / step + 1e-9)), mark(Math.ceil(high / step - 1e-9))];
}

/** 1, 2 or 5 times a power of ten. */
function stepOf([low, high]: [number, number], count: number): number {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5, 10].find((m) => m * power >= rough) as number) * power;
}

/** Decimals that tell marks of an axis apart. */
export function digitsOf([first = 0, second = first + 1]: readonly number[]): number {
  return Math.max(0, Math.ceil(-Math.log10(second - first) - 1e-9));
}

/** Least and greatest of some figures, a bit apart even where they are all the same. */
export function extent(values: readonly number[]): [number, number] {
  const known = values.filter(Number.isFinite);
  if (known.length === 0) return [0, 1];
  const low = Math.min(...known);
  const high = Math.max(...known);
  return high > low ? [low, high] : [low - 0.5, high + 0.5];
}

/**
 * Cividis (Nuñez, Anderton and Renslow 2018): looks alike with and without colour-vision deficiency,
 * and its lightness alone tells the order.
 */
const CIVIDIS = [
  '#00224e',
  '#123570',
  '#3b496c',
  '#575d6d',
  '#707173',
  '#8a8678',
  '#a59c74',
  '#c3b369',
  '#e1cc55',
  '#fee838',
] as const;

/** The colour at a share from 0 to 1. */
export function cividis(share: number): string {
  const at = Math.min(1, Math.max(0, share)) * (CIVIDIS.length - 1);
  const n = Math.min(CIVIDIS.length - 2, Math.floor(at));
  const [a, b] = [channels(CIVIDIS[n] as string), channels(CIVIDIS[n + 1] as string)];
  const mixed = a.map((x, c) => Math.round(x + (at - n) * ((b[c] as number) - x)));
  return `rgb(${mixed.join(' ')})`;
}

/** Black or white, whichever reads better on the colour at this share: 4.5 to 1 at least (WCAG AA). */
export function inkOn(share: number): string {
  return inkOf((cividis(share).match(/\d+/g) as string[]).map(Number));
}

/** The same for a colour in hex. */
export function inkOnColour(hex: string): string {
  return inkOf(channels(hex));
}

function inkOf(rgb: number[]): string {
  const [r, g, b] = rgb.map((channel) => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return luminance + 0.05 > Math.sqrt(1.05 * 0.05) ? '#000000' : '#ffffff';
}

/**
 * Okabe and Ito's colours (2008), told apart with any colour vision; the last is for what is left.
 */
export const CATEGORIES = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#d55e00',
  '#f0e442',
  '#999999',
] as const;
/** From this one on, they come again with a hatching. */
export const HATCHED = CATEGORIES.length - 1;

function channels(hex: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}
