import { z } from 'zod';
import { objectivePricesSchema, type PublicFleet } from '../model/fleet.ts';
import { overridesSchema } from '../model/overrides.ts';
import { type MeasuredSpeed, measuredSpeedSchema } from '../model/speed.ts';
import { KG_PER_TONNE, L_PER_KL, MS_PER_HOUR, SECONDS_PER_HOUR } from '../model/units.ts';
import type { RowImpacts } from '../optimizer/impacts.ts';
import type { DispatchProblem } from '../optimizer/problem.ts';
import type { RoundReport } from '../optimizer/state.ts';
import { batchOutcomeSchema } from './batch-outcome.ts';
import type { PlanningInputs } from './inputs.ts';
import { jobOutcomeSchema, MOST_JOBS } from './jobs.ts';
import type { PutOff } from './put-off.ts';
import type { SiteHours } from './site-hours.ts';

/**
 * What routers obey: for every slot, the share of each zone's traffic in a class by site. Plans are
 * stored, and after a rollback read by a version older than the one that wrote them: no object of
 * theirs is strict, so that what a later version added is passed over. What is known is checked.
 */

const provenanceSchema = z.object({
  source: z.string(),
  placeholder: z.boolean(),
  ageH: z.number().min(0).optional(),
  fallbackSlots: z.int().min(0).optional(),
  fault: z.string().optional(),
});

const demandSourceSchema = provenanceSchema.extend({
  band: z.array(z.tuple([z.number().min(0), z.number().min(0)])).optional(),
});

/** A round as the plan remembers it: docs/algorithm.md says what the figures mean. */
const traceRoundSchema = z.object({
  round: z.int().min(1),
  mode: z.enum(['learned', 'supply', 'classic']),
  objectiveAud: z.number().optional(),
  lowerBoundAud: z.number().optional(),
  gap: z.number().min(0).optional(),
  primalResidual: z.number().min(0).optional(),
  dualResidual: z.number().min(0).optional(),
  penalty: z.number().min(0).optional(),
  answered: z.int().min(0),
  missing: z.array(z.string()),
  /** Why, in the order of `missing`; absent in plans of versions that kept none. */
  reasons: z.array(z.string()).optional(),
  /** From the first question to the next proposal, and until the slowest site had answered. */
  wallMs: z.number().min(0).optional(),
  slowestMs: z.number().min(0).optional(),
  slowestSite: z.string().optional(),
});
export type TraceRound = z.output<typeof traceRoundSchema>;

/** Characters kept of what a solver said. */
const MOST_OF_REASON = 120;

/** What is kept of a round's report. */
export function traceRound(report: RoundReport): TraceRound {
  const { round, mode, certificate, residuals, answered, missing } = report;
  const { wallMs, slowestMs, slowestSite } = report;
  return {
    round,
    mode,
    ...(certificate && Number.isFinite(certificate.gap) && certificate),
    ...residuals,
    answered,
    missing: missing.map((m) => m.site),
    ...(missing.length > 0 && { reasons: missing.map((m) => m.reason.slice(0, MOST_OF_REASON)) }),
    ...(wallMs !== undefined && { wallMs, slowestMs, slowestSite }),
  };
}

const planSiteSchema = z.object({
  site: z.string(),
  /** Share of all requests of the horizon. */
  share: z.number().min(0).max(1),
  /** Means over the horizon. */
  utilisation: z.number().min(0).max(1),
  tempC: z.number(),
  carbonKgPerKwh: z.number(),
  sources: z.object({
    weather: provenanceSchema,
    price: provenanceSchema,
    carbon: provenanceSchema,
    water: provenanceSchema,
  }),
  /** Where the site's solver ran, by its `cf-placement` header; absent where there is none. */
  placement: z.string().optional(),
  /** What it was measured to take, where anything was; the plan is made for that. */
  speed: measuredSpeedSchema.optional(),
});

const budgetReportSchema = z.object({
  of: z.enum(['carbonKg', 'waterL']),
  limit: z.number().positive(),
  /** What the plan comes to, in the unit of its name. */
  amount: z.number(),
  /** AUD per t or kL, above the objective's own: what the last unit within the budget saves. */
  shadowPrice: z.number().min(0),
  /** Over the limit even at the highest price; 0 where the budget is kept. */
  missedBy: z.number().min(0),
});
export type BudgetReport = z.output<typeof budgetReportSchema>;

