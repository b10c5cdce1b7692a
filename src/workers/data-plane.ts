import { Hono } from 'hono';
import type { PublicSite, Zone } from '../core/model/fleet.ts';
import { slotAt } from '../core/planning/plan.ts';
import { candidateSites } from '../core/routing/candidates.ts';
import { SiteHealth } from '../core/routing/health.ts';
import { nearestZone } from '../core/routing/zone.ts';
import { bearsOneOf } from './auth.ts';
import { type Env, now } from './env.ts';
import { fleet } from './fleet.ts';
import { openAiError } from './openai-error.ts';
import { PlanHolder } from './plan-holder.ts';
import { readBody } from './read-body.ts';
import { isRefusal, passedOnHeaders, upstreamKey, upstreamUrl } from './upstream.ts';

/** A chat request with images can be large; beyond this it is not a chat request. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** A site that has not sent headers by then is given up. */
const FIRST_BYTE_MS = 30_000;
/** Sites tried for one request. */
const MAX_ATTEMPTS = 3;

const holder = new PlanHolder();
const health = new SiteHealth();
const sitesById = new Map(fleet.sites.map((s) => [s.id, s]));

/** The OpenAI-compatible API: what an application developer points an SDK at. */
export const dataPlane = new Hono<{ Bindings: Env }>();

dataPlane.use('*', async (c, next) => {
  if (await bearsOneOf(c.req.raw, c.env.CLIENT_KEYS_SHA256)) return next();
  const message = c.env.CLIENT_KEYS_SHA256
    ? 'Incorrect API key provided.'
    : 'No API key is accepted yet: set the secret CLIENT_KEYS_SHA256.';
  return openAiError(401, message, { code: 'invalid_api_key' });
});

dataPlane.get('/models', (c) =>
  c.json({
    object: 'list',
    data: fleet.classes.map((cls) => ({
      id: cls.model,
      object: 'model',
      created: 0,
      owned_by: 'isotherm',
    })),
  }),
);

dataPlane.post('/chat/completions', (c) =>
  route(c.req.raw, c.env, c.executionCtx as ExecutionContext, '/v1/chat/completions'),
);

dataPlane.all('*', (c) =>
  openAiError(404, `Unknown request URL: ${c.req.method} ${new URL(c.req.url).pathname}.`, {
    code: 'unknown_url',
  }),
);

async function route(
  request: Request,
  env: Env,
  ctx: ExecutionContext,
  path: string,
): Promise<Response> {
  const requestId = requestIdOf(request);
  const fail = (status: number, message: string, code: string, param: string | null = null) =>
    openAiError(status, message, { code, param, headers: { 'x-request-id': requestId } });

  const bytes = await readBody(request, MAX_BODY_BYTES);
  if (bytes === undefined) {
    return fail(413, `Request body is larger than ${MAX_BODY_BYTES} bytes.`, 'request_too_large');
  }
  const body = parseJsonObject(bytes);
  if (body === undefined) return fail(400, 'Request body is not a JSON object.', 'invalid_json');
  if (typeof body.model !== 'string') {
    return fail(400, 'you must provide a model parameter', 'missing_required_parameter', 'model');
  }
  const classIndex = fleet.classes.findIndex((cls) => cls.model === body.model);
  if (classIndex < 0) {
    const known = fleet.classes.map((cls) => cls.model).join(', ');
    const message = `The model '${body.model}' does not exist; expected one of ${known}.`;
    return fail(404, message, 'model_not_found', 'model');
  }

  const zone = zoneOf(request, env);
  if (zone === undefined) return fail(400, 'x-isotherm-zone names no zone.', 'invalid_zone');
  const plan = await holder.current(env.DB, ctx);
  const nowMs = now(env);
  const at = plan && slotAt(plan.header, nowMs);
  const shares = at && plan.slots[at.slot];
  const ranked = candidateSites(fleet, zone, classIndex, shares, sessionOf(request, body));
  const order = health.order(ranked, Date.now());
  const planLabel = plan ? `${plan.header.version}${at?.stale ? ' stale' : ''}` : 'none';
  return forward(request, env, path, body, order, { requestId, planLabel });
}

