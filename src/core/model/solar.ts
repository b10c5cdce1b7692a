import { z } from 'zod';
import type { Coordinates } from './geo.ts';
import { clearSkyWPerM2, passesClouds } from './irradiance.ts';
import { sinElevation } from './sun.ts';
import { MS_PER_HOUR } from './units.ts';

const share = z.number().min(0).max(1);

const array = z.strictObject({
  kind: z.literal('array'),
  /** Power of the modules under standard test conditions, 1 kW/m² at 25 °C. */
  peakKw: z.number().positive().max(1e6),
  /** What wiring, soiling, mismatch and inverter leave: PVWatts' losses of 14 % (Dobos 2014, NREL/TP-6A20-62641). */
  systemEfficiency: z.number().min(0.3).max(1).default(0.86),
  /** Power lost per °C of cell temperature beyond 25 °C; about that of crystalline silicon (assumed). */
  lossPerC: z.number().min(0).max(0.01).default(0.004),
  /** Mean share of the sky under clouds: one figure, or one a month from January. */
  cloudCover: z.union([share, z.array(share).length(12)]).default(0),
});

const hourly = z.strictObject({
  kind: z.literal('hourly'),
  /** Mean power by hour of the UTC day, an operator's own figures. */
  kwByUtcHour: z.array(z.number().min(0).max(1e6)).length(24),
});

/** Solar power behind the site's meter. */
export const solarSchema = z.discriminatedUnion('kind', [array, hourly]);
export type Solar = z.output<typeof solarSchema>;

/** Cell less air temperature in °C per W/m²: nominal operating cell temperature 45 °C at 800 W/m² and 20 °C (Ross 1976). */
const CELL_C_PER_W_M2 = (45 - 20) / 800;
/** Instants at which a slot is sampled. */
const SAMPLES = 6;

/**
 * Mean solar power over a slot, kW. An array is taken to lie flat: a tilted one gives more in winter
 * and more in a year, less at noon in summer.
 * @param tempC outdoor air in the slot
 */
export function solarKw(
  solar: Solar,
  place: Coordinates,
  fromUtcMs: number,
  hours: number,
  tempC: number,
): number {
  let sum = 0;
  for (let n = 0; n < SAMPLES; n++) {
    const utcMs = fromUtcMs + ((n + 0.5) / SAMPLES) * hours * MS_PER_HOUR;
    sum += solarKwAt(solar, place, utcMs, tempC);
  }
  return sum / SAMPLES;
}

function solarKwAt(solar: Solar, place: Coordinates, utcMs: number, tempC: number): number {
  const at = new Date(utcMs);
  if (solar.kind === 'hourly') return solar.kwByUtcHour[at.getUTCHours()] as number;
  const { cloudCover } = solar;
  const cover =
    typeof cloudCover === 'number' ? cloudCover : (cloudCover[at.getUTCMonth()] as number);
  const wPerM2 = clearSkyWPerM2(sinElevation(place, utcMs)) * passesClouds(cover);
  const cellC = tempC + CELL_C_PER_W_M2 * wPerM2;
  const kept = Math.max(0, 1 - solar.lossPerC * (cellC - 25));
  return solar.peakKw * (wPerM2 / 1000) * solar.systemEfficiency * kept;
}
