import type { Amounts } from './micro.ts';
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
  /** Requests of which the next four are known too: earlier versions did not record them. */
  spreadRequests: number;
  /** What the sites that may serve them would have taken in the mean, by capacity; cost as above. */
  spreadEnergyMilliWh: number;
  spreadCarbonMg: number;
  spreadWaterMicroL: number;
  spreadCostNanoAud: number;
  /** Receipts with a time to first byte, and those times summed; earlier versions summed none. */
  ttftRequests: number;
  ttftMs: number;
  /** Receipts that also know the nearest site's, and those summed. */
  nearestTtftRequests: number;
  nearestTtftMs: number;
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
  'spreadRequests',
  'spreadEnergyMilliWh',
  'spreadCarbonMg',
  'spreadWaterMicroL',
  'spreadCostNanoAud',
  'ttftRequests',
  'ttftMs',
  'nearestTtftRequests',
  'nearestTtftMs',
] as const satisfies readonly (keyof UsageRow)[];

/** @param spread what the same tokens would have taken over all sites, where that is known */
export function rowOf(r: Receipt, spread?: Amounts): UsageRow {
  const { amounts } = r.served;
  const nearest = r.counterfactual.amounts;
  const { ttftMs } = r.served;
  const nearestTtftMs = r.counterfactual.ttftMs;
  const costNanoAud = amounts.costNanoAud ?? 0;
  const costOf = (baseline: Amounts) =>
    amounts.costNanoAud === null ? 0 : (baseline.costNanoAud ?? costNanoAud);
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
    costNanoAud,
    nearestEnergyMilliWh: nearest.energyMilliWh,
    nearestCarbonMg: nearest.carbonMg,
    nearestWaterMicroL: nearest.waterMicroL,
    nearestCostNanoAud: costOf(nearest),
    spreadRequests: spread === undefined ? 0 : 1,
    spreadEnergyMilliWh: spread?.energyMilliWh ?? 0,
    spreadCarbonMg: spread?.carbonMg ?? 0,
    spreadWaterMicroL: spread?.waterMicroL ?? 0,
    spreadCostNanoAud: spread === undefined ? 0 : costOf(spread),
    ttftRequests: ttftMs === null ? 0 : 1,
    ttftMs: ttftMs ?? 0,
    nearestTtftRequests: nearestTtftMs === null ? 0 : 1,
    nearestTtftMs: nearestTtftMs ?? 0,
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
