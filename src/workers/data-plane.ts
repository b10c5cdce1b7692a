import { Hono } from 'hono';
import type { Zone } from '../core/model/fleet.ts';
import { slotAt } from '../core/planning/plan.ts';
import { candidateSites } from '../core/routing/candidates.ts';
import { nearestZone } from '../core/routing/zone.ts';
import { bearsOneOf, sha256 } from './auth.ts';
import { type Env, now } from './env.ts';
import { fleet } from './fleet.ts';
import { forward, health } from './forward.ts';
import { openAiError } from './openai-error.ts';
import { PlanHolder } from './plan-holder.ts';
import { readBody } from './read-body.ts';

/** A body is in memory several times over, beside those of other requests to the isolate (128 MB). */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

const holder = new PlanHolder();

/** The OpenAI-compatible API: what an application developer points an SDK at. */
export const dataPlane = new Hono<{ Bindings: Env }>();

dataPlane.use('*', async (c, next) => {
  if (await bearsOneOf(c.req.raw, c.env.CLIENT_KEYS_SHA256)) return next();
  const message = c.env.CLIENT_KEYS_SHA256
    ? 'Incorrect API key provided.'
    : 'No API key is accepted yet: set the secret CLIENT_KEYS_SHA256.';
  return openAiError(401, message, { code: 'invalid_api_key' });
});

const models = fleet.classes.map((cls) => ({
  id: cls.model,
  object: 'model',
  created: 0,
  owned_by: 'isotherm',
}));

dataPlane.get('/models', (c) => c.json({ object: 'list', data: models }));

dataPlane.get('/models/:id', (c) => {
  const id = c.req.param('id');
  const model = models.find((m) => m.id === id);
  return model ? c.json(model) : unknownModel(id);
});

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
  const headers = { 'x-request-id': requestId };
  const fail = (status: number, message: string, code: string, param: string | null = null) =>
    openAiError(status, message, { code, param, headers });

  const body = await readJsonObject(request);
  if (body === 'too large') {
    return fail(413, `Request body is larger than ${MAX_BODY_BYTES} bytes.`, 'request_too_large');
  }
  if (body === undefined) return fail(400, 'Request body is not a JSON object.', 'invalid_json');
  if (typeof body.model !== 'string') {
    return fail(400, 'you must provide a model parameter', 'missing_required_parameter', 'model');
  }
  const classIndex = fleet.classes.findIndex((cls) => cls.model === body.model);
  if (classIndex < 0) return unknownModel(body.model, headers);

  const zone = zoneOf(request, env);
  if (zone === undefined) {
    const known = fleet.zones.map((z) => z.id).join(', ');
    return fail(400, `x-isotherm-zone names no zone; expected one of ${known}.`, 'invalid_zone');
  }
  const plan = await holder.current(env.DB, ctx);
  const nowMs = now(env);
  const at = plan && slotAt(plan.header, nowMs);
  const shares = at && plan.slots[at.slot];
  const session = await sessionOf(request, body);
  const ranked = candidateSites(fleet, zone, classIndex, shares, session, nowMs);
  const order = health.order(ranked, Date.now());
  const planLabel = plan ? `${plan.header.version}${at?.stale ? ' stale' : ''}` : 'none';
  return forward(request, env, path, body, order, { requestId, planLabel });
}

function requestIdOf(request: Request): string {
  const given = request.headers.get('x-request-id') ?? '';
  return /^[\w.:-]{1,128}$/.test(given) ? given : crypto.randomUUID();
}

function unknownModel(id: string, headers?: HeadersInit): Response {
  const known = models.map((m) => m.id).join(', ');
  const message = `The model '${id}' does not exist; expected one of ${known}.`;
  return openAiError(404, message, { code: 'model_not_found', param: 'model', headers });
}

/** In a function of its own, so that the raw bytes are gone before a site is asked. */
async function readJsonObject(
  request: Request,
): Promise<Record<string, unknown> | 'too large' | undefined> {
  const bytes = await readBody(request, MAX_BODY_BYTES);
  if (bytes === undefined) return 'too large';
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

/**
 * What a session is: the header, else the user, else the conversation up to its first user message:
 * conversations often share a long system prompt, and every later turn begins with the same.
 */
async function sessionOf(request: Request, body: Record<string, unknown>): Promise<string> {
  const header = request.headers.get('x-isotherm-session');
  if (header) return header.slice(0, 256);
  if (typeof body.user === 'string' && body.user !== '') return body.user.slice(0, 256);
  const head = Array.isArray(body.messages) ? opening(body.messages) : body.prompt;
  // Ranking hashes a session once a site; the digest keeps that short.
  return (await sha256(JSON.stringify(head ?? ''))).join();
}

function opening(messages: unknown[]): unknown[] {
  const firstUser = messages.findIndex((m) => (m as { role?: unknown } | null)?.role === 'user');
  return messages.slice(0, firstUser < 0 ? 2 : firstUser + 1);
}
