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
    /** What receipts need of sites as JSON (SiteHours); null in plans of versions that kept none. */
    siteHours: text('site_hours'),
    /** What is put off to later slots as JSON (PutOff); null where nothing may wait. */
    putOff: text('put_off'),
    /** Demand it was made for as JSON (PlanDemand); null in plans of versions that kept none. */
    demand: text('demand'),
    /** What of it is unserved as JSON (PlanDemand); null where all is served. */
    unserved: text('unserved'),
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
    /** When each group's source issued it; null in rows of versions that kept none. */
    weatherIssuedUtcMs: integer('weather_issued_utc_ms'),
    priceIssuedUtcMs: integer('price_issued_utc_ms'),
    carbonIssuedUtcMs: integer('carbon_issued_utc_ms'),
  },
  (t) => [primaryKey({ columns: [t.siteId, t.utcMs] }), index('site_inputs_utc').on(t.utcMs)],
);

/** How the latest fetches of each live feed went. What they brought is in site_inputs. */
export const feedStates = sqliteTable('feed_states', {
  feed: text('feed').primaryKey(),
  attemptedUtcMs: integer('attempted_utc_ms').notNull(),
  succeededUtcMs: integer('succeeded_utc_ms'),
  /** Not to be called before. */
  retryUtcMs: integer('retry_utc_ms'),
  /** Why the latest attempt failed; null if it did not. */
  fault: text('fault'),
  /** Hours the latest success brought, and hours of it that could not be true. */
  hours: integer('hours').notNull(),
  refused: integer('refused').notNull(),
  refusedWhy: text('refused_why'),
});

/** Clients' keys: never the key, only what it is known by. */
export const apiKeys = sqliteTable(
  'api_keys',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    /** SHA-256 of the key in hex. */
    hash: text('hash').notNull(),
    /** Lists as JSON; null: any. */
    models: text('models'),
    classes: text('classes'),
    requestsPerMinute: integer('requests_per_minute'),
    tokensPerMinute: integer('tokens_per_minute'),
    budgetNanoAud: integer('budget_nano_aud'),
    budgetCarbonMg: integer('budget_carbon_mg'),
    createdUtcMs: integer('created_utc_ms').notNull(),
    expiresUtcMs: integer('expires_utc_ms'),
    revokedUtcMs: integer('revoked_utc_ms'),
    /** Grows with every change of any key, so that routers need read only what is new. */
    revision: integer('revision').notNull(),
  },
  (t) => [index('api_keys_revision').on(t.revision)],
);

/** Receipts summed, in whole small units (src/core/accounting/micro.ts). */
export const usageHours = sqliteTable(
  'usage_hours',
  {
    keyId: text('key_id').notNull(),
    model: text('model').notNull(),
    zone: text('zone').notNull(),
    site: text('site').notNull(),
    /** Beginning of the hour. */
    hourUtcMs: integer('hour_utc_ms').notNull(),
    requests: integer('requests').notNull(),
    estimated: integer('estimated').notNull(),
    unpriced: integer('unpriced').notNull(),
    promptTokens: integer('prompt_tokens').notNull(),
    cachedTokens: integer('cached_tokens').notNull(),
    completionTokens: integer('completion_tokens').notNull(),
    energyMilliWh: integer('energy_milli_wh').notNull(),
    carbonMg: integer('carbon_mg').notNull(),
    waterMicroL: integer('water_micro_l').notNull(),
    costNanoAud: integer('cost_nano_aud').notNull(),
    nearestEnergyMilliWh: integer('nearest_energy_milli_wh').notNull(),
    nearestCarbonMg: integer('nearest_carbon_mg').notNull(),
    nearestWaterMicroL: integer('nearest_water_micro_l').notNull(),
    nearestCostNanoAud: integer('nearest_cost_nano_aud').notNull(),
    spreadRequests: integer('spread_requests').notNull().default(0),
    spreadEnergyMilliWh: integer('spread_energy_milli_wh').notNull().default(0),
    spreadCarbonMg: integer('spread_carbon_mg').notNull().default(0),
    spreadWaterMicroL: integer('spread_water_micro_l').notNull().default(0),
    spreadCostNanoAud: integer('spread_cost_nano_aud').notNull().default(0),
    ttftRequests: integer('ttft_requests').notNull().default(0),
    ttftMs: integer('ttft_ms').notNull().default(0),
    nearestTtftRequests: integer('nearest_ttft_requests').notNull().default(0),
    nearestTtftMs: integer('nearest_ttft_ms').notNull().default(0),
  },
  (t) => [
    primaryKey({ columns: [t.keyId, t.model, t.zone, t.site, t.hourUtcMs] }),
    index('usage_hours_hour').on(t.hourUtcMs),
  ],
);

