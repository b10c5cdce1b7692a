/** What receipts say was saved against each request's nearest site, by day or month. */

/** A day in the answer of /admin/v1/usage?by=day. */
export interface UsageDay {
  day: string;
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
}

/** Units from the large to the thousandth and the millionth. */
export const amounts = {
  carbon: {
    label: 'Carbon',
    units: ['kg CO₂e', 'g CO₂e', 'mg CO₂e'],
    used: 'carbonKg',
    nearest: 'nearestCarbonKg',
  },
  energy: {
    label: 'Energy',
    units: ['kWh', 'Wh', 'mWh'],
    used: 'energyKwh',
    nearest: 'nearestEnergyKwh',
  },
  water: { label: 'Water', units: ['L', 'mL', 'µL'], used: 'waterL', nearest: 'nearestWaterL' },
  cost: {
    label: 'Energy cost',
    units: ['AUD', 'mAUD', 'µAUD'],
    used: 'costAud',
    nearest: 'nearestCostAud',
  },
} as const;
export type AmountId = keyof typeof amounts;

export interface Period {
  /** `2026-11-25`, or `2026-11` of a month. */
  name: string;
  requests: number;
  used: number;
  nearest: number;
  saved: number;
  /** Saved from the first period to the end of this one. */
  cumulative: number;
}

/** Periods in order, those without receipts left out. */
export function periodsOf(
  days: readonly UsageDay[],
  by: 'day' | 'month',
  amount: AmountId,
): Period[] {
  const { used, nearest } = amounts[amount];
  const sums = new Map<string, Omit<Period, 'cumulative' | 'saved'>>();
  for (const day of days.toSorted((a, b) => a.day.localeCompare(b.day))) {
    const name = by === 'day' ? day.day : day.day.slice(0, 7);
    const sum = sums.get(name) ?? { name, requests: 0, used: 0, nearest: 0 };
    sum.requests += day.requests;
    sum.used += day[used];
    sum.nearest += day[nearest];
    sums.set(name, sum);
  }
  let cumulative = 0;
  return [...sums.values()].map((sum) => {
    const saved = sum.nearest - sum.used;
    cumulative += saved;
    return { ...sum, saved, cumulative };
  });
}

/** The unit that fits amounts up to this, and what makes them figures of it. */
export function unitFor(amount: AmountId, greatest: number): { unit: string; factor: number } {
  const { units } = amounts[amount];
  const thousandths = greatest >= 0.1 || greatest === 0 ? 0 : greatest >= 1e-4 ? 1 : 2;
  return { unit: units[thousandths], factor: 1000 ** thousandths };
}

/** Periods in such a unit. */
export function inUnit(periods: readonly Period[], factor: number): Period[] {
  return periods.map((p) => ({
    ...p,
    used: p.used * factor,
    nearest: p.nearest * factor,
    saved: p.saved * factor,
    cumulative: p.cumulative * factor,
  }));
}
