import { NANO_PER_AUD } from './micro.ts';
import type { UsageRow } from './totals.ts';

/** Sums as they are exported: the whole numbers they were summed in, and the units people read. */

type Sums = Partial<UsageRow> & Partial<ComparedTtft> & { dayUtcMs?: number };

/**
 * Times to first byte of receipts that have one here and at the nearest site, as far as stored sums
 * tell: of the hours of a key, model, zone and site of which all that have one have both.
 */
export interface ComparedTtft {
  comparedTtftRequests: number;
  comparedTtftMs: number;
  comparedNearestTtftMs: number;
}

const units: [name: string, of: keyof UsageRow, by: number][] = [
  ['energyKwh', 'energyMilliWh', 1e6],
  ['carbonKg', 'carbonMg', 1e6],
  ['waterL', 'waterMicroL', 1e6],
  ['costAud', 'costNanoAud', NANO_PER_AUD],
  ['nearestEnergyKwh', 'nearestEnergyMilliWh', 1e6],
  ['nearestCarbonKg', 'nearestCarbonMg', 1e6],
  ['nearestWaterL', 'nearestWaterMicroL', 1e6],
  ['nearestCostAud', 'nearestCostNanoAud', NANO_PER_AUD],
  ['spreadEnergyKwh', 'spreadEnergyMilliWh', 1e6],
  ['spreadCarbonKg', 'spreadCarbonMg', 1e6],
  ['spreadWaterL', 'spreadWaterMicroL', 1e6],
  ['spreadCostAud', 'spreadCostNanoAud', NANO_PER_AUD],
];

type View = Record<string, string | number | null>;

/**
 * One sum with its hour as an instant, every amount also in kWh, kg, L and AUD, and the mean times to
 * first byte, null where no receipt has one: of all that have one, and of those to be compared.
 */
export function usageView(sums: Sums): View {
  const {
    hourUtcMs,
    dayUtcMs,
    keyId,
    comparedTtftRequests = 0,
    comparedTtftMs,
    comparedNearestTtftMs,
    ...rest
  } = sums;
  return {
    ...(keyId !== undefined && { key: keyId }),
    ...(dayUtcMs !== undefined && { day: new Date(dayUtcMs).toISOString().slice(0, 10) }),
    ...(hourUtcMs !== undefined && { hour: new Date(hourUtcMs).toISOString() }),
    ...rest,
    ...Object.fromEntries(units.map(([name, of, by]) => [name, ((sums[of] as number) ?? 0) / by])),
    ttftMeanMs: meanOf(sums.ttftMs, sums.ttftRequests),
    comparedTtftRequests,
    comparedTtftMeanMs: meanOf(comparedTtftMs, comparedTtftRequests),
    nearestTtftMeanMs: meanOf(comparedNearestTtftMs, comparedTtftRequests),
  };
}

function meanOf(sum = 0, count = 0): number | null {
  return count > 0 ? sum / count : null;
}

/** The same as CSV (RFC 4180), with a header; only the header where there are no sums. */
export function usageCsv(views: readonly View[], header: string[]): string {
  const cell = (value: View[string] | undefined) => {
    const text = String(value ?? '');
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = views.map((view) => header.map((name) => cell(view[name])).join(','));
  return [header.join(','), ...lines].map((line) => `${line}\r\n`).join('');
}
