import { type Battery, initialChargeKwh } from '../model/battery.ts';
import { hasPlant, type ObjectivePrices, type Site } from '../model/fleet.ts';
import { resourceAud } from '../model/objective.ts';
import type { PlantState } from '../model/plant-state.ts';
import type { ItPower, SiteConditions, SiteFactors } from '../model/site-power.ts';
import { solarKw } from '../model/solar.ts';
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
  const days = (slots.length * slotHours) / HOURS_PER_DAY;
  const { battery, solar, limits = {}, demandCharge, feedInAudPerKwh } = cost;
  const gridKw = limits.gridKw ?? Infinity;
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
    solarKw: by(({ conditions: c }) =>
      solar ? solarKw(solar, site, c.utcMs, slotHours, c.tempC) : 0,
    ),
    ...(battery && { battery: chargedAs(battery, state) }),
    facilityKw: limits.facilityKw ?? Infinity,
    gridKw,
    exportKw: feedInAudPerKwh === undefined ? 0 : Math.min(limits.exportKw ?? Infinity, gridKw),
    waterCapL: (limits.dailyWaterL ?? Infinity) * days,
    carbonCapKg: (limits.dailyCarbonKg ?? Infinity) * days,
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
