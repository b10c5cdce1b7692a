import { type Fleet, fleetSchema } from '../../../src/core/model/fleet.ts';
import { embeddedFleet } from './fleets.ts';

/** Water Adelaide may use a day, L; without a limit it would use more. */
export const ADELAIDE_WATER_L = 140;

/**
 * Six sites of the registry, four of them with plants of every kind: a battery, solar power that is fed
 * in, a demand charge with a battery, and a cap of water.
 */
export function plantedFleet(): Fleet {
  const fleet = embeddedFleet();
  fleet.sites = fleet.sites.slice(0, 6);
  fleet.zones = fleet.zones.slice(0, 6);
  const costOf = (id: string) => {
    const site = fleet.sites.find((s) => s.id === id);
    if (!site) throw new Error(`the registry lacks ${id}`);
    return site.cost;
  };
  const battery = (capacityKwh: number) => ({
    capacityKwh,
    chargeKw: capacityKwh / 3,
    dischargeKw: capacityKwh / 3,
  });
  Object.assign(costOf('sydney'), {
    battery: battery(90),
    // What its energy management system forecasts, if anything.
    solar: { kind: 'hourly', kwByUtcHour: Array(24).fill(0) },
    plantStateUrl: 'https://energy.sydney.example/state',
  });
  Object.assign(costOf('melbourne'), {
    solar: { kind: 'array', peakKw: 60, cloudCover: 0.4 },
    feedInAudPerKwh: 0.04,
  });
  Object.assign(costOf('brisbane'), {
    demandCharge: { audPerKwMonth: 9, paidKw: 12 },
    battery: battery(30),
    solar: { kind: 'array', peakKw: 25, cloudCover: 0.3 },
  });
  Object.assign(costOf('adelaide'), {
    plantStateUrl: 'https://energy.adelaide.example/state',
    limits: { dailyWaterL: ADELAIDE_WATER_L, gridKw: 60 },
  });
  return fleetSchema.parse(fleet);
}
