import type { SiteTotals } from '../core/planning/span-totals.ts';
import { decimal } from './format.ts';
import { type Column, table } from './table.ts';

/** A site's part of a plan: means over the hours planned. */
export interface SiteRow extends Omit<SiteTotals, 'awakeServers' | 'solarKwh' | 'dischargedKwh'> {
  /** Whether the carbon only stands in for the hour's. */
  isPlaceholder: boolean;
}

const columns: Column[] = [
  { header: ['site'], align: 'left' },
  { header: ['share', '%'] },
  { header: ['temp', '°C'] },
  { header: ['pPUE', ''] },
  { header: ['utilisation', '%'] },
  { header: ['price', 'AUD/kWh'] },
  { header: ['carbon', 'kg/kWh'] },
];

/** The sites, largest share first; with the address of each where there is one. */
export function siteTable(sites: readonly SiteRow[], urls?: Record<string, string>): string {
  const rows = sites
    .toSorted((a, b) => b.share - a.share)
    .map((s) => [
      s.site,
      decimal(100 * s.share, 1),
      decimal(s.tempC, 1),
      decimal(s.ppue, 3),
      decimal(100 * s.utilisation, 1),
      decimal(s.energyAudPerKwh, 3),
      `${decimal(s.carbonKgPerKwh, 3)}${s.isPlaceholder ? '*' : ' '}`,
      ...(urls ? [urls[s.site] ?? ''] : []),
    ]);
  const address: Column = { header: ['simulated server'], align: 'left' };
  return table(urls ? [...columns, address] : columns, rows);
}

/** What the table's star means; empty where it has none. */
export function starNote(sites: readonly SiteRow[]): string[] {
  return sites.some((s) => s.isPlaceholder) ? ['* placeholder, see the notes.'] : [];
}
