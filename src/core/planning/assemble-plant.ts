import { type Battery, initialChargeKwh } from '../model/battery.ts';
import { hasPlant, type ObjectivePrices, type Site } from '../model/fleet.ts';
import { resourceAud } from '../model/objective.ts';
import { forecastSolarKw, type PlantState } from '../model/plant-state.ts';
import type { ItPower, SiteConditions, SiteFactors } from '../model/site-power.ts';
import { solarKw } from '../model/solar.ts';
import { localDate } from '../model/time.ts';
import { SECONDS_PER_HOUR } from '../model/units.ts';
import type { PlantBattery, SitePlant } from '../optimizer/site-plant/plant.ts';

const HOURS_PER_DAY = 24;

/** What a site's slots are to its plant. */
export interface PlantSlot {
  conditions: SiteConditions;
  factors: SiteFactors;
  power: ItPower;
}

/**
 * The site's plant over the slots given, or undefined where it has none.
 * @param state as the slots begin; absent: as the registry has it
 */
export function assemblePlant(
  site: Site,
  prices: ObjectivePrices,
  slotHours: number,
  slots: readonly PlantSlot[],
  state?: PlantState,
): SitePlant | undefined {
  const { cost } = site;
  if (!hasPlant(cost)) return undefined;
  const by = (of: (slot: PlantSlot) => number) => Float64Array.from(slots, of);
  const tariffAud = by(({ factors }) => factors.energyAudPerKwh);
  const importAud = by(
    ({ factors: f }) =>
      f.energyAudPerKwh + resourceAud(prices, f.carbonKgPerKwh, f.gridWaterLPerKwh),
  );
  const { battery, solar, limits = {}, demandCharge, feedInAudPerKwh } = cost;
  const gridKw = limits.gridKw ?? Infinity;
  const caps = capsOf(site, slotHours, slots, state);
  return {
    slotHours,
    baseItKw: by(({ power }) => power.baseKw),
    kwPerReqPerS: Float64Array.from(slots.flatMap(({ power }) => [...power.kwPerReqPerS])),
    ppue: by(({ factors }) => factors.ppue),
    overheadKw: cost.fixedOverheadKw,
    importAud,
    tariffAud,
    exportAud: tariffAud.map((aud) => Math.min(feedInAudPerKwh ?? 0, aud)),
    itAud: by(({ factors }) => resourceAud(prices, 0, factors.onSiteWaterLPerKwh)),
    importCarbonKg: by(({ factors }) => factors.carbonKgPerKwh),
    importWaterL: by(({ factors }) => factors.gridWaterLPerKwh),
    itWaterL: by(({ factors }) => factors.onSiteWaterLPerKwh),
    solarKw: by(({ conditions: { utcMs, tempC } }) => {
      if (!solar) return 0;
      const told = state?.solar && forecastSolarKw(state.solar, utcMs, slotHours);
      return told ?? solarKw(solar, site, utcMs, slotHours, tempC);
    }),
    ...(battery && { battery: chargedAs(battery, state) }),
    facilityKw: limits.facilityKw ?? Infinity,
    gridKw,
    exportKw: feedInAudPerKwh === undefined ? 0 : Math.min(limits.exportKw ?? Infinity, gridKw),
    ...caps,
    ...(demandCharge && {
      peak: {
        audPerKw: demandCharge.audPerKwMonth,
        paidKw: state?.peakKw ?? demandCharge.paidKw,
      },
    }),
    unservedAud: prices.unservedAudPerRequest * SECONDS_PER_HOUR * slotHours,
  };
}

/**
 * A plan may use what a battery holds above the registry's charge, and leaves it no emptier than it
 * found it below that: so plan upon plan, none of them ends on energy that was never stored.
 */
function chargedAs(battery: Battery, state?: PlantState): PlantBattery {
  const usualKwh = initialChargeKwh(battery);
  const initialKwh = Math.min(state?.storedKwh ?? usualKwh, battery.capacityKwh);
  return { ...battery, initialKwh, finalKwh: Math.min(initialKwh, usualKwh) };
}

/**
 * Caps of 24 hours. Where the site reports what it has used today, they hold for the days of its own
 * calendar: today's for what is left, but never for less than the site takes with no request at all, all
 * of it from the grid. Else they hold for the plan as a whole, in proportion to its hours.
 */
function capsOf(site: Site, slotHours: number, slots: readonly PlantSlot[], state?: PlantState) {
  const { dailyWaterL = Infinity, dailyCarbonKg = Infinity } = site.cost.limits ?? {};
  const dated = state?.usedTodayWaterL !== undefined || state?.usedTodayCarbonKg !== undefined;
  const share = slotHours / HOURS_PER_DAY;
  if (!state || !dated) {
    return {
      dayOf: new Int32Array(slots.length),
      waterCapL: new Float64Array(slots.length).fill(dailyWaterL * share),
      carbonCapKg: new Float64Array(slots.length).fill(dailyCarbonKg * share),
    };
  }
  const dates = slots.map(({ conditions }) => localDate(conditions.utcMs, site.timeZone));
  const days = [...new Set(dates)];
  const today = localDate(state.utcMs, site.timeZone);
  const idleKwh = ({ power, factors }: PlantSlot) =>
    slotHours * (factors.ppue * power.baseKw + site.cost.fixedOverheadKw);
  const parts = (cap: number, used: number, least: (slot: PlantSlot) => number) =>
    Float64Array.from(dates, (date) => {
      const own = slots.filter((_, t) => dates[t] === date);
      const left = cap - (date === today ? used : 0);
      return (
        Math.max(
          left,
          own.reduce((sum, slot) => sum + least(slot), 0),
        ) / own.length
      );
    });
  return {
    dayOf: Int32Array.from(dates, (date) => days.indexOf(date)),
    waterCapL: parts(
      dailyWaterL,
      state.usedTodayWaterL ?? 0,
      (slot) =>
        idleKwh(slot) * slot.factors.gridWaterLPerKwh +
        slotHours * slot.power.baseKw * slot.factors.onSiteWaterLPerKwh,
    ),
    carbonCapKg: parts(
      dailyCarbonKg,
      state.usedTodayCarbonKg ?? 0,
      (slot) => idleKwh(slot) * slot.factors.carbonKgPerKwh,
    ),
  };
}
