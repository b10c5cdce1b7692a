import { z } from 'zod';
import type { PublicFleet } from '../model/fleet.ts';
import { siteWork } from '../model/site-power.ts';
import { SECONDS_PER_HOUR } from '../model/units.ts';
import type { SiteImpacts } from '../optimizer/impacts.ts';
import type { PlanningInputs } from './inputs.ts';

/** What routers need to know of sites in one slot to write receipts, by site id. */
export const siteHoursSchema = z.record(
  z.string(),
  z.object({
    /** The inputs the plan was made from. */
    tempC: z.number(),
    rhPct: z.number(),
    carbonKgPerKwh: z.number().min(0),
    gridWaterLPerKwh: z.number().min(0),
    /** Power of servers and cooling over that of servers, by the word of a site that tells its energy. */
    ppue: z.number().min(1).optional(),
    /** What a request more takes there, per kWh of its work, by class: the site's own word. */
    disclosed: z
      .record(
        z.string(),
        z.object({
          /** Of either sign: with a battery, a request more may move others to better hours. */
          carbonKg: z.number(),
          waterL: z.number(),
          /** At the meter, and at the tariff; absent where the site tells carbon and water only. */
          energyKwh: z.number().optional(),
          energyAud: z.number().optional(),
        }),
      )
      .optional(),
  }),
);
export type SiteHours = z.output<typeof siteHoursSchema>;

/**
 * Of slot t.
 * @param impacts by site, of those that disclose them
 */
export function siteHoursOf(
  fleet: PublicFleet,
  inputs: PlanningInputs,
  t: number,
  impacts: readonly (SiteImpacts | undefined)[],
): SiteHours {
  const K = fleet.classes.length;
  return Object.fromEntries(
    fleet.sites.map((site, j) => {
      const series = inputs.sites[j] as PlanningInputs['sites'][number];
      const own = impacts[j];
      const work = own && siteWork(site, fleet.classes);
      const perWorkKwh = (marginal: Float64Array, k: number) =>
        rounded(
          (marginal[t * K + k] as number) /
            (SECONDS_PER_HOUR * inputs.slotHours) /
            (work?.[k]?.itEnergyKwh as number),
        );
      return [
        site.id,
        {
          tempC: rounded(series.tempC[t] as number),
          rhPct: rounded(series.rhPct[t] as number),
          carbonKgPerKwh: rounded(series.carbonKgPerKwh[t] as number),
          gridWaterLPerKwh: rounded(series.gridWaterLPerKwh[t] as number),
          ...(own?.energy?.ppue && { ppue: rounded(own.energy.ppue[t] as number) }),
          ...(own && {
            disclosed: Object.fromEntries(
              fleet.classes.map((cls, k) => [
                cls.id,
                {
                  carbonKg: perWorkKwh(own.marginalCarbonKg, k),
                  waterL: perWorkKwh(own.marginalWaterL, k),
                  ...(own.energy && {
                    energyKwh: perWorkKwh(own.energy.marginalEnergyKwh, k),
                    energyAud: perWorkKwh(own.energy.marginalEnergyAud, k),
                  }),
                },
              ]),
            ),
          }),
        },
      ];
    }),
  );
}

/** Six digits: no figure here is known to more, and a fleet has many of them. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