/** The same by key and calendar month (UTC): what budgets are held against. */
export const usageMonths = sqliteTable(
  'usage_months',
  {
    keyId: text('key_id').notNull(),
    monthUtcMs: integer('month_utc_ms').notNull(),
    costNanoAud: integer('cost_nano_aud').notNull(),
    carbonMg: integer('carbon_mg').notNull(),
  },
  (t) => [primaryKey({ columns: [t.keyId, t.monthUtcMs] })],
);

/** Batches of receipts that are booked: one that is written again is known by its id. */
export const usageBatches = sqliteTable(
  'usage_batches',
  { id: text('id').primaryKey(), writtenUtcMs: integer('written_utc_ms').notNull() },
  (t) => [index('usage_batches_written').on(t.writtenUtcMs)],
);

/** Counters of all isolates together; labels as Prometheus writes them. */
export const metricCounters = sqliteTable(
  'metric_counters',
  {
    name: text('name').notNull(),
    labels: text('labels').notNull(),
    value: integer('value').notNull(),
  },
  (t) => [primaryKey({ columns: [t.name, t.labels] })],
);

/** What operators have set over the registry, a field a row; null: as the registry has it. */
export const overrides = sqliteTable(
  'overrides',
  {
    /** Site id, or `*` for the fleet. */
    subject: text('subject').notNull(),
    field: text('field').notNull(),
    /** JSON. */
    value: text('value'),
    /** Of the change that set it, so that routers need read only what is new. */
    revision: integer('revision').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.subject, t.field] }),
    index('overrides_revision').on(t.revision),
  ],
);

/** Every change of an override, for good: who made it, when and why. Only ever added to. */
export const overrideChanges = sqliteTable('override_changes', {
  revision: integer('revision').primaryKey(),
  utcMs: integer('utc_ms').notNull(),
  subject: text('subject').notNull(),
  field: text('field').notNull(),
  /** JSON; null: back to the registry's. */
  value: text('value'),
  /** As the caller names itself: there is one admin token. */
  author: text('author'),
  reason: text('reason'),
});

/** What is known of a zone's and class's demand from counts: SeriesState as JSON. */
export const demandSeries = sqliteTable(
  'demand_series',
  {
    zone: text('zone').notNull(),
    classId: text('class_id').notNull(),
    /** Beginning of the last hour it has seen. */
    lastUtcMs: integer('last_utc_ms').notNull(),
    state: text('state').notNull(),
  },
  (t) => [primaryKey({ columns: [t.zone, t.classId] })],
);

/** What requests say of sites' speeds, summed: TimingRow. Kept until they are taken in, and some days. */
export const timingHours = sqliteTable(
  'timing_hours',
  {
    site: text('site').notNull(),
    zone: text('zone').notNull(),
    /** Beginning of the hour. */
    hourUtcMs: integer('hour_utc_ms').notNull(),
    requests: integer('requests').notNull(),
    workMs: real('work_ms').notNull(),
    tokens: integer('tokens').notNull(),
    timed: integer('timed').notNull(),
    promptMs: real('prompt_ms').notNull(),
    ttftMs: real('ttft_ms').notNull(),
    promptSqMs2: real('prompt_sq_ms2').notNull(),
    productMs2: real('product_ms2').notNull(),
    ttftSqMs2: real('ttft_sq_ms2').notNull(),
    steps: integer('steps').notNull(),
    decodeMs: real('decode_ms').notNull(),
    decodeSqMs2: real('decode_sq_ms2').notNull(),
  },
  (t) => [primaryKey({ columns: [t.hourUtcMs, t.site, t.zone] })],
);

/** What is known of a site's speed from them: SiteTiming as JSON. */
export const siteTimings = sqliteTable('site_timings', {
  site: text('site').primaryKey(),
  /** Beginning of the last hour it has seen. */
  lastUtcMs: integer('last_utc_ms').notNull(),
  state: text('state').notNull(),
});
