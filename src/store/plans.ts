import { desc, eq, lt, max, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import type { z } from 'zod';
import { InvalidInputError, parseInput } from '../core/model/errors.ts';
import {
  type Plan,
  type PlanDemand,
  type PlanHeader,
  type PlanShares,
  planDemandSchema,
  planHeaderSchema,
  planPricesSchema,
  planSharesSchema,
  type SlotPrices,
} from '../core/planning/plan.ts';
import { type PutOff, putOffSchema } from '../core/planning/put-off.ts';
import { type SiteHours, siteHoursSchema } from '../core/planning/site-hours.ts';
import { currentPlan, planSlots, plans } from './schema.ts';

/** Plans kept for the record, fewer of large ones; older ones are deleted as new ones come. */
const KEPT_PLANS = 1000;
/** All plans together, about: D1 holds 10 GB. */
const KEPT_CHARACTERS = 4e9;

/** D1 or a session of it; drizzle needs no more than `prepare` and `batch`. */
type Database = D1Database | D1DatabaseSession;

function open(db: Database) {
  return drizzle(db as D1Database);
}

/** Pauses before publishing again: D1 loses connections and answers now and then. */
const PAUSES_MS = [200, 1000];

/**
 * Writes a plan and makes it current, in one transaction: a reader sees all of it or nothing, and an
 * older version never replaces a newer one. A run publishes once: repeated, this returns what is
 * there. Slots are taken one at a time and kept as text only, since those of a large fleet's plan
 * would fill much of an isolate together. Returns the plan's header, with its version.
 * Throws if a part is invalid or D1 keeps refusing; nothing has changed then.
 */
export async function publishPlan(
  db: D1Database,
  draft: Omit<PlanHeader, 'version'>,
  slots: Iterable<PlanShares>,
  prices?: Iterable<SlotPrices>,
  siteHours?: Iterable<SiteHours>,
  putOff?: Iterable<PutOff>,
  demand?: Iterable<PlanDemand>,
  unserved?: Iterable<PlanDemand>,
): Promise<Pick<Plan, 'header'>> {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await publishOnce(db, draft, slots, prices, siteHours, putOff, demand, unserved);
    } catch (error) {
      if (error instanceof InvalidInputError) throw error;
      console.warn(`publishing run ${draft.runId} failed, trying again: ${error}`);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
  return publishOnce(db, draft, slots, prices, siteHours, putOff, demand, unserved);
}

async function publishOnce(
  db: D1Database,
  draft: Omit<PlanHeader, 'version'>,
  slots: Iterable<PlanShares>,
  prices?: Iterable<SlotPrices>,
  siteHours?: Iterable<SiteHours>,
  putOff?: Iterable<PutOff>,
  demand?: Iterable<PlanDemand>,
  unserved?: Iterable<PlanDemand>,
): Promise<Pick<Plan, 'header'>> {
  const orm = open(db);
  const [known] = await orm
    .select({ header: plans.header })
    .from(plans)
    .where(eq(plans.runId, draft.runId));
  if (known) {
    return { header: parseInput(planHeaderSchema, JSON.parse(known.header), 'stored plan') };
  }
  const latest = await orm.select({ version: max(plans.version) }).from(plans);
  const version = (latest[0]?.version ?? 0) + 1;
  const header = parseInput(planHeaderSchema, { ...draft, version }, 'plan header');
  const shareTexts = Array.from(slots, (s, t) =>
    JSON.stringify(parseInput(planSharesSchema, s, `plan slot ${t}`)),
  );
  const priceTexts = Array.from(prices ?? [], (p) =>
    JSON.stringify(parseInput(planPricesSchema, p, 'plan prices')),
  );
  const siteHourTexts = Array.from(siteHours ?? [], (h) =>
    JSON.stringify(parseInput(siteHoursSchema, h, 'site hours')),
  );
  const putOffTexts = Array.from(putOff ?? [], (o) =>
    JSON.stringify(parseInput(putOffSchema, o, 'what a plan puts off')),
  );
  const demandTexts = Array.from(demand ?? [], (d) =>
    JSON.stringify(parseInput(planDemandSchema, d, 'demand of a plan')),
  );
  const unservedTexts = Array.from(unserved ?? [], (u) =>
    JSON.stringify(parseInput(planDemandSchema, u, 'what a plan leaves unserved')),
  );
  const texts = [shareTexts, priceTexts, siteHourTexts, putOffTexts, demandTexts, unservedTexts];
  const characters = texts.flat().reduce((n, text) => n + text.length, 0);
  const kept = Math.min(KEPT_PLANS, Math.floor(KEPT_CHARACTERS / characters));
  await orm.batch([
    orm.insert(plans).values({
      version,
      runId: header.runId,
      createdUtcMs: header.createdUtcMs,
      startUtcMs: header.startUtcMs,
      gap: header.certificate.gap,
      rounds: header.rounds,
      header: JSON.stringify(header),
    }),
    ...shareTexts.map((shares, slot) =>
      orm.insert(planSlots).values({
        version,
        slot,
        shares,
        prices: priceTexts[slot],
        siteHours: siteHourTexts[slot],
        putOff: putOffTexts[slot],
        demand: demandTexts[slot],
        unserved: unservedTexts[slot],
      }),
    ),
    orm
      .insert(currentPlan)
      .values({ id: 1, version })
      .onConflictDoUpdate({
        target: currentPlan.id,
        set: { version },
        setWhere: sql`excluded.version > ${currentPlan.version}`,
      }),
    orm.delete(plans).where(lt(plans.version, version - kept)),
  ]);
  return { header };
}

/** The version that holds; undefined before the first plan. */
export async function currentVersion(db: Database): Promise<number | undefined> {
  const rows = await open(db).select({ version: currentPlan.version }).from(currentPlan).limit(1);
  return rows[0]?.version;
}

/** Parses a stored column; of text that is not JSON, too: {@link InvalidInputError}. */
function parseStored<S extends z.ZodType>(
  schema: S,
  text: string | null,
  what: string,
): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch (error) {
    throw new InvalidInputError(what, [`not JSON: ${(error as Error).message}`]);
  }
  return parseInput(schema, value, what);
}