export const planHeaderSchema = z.object({
  schemaVersion: z.literal(1),
  version: z.int().positive(),
  runId: z.string(),
  createdUtcMs: z.number(),
  startUtcMs: z.number(),
  slotCount: z.int().min(1),
  slotHours: z.number().positive(),
  certificate: z.object({
    objectiveAud: z.number(),
    lowerBoundAud: z.number(),
    gap: z.number().min(0),
  }),
  rounds: z.int().min(1),
  /** Round by round; absent in plans of versions that kept none. */
  trace: z.array(traceRoundSchema).max(1000).optional(),
  mode: z.enum(['learned', 'supply', 'classic']),
  stopReason: z.enum(['gap', 'rounds', 'deadline']),
  /** Sites the plan does without, with the reason. */
  excluded: z.array(z.object({ site: z.string(), reason: z.string() })),
  /** Share of served requests, but for those that may wait, that their zone's nearest site serves. */
  nearestShare: z.number().min(0).max(1),
  /** Share of requests nobody can serve: capacity or SLOs fall short. */
  unservedShare: z.number().min(0).max(1),
  /** Of each class that may wait; absent where none may. */
  batch: z.array(batchOutcomeSchema).max(32).optional(),
  /** Jobs it was made for, and when each is served; absent without. */
  jobs: z.array(jobOutcomeSchema).max(MOST_JOBS).optional(),
  /** Why it lacks jobs of a plan before: kept until they are sent again, or an empty list; absent where it does not. */
  jobsFault: z.string().optional(),
  /** Slots whose limits on rises over the plan before were relaxed to serve all; absent without. */
  rampRelaxedSlots: z.array(z.int().min(0)).optional(),
  /** Why no rise over the plan before was limited, though there is one; absent where it was. */
  rampFault: z.string().optional(),
  /** What became of each budget; absent where there was none. */
  budgets: z.array(budgetReportSchema).max(2).optional(),
  /** What all sites of the plan come to; absent, or without energy, where a site does not disclose it. */
  impacts: z
    .object({
      carbonKg: z.number(),
      waterL: z.number(),
      energyKwh: z.number().optional(),
      energyAud: z.number().optional(),
    })
    .optional(),
  /** Prices of carbon and water it was made at; absent in plans of versions that kept none. */
  impactPrices: objectivePricesSchema
    .pick({ carbonAudPerT: true, waterAudPerKl: true })
    .strip()
    .optional(),
  /** What the operator had set over the registry; absent before the first such change. */
  overrides: overridesSchema.optional(),
  /** Where the demand comes from that it was made for; absent in plans of versions that kept none. */
  demand: demandSourceSchema.optional(),
  /** Why measured speeds were not taken in; absent where they were, or should not be. */
  speedsFault: z.string().optional(),
  sites: z.array(planSiteSchema),
});
export type PlanHeader = z.output<typeof planHeaderSchema>;
export type PlanSite = z.output<typeof planSiteSchema>;

/** What sites were measured to take, as a plan was made for it. */
export function speedsOf({
  sites = [],
}: Partial<Pick<PlanHeader, 'sites'>>): Record<string, MeasuredSpeed> {
  return Object.fromEntries(sites.flatMap(({ site, speed }) => (speed ? [[site, speed]] : [])));
}

/** Class id to zone id to [site id, share]; the shares of a zone add up to one. */
export const planSharesSchema = z
  .record(z.string(), z.record(z.string(), z.array(z.tuple([z.string(), z.number().min(0)]))))
  .refine(
    (classes) =>
      Object.values(classes).every((zones) =>
        Object.values(zones).every((sites) => {
          const sum = sites.reduce((a, [, share]) => a + share, 0);
          return sites.length === 0 || Math.abs(sum - 1) < 1e-6;
        }),
      ),
    { message: 'shares of a zone must add up to 1' },
  );
export type PlanShares = z.output<typeof planSharesSchema>;

/** Demand of a slot, class id to zone id to req/s; none where a zone is absent. */
export const planDemandSchema = z.record(z.string(), z.record(z.string(), z.number().min(0)));
export type PlanDemand = z.output<typeof planDemandSchema>;

/** Class id to zone id to a figure per request. */
const perRequestSchema = z.record(z.string(), z.record(z.string(), z.number()));
type PerRequest = z.output<typeof perRequestSchema>;

/** What one request more would cost, and carbon and water of it where sites disclose them. */
const slotPricesSchema = z.object({
  audPerRequest: perRequestSchema,
  carbonKgPerRequest: perRequestSchema.optional(),
  waterLPerRequest: perRequestSchema.optional(),
});
export type SlotPrices = z.output<typeof slotPricesSchema>;

/** The same as stored, older plans' bare `audPerRequest` included (no class has that name). */
export const planPricesSchema = z.union([
  slotPricesSchema,
  perRequestSchema.transform((audPerRequest): SlotPrices => ({ audPerRequest })),
]);

/**
 * Marginal prices of one slot: the dual prices of its demand rows, per request. Network time, the
 * serving site's energy, carbon, water and queue, and the rent of capacity that is short, together;
 * never above the price of an unserved request.
 * @param rows AUD per (req/s) and slot, index i·K + k
 * @param impacts kg and L per (req/s) and slot at the sites that set those prices
 */
export function pricesOf(
  fleet: PublicFleet,
  rows: Float64Array,
  slotHours: number,
  impacts?: RowImpacts,
): SlotPrices {
  const K = fleet.classes.length;
  const perRequest = (values: Float64Array) =>
    Object.fromEntries(
      fleet.classes.map((cls, k) => [
        cls.id,
        Object.fromEntries(
          fleet.zones.map((zone, i) => [
            zone.id,
            (values[i * K + k] as number) / (SECONDS_PER_HOUR * slotHours),
          ]),
        ),
      ]),
    );
  return {
    audPerRequest: perRequest(rows),
    ...(impacts && {
      carbonKgPerRequest: perRequest(impacts.carbonKg),
      waterLPerRequest: perRequest(impacts.waterL),
    }),
  };
}

