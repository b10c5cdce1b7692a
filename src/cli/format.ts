/** Numbers as people read them: thousands separators, and no more digits than mean something. */

const formatters = new Map<number, Intl.NumberFormat>();

/** A number with a fixed count of decimals: `12,345.6`. Never `-0`. */
export function decimal(value: number, digits: number): string {
  if (!Number.isFinite(value)) return 'n/a';
  let formatter = formatters.get(digits);
  if (formatter === undefined) {
    formatter = new Intl.NumberFormat('en-AU', {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      signDisplay: 'negative',
    });
    formatters.set(digits, formatter);
  }
  return formatter.format(value);
}

/** Decimals with which the largest of the values shows five significant digits, at most two. */
export function commonDigits(values: readonly number[]): number {
  const largest = Math.max(1, ...values.map(Math.abs).filter(Number.isFinite));
  return Math.min(2, Math.max(0, 4 - Math.floor(Math.log10(largest))));
}

/** A number of which two digits at most mean something: `about 120`, `about 0.34`, `0`. */
export function about(value: number): string {
  const rounded = Number(value.toPrecision(2));
  if (rounded === 0 || !Number.isFinite(rounded)) return decimal(value, 0);
  const digits = Math.max(0, 1 - Math.floor(Math.log10(Math.abs(rounded))));
  return `about ${decimal(rounded, Math.min(digits, 20))}`;
}

/** A difference with its sign: `+1.20`, `-0.07`; what rounds to nothing is `0.00`. */
export function signed(value: number, digits = 2): string {
  const text = decimal(value, digits);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** A gap (dimensionless) in percent, down to where it is rounding. */
export function gapPercent(gap: number): string {
  const percent = 100 * gap;
  if (!Number.isFinite(percent)) return 'none yet';
  if (percent < 1e-4) return percent === 0 ? '0 %' : '< 0.0001 %';
  return `${Number(percent.toPrecision(2))} %`;
}

/** `2022-01-24T00:00Z` */
export function utc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16)}Z`;
}

/** `1 round`, `2 rounds`. */
export function count(n: number, noun: string): string {
  return `${decimal(n, 0)} ${noun}${n === 1 ? '' : noun.endsWith('s') ? 'es' : 's'}`;
}