/** A whole plan. Throws {@link InvalidInputError} if a stored part does not pass its schema: better none than half of one. */
export async function readPlan(db: Database, version: number): Promise<Plan | undefined> {
  const orm = open(db);
  const [heads, slots] = await orm.batch([
    orm.select({ header: plans.header }).from(plans).where(eq(plans.version, version)),
    orm
      .select({
        shares: planSlots.shares,
        siteHours: planSlots.siteHours,
        putOff: planSlots.putOff,
        demand: planSlots.demand,
        unserved: planSlots.unserved,
      })
      .from(planSlots)
      .where(eq(planSlots.version, version))
      .orderBy(planSlots.slot),
  ]);
  if (heads[0] === undefined) return undefined;
  const what = `stored plan ${version}`;
  const header = parseStored(planHeaderSchema, heads[0].header, what);
  if (slots.length !== header.slotCount) {
    throw new InvalidInputError(what, [`${slots.length} slots, expected ${header.slotCount}`]);
  }
  return {
    header,
    slots: slots.map((s) => parseStored(planSharesSchema, s.shares, what)),
    ...(slots.every((s) => s.siteHours !== null) && {
      siteHours: slots.map((s) => parseStored(siteHoursSchema, s.siteHours, what)),
    }),
    ...(slots.every((s) => s.putOff !== null) && {
      putOff: slots.map((s) => parseStored(putOffSchema, s.putOff, what)),
    }),
    ...(slots.every((s) => s.demand !== null) && {
      demand: slots.map((s) => parseStored(planDemandSchema, s.demand, what)),
    }),
    ...(slots.every((s) => s.unserved !== null) && {
      unserved: slots.map((s) => parseStored(planDemandSchema, s.unserved, what)),
    }),
  };
}

/** What is needed of a header to know what is left of its jobs, or that they are lost. */
const jobsPartSchema = planHeaderSchema.pick({
  startUtcMs: true,
  slotCount: true,
  slotHours: true,
  jobs: true,
  jobsFault: true,
});

/**
 * The jobs of a plan alone, whatever else of it this version can read; undefined of a plan that is not
 * there. Throws {@link InvalidInputError} where not even they can be read.
 */
export async function readPlanJobs(
  db: Database,
  version: number,
): Promise<z.output<typeof jobsPartSchema> | undefined> {
  const rows = await open(db)
    .select({ header: plans.header })
    .from(plans)
    .where(eq(plans.version, version));
  return rows[0] && parseStored(jobsPartSchema, rows[0].header, `jobs of stored plan ${version}`);
}

/** Marginal prices of a plan, by slot; undefined where it has none. */
export async function readPrices(db: Database, version: number): Promise<SlotPrices[] | undefined> {
  const rows = await open(db)
    .select({ prices: planSlots.prices })
    .from(planSlots)
    .where(eq(planSlots.version, version))
    .orderBy(planSlots.slot);
  if (rows.length === 0 || rows.some((r) => r.prices === null)) return undefined;
  return rows.map((r) => parseStored(planPricesSchema, r.prices, `stored prices ${version}`));
}

/** Headers of the latest plans, newest first. One that this version cannot read is left out, and said so in the log. */
export async function recentPlans(db: Database, count: number): Promise<PlanHeader[]> {
  const rows = await open(db)
    .select({ version: plans.version, header: plans.header })
    .from(plans)
    .orderBy(desc(plans.version))
    .limit(count);
  return rows.flatMap(({ version, header }) => {
    try {
      return parseInput(planHeaderSchema, JSON.parse(header), `stored plan ${version}`);
    } catch (error) {
      console.warn(`left out of the list: ${(error as Error).message}`);
      return [];
    }
  });
}
