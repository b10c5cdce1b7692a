import type { Receipt } from './receipt.ts';

/** Receipts summed by key, model, zone, site and hour: exact, in any order and any grouping. */

export interface UsageRow {
  keyId: string;
  model: string;
  zone: string;
  site: string;
  hourUtcMs: number;
  requests: number;
  /** Of these, how many had tokens estimated. */
  estimated: number;
  /** Of these, how many had no known cost; the costs below are those of the others. */
  unpriced: number;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  energyMilliWh: number;
  carbonMg: number;
  waterMicroL: number;
  costNanoAud: number;
  /** What the nearest eligible site would have taken; its cost where both are known. */
  nearestEnergyMilliWh: number;
  nearestCarbonMg: number;
  nearestWaterMicroL: number;
  nearestCostNanoAud: number;
}

export const rowKeys = ['keyId', 'model', 'zone', 'site', 'hourUtcMs'] as const;
export const rowSums = [
  'requests',
  'estimated',
  'unpriced',
  'promptTokens',
  'cachedTokens',
  'completionTokens',
  'energyMilliWh',
  'carbonMg',
  'waterMicroL',
  'costNanoAud',
  'nearestEnergyMilliWh',
  'nearestCarbonMg',
  'nearestWaterMicroL',
  'nearestCostNanoAud',
] as const satisfies readonly (keyof UsageRow)[];

export function rowOf(r: Receipt): UsageRow {
  const { amounts } = r.served;
  const nearest = r.counterfactual.amounts;
  const priced = amounts.costNanoAud !== null && nearest.costNanoAud !== null;
  return {
    keyId: r.keyId,
    model: r.model,
    zone: r.zone,
    site: r.served.site,
    hourUtcMs: r.hourUtcMs,
    requests: 1,
    estimated: r.usageEstimated ? 1 : 0,
    unpriced: amounts.costNanoAud === null ? 1 : 0,
    ...r.usage,
    energyMilliWh: amounts.energyMilliWh,
    carbonMg: amounts.carbonMg,
    waterMicroL: amounts.waterMicroL,
    costNanoAud: amounts.costNanoAud ?? 0,
    nearestEnergyMilliWh: nearest.energyMilliWh,
    nearestCarbonMg: nearest.carbonMg,
    nearestWaterMicroL: nearest.waterMicroL,
    nearestCostNanoAud: priced ? (nearest.costNanoAud as number) : (amounts.costNanoAud ?? 0),
  };
}

/** Rows by what they are of. */
export class Totals {
  readonly #rows = new Map<string, UsageRow>();

  add(row: UsageRow): void {
    const key = keyOf(row);
    const sum = this.#rows.get(key);
    if (sum === undefined) {
      this.#rows.set(key, { ...row });
      return;
    }
    for (const name of rowSums) sum[name] = safe(sum[name] + row[name], name);
  }

  get size(): number {
    return this.#rows.size;
  }

  rows(): UsageRow[] {
    return [...this.#rows.values()];
  }
}

/** Lengths keep two rows apart whose texts join up to the same. */
function keyOf({ keyId, model, zone, site, hourUtcMs }: UsageRow): string {
  return `${hourUtcMs} ${keyId.length} ${model.length} ${zone.length} ${keyId}${model}${zone}${site}`;
}

function safe(sum: number, name: string): number {
  if (!Number.isSafeInteger(sum)) throw new RangeError(`${name} is beyond exact sums`);
  return sum;
}
