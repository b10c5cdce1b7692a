import fleetJson from '../../../config/fleet.json' with { type: 'json' };
import {
  type Fleet,
  fleetSchema,
  publicFleet,
  type RequestClass,
  type Site,
} from '../../../src/core/model/fleet.ts';
import { assembleDispatch, assembleSites } from '../../../src/core/planning/assemble.ts';
import { expectedDemand, type PlanningInputs } from '../../../src/core/planning/inputs.ts';
import type { Instance } from './instances.ts';
import { dice } from './random.ts';

/** The fleet the package ships, parsed. A new copy each time. */
export function embeddedFleet(): Fleet {
  return fleetSchema.parse(fleetJson);
}

/** One class, one zone and one site in Sydney: small enough for hand computation. */
export function tinyFleet(change: (fleet: Fleet) => void = () => {}): Fleet {
  const fleet = embeddedFleet();
  // All prompts alike, and an M/M/c queue.
  const [{ promptTokens: _, ...chat }] = fleet.classes as [RequestClass];
  fleet.classes = [{ ...chat, arrivalScv: 1, serviceScv: 1 }];
  fleet.zones = fleet.zones.slice(0, 1);
  fleet.sites = fleet.sites.slice(0, 1);
  const site = fleet.sites[0] as Site;
  site.hardware = { profile: 'h100-tp8', servers: 4, batch: 32 };
  site.cost = {
    cooling: { kind: 'fixed', ppue: 1.25, onSiteWaterLPerKwh: 1.5 },
    tariff: { kind: 'flat', rateAudPerKwh: 0.2 },
    idle: 'always-on',
    sleepServerKw: 0.06,
    fixedOverheadKw: 2,
  };
  change(fleet);
  return fleet;
}

const SOURCE = { source: 'test', placeholder: false };

/** Inputs that are the same in every slot. */
export function constantInputs(
  fleet: Fleet,
  values: {
    slotCount?: number;
    slotHours?: number;
    startUtcMs?: number;
    tempC?: number;
    rhPct?: number;
    spotAudPerMwh?: number;
    carbonKgPerKwh?: number;
    gridWaterLPerKwh?: number;
    demandReqPerS?: number;
  } = {},
): PlanningInputs {
  const T = values.slotCount ?? 1;
  const slotHours = values.slotHours ?? 1;
  const startUtcMs = values.startUtcMs ?? Date.parse('2026-01-15T00:00Z');
  const fill = (v: number) => new Float64Array(T).fill(v);
  return {
    startUtcMs,
    slotCount: T,
    slotHours,
    sites: fleet.sites.map(() => ({
      tempC: fill(values.tempC ?? 20),
      rhPct: fill(values.rhPct ?? 50),
      spotAudPerMwh: fill(values.spotAudPerMwh ?? Number.NaN),
      carbonKgPerKwh: fill(values.carbonKgPerKwh ?? 0.5),
      gridWaterLPerKwh: fill(values.gridWaterLPerKwh ?? 1),
      sources: { weather: SOURCE, price: SOURCE, carbon: SOURCE, water: SOURCE },
    })),
    demandReqPerS:
      values.demandReqPerS === undefined
        ? expectedDemand(publicFleet(fleet), startUtcMs, T, slotHours)
        : new Float64Array(T * fleet.zones.length * fleet.classes.length).fill(
            values.demandReqPerS,
          ),
  };
}

/** A random fleet of up to six sites with random weather, prices and demand; every site eligible. */
export function randomFleet(
  seed: number,
  utilisation: number,
  slotCount = 3,
): { fleet: Fleet; inputs: PlanningInputs } {
  const d = dice(seed);
  const fleet = embeddedFleet();
  const J = d.integer(2, 6);
  const first = d.integer(0, 14 - J);
  fleet.sites = fleet.sites.slice(first, first + J);
  fleet.zones = fleet.zones.slice(first, first + J);
  for (const cls of fleet.classes) cls.ttftSloMs = 5000;
  for (const site of fleet.sites) {
    site.hardware.servers = d.integer(2, 12);
    site.cost.idle = d.chance(0.5) ? 'sleep' : 'always-on';
    site.cost.cooling = d.chance(0.5)
      ? site.cost.cooling
      : {
          kind: 'adiabatic',
          switchAboveC: 25,
          padEffectiveness: 0.7,
          fanOverhead: 0.07,
          ratedCop: 3,
        };
    if (d.chance(0.5)) {
      site.cost.tariff = { kind: 'spot', networkAudPerKwh: 0.05, fallbackAudPerKwh: 0.15 };
    }
  }
  fleet.prices.timeAudPerUserHour = d.uniform(0.1, 2);
  const inputs = constantInputs(fleet, { slotCount });
  for (const series of inputs.sites) {
    for (let t = 0; t < inputs.slotCount; t++) {
      series.tempC[t] = d.uniform(2, 42);
      series.rhPct[t] = d.uniform(15, 95);
      series.spotAudPerMwh[t] = d.chance(0.1) ? Number.NaN : d.uniform(-150, 400);
      series.carbonKgPerKwh[t] = d.uniform(0.05, 0.9);
    }
  }
  const K = fleet.classes.length;
  const capacity = fleet.sites.reduce((s, x) => s + x.hardware.servers * x.maxUtilisation, 0);
  for (let i = 0; i < inputs.demandReqPerS.length; i++) {
    // About 0.37 busy servers per req/s of chat and 0.20 of code.
    const share = (utilisation * capacity) / (J * K * 0.3);
    inputs.demandReqPerS[i] = share * d.uniform(0.5, 1.5);
  }
  for (const site of fleet.sites) {
    if (d.chance(0.3)) site.headroomServers = d.uniform(0, 0.2) * site.hardware.servers;
  }
  if (d.chance(0.5)) fleet.prices.lateAudPerRequest = 10 ** d.uniform(-4, -1.5);
  return { fleet, inputs };
}

/** The same fleet with class k's work able to wait. */
export function letWait(fleet: Fleet, k: number, maxDelayHours: number): Fleet {
  const classes = fleet.classes.map((cls, n) =>
    n === k ? { ...cls, ttftSloMs: undefined, maxDelayHours } : cls,
  );
  return { ...fleet, classes };
}

/** The embedded fleet with a third class, a fifth of all requests, that may wait for eight hours. */
export function fleetWithDigest(): Fleet {
  const { demand, ...fleet } = embeddedFleet();
  const digest = { ...fleet.classes[0], id: 'digest', model: 'isotherm-digest' };
  const served = { 'isotherm-digest': 'llama-2-70b-chat' };
  return fleetSchema.parse({
    ...fleet,
    classes: [...fleet.classes, { ...digest, ttftSloMs: undefined, maxDelayHours: 8 }],
    sites: fleet.sites.map((s) => ({
      ...s,
      upstream: { ...s.upstream, models: { ...s.upstream.models, ...served } },
    })),
    demand: {
      meanReqPerSPerMillion: { ...demand.meanReqPerSPerMillion, digest: 0.85 },
      hourlyShape: { ...demand.hourlyShape, digest: demand.hourlyShape.chat },
    },
  });
}

/** The optimizer's view of a fleet and its inputs. */
export function assemble(fleet: Fleet, inputs: PlanningInputs): Instance {
  return {
    problem: assembleDispatch(publicFleet(fleet), inputs, inputs.demandReqPerS),
    sites: assembleSites(fleet, inputs),
  };
}