/** Marginal prices with the AUD that carbon and water come to in them. */
export function pricesWithParts(slot: SlotPrices, prices: PlanHeader['impactPrices']) {
  const times = (figures: PerRequest | undefined, aud: number) =>
    figures &&
    Object.fromEntries(
      Object.entries(figures).map(([cls, zones]) => [
        cls,
        Object.fromEntries(Object.entries(zones).map(([zone, v]) => [zone, v * aud])),
      ]),
    );
  return {
    ...slot,
    ...(prices &&
      slot.carbonKgPerRequest && {
        carbonAudPerRequest: times(slot.carbonKgPerRequest, prices.carbonAudPerT / KG_PER_TONNE),
        waterAudPerRequest: times(slot.waterLPerRequest, prices.waterAudPerKl / L_PER_KL),
      }),
  };
}

export interface Plan {
  header: PlanHeader;
  slots: PlanShares[];
  /** By slot; absent in plans of versions that kept none. */
  siteHours?: SiteHours[];
  /** By slot, what is put off; absent where nothing may wait. */
  putOff?: PutOff[];
  /** By slot, what it was made for; absent in plans of versions that kept none. */
  demand?: PlanDemand[];
  /** By slot, what of that no site has room for; absent where all is served. */
  unserved?: PlanDemand[];
}

/**
 * Shares under this are the noise of an interior-point solution, not a decision. Leaving them out
 * moves the plan's cost by about as little, far inside any certificate asked for.
 */
const SMALLEST_SHARE = 1e-6;

/** Demand of slot t as a plan keeps it, to six digits. */
export function demandOf(
  fleet: PublicFleet,
  { demandReqPerS }: Pick<PlanningInputs, 'demandReqPerS'>,
  t: number,
): PlanDemand {
  const K = fleet.classes.length;
  return Object.fromEntries(
    fleet.classes.map((cls, k) => [
      cls.id,
      Object.fromEntries(
        fleet.zones.map((zone, i) => [
          zone.id,
          Number((demandReqPerS[(t * fleet.zones.length + i) * K + k] as number).toPrecision(6)),
        ]),
      ),
    ]),
  );
}

/** Unserved shares of a row under this are rounding of the optimizer. */
const SMALLEST_UNSERVED = 1e-4;

/**
 * What is unserved of a slot as a plan keeps it, to six digits; zones and classes that are served are
 * left out.
 * @param unserved req/s by row
 */
export function unservedOf(
  fleet: PublicFleet,
  { demandReqPerS }: Pick<PlanningInputs, 'demandReqPerS'>,
  unserved: Float64Array,
  t: number,
): PlanDemand {
  const K = fleet.classes.length;
  return Object.fromEntries(
    fleet.classes.flatMap((cls, k) => {
      const zones = fleet.zones.flatMap((zone, i) => {
        const lost = unserved[i * K + k] as number;
        const asked = demandReqPerS[(t * fleet.zones.length + i) * K + k] as number;
        return lost > SMALLEST_UNSERVED * asked ? [[zone.id, Number(lost.toPrecision(6))]] : [];
      });
      return zones.length > 0 ? [[cls.id, Object.fromEntries(zones)]] : [];
    }),
  );
}

/** Shares of one slot from its flows (req/s by edge). Zones without demand or sites are left out. */
export function sharesOf(fleet: PublicFleet, p: DispatchProblem, flow: Float64Array): PlanShares {
  const shares: PlanShares = {};
  fleet.classes.forEach((cls, k) => {
    const byZone: PlanShares[string] = {};
    fleet.zones.forEach((zone, i) => {
      const r = i * p.classCount + k;
      const from = p.rowStart[r] as number;
      const row = flow.subarray(from, p.rowStart[r + 1] as number);
      const total = row.reduce((a, x) => a + x, 0);
      if (!(total > 0)) return;
      const kept = Array.from(row, (x, n) => ({ x, site: p.edgeSite[from + n] as number }))
        .filter(({ x }) => x / total >= SMALLEST_SHARE)
        .sort((a, b) => b.x - a.x);
      const sum = kept.reduce((a, { x }) => a + x, 0);
      byZone[zone.id] = kept.map(({ x, site }) => [fleet.sites[site]?.id as string, x / sum]);
    });
    shares[cls.id] = byZone;
  });
  return shares;
}

/**
 * The slot of a plan that holds at an instant. Before the horizon the first; past it, the same hour
 * of the day: a plan outlives a dead optimizer, with yesterday's weather.
 */
export function slotAt(header: PlanHeader, utcMs: number): { slot: number; stale: boolean } {
  const slot = Math.floor((utcMs - header.startUtcMs) / (header.slotHours * MS_PER_HOUR));
  if (slot < 0) return { slot: 0, stale: false };
  if (slot < header.slotCount) return { slot, stale: false };
  const perDay = Math.round(24 / header.slotHours);
  return { slot: perDay <= header.slotCount ? slot % perDay : header.slotCount - 1, stale: true };
}
