import type { SitePlant } from '../../../src/core/optimizer/site-plant/plant.ts';
import type { Instance } from './instances.ts';

/**
 * The same instance with costs times `money` and requests times `size`, so that its optimum is the old
 * one times both. Queues do not scale with their servers: where waiting has a price, `size` must be 1.
 */
export function scaled({ problem: p, sites }: Instance, money: number, size: number): Instance {
  const times = (values: Float64Array, factor: number) => values.map((v) => v * factor);
  const plant = (s: SitePlant): SitePlant => ({
    ...s,
    baseItKw: times(s.baseItKw, size),
    overheadKw: s.overheadKw * size,
    importAud: times(s.importAud, money),
    tariffAud: times(s.tariffAud, money),
    exportAud: times(s.exportAud, money),
    itAud: times(s.itAud, money),
    solarKw: times(s.solarKw, size),
    facilityKw: s.facilityKw * size,
    gridKw: s.gridKw * size,
    exportKw: s.exportKw * size,
    waterCapL: times(s.waterCapL, size),
    carbonCapKg: times(s.carbonCapKg, size),
    unservedAud: s.unservedAud * money,
    battery: s.battery && {
      ...s.battery,
      capacityKwh: s.battery.capacityKwh * size,
      chargeKw: s.battery.chargeKw * size,
      dischargeKw: s.battery.dischargeKw * size,
      initialKwh: s.battery.initialKwh * size,
      finalKwh: s.battery.finalKwh * size,
    },
    peak: s.peak && { audPerKw: s.peak.audPerKw * money, paidKw: s.peak.paidKw * size },
  });
  return {
    problem: {
      ...p,
      sites: p.sites.map((s) => ({
        ...s,
        maxLoad: times(s.maxLoad, size),
        prior: {
          ...s.prior,
          servers: s.prior.servers * size,
          costAudPerWaiting: s.prior.costAudPerWaiting * money,
          lateness: s.prior.lateness && {
            ...s.prior.lateness,
            fullAud: times(s.prior.lateness.fullAud, money),
          },
        },
      })),
      demandReqPerS: times(p.demandReqPerS, size),
      edgeCostAud: times(p.edgeCostAud, money),
      unservedCostAud: p.unservedCostAud * money,
      batch: p.batch?.map((b) => ({ ...b, amount: b.amount * size })),
    },
    sites: sites.map((s) => ({
      ...s,
      baseAud: times(s.baseAud, money * size),
      rateAud: times(s.rateAud, money),
      waitingAud: times(s.waitingAud, money),
      maxLoad: times(s.maxLoad, size),
      queue: { ...s.queue, servers: s.queue.servers * size },
      lateness: s.lateness && { ...s.lateness, fullAud: times(s.lateness.fullAud, money) },
      plant: s.plant && plant(s.plant),
    })),
  };
}
