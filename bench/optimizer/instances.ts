import { batterySchema } from '../../src/core/model/battery.ts';
import { type Fleet, publicFleet, type Site } from '../../src/core/model/fleet.ts';
import { solarSchema } from '../../src/core/model/solar.ts';
import { MS_PER_HOUR } from '../../src/core/model/units.ts';
import type { SiteCapability } from '../../src/core/optimizer/problem.ts';
import { assembleDispatch, assembleSites } from '../../src/core/planning/assemble.ts';
import type { PlanningInputs } from '../../src/core/planning/inputs.ts';
import { embeddedInputs } from '../../src/feeds/embedded/index.ts';
import { readFleetFile } from '../../src/local/fleet-file.ts';
import { slice } from '../../src/sim/backtest.ts';
import { readDataset } from '../../src/sim/dataset.ts';
import { withTariff } from '../../src/sim/overrides.ts';
import type { Instance } from '../../test/core/support/instances.ts';
import { dice } from '../../test/core/support/random.ts';
import { cappedInstance } from './capped-instance.ts';
import { edgeInstance } from './edge-instance.ts';

/** A named problem: one or more independent days, each optimized by itself. */
export interface NamedInstance {
  name: string;
  summary: string;
  /** Runs only where a folder of series is given. */
  needsData?: true;
  /** Slots depend on one another: more rounds are allowed. */
  coupled?: true;
  /** Too large for the reference solver, or for classic rounds, in reasonable time. */
  without?: ('highs' | 'classic')[];
  /** Most master ms a round of a cold run, and least CPU of HiGHS over that of the run. */
  musts?: { masterMsPerRound?: number; ratio?: number };
  days(dataDir: string | undefined): Promise<{ label: string; instance: Instance }[]>;
}

const HOURS = 24;

export const instances: NamedInstance[] = [
  {
    name: 'au-14',
    summary: 'the embedded fleet, a mid-season day each',
    days: async () => auDays(await readFleetFile()),
  },
  {
    name: 'edge-40',
    summary: '40 zones, 40 sites, 3 classes, 24 slots, every zone may use every site',
    days: async () => seeded([1, 2, 3, 4, 5], { zones: 40, sites: 40, classes: 3, slots: HOURS }),
    musts: { masterMsPerRound: 50 },
  },
  {
    name: 'edge-200',
    summary: '200 zones, 200 sites, 3 classes, 24 slots, 12 candidate sites a zone',
    days: async () =>
      seeded([1, 2], { zones: 200, sites: 200, classes: 3, slots: HOURS, candidates: 12 }),
    musts: { masterMsPerRound: 1000, ratio: 10 },
  },
  {
    name: 'edge-1000',
    summary: '1000 zones, 1000 sites, 2 classes, 24 slots, 12 candidate sites a zone',
    days: async () =>
      seeded([1], { zones: 1000, sites: 1000, classes: 2, slots: HOURS, candidates: 12 }),
    without: ['highs', 'classic'],
  },
  {
    name: 'au-14-battery',
    summary: 'au-14 with a battery, solar power and a demand charge at every site',
    days: async () => auDays(await batteryFleet()),
    coupled: true,
    without: ['highs'],
  },
  {
    name: 'edge-40-caps',
    summary: 'edge-40 with a daily cap of water or carbon at three sites of four',
    days: async () =>
      [1].map((seed) => ({
        label: `seed ${seed}`,
        instance: cappedInstance(seed, { zones: 40, sites: 40, classes: 3, slots: HOURS }),
      })),
    coupled: true,
    without: ['highs', 'classic'],
  },
  {
    name: 'au-2022',
    summary: '364 days of 2022, spot prices, sites with weather; prices end within the 365th (UTC)',
    needsData: true,
    days: async (dataDir) => daysOf2022(dataDir as string),
    without: ['highs'],
  },
];

/** A day of each season. */
function auDays(fleet: Fleet): { label: string; instance: Instance }[] {
  return ['2026-01-15', '2026-04-15', '2026-07-15', '2026-10-15'].map((label) => {
    const start = Date.parse(`${label}T00:00Z`);
    const inputs = embeddedInputs(publicFleet(fleet), start, HOURS);
    return { label, instance: assembled(fleet, inputs) };
  });
}

/**
 * The embedded fleet, each site with a battery of two hours at half its servers' power, solar modules
 * of as much, and a demand charge on what it draws beyond two thirds of that.
 */
async function batteryFleet(): Promise<Fleet> {
  const fleet = await readFleetFile();
  return {
    ...fleet,
    sites: fleet.sites.map((site): Site => {
      const kw = (SERVER_KW * site.hardware.servers) / 2;
      return {
        ...site,
        cost: {
          ...site.cost,
          battery: batterySchema.parse({ capacityKwh: 2 * kw, chargeKw: kw, dischargeKw: kw }),
          solar: solarSchema.parse({ kind: 'array', peakKw: kw, cloudCover: 0.3 }),
          demandCharge: { audPerKwMonth: 12, paidKw: (2 * kw) / 3 },
        },
      };
    }),
  };
}

/** Whole server at work, about that of the embedded hardware. */
const SERVER_KW = 5;

function seeded(seeds: number[], shape: Parameters<typeof edgeInstance>[1]) {
  return seeds.map((seed) => ({ label: `seed ${seed}`, instance: edgeInstance(seed, shape) }));
}

async function daysOf2022(dataDir: string): Promise<{ label: string; instance: Instance }[]> {
  const registry = withTariff(await readFleetFile(), 'spot');
  // AEMO's year is of UTC+10: of 31 December UTC, prices cover 14 hours.
  const hours = 364 * HOURS;
  const { fleet, inputs } = readDataset(dataDir, registry, {
    startUtcMs: Date.parse('2022-01-01T00:00Z'),
    hours,
  });
  return Array.from({ length: hours / HOURS }, (_, day) => {
    const block = slice(inputs, day * HOURS, (day + 1) * HOURS);
    return {
      label: new Date(inputs.startUtcMs + day * HOURS * MS_PER_HOUR).toISOString().slice(0, 10),
      instance: assembled(fleet, block),
    };
  });
}

function assembled(fleet: Fleet, inputs: PlanningInputs): Instance {
  const problem = assembleDispatch(publicFleet(fleet), inputs, inputs.demandReqPerS);
  misinform(problem.sites);
  return {
    problem,
    sites: assembleSites(fleet, inputs),
  };
}

/**
 * The embedded registry describes its own sites' queues exactly, which no operator's does: the
 * coordinator is told up to twice or half the true variability and price of waiting.
 */
function misinform(sites: SiteCapability[]): void {
  const d = dice(7);
  for (const site of sites) {
    const { servers, variability, costAudPerWaiting } = site.prior;
    site.prior = {
      servers,
      variability: variability * 2 ** d.uniform(-1, 1),
      costAudPerWaiting: costAudPerWaiting * 2 ** d.uniform(-1, 1),
    };
  }
}
