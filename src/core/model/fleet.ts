import { z } from 'zod';
import { batterySchema } from './battery.ts';
import { coolingSchema } from './cooling/index.ts';
import { feedsSchema, siteFeedsSchema } from './feeds.ts';
import { hardwareIds } from './hardware.ts';
import { maintenanceSchema } from './maintenance.ts';
import { registryId } from './registry-id.ts';
import { requestClassSchema } from './request-class.ts';
import { demandChargeSchema, siteLimitsSchema } from './site-limits.ts';
import { siteClimateSchema, siteGridSchema } from './site-place.ts';
import { solarSchema } from './solar.ts';
import { solverOf } from './solver-name.ts';
import type { SiteSpeed, WorkSpeed } from './speed.ts';
import { tariffSchema } from './tariff.ts';
import { isTimeZone } from './time.ts';

/** The site registry: who serves, who asks, and what things are worth. One JSON file. */

const id = registryId;

const timeZone = z.string().refine(isTimeZone, {
  error: ({ input }) =>
    `must be an IANA time zone such as Europe/Oslo, is ${JSON.stringify(String(input).slice(0, 64))}`,
});

const place = {
  id,
  name: z.string().min(1).max(64),
  latDeg: z.number().min(-90).max(90),
  lonDeg: z.number().min(-180).max(180),
  timeZone,
};

export type { RequestClass } from './request-class.ts';

/** How much longer than at its nearest site a zone may have to wait for the others' savings. */
const fairnessSchema = z.strictObject({
  /** Of a site's TTFT at zero load over the least that any eligible site has, ms. */
  maxExtraTtftMs: z.number().min(0).max(60_000),
});

/** How fast traffic may move from one plan to the next. */
const rampSchema = z.strictObject({
  /** A site's load in an hour may rise by this share of its capacity over the standing plan's. */
  maxRisePerPlan: z.number().positive().max(1),
});

export const zoneSchema = z.strictObject({
  ...place,
  population: z.number().positive(),
  /** Data residency: only these sites may serve the zone. Absent: any. */
  allowedSites: z.array(id).min(1).optional(),
  /** In place of the fleet's. */
  fairness: fairnessSchema.optional(),
});
export type Zone = z.output<typeof zoneSchema>;

/** What a site keeps to itself: read by its own solver only. */
export const siteCostSchema = z.strictObject({
  cooling: coolingSchema,
  tariff: tariffSchema,
  /** `sleep`: servers beyond load and headroom sleep while a waking one costs more. */
  idle: z.enum(['always-on', 'sleep']),
  /** Power of a sleeping server, in kW. */
  sleepServerKw: z.number().min(0).max(20).default(0.06),
  /** Lighting, security, switchgear: independent of load and weather, in kW. */
  fixedOverheadKw: z.number().min(0).max(10_000).default(0),
  battery: batterySchema.optional(),
  solar: solarSchema.optional(),
  limits: siteLimitsSchema.optional(),
  demandCharge: demandChargeSchema.optional(),
  /**
   * Where its solver asks how the plant is, and what meters read, when a plan is made: plant-state.ts.
   * Without it every plan begins with `battery.initialKwh`, `demandCharge.paidKw` and all of its daily caps.
   */
  plantStateUrl: z
    .url({ protocol: /^https$/, error: 'must be an https URL' })
    .max(500)
    .optional(),
  /** What a kWh into the grid earns; without it, none is fed in. */
  feedInAudPerKwh: z.number().min(0).max(5).optional(),
  /**
   * The most it tells of what its requests take, should it be asked: nothing beside costs, also carbon
   * and water (`impacts`), or also energy and what that costs at its tariff (`all`, the default).
   */
  discloses: z.enum(['costs', 'impacts', 'all']).optional(),
});
export type SiteCost = z.output<typeof siteCostSchema>;

/** Whether anything joins the site's slots, or takes part of its power from elsewhere than the grid. */
export function hasPlant(cost: SiteCost): boolean {
  return [cost.battery, cost.solar, cost.limits, cost.demandCharge].some((x) => x !== undefined);
}

/** As the platform reads it: schemes may be in capitals. */
function namesUser(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { username, password } = new URL(url);
  return username !== '' || password !== '';
}

