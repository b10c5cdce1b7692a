import { Hono } from 'hono';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { pruneSiteInputs } from '../store/site-inputs.ts';
import { pruneTimings } from '../store/timings.ts';
import { pruneBatches, pruneUsage } from '../store/usage.ts';
import { admin } from './admin.ts';
import { bearsOneOf } from './auth.ts';
import { answer, dataPlane, routedAs } from './data-plane.ts';
import { docsPage } from './docs-page.ts';
import { type Env, now } from './env.ts';
import { statusEvents } from './events.ts';
import { refreshFeeds } from './feeds.ts';
import { fleet } from './fleet.ts';
import { history } from './history.ts';
import { sharedMeasured } from './measured.ts';
import { metrics } from './metrics.ts';
import { openApi } from './openapi.ts';
import { boardOf, deploymentSettings, optimize } from './optimize.ts';
import { sharedStatus, status } from './status.ts';
import { view } from './view.ts';

export { Coordinator } from './coordinator.ts';
export { KeyLimits } from './key-limits.ts';
export { SiteBoard } from './site-board.ts';

/** Past hours are of no use to a plan; they are kept for a while for whoever asks how one came about. */
const INPUTS_KEPT_MS = 60 * 24 * MS_PER_HOUR;

/** Longer than a year, so that a month can be held against the same of the year before. */
const USAGE_KEPT_MS = 400 * 24 * MS_PER_HOUR;

/** An isolate tries a batch for minutes at most; one written again after this would count twice. */
const BATCHES_KEPT_MS = 2 * 24 * MS_PER_HOUR;

/** Taken in within hours; a weekend's outage of planning must not lose them. */
const TIMINGS_KEPT_MS = 7 * 24 * MS_PER_HOUR;

const NEEDS_TOKEN = { error: 'needs the admin token, or PUBLIC_STATUS = "true"' };

/** The page runs its own files only, in no frame, and asks this server only. */
const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
};

/** The routing Worker: data plane under /v1, admin plane under /admin/v1, the page at the root. */
const app = new Hono<{ Bindings: Env }>();

app.route('/v1', dataPlane);
app.route('/admin/v1', admin);

app.get('/healthz', (c) => c.text('ok'));
app.get('/metrics', (c) => metrics(c.req.raw, c.env));
app.get('/openapi.json', (c) => c.json(openApi()));
app.get('/docs', (c) => {
  c.header('content-security-policy', "default-src 'none'; style-src 'self'; img-src 'self'");
  return c.html(docsPage());
});

app.get('/status.json', async (c) => {
  const trusted = bearsOneOf(c.req.raw, c.env.ADMIN_TOKEN_SHA256);
  if (!trusted && c.env.PUBLIC_STATUS !== 'true') return c.json(NEEDS_TOKEN, 401);
  const body = await (trusted ? status(c.env) : sharedStatus(c.env));
  return c.json(body, 200, { 'cache-control': 'no-store' });
});
app.get('/view.json', async (c) => {
  if (!(await mayWatch(c.req.raw, c.env))) return c.json(NEEDS_TOKEN, 401);
  return c.json(await view(c.env), 200, { 'cache-control': 'no-store' });
});
app.get('/now.json', async (c) => {
  if (!(await mayWatch(c.req.raw, c.env))) return c.json(NEEDS_TOKEN, 401);
  const body = await sharedMeasured.read(c.env, c.executionCtx as ExecutionContext);
  if (body === undefined) return c.json({ error: 'it cannot be read in time' }, 503);
  return c.json(body, 200, { 'cache-control': 'no-store' });
});
app.get('/history.json', async (c) => {
  if (!(await mayWatch(c.req.raw, c.env))) return c.json(NEEDS_TOKEN, 401);
  return c.json(await history(c.env), 200, { 'cache-control': 'no-store' });
});
app.get('/events', async (c) => {
  if (!(await mayWatch(c.req.raw, c.env))) return c.json(NEEDS_TOKEN, 401);
  return statusEvents(c.env);
});

app.get('*', async (c) => {
  const asset = await c.env.ASSETS.fetch(c.req.raw);
  const response = new Response(asset.body, asset);
  for (const [name, value] of Object.entries(PAGE_HEADERS)) response.headers.set(name, value);
  return response;
});

export default {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response> {
    const endpoint = routedAs(request);
    return endpoint ? answer(request, env, ctx, endpoint) : app.fetch(request, env, ctx);
  },
  async scheduled(_controller, env): Promise<void> {
    await boardOf(env)
      .probeAll()
      .catch((error) => console.error(`sites could not be probed: ${error}`));
    // Plans are made of what there is.
    await refreshFeeds(env, fleet).catch((error) =>
      console.error(`feeds could not be refreshed: ${error}`),
    );
    // Settings nobody can read must not stop the planning; asked for by hand, they are refused.
    const settings = readableSettings(env);
    const planned = optimize({ ...env, OPTIMIZER_SETTINGS: settings }, 'cron');
    // A plan that cannot be begun must not keep old records from going.
    await planned.catch(() => {});
    await pruneSiteInputs(env.DB, now(env) - INPUTS_KEPT_MS);
    await pruneBatches(env.DB, now(env) - BATCHES_KEPT_MS);
    await pruneUsage(env.DB, now(env) - USAGE_KEPT_MS);
    await pruneTimings(env.DB, now(env) - TIMINGS_KEPT_MS);
    await planned;
  },
} satisfies ExportedHandler<Env>;

async function mayWatch(request: Request, env: Env): Promise<boolean> {
  return env.PUBLIC_STATUS === 'true' || bearsOneOf(request, env.ADMIN_TOKEN_SHA256);
}

function readableSettings(env: Env): string {
  try {
    deploymentSettings(env);
    return env.OPTIMIZER_SETTINGS;
  } catch (error) {
    console.error(`${(error as Error).message}; planning with the defaults`);
    return '{}';
  }
}
