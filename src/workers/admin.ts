import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { InvalidInputError } from '../core/model/errors.ts';
import { applyOverrides } from '../core/model/overrides.ts';
import { floorToHour, parseUtcMs } from '../core/model/time.ts';
import { hasPriceMoved } from '../core/planning/drift.ts';
import { slotUtcMs } from '../core/planning/inputs.ts';
import { pricesWithParts } from '../core/planning/plan.ts';
import { attributionsOfSites } from '../feeds/attribution.ts';
import { readOverrides } from '../store/overrides.ts';
import { currentVersion, readPlan, readPrices, recentPlans } from '../store/plans.ts';
import { readSpotPrices, writeSiteInputs } from '../store/site-inputs.ts';
import { adminKeys } from './admin-keys.ts';
import { adminOverrides } from './admin-overrides.ts';
import { adminUsage } from './admin-usage.ts';
import { bearsOneOf } from './auth.ts';
import { deployment } from './deployment.ts';
import { type Env, now } from './env.ts';
import { feedReports, refreshFeeds } from './feeds.ts';
import { fleet } from './fleet.ts';
import { inputAges } from './inputs.ts';
import { inputsBodySchema } from './inputs-body.ts';
import { jsonBody } from './json-body.ts';
import { ttftOf } from './measured.ts';
import {
  coordinatorOf,
  knownSites,
  optimize,
  planSoon,
  RunUnderWayError,
  runInputSchema,
} from './optimize.ts';

/** The operator's API, under a bearer token of its own. */
export const admin = new Hono<{ Bindings: Env }>();

admin.use('*', async (c, next) => {
  if (bearsOneOf(c.req.raw, c.env.ADMIN_TOKEN_SHA256)) return next();
  const error = c.env.ADMIN_TOKEN_SHA256
    ? 'wrong or missing admin token'
    : 'no admin token is configured: set the secret ADMIN_TOKEN_SHA256';
  return c.json({ error }, 401, { 'www-authenticate': 'Bearer' });
});

admin.onError((error, c) => {
  if (error instanceof InvalidInputError) {
    return c.json({ error: error.message, issues: error.issues }, 400);
  }
  if (error instanceof RunUnderWayError) return c.json({ error: error.message }, 409);
  if (error instanceof HTTPException) return c.json({ error: error.message }, error.status);
  console.error(error);
  return c.json({ error: error.message }, 500);
});

/** Runs an optimization; the body holds optimizer settings and jobs, all optional. */
admin.post('/optimize', async (c) => {
  const { jobs, ...settings } = await jsonBody(c.req.raw, runInputSchema);
  // Plans are made of what there is.
  await refreshFeeds(c.env, fleet).catch((error) =>
    console.error(`feeds could not be refreshed: ${error}`),
  );
  return c.json(await optimize(c.env, 'admin', settings, undefined, jobs), 202);
});

admin.get('/runs', async (c) => c.json(await coordinatorOf(c.env).runs()));

/** The current plan with its certificate, and the shares of every slot. */
admin.get('/plan', async (c) => {
  const version = await currentVersion(c.env.DB);
  const plan = version === undefined ? undefined : await readPlan(c.env.DB, version);
  if (plan === undefined) return c.json({ error: 'no plan has been published yet' }, 404);
  return c.json({ ...plan, attributions: attributionsOfSites(plan.header.sites) });
});

/** The registry's live feeds, and how their latest fetches went. */
admin.get('/feeds', async (c) => c.json({ feeds: await feedReports(c.env, fleet) }));

/** What one request more would cost, emit and drink, by class and zone, in every slot of the current plan. */
admin.get('/prices', async (c) => {
  const version = await currentVersion(c.env.DB);
  const prices = version === undefined ? undefined : await readPrices(c.env.DB, version);
  const plan = version === undefined ? undefined : await readPlan(c.env.DB, version);
  if (prices === undefined || plan === undefined)
    return c.json({ error: 'no plan with prices yet' }, 404);
  const { startUtcMs, slotHours, impactPrices } = plan.header;
  const slots = prices.map((slot, t) => ({
    utc: new Date(slotUtcMs({ startUtcMs, slotHours }, t)).toISOString(),
    ...pricesWithParts(slot, impactPrices),
  }));
  return c.json({ version, slots });
});

/** What the page tries other prices on. */
admin.get('/what-if', async (c) => {
  const version = await currentVersion(c.env.DB);
  const plan = version === undefined ? undefined : await readPlan(c.env.DB, version);
  if (!plan?.siteHours) return c.json({ error: 'no plan that says what its hours are' }, 404);
  return c.json({ fleet, header: plan.header, siteHours: plan.siteHours, demand: plan.demand });
});

admin.get('/plans', async (c) => c.json({ plans: await recentPlans(c.env.DB, 50) }));

/** Sites and what is known of them. */
admin.get('/sites', async (c) => {
  const version = await currentVersion(c.env.DB);
  const plan = version === undefined ? undefined : await readPlan(c.env.DB, version);
  const [{ latest }, inputs, overrides, known] = await Promise.all([
    coordinatorOf(c.env).runs(),
    inputAges(c.env.DB, fleet, now(c.env)),
    readOverrides(c.env.DB),
    knownSites(c.env),
  ]);
  const missing = latest?.rounds.at(-1)?.missing ?? [];
  return c.json({
    revision: overrides.revision,
    plannedRevision: plan ? (plan.header.overrides?.revision ?? 0) : null,
    sites: applyOverrides(fleet, overrides).sites.map(({ capacityShare: _, ...site }) => ({
      ...site,
      override: overrides.sites[site.id] ?? null,
      isDown: known ? known[site.id]?.trouble?.kind === 'down' : null,
      measured: ttftOf(known?.[site.id]),
      plan: plan?.header.sites.find((s) => s.site === site.id) ?? null,
      excluded: plan?.header.excluded.find((e) => e.site === site.id)?.reason ?? null,
      inputs: inputs.get(site.id) ?? null,
      solver: {
        placement: latest?.placements[site.id] ?? null,
        plantState: latest?.plantStates?.[site.id] ?? null,
        fault: missing.find((m) => m.site === site.id)?.reason ?? null,
      },
    })),
  });
});

/** Registry, migrations and keys of this deployment, for `isotherm doctor`. */
admin.get('/deployment', async (c) => c.json(await deployment(c.env)));

/**
 * Hourly weather, wholesale price and carbon from the operator's own feeds. What an hour does not
 * bring stays as another feed left it. A jump of the present hour's price brings a plan.
 */
admin.put('/inputs', async (c) => {
  const { source, hours } = await jsonBody(c.req.raw, inputsBodySchema);
  const hourMs = floorToHour(now(c.env));
  const before = await readSpotPrices(c.env.DB, hourMs);
  await writeSiteInputs(c.env.DB, hours, source, now(c.env));
  const hasMoved = hours.some(({ site, utc, spotAudPerMwh }) => {
    const told = parseUtcMs(utc) === hourMs ? before.get(site) : undefined;
    return told !== undefined && spotAudPerMwh != null && hasPriceMoved(told, spotAudPerMwh);
  });
  if (hasMoved) await planSoon(c.env, 'price');
  return c.json({ written: hours.length });
});

admin.route('/', adminOverrides);
admin.route('/keys', adminKeys);
admin.route('/usage', adminUsage);

admin.all('*', (c) => c.json({ error: `no such endpoint: ${c.req.method} ${c.req.path}` }, 404));
