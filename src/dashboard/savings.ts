/** What receipts say was saved against a baseline, by day or month. */

/** Receipts summed, as /now.json has them. */
export interface UsageNow {
  requests: number;
  estimated: number;
  unpriced: number;
  energyKwh: number;
  carbonKg: number;
  waterL: number;
  costAud: number;
  nearestEnergyKwh: number;
  nearestCarbonKg: number;
  nearestWaterL: number;
  nearestCostAud: number;
  /** Receipts with a time to first token, and those times summed, ms; then of the nearest site's. */
  ttftRequests: number;
  ttftMs: number;
  nearestTtftRequests: number;
  nearestTtftMs: number;
}

/** The same in the answers of /admin/v1/usage. */
export interface Usage extends UsageNow {
  /** Requests of which the mean over all sites is known, too. */
  spreadRequests: number;
  spreadEnergyKwh: number;
  spreadCarbonKg: number;
  spreadWaterL: number;
  spreadCostAud: number;
}

/** A day in the answer of /admin/v1/usage?by=day. */
export interface UsageDay extends Usage {
  day: string;
}

/** What the same tokens would have taken otherwise. */
export const baselines = {
  nearest: {
    label: 'nearest site',
    title: 'each request at its nearest site',
    about:
      'the eligible site with the lowest time to first token at zero load, at the same hour, for the same tokens, as if it had room for all',
  },
  spread: {
    label: 'all sites',
    title: 'all requests spread over all sites',
    about:
      'the mean of all eligible sites by their capacity, at the same hour, for the same tokens: a balancer that knows neither weather nor grid',
  },
} as const;
export type BaselineId = keyof typeof baselines;

/** Units, and their thousandths. */
export const amounts = {
  carbon: {
    label: 'Carbon',
    units: ['kg CO₂e', 'g CO₂e'],
    used: 'carbonKg',
    nearest: 'nearestCarbonKg',
    spread: 'spreadCarbonKg',
  },
  energy: {
    label: 'Energy',
    units: ['kWh', 'Wh'],
    used: 'energyKwh',
    nearest: 'nearestEnergyKwh',
    spread: 'spreadEnergyKwh',
  },
  water: {
    label: 'Water',
    units: ['L', 'mL'],
    used: 'waterL',
    nearest: 'nearestWaterL',
    spread: 'spreadWaterL',
  },
  cost: {
    label: 'Energy cost',
    units: ['AUD', 'mAUD'],
    used: 'costAud',
    nearest: 'nearestCostAud',
    spread: 'spreadCostAud',
  },
} as const;
export type AmountId = keyof typeof amounts;

export interface Period {
  /** `2026-11-25`, or `2026-11` of a month. */
  name: string;
  requests: number;
  used: number;
  baseline: number;
  saved: number;
  /** Saved from the first period to the end of this one. */
  cumulative: number;
}

/** Days of which the baseline is known for every request. */
export function daysWith(baseline: BaselineId, days: readonly UsageDay[]): UsageDay[] {
  return days.filter((d) => baseline === 'nearest' || d.spreadRequests === d.requests);
}

/** Periods in order, those without receipts left out, as are days whose baseline is not known. */
export function periodsOf(
  days: readonly UsageDay[],
  by: 'day' | 'month',
  amount: AmountId,
  baseline: BaselineId = 'nearest',
): Period[] {
  const { used, [baseline]: against } = amounts[amount];
  const sums = new Map<string, Omit<Period, 'cumulative' | 'saved'>>();
  for (const day of daysWith(baseline, days).toSorted((a, b) => a.day.localeCompare(b.day))) {
    const name = by === 'day' ? day.day : day.day.slice(0, 7);
    const sum = sums.get(name) ?? { name, requests: 0, used: 0, baseline: 0 };
    sum.requests += day.requests;
    sum.used += day[used];
    sum.baseline += day[against];
    sums.set(name, sum);
  }
  let cumulative = 0;
  return [...sums.values()].map((sum) => {
    const saved = sum.baseline - sum.used;
    cumulative += saved;
    return { ...sum, saved, cumulative };
  });
}

/** The unit that fits amounts up to this, and what makes them figures of it. */
export function unitFor(amount: AmountId, greatest: number): { unit: string; factor: number } {
  const { units } = amounts[amount];
  const thousandths = greatest >= 0.1 || greatest === 0 ? 0 : 1;
  return { unit: units[thousandths], factor: 1000 ** thousandths };
}

/** Of fewer receipts, and of less than a hundredth of the smaller unit, no amount is told. */
const LEAST_RECEIPTS = 20;
const LEAST_AMOUNT = 1e-5;
export const TOO_LITTLE = 'too little to tell';

/** Whether an amount of so many receipts, in the large unit, is worth a figure. */
export function isEnough(receipts: number, amount: number): boolean {
  return receipts >= LEAST_RECEIPTS && Math.abs(amount) >= LEAST_AMOUNT;
}

/** Periods in such a unit. */
export function inUnit(periods: readonly Period[], factor: number): Period[] {
  return periods.map((p) => ({
    ...p,
    used: p.used * factor,
    baseline: p.baseline * factor,
    saved: p.saved * factor,
    cumulative: p.cumulative * factor,
  }));
}

type Times = Pick<UsageNow, 'ttftRequests' | 'ttftMs' | 'nearestTtftRequests' | 'nearestTtftMs'>;

/**
 * Mean times to first token, ms, of receipts that all know the nearest site's: those of sums of which
 * some do not would be means of different requests, so they are left out. Null where none is left.
 */
export function ttftBeside(sums: readonly Times[]): {
  requests: number;
  ttftMs: number;
  nearestMs: number;
} | null {
  const whole = sums.filter((s) => s.ttftRequests === s.nearestTtftRequests);
  const requests = whole.reduce((sum, s) => sum + s.ttftRequests, 0);
  if (requests === 0) return null;
  const mean = (of: (s: Times) => number) => whole.reduce((sum, s) => sum + of(s), 0) / requests;
  return { requests, ttftMs: mean((s) => s.ttftMs), nearestMs: mean((s) => s.nearestTtftMs) };
}