/** Asks the sites in order until one does not refuse; nothing is retried after its first byte. */
async function forward(
  request: Request,
  env: Env,
  path: string,
  body: Record<string, unknown>,
  order: string[],
  labels: { requestId: string; planLabel: string },
): Promise<Response> {
  let refusal: Response | undefined;
  let refusedBy = '';
  const tried: string[] = [];
  const answerOf = (upstream: Response, siteId: string) => {
    const headers = passedOnHeaders(upstream);
    headers.set('x-isotherm-site', siteId);
    headers.set('x-isotherm-plan', labels.planLabel);
    headers.set('x-request-id', labels.requestId);
    return new Response(upstream.body, { status: upstream.status, headers });
  };
  for (const siteId of order.slice(0, MAX_ATTEMPTS)) {
    const site = sitesById.get(siteId) as PublicSite;
    tried.push(siteId);
    try {
      const upstream = await attempt(request, env, site, path, body, labels.requestId);
      if (!isRefusal(upstream.status)) {
        health.answered(siteId);
        return answerOf(upstream, siteId);
      }
      await refusal?.body?.cancel();
      refusal = upstream;
      refusedBy = siteId;
    } catch (error) {
      if (request.signal.aborted) return new Response(null, { status: 499 });
      console.warn(`site ${siteId} failed before its first byte: ${(error as Error).message}`);
    }
    health.refused(siteId, Date.now());
  }
  // The last refusal is the truest answer there is: it says how long to wait.
  if (refusal) return answerOf(refusal, refusedBy);
  const message =
    tried.length > 0
      ? `No site could be reached (tried ${tried.join(', ')}).`
      : 'No site may serve this zone and model.';
  return openAiError(503, message, {
    type: 'server_error',
    code: 'no_site_available',
    headers: { 'x-request-id': labels.requestId, 'x-isotherm-plan': labels.planLabel },
  });
}

function attempt(
  request: Request,
  env: Env,
  site: PublicSite,
  path: string,
  body: Record<string, unknown>,
  requestId: string,
): Promise<Response> {
  const headers = new Headers({
    'content-type': 'application/json',
    accept: request.headers.get('accept') ?? '*/*',
    'x-request-id': requestId,
  });
  const key = upstreamKey(env, site.id);
  if (key) headers.set('authorization', `Bearer ${key}`);
  const headersInTime = new AbortController();
  const timer = setTimeout(
    () => headersInTime.abort(new Error(`no headers within ${FIRST_BYTE_MS} ms`)),
    FIRST_BYTE_MS,
  );
  return fetch(upstreamUrl(env, site, path), {
    method: 'POST',
    headers,
    body: JSON.stringify({ ...body, model: site.upstream.models[body.model as string] }),
    redirect: 'manual',
    signal: AbortSignal.any([request.signal, headersInTime.signal]),
  })
    .then((response) => {
      if (response.status >= 300 && response.status < 400) {
        throw new Error(`redirects (${response.status}), which upstreams may not`);
      }
      return response;
    })
    .finally(() => clearTimeout(timer));
}

function requestIdOf(request: Request): string {
  const given = request.headers.get('x-request-id') ?? '';
  return /^[\w.:-]{1,128}$/.test(given) ? given : crypto.randomUUID();
}

function parseJsonObject(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The zone nearest to the client; by header in tests. Undefined if the header names none. */
function zoneOf(request: Request, env: Env): Zone | undefined {
  const named = request.headers.get('x-isotherm-zone');
  if (named !== null && env.ZONE_HEADER_ENABLED === 'true') {
    return fleet.zones.find((z) => z.id === named);
  }
  const cf = request.cf as { latitude?: string; longitude?: string } | undefined;
  const latDeg = Number.parseFloat(cf?.latitude ?? '');
  const lonDeg = Number.parseFloat(cf?.longitude ?? '');
  const known = Number.isFinite(latDeg) && Number.isFinite(lonDeg);
  return nearestZone(fleet.zones, known ? { latDeg, lonDeg } : undefined);
}

/** What a session is: the header, else the user, else the head of the conversation. */
function sessionOf(request: Request, body: Record<string, unknown>): string {
  const header = request.headers.get('x-isotherm-session');
  if (header) return header.slice(0, 256);
  if (typeof body.user === 'string' && body.user !== '') return body.user.slice(0, 256);
  const head = Array.isArray(body.messages) ? body.messages.slice(0, 2) : body.prompt;
  return JSON.stringify(head ?? '').slice(0, 2048);
}
