import { type Fleet, publicFleet, type RequestClass, type Site } from '../../core/model/fleet.ts';
import { mayWait } from '../../core/model/request-class.ts';
import { siteWork } from '../../core/model/site-power.ts';
import { SECONDS_PER_HOUR } from '../../core/model/units.ts';
import { expectedDemand, type PlanningInputs, slotUtcMs } from '../../core/planning/inputs.ts';
import type { World } from './study.ts';

/** The same world with other prices of the objective. */
export function withPrices(world: World, prices: Partial<Fleet['prices']>): World {
  return { ...world, fleet: { ...world.fleet, prices: { ...world.fleet.prices, ...prices } } };
}

export function withSites(world: World, change: (site: Site, index: number) => Site): World {
  return { ...world, fleet: { ...world.fleet, sites: world.fleet.sites.map(change) } };
}

/** Without the sites of a grid region; its people stay, and are served elsewhere. */
export function withoutRegion({ fleet, inputs }: World, gridRegion: string): World {
  const keeps = fleet.sites.map((s) => s.gridRegion !== gridRegion);
  return {
    fleet: { ...fleet, sites: fleet.sites.filter((_, j) => keeps[j]) },
    inputs: { ...inputs, sites: inputs.sites.filter((_, j) => keeps[j]) },
  };
}

/**
 * The fleet built anew: as many servers as make the busiest hour's work this share of all of them, each
 * site's share of them by its city's population to a power. 1 puts capacity where the demand is and
 * leaves little room to move it; 0.5 leaves room. At least one server each, whole ones. What a server
 * takes without load (`fixedOverheadKw`) goes with them.
 */
export function withCapacity(
  world: World,
  { exponent, peakUtilisation }: { exponent: number; peakUtilisation: number },
): World {
  const { fleet, inputs } = world;
  const weights = fleet.sites.map(
    (s) => (fleet.zones.find((z) => z.id === s.id)?.population ?? 1) ** exponent,
  );
  const all = weights.reduce((a, b) => a + b, 0);
  const servers = peakLoad(fleet, inputs, weights) / peakUtilisation;
  return withSites(world, (site, j) => {
    const own = Math.max(1, Math.round((servers * (weights[j] as number)) / all));
    const perServerKw = site.cost.fixedOverheadKw / site.hardware.servers;
    return {
      ...site,
      hardware: { ...site.hardware, servers: own },
      cost: { ...site.cost, fixedOverheadKw: perServerKw * own },
    };
  });
}

/** Busy servers of the busiest slot, were requests spread over sites by these weights. */
function peakLoad(fleet: Fleet, inputs: PlanningInputs, weights: readonly number[]): number {
  const K = fleet.classes.length;
  const all = weights.reduce((a, b) => a + b, 0);
  const meanServerS = fleet.classes.map((_, k) =>
    fleet.sites.reduce(
      (sum, s, j) =>
        sum + (siteWork(s, fleet.classes)[k]?.serverS as number) * ((weights[j] as number) / all),
      0,
    ),
  );
  const perSlot = inputs.demandReqPerS.length / inputs.slotCount;
  let peak = 0;
  for (let t = 0; t < inputs.slotCount; t++) {
    let load = 0;
    for (let i = 0; i < perSlot; i++) {
      load += (inputs.demandReqPerS[t * perSlot + i] as number) * (meanServerS[i % K] as number);
    }
    peak = Math.max(peak, load);
  }
  return peak;
}

/** With a class more, a fifth of all requests, that is like the first but may wait for some hours. */
export function withWaitingWork({ fleet, inputs }: World, maxDelayHours: number): World {
  const [first] = fleet.classes as [RequestClass];
  if (fleet.classes.some(mayWait)) return { fleet, inputs };
  const { ttftSloMs: _, ...like } = first;
  const id = 'may-wait';
  const perMillion = fleet.demand.meanReqPerSPerMillion;
  const now = Object.values(perMillion).reduce((a, b) => a + b, 0);
  const shape = fleet.demand.hourlyShape[first.id];
  const grown: Fleet = {
    ...fleet,
    classes: [...fleet.classes, { ...like, id, name: 'Work that may wait', maxDelayHours }],
    demand: {
      meanReqPerSPerMillion: { ...perMillion, [id]: now / 4 },
      hourlyShape: { ...fleet.demand.hourlyShape, ...(shape && { [id]: shape }) },
    },
  };
  const { startUtcMs, slotCount, slotHours } = inputs;
  const demandReqPerS = expectedDemand(publicFleet(grown), startUtcMs, slotCount, slotHours);
  return { fleet: grown, inputs: { ...inputs, demandReqPerS } };
}

/** Share of capacity lost for each degree above a temperature: servers throttle, halls run out of air. */
export interface Derating {
  aboveC: number;
  perC: number;
}

/** Less capacity in hot hours, known to every policy, as maintenance would be. */
export function withDerating(world: World, { aboveC, perC }: Derating): World {
  const { inputs } = world;
  const utc = (t: number) => new Date(slotUtcMs(inputs, t)).toISOString();
  return withSites(world, (site, j) => {
    const { tempC } = inputs.sites[j] as PlanningInputs['sites'][number];
    const hot = [...tempC.keys()].filter((t) => (tempC[t] as number) > aboveC);
    const maintenance = hot.map((t) => ({
      from: utc(t),
      to: utc(t + 1),
      capacityShare: Math.max(0.5, 1 - perC * ((tempC[t] as number) - aboveC)),
    }));
    return { ...site, maintenance };
  });
}

/** Means of the demand over the span, requests a second. */
export function meanDemandReqPerS({ inputs }: World): number {
  return inputs.demandReqPerS.reduce((a, b) => a + b, 0) / inputs.slotCount;
}

/** Requests of the whole span. */
export function requestsOf({ inputs }: World): number {
  return inputs.demandReqPerS.reduce((a, b) => a + b, 0) * inputs.slotHours * SECONDS_PER_HOUR;
}
