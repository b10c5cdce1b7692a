import { attributionsOf } from '../feeds/attribution.ts';

/** Whose a file is, by the beginning of its name. */
const ORIGINS = [
  {
    prefix: 'weather_',
    source: 'Open-Meteo',
    what: 'weather_*: reanalysis (Copernicus/ECMWF), not station readings',
  },
  { prefix: 'nem_price_demand_', source: 'AEMO', what: 'nem_price_demand_*: hourly means' },
  {
    prefix: 'carbon_direct_',
    source: 'Open Electricity',
    what: 'carbon_direct_*: average direct emissions of generation',
  },
];

/** The services that files of a folder come from. */
export const originsOf = (files: readonly string[]) =>
  ORIGINS.filter(({ prefix }) => files.some((file) => file.startsWith(prefix)));

/** Of all that is in the folder, whichever call has fetched it. */
export function sourcesText(files: readonly string[]): string {
  const lines = originsOf(files).flatMap(({ source: name, what }) =>
    attributionsOf([name]).map(
      ({ text, licence, url }) => `- ${what}. ${text.replace(/\.$/, '')}. ${licence}. ${url}`,
    ),
  );
  return `# Sources\n\nWho passes these series on has to follow their terms.\n\n${lines.join('\n')}\n`;
}
