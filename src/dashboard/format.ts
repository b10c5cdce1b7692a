/** Numbers, times and words as the page writes them. */

export const NBSP = '\u00a0';
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

/** A number to some significant digits, in plain notation; a dash where there is none. */
export function figure(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '—';
  return new Intl.NumberFormat('en-AU', {
    maximumSignificantDigits: Math.max(digits, Math.ceil(Math.log10(Math.abs(value) + 1))),
    signDisplay: 'negative',
  })
    .format(value)
    .replace('-', '−');
}

export function fixed(value: number | null | undefined, digits: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '—';
  return new Intl.NumberFormat('en-AU', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    signDisplay: 'negative',
  })
    .format(value)
    .replace('-', '−');
}

/** A change, with its sign; none where it is rounded away. */
export function signed(value: number, digits: number): string {
  const text = fixed(value, digits);
  return value > 0 && Number(value.toFixed(digits)) !== 0 ? `+${text}` : text;
}

/** A share or gap in percent, down to where it is rounding. */
export function percent(fraction: number | null | undefined): string {
  if (fraction === null || fraction === undefined) return '—';
  const value = 100 * fraction;
  if (!Number.isFinite(value)) return '—';
  if (value === 0) return `0${NBSP}%`;
  if (value < 1e-4) return `<${NBSP}0.0001${NBSP}%`;
  return `${value < 10 ? Number(value.toPrecision(2)) : value.toFixed(1)}${NBSP}%`;
}

/** The same for "within …", which needs no "<". */
export function within(gap: number): string {
  return percent(gap).replace(/^<\s/, '');
}

/** Whether a figure and its baseline are told as the same. */
export function isSame(value: number, baseline: number): boolean {
  return Math.abs(value - baseline) < 0.0005 * Math.abs(baseline);
}

/** `17.3 % less`, `2.1 % more`, `the same`: a figure against its baseline. */
export function difference(value: number, baseline: number): string {
  const share = (value - baseline) / Math.abs(baseline);
  if (!Number.isFinite(share)) return '—';
  if (isSame(value, baseline)) return 'the same';
  return `${fixed(100 * Math.abs(share), 1)}${NBSP}% ${share < 0 ? 'less' : 'more'}`;
}

export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

export function duration(ms: number): string {
  if (ms < MINUTE_MS) return 'less than a minute';
  if (ms < 2 * HOUR_MS) return count(Math.floor(ms / MINUTE_MS), 'minute');
  if (ms < 48 * HOUR_MS) return count(Math.floor(ms / HOUR_MS), 'hour');
  return count(Math.floor(ms / (24 * HOUR_MS)), 'day');
}

export function list(items: readonly string[]): string {
  return new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(items);
}

export function clipped(text: string, length = 200): string {
  return text.length > length ? `${text.slice(0, length).trimEnd()} …` : text;
}

const TIME = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;

/** `14:05`, in a zone; the viewer's own where none is named. */
export function clock(ms: number, timeZone?: string): string {
  return new Intl.DateTimeFormat('en-GB', { ...TIME, timeZone }).format(ms);
}

/** English as written in several places: a zone's own has its short name, the others an offset. */
const ENGLISH = ['en-AU', 'en-GB', 'en-US', 'en-IN', 'en-NZ', 'en-ZA'];

/** Zones' names by the hour: the page is drawn anew every second. */
const zoneNames = new Map<string, string>();

function zoneName(ms: number, timeZone?: string): string {
  const key = `${timeZone} ${Math.floor(ms / HOUR_MS)}`;
  const known = zoneNames.get(key);
  if (known !== undefined) return known;
  const names = ENGLISH.map((locale) =>
    new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: 'short' })
      .formatToParts(ms)
      .find((part) => part.type === 'timeZoneName'),
  ).map((part) => part?.value ?? '');
  const name = names.find((n) => !/^GMT./.test(n)) ?? (names[0] as string);
  zoneNames.set(key, name);
  return name;
}

/** `24 Nov 2026, 14:05 AEDT`, in a zone; the viewer's own where none is named. */
export function dateTime(ms: number, timeZone?: string): string {
  const date = new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    ...TIME,
    timeZone,
  }).format(ms);
  return `${date} ${zoneName(ms, timeZone)}`;
}
