import type { PublicFleet } from '../core/model/fleet.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { assertInputs, type PlanningInputs, type SiteSeries } from '../core/planning/inputs.ts';
import { embeddedInputs } from '../feeds/embedded/index.ts';
import { readSiteInputs } from '../store/site-inputs.ts';

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
  const fed = inputs.sites.map(() => ({ weather: 0, price: 0, carbon: 0, source: '' }));
  for (const row of rows) {
    const j = siteIndex.get(row.siteId);
    if (j === undefined) continue;
    const series = inputs.sites[j] as SiteSeries;
    const count = fed[j] as (typeof fed)[number];
    const t = (row.utcMs - startUtcMs) / MS_PER_HOUR;
    series.tempC[t] = row.tempC;
    series.rhPct[t] = row.rhPct;
    count.weather++;
    count.source = row.source;
    if (row.spotAudPerMwh !== null) {
      series.spotAudPerMwh[t] = row.spotAudPerMwh;
      count.price++;
    }
    if (row.carbonKgPerKwh !== null) {
      series.carbonKgPerKwh[t] = row.carbonKgPerKwh;
      count.carbon++;
    }
  }
  fed.forEach((count, j) => {
    const { sources } = inputs.sites[j] as SiteSeries;
    for (const key of ['weather', 'price', 'carbon'] as const) {
      if (count[key] === 0) continue;
      const whole = count[key] === slotCount;
      sources[key] = {
        source: whole
          ? count.source
          : `${count.source} (${count[key]} of ${slotCount} h), else ${sources[key].source}`,
        placeholder: !whole && sources[key].placeholder,
      };
    }
  });
  assertInputs(fleet, inputs);
  return inputs;
}
