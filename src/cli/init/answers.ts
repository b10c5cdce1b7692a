import type { hardwareIds } from '../../core/model/hardware.ts';
import type { Tariff } from '../../core/model/tariff.ts';

/** Models whose parameters all have defaults. */
export const coolings = [
  'mixed-mode',
  'economizer-quadratic',
  'air-cooled-chiller',
  'adiabatic',
] as const;

/** What was answered of a site. */
export interface Answers {
  name: string;
  id: string;
  latDeg: number;
  lonDeg: number;
  timeZone: string;
  baseUrl: string;
  model: string;
  hardware: (typeof hardwareIds)[number];
  servers: number;
  tariff: Tariff;
  cooling: (typeof coolings)[number];
  population: number;
  gridRegion: string;
  carbonKgPerKwh?: number;
  waterLPerKwh?: number;
  januaryC?: number;
  julyC?: number;
  dailyRangeC?: number;
  rhPct?: number;
  placementRegion: string;
  batteryKwh?: number;
  batteryKw?: number;
  solarPeakKw?: number;
  gridKw?: number;
}

/** Lower-case letters, digits and dashes of a name: "São Paulo 2" becomes sao-paulo-2. */
export function slug(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 32);
}
