import type { PublicFleet } from '../core/model/fleet.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { assertInputs, type PlanningInputs, type SiteSeries } from '../core/planning/inputs.ts';
import { embeddedInputs } from '../feeds/embedded/index.ts';
import { inputsWrittenUtcMs, readSiteInputs } from '../store/site-inputs.ts';

/** Feeds bring a day ahead or more; one that has brought nothing for this long has fallen silent. */
const STALE_MS = 26 * MS_PER_HOUR;

/**
 * Inputs of a plan: what was fed to D1 for these hours, and embedded means for the rest. A site whose
 * series is part fed, part embedded says so in its sources.
 */
export async function refreshInputs(
  db: D1Database,
  fleet: PublicFleet,
  startUtcMs: number,
  slotCount: number,
): Promise<PlanningInputs> {
  const inputs = embeddedInputs(fleet, startUtcMs, slotCount);
  const rows = await readSiteInputs(db, startUtcMs, startUtcMs + slotCount * MS_PER_HOUR);
  const siteIndex = new Map(fleet.sites.map((s, j) => [s.id, j]));
  const fed = inputs.sites.map(() => ({ weather: none(), price: none(), carbon: none() }));
  for (const row of rows) {
    const j = siteIndex.get(row.siteId);
    if (j === undefined) continue;
    const series = inputs.sites[j] as SiteSeries;
    const counts = fed[j] as (typeof fed)[number];
    const t = (row.utcMs - startUtcMs) / MS_PER_HOUR;
    if (row.tempC !== null && row.rhPct !== null) {
      series.tempC[t] = row.tempC;
      series.rhPct[t] = row.rhPct;
      count(counts.weather, row.weatherSource);
    }
    if (row.spotAudPerMwh !== null) {
      series.spotAudPerMwh[t] = row.spotAudPerMwh;
      count(counts.price, row.priceSource);
    }
    if (row.carbonKgPerKwh !== null) {
      series.carbonKgPerKwh[t] = row.carbonKgPerKwh;
      count(counts.carbon, row.carbonSource);
    }
  }
  fed.forEach((counts, j) => {
    const { sources } = inputs.sites[j] as SiteSeries;
    for (const key of ['weather', 'price', 'carbon'] as const) {
      const { hours, names } = counts[key];
      // A wholesale price that the site does not pay is not where its price comes from.
      if (hours === 0 || (key === 'price' && !fleet.sites[j]?.paysSpot)) continue;
      const source = [...names].join(', ');
      const whole = hours === slotCount;
      sources[key] = {
        source: whole
          ? source
          : `${source} (${hours} of ${slotCount} h), else ${sources[key].source}`,
        placeholder: !whole && sources[key].placeholder,
      };
    }
  });
  assertInputs(fleet, inputs);
  return inputs;
}

/** How many hours of a group were fed, and by which feeds. */
interface Fed {
  hours: number;
  names: Set<string>;
}

const none = (): Fed => ({ hours: 0, names: new Set() });

function count(fed: Fed, source: string | null): void {
  fed.hours++;
  fed.names.add(source ?? 'unnamed feed');
}

/** When sites were last fed; without those that never were. */
export async function inputAges(db: D1Database, fleet: PublicFleet, nowMs: number) {
  const sites = fleet.sites.map((s) => s.id);
  const written = await inputsWrittenUtcMs(db, sites);
  return new Map(
    [...written].map(([site, writtenUtcMs]) => [
      site,
      { writtenUtcMs, stale: nowMs - writtenUtcMs > STALE_MS },
    ]),
  );
}
