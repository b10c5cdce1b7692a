import { type Fleet, fleetSchema, type Site } from '../../../src/core/model/fleet.ts';
import { greatCircleKm } from '../../../src/core/model/geo.ts';
import { siteWork } from '../../../src/core/model/site-power.ts';
import { embeddedFleet } from './fleets.ts';
import { type Dice, dice } from './random.ts';

export interface ContinentShape {
  sites: number;
  zones: number;
  /** Workers that answer for the sites, each for neighbours by latitude. */
  solvers: number;
  /** Sites a zone may use: its nearest. */
  sitesPerZone: number;
}

/** Peak demand over capacity, about. */
const PEAK_UTILISATION = 0.6;

/**
 * A registry of edge sites all over Australia, the same for the same seed: random places, with time
 * zone, grid and climate of the nearest embedded site; both kinds of hardware, three of cooling, flat
 * and time-of-use contracts.
 */
export function continentFleet(seed: number, shape: ContinentShape): Fleet {
  const d = dice(seed);
  const base = embeddedFleet();
  const place = () => ({ latDeg: -d.uniform(12, 43), lonDeg: d.uniform(115, 153) });
  const perSolver = Math.ceil(shape.sites / shape.solvers);
  const sites = Array.from({ length: shape.sites }, place)
    .sort((a, b) => b.latDeg - a.latDeg)
    .map((at, j): Site => {
      const solver = Math.floor(j / perSolver);
      return {
        ...nearestOf(base.sites, at),
        ...at,
        id: `site-${j}`,
        name: `Site ${j}`,
        solver: `solver-${solver}`,
        placementRegion: `aws:ap-southeast-${2 * solver < shape.solvers ? 2 : 4}`,
        hardware: {
          profile: d.chance(0.5) ? 'h100-tp8' : 'a100-tp8',
          servers: d.integer(4, 40),
          batch: d.chance(0.5) ? 32 : 16,
        },
        maxUtilisation: d.uniform(0.75, 0.9),
        cost: {
          cooling: randomCooling(d),
          tariff: randomTariff(d),
          idle: d.chance(0.5) ? 'sleep' : 'always-on',
          sleepServerKw: 0.06,
          fixedOverheadKw: d.uniform(0.5, 5),
        },
      };
    });
  const zones = Array.from({ length: shape.zones }, (_, i) => {
    const at = place();
    const { timeZone } = nearestOf(base.zones, at);
    return {
      ...at,
      timeZone,
      id: `zone-${i}`,
      name: `Zone ${i}`,
      population: Math.exp(d.uniform(-1.5, 1.5)),
    };
  });
  const people = (PEAK_UTILISATION * peakPeople(base, sites)) / sum(zones, (z) => z.population);
  for (const zone of zones) zone.population *= people;
  return fleetSchema.parse({
    ...base,
    name: `continent-${shape.sites}`,
    sites,
    zones,
    sitesPerZone: shape.sitesPerZone,
  });
}

/** Inhabitants whose busiest hour would load all sites to their limit. */
function peakPeople({ classes, demand }: Fleet, sites: Site[]): number {
  const capacity = sum(sites, (s) => s.hardware.servers * s.maxUtilisation);
  const loadPerMillion = sum(
    classes.map((_, k) => k),
    (k) => {
      const id = classes[k]?.id as string;
      const serverS = sum(sites, (s) => siteWork(s, classes)[k]?.serverS as number) / sites.length;
      const peak = Math.max(...(demand.hourlyShape[id] as number[]));
      return (demand.meanReqPerSPerMillion[id] as number) * peak * serverS;
    },
  );
  return (capacity / loadPerMillion) * 1e6;
}

function randomCooling(d: Dice): Site['cost']['cooling'] {
  if (d.chance(0.2)) return { kind: 'fixed', ppue: d.uniform(1.15, 1.5), onSiteWaterLPerKwh: 0 };
  if (d.chance(0.3)) {
    return {
      kind: 'adiabatic',
      switchAboveC: 25,
      padEffectiveness: 0.7,
      fanOverhead: 0.07,
      ratedCop: d.uniform(2.5, 4),
    };
  }
  return {
    kind: 'mixed-mode',
    economizerBelowC: 14,
    chillerAboveC: 22,
    economizerOverhead: 0.08,
    fanOverhead: 0.06,
    ratedCop: d.uniform(2.5, 4),
  };
}

function randomTariff(d: Dice): Site['cost']['tariff'] {
  const rateAudPerKwh = d.uniform(0.12, 0.28);
  if (d.chance(0.5)) return { kind: 'flat', rateAudPerKwh };
  return {
    kind: 'time-of-use',
    bands: [
      { fromHour: 22, toHour: 7, rateAudPerKwh: 0.8 * rateAudPerKwh },
      { fromHour: 7, toHour: 16, rateAudPerKwh },
      { fromHour: 16, toHour: 22, rateAudPerKwh: 1.3 * rateAudPerKwh },
    ],
  };
}

function nearestOf<P extends { latDeg: number; lonDeg: number }>(
  places: P[],
  at: { latDeg: number; lonDeg: number },
): P {
  return places.reduce((a, b) => (greatCircleKm(b, at) < greatCircleKm(a, at) ? b : a));
}

function sum<T>(items: T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
