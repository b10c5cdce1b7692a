import { index, integer, primaryKey, real, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** Plans are immutable: a row is written once, together with its slots, and never changed. */
export const plans = sqliteTable('plans', {
  version: integer('version').primaryKey(),
  runId: text('run_id').notNull().unique(),
  createdUtcMs: integer('created_utc_ms').notNull(),
  startUtcMs: integer('start_utc_ms').notNull(),
  gap: real('gap').notNull(),
  rounds: integer('rounds').notNull(),
  /** PlanHeader as JSON, with its schema version. */
  header: text('header').notNull(),
});

/** Shares by slot as JSON (PlanShares): a row a slot keeps every row far under D1's 2 MB. */
export const planSlots = sqliteTable(
  'plan_slots',
  {
    version: integer('version')
      .notNull()
      .references(() => plans.version, { onDelete: 'cascade' }),
    slot: integer('slot').notNull(),
    shares: text('shares').notNull(),
    /** Marginal prices as JSON (SlotPrices); null in plans of versions that kept none. */
    prices: text('prices'),
  },
  (t) => [primaryKey({ columns: [t.version, t.slot] })],
);

/** One row: which plan holds. Moves last, and only forwards. */
export const currentPlan = sqliteTable('current_plan', {
  id: integer('id').primaryKey(),
  version: integer('version')
    .notNull()
    .references(() => plans.version),
});

/**
 * Hourly surroundings of sites as fed from outside, in three groups that may come from different
 * feeds; where a group is null, embedded means are used.
 */
export const siteInputs = sqliteTable(
  'site_inputs',
  {
    siteId: text('site_id').notNull(),
    /** Beginning of the hour. */
    utcMs: integer('utc_ms').notNull(),
    tempC: real('temp_c'),
    rhPct: real('rh_pct'),
    weatherSource: text('weather_source'),
    spotAudPerMwh: real('spot_aud_per_mwh'),
    priceSource: text('price_source'),
    carbonKgPerKwh: real('carbon_kg_per_kwh'),
    carbonSource: text('carbon_source'),
    updatedUtcMs: integer('updated_utc_ms').notNull(),
  },
  (t) => [primaryKey({ columns: [t.siteId, t.utcMs] }), index('site_inputs_utc').on(t.utcMs)],
);