export const siteSchema = z.strictObject({
  ...place,
  /** Region of the price and carbon feeds, e.g. NSW1. */
  gridRegion: z.string().min(1).max(16),
  /** Station of the embedded climatology; with `climate`, only a name. */
  climateStation: z.string().min(1).max(64),
  /** Climate of a place that the embedded tables do not know. */
  climate: siteClimateSchema.optional(),
  /** Grid of a region that they do not know. */
  grid: siteGridSchema.optional(),
  /** In place of the fleet's. */
  feeds: siteFeedsSchema.optional(),
  /** Cloud region next to the site, for `[placement]`, e.g. aws:ap-southeast-2. */
  placementRegion: z
    .string()
    .regex(/^(aws|gcp|azure):[a-z0-9-]+$/, 'must look like aws:ap-southeast-2'),
  /** Solver Worker that answers for it and for every site that names the same. Absent: its own. */
  solver: id.optional(),
  upstream: z.strictObject({
    /** Root of an OpenAI-compatible server; `/v1/…` is appended. */
    baseUrl: z
      .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
      .refine((url) => !/\/v1\/*$/.test(url), {
        error: 'must be without /v1, which the router adds',
      })
      .refine((url) => !/[?#]/.test(url) && !namesUser(url), {
        error: 'must be without user, query and fragment, since the router appends a path',
      }),
    /** Client-facing model name to the name this site serves it under. */
    models: z.record(z.string(), z.string().min(1)),
  }),
  hardware: z.strictObject({
    profile: z.enum(hardwareIds),
    servers: z.int().min(1).max(100_000),
    /** Sequences batched per server while decoding. */
    batch: z.int().min(1).max(1024).default(32),
  }),
  /** u_max: the plan never loads the site beyond this. */
  maxUtilisation: z.number().min(0.05).max(0.98).default(0.85),
  /** Busy servers' worth of room kept for bursts, awake and out of the plan's reach. Default 0. */
  headroomServers: z.number().min(0).max(100_000).optional(),
  state: z.enum(['active', 'drained']).default('active'),
  /** Spans with less capacity, or none; plans move the load in time. */
  maintenance: z.array(maintenanceSchema).max(200).optional(),
  cost: siteCostSchema,
});
export type Site = z.output<typeof siteSchema>;

/** Each weight of the objective is a price an operator can argue about. */
export const objectivePriceSchemas = {
  carbonAudPerT: z.number().min(0).max(100_000),
  waterAudPerKl: z.number().min(0).max(100_000),
  /** Value of a user's waiting time (network, queue and prefill). */
  timeAudPerUserHour: z.number().min(0).max(10_000),
  /** Price of a request nobody can serve; far above any site's cost, always reported. */
  unservedAudPerRequest: z.number().positive().max(1000),
  /** Price of a request expected to wait too long for its SLO, as lateness.ts counts them; 0: none. */
  lateAudPerRequest: z.number().min(0).max(1000),
};
export const objectivePricesSchema = z.strictObject({
  ...objectivePriceSchemas,
  unservedAudPerRequest: objectivePriceSchemas.unservedAudPerRequest.default(0.05),
  lateAudPerRequest: objectivePriceSchemas.lateAudPerRequest.default(0),
});
export type ObjectivePrices = z.output<typeof objectivePricesSchema>;

export const demandSchema = z.strictObject({
  /** Mean over the day, requests per second and million inhabitants, by class id. */
  meanReqPerSPerMillion: z.record(id, z.number().min(0)),
  /** By class id: 24 multipliers by the zone's local hour, mean 1. */
  hourlyShape: z.record(id, z.array(z.number().min(0)).length(24)),
});

/**
 * Sites a zone's requests of a class may use: so many of the eligible ones, the nearest. Absent: all.
 * A plan has a variable for each of them in every slot, so large fleets need it.
 */
const sitesPerZone = z.int().min(1).max(5000).optional();

/** Places in a list that repeat an earlier entry. */
function repeats(values: string[]): number[] {
  return values.flatMap((x, i) => (values.indexOf(x) < i ? i : []));
}

export const fleetSchema = z
  .strictObject({
    $schema: z.string().optional(),
    schemaVersion: z.literal(1),
    name: z.string().min(1).max(64),
    prices: objectivePricesSchema,
    fairness: fairnessSchema.optional(),
    ramp: rampSchema.optional(),
    classes: z.array(requestClassSchema).min(1).max(32),
    zones: z.array(zoneSchema).min(1).max(5000),
    sites: z.array(siteSchema).min(1).max(5000),
    sitesPerZone,
    /** Live sources of weather, prices and carbon. Absent: none. */
    feeds: feedsSchema.optional(),
    demand: demandSchema,
  })
  .superRefine((fleet, ctx) => {
    for (const list of ['classes', 'zones', 'sites'] as const) {
      for (const i of repeats(fleet[list].map((x) => x.id))) {
        const message = `"${fleet[list][i]?.id}" is used twice`;
        ctx.addIssue({ code: 'custom', path: [list, i, 'id'], message });
      }
    }
    fleet.sites.forEach(({ hardware, maxUtilisation, headroomServers = 0 }, j) => {
      const most = hardware.servers * maxUtilisation;
      if (headroomServers < most) return;
      const message = `must be less than servers × maxUtilisation, ${most}: no load would be left`;
      ctx.addIssue({ code: 'custom', path: ['sites', j, 'headroomServers'], message });
    });
    const names = fleet.classes.flatMap((c, k) => [
      { name: c.model, path: ['classes', k, 'model'] },
      ...(c.aliases ?? []).map((name, n) => ({ name, path: ['classes', k, 'aliases', n] })),
    ]);
    for (const i of repeats(names.map((n) => n.name))) {
      ctx.addIssue({
        code: 'custom',
        path: names[i]?.path,
        message: `"${names[i]?.name}" is used twice, so requests could not be told apart`,
      });
    }
    const regions = new Map<string, PublicSite>();
    fleet.sites.forEach((site, j) => {
      const first = regions.get(solverOf(site));
      regions.set(solverOf(site), first ?? site);
      if (first === undefined || first.placementRegion === site.placementRegion) return;
      ctx.addIssue({
        code: 'custom',
        path: ['sites', j, 'placementRegion'],
        message:
          `"${site.placementRegion}" is not that of "${first.id}" (${first.placementRegion}), ` +
          `and one Worker, "${solverOf(site)}", is to answer for both`,
      });
    });
    const siteIds = new Set(fleet.sites.map((s) => s.id));
    fleet.zones.forEach((zone, i) => {
      zone.allowedSites?.forEach((site, n) => {
        if (siteIds.has(site)) return;
        ctx.addIssue({
          code: 'custom',
          path: ['zones', i, 'allowedSites', n],
          message: `"${site}" is not a site of this fleet`,
        });
      });
    });
    for (const cls of fleet.classes) {
      for (const table of ['meanReqPerSPerMillion', 'hourlyShape'] as const) {
        if (fleet.demand[table][cls.id] !== undefined) continue;
        ctx.addIssue({
          code: 'custom',
          path: ['demand', table],
          message: `has no entry for class "${cls.id}"`,
        });
      }
      if (!fleet.sites.some((s) => cls.model in s.upstream.models)) {
        ctx.addIssue({
          code: 'custom',
          path: ['classes'],
          message: `no site serves model "${cls.model}" of class "${cls.id}"`,
        });
      }
    }
  });
export type Fleet = z.output<typeof fleetSchema>;

/** A site without its cost data: all that coordinator and router may know. */
export type PublicSite = Omit<Site, 'cost'> & {
  /** Wholesale prices count here; absent where the contract alone does. No more is said of a tariff. */
  paysSpot?: boolean;
  /** Of its capacity, what the operator leaves to plans (overrides.ts). Its solver has to be told. */
  capacityShare?: number;
  /** What it was measured to take, over the registry's hardware (speed.ts). */
  speed?: WorkSpeed & Partial<SiteSpeed>;
};
export type PublicFleet = Omit<Fleet, 'sites'> & { sites: PublicSite[] };

const publicSiteSchema = siteSchema
  .omit({ cost: true })
  .extend({ paysSpot: z.boolean().optional() });
export const publicFleetSchema = z.strictObject({
  schemaVersion: z.literal(1),
  name: z.string(),
  prices: objectivePricesSchema,
  fairness: fairnessSchema.optional(),
  ramp: rampSchema.optional(),
  classes: z.array(requestClassSchema).min(1),
  zones: z.array(zoneSchema).min(1),
  sites: z.array(publicSiteSchema).min(1),
  sitesPerZone,
  feeds: feedsSchema.optional(),
  demand: demandSchema,
});

/** Drops what sites keep to themselves. */
export function publicFleet(fleet: Fleet): PublicFleet {
  const { $schema: _, sites, ...rest } = fleet;
  const open = sites.map(({ cost, ...site }): PublicSite => {
    return cost.tariff.kind === 'spot' ? { ...site, paysSpot: true } : site;
  });
  return { ...rest, sites: open };
}
