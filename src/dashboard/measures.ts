import type { SiteSlot } from '../core/planning/charge.ts';
import { fixed } from './format.ts';

/** What sites can be coloured by. */
export interface Measure {
  label: string;
  unit: string;
  /** What it is, in a sentence. */
  about: string;
  of(site: SiteSlot): number;
  text(value: number): string;
}

export const measures = {
  temperature: {
    label: 'Temperature',
    unit: '°C',
    about: 'Outside air at the site in this hour, from the plan’s weather.',
    of: (s) => s.tempC,
    text: (v) => `${fixed(v, 0)}°`,
  },
  ppue: {
    label: 'pPUE',
    unit: 'kWh/kWh',
    about:
      'Power of servers and cooling over that of the servers alone in this hour’s weather: by the site’s own word, else estimated (est. in the table under Now). Fixed overhead is counted apart.',
    of: (s) => s.ppue,
    text: (v) => fixed(v, 2),
  },
  overhead: {
    label: 'Marginal PUE',
    unit: 'kWh/kWh',
    about:
      'Energy at the meter for a kWh of a further request’s own work, which is what a plan weighs: pPUE on that work, and on what waking a server for it takes; less than pPUE where a server idles anyway.',
    of: (s) => s.meterKwhPerKwh,
    text: (v) => fixed(v, 2),
  },
  utilisation: {
    label: 'Utilisation',
    unit: '%',
    about: 'Busy servers over servers.',
    of: (s) => 100 * s.utilisation,
    text: (v) => `${fixed(v, 0)}\u00a0%`,
  },
  price: {
    label: 'Price',
    unit: 'AUD/kWh',
    about: 'What a kWh at the meter costs there, by the site’s own word.',
    of: (s) => s.audPerKwh ?? Number.NaN,
    text: (v) => fixed(v, 2),
  },
  carbon: {
    label: 'Carbon',
    unit: 'kg CO₂e/kWh',
    about: 'Carbon intensity of the grid there, from the plan’s inputs.',
    of: (s) => s.carbonKgPerKwh,
    text: (v) => fixed(v, 2),
  },
} satisfies Record<string, Measure>;

export type MeasureId = keyof typeof measures;
