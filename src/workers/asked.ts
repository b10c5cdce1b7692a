import type { RequestClass, Zone } from '../core/model/fleet.ts';
import type { SiteSpeed } from '../core/model/speed.ts';
import { parseUtcMs } from '../core/model/time.ts';
import { digest } from '../core/routing/rendezvous.ts';
import { nearestZone } from '../core/routing/zone.ts';
import type { Endpoint } from './endpoints.ts';
import { type Env, numberVar } from './env.ts';
import { fleet } from './fleet.ts';
import { classOfModel, unknownModel } from './models.ts';
import { Rejection } from './openai-error.ts';
import { readBody } from './read-body.ts';

/**
 * A body is in memory some four times at once (its bytes, their text, what the text says, the text as a
 * site gets it) and an isolate has 128 MB for all of its requests: three of 8 MiB fit, beside the rest.
 */
const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** Alone in its isolate, one of these just fits. */
const MOST_BODY_BYTES = 24 * 1024 * 1024;
/** Beyond any model's context; what is above is a mistake or an attempt. */
const MAX_TOKEN_LIMIT = 10_000_000;
const MAX_WAIT_MS = 3_600_000;
const MAX_SESSION_CHARS = 256;

/** A request, read and understood. */
export interface Asked {
  endpoint: Endpoint;
  /** The body as it came. */
  text: string;
  body: Record<string, unknown>;
  cls: RequestClass;
  classIndex: number;
  streams: boolean;
  zone: Zone;
  /** Requests of one session prefer one site. */
  session: string;
  /** What the client gives for the whole answer. */
  deadlineMs?: number;
  /** After so long without a first byte it wants a second site to be asked; 0: never. */
  hedgeMs?: number;
  /** Until when it may wait to be served, if its class may: else it is served now. */
  waitUntilMs?: number;
  /** By site, what the plan that covers it takes sites to need; absent without one. */
  speeds?: Readonly<Record<string, SiteSpeed>>;
}

/** Reads a request. Throws {@link Rejection} naming what is wrong with it. */
export async function readAsked(request: Request, endpoint: Endpoint, env: Env): Promise<Asked> {
  const deadlineMs = msHeader(request, 'x-isotherm-deadline-ms', 1, 'invalid_deadline');
  const hedgeMs = msHeader(request, 'x-isotherm-hedge-ms', 0, 'invalid_hedge');
  const waitUntilMs = waitUntilOf(request);
  const zone = zoneOf(request, env);
  const { text, body } = await readJsonObject(request, env);
  const { model, stream } = body;
  if (typeof model !== 'string') {
    const message = 'you must provide a model parameter';
    throw new Rejection(400, message, 'missing_required_parameter', 'model');
  }
  const classIndex = classOfModel(model);
  const cls = fleet.classes[classIndex];
  if (cls === undefined) throw unknownModel(model);
  for (const name of endpoint.tokenLimits) checkTokenLimit(body[name], name);
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') {
    throw new Rejection(
      400,
      `stream is ${kindOf(stream)}, expected a boolean.`,
      'invalid_type',
      'stream',
    );
  }
  return {
    endpoint,
    text,
    body,
    cls,
    classIndex,
    streams: stream === true && endpoint.ending !== undefined,
    zone,
    session: sessionOf(request.headers.get('x-isotherm-session'), body, endpoint),
    deadlineMs,
    hedgeMs,
    waitUntilMs,
  };
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

async function readJsonObject(
  request: Request,
  env: Env,
): Promise<{ text: string; body: Record<string, unknown> }> {
  const maxBytes = numberVar(env.MAX_BODY_BYTES, MAX_BODY_BYTES, 1024, MOST_BODY_BYTES);
  const bytes = await readBody(request, maxBytes);
  if (bytes === undefined) {
    const message = `Request body is larger than ${maxBytes} bytes.`;
    throw new Rejection(413, message, 'request_too_large');
  }
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new Rejection(400, 'Request body is not UTF-8.', 'invalid_json');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Rejection(400, 'Request body is not JSON.', 'invalid_json');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Rejection(400, 'Request body is not a JSON object.', 'invalid_json');
  }
  return { text, body: value as Record<string, unknown> };
}

function checkTokenLimit(value: unknown, name: string): void {
  if (value === undefined || value === null) return;
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_TOKEN_LIMIT)
    return;
  const message = `${name} must be an integer from 0 to ${MAX_TOKEN_LIMIT}.`;
  throw new Rejection(400, message, 'integer_out_of_range', name);
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

function msHeader(request: Request, name: string, least: number, code: string): number | undefined {
  const given = request.headers.get(name);
  if (given === null) return undefined;
  const ms = Number(given);
  if (/^\d{1,15}$/.test(given) && ms >= least) return Math.min(ms, MAX_WAIT_MS);
  throw new Rejection(400, `${name} must be a whole number of ms from ${least}.`, code);
}

function waitUntilOf(request: Request): number | undefined {
  const given = request.headers.get('x-isotherm-wait-until');
  if (given === null) return undefined;
  const ms = parseUtcMs(given);
  if (ms !== undefined) return ms;
  throw new Rejection(
    400,
    'x-isotherm-wait-until must be an instant such as 2026-01-15T18:00Z.',
    'invalid_wait',
  );
}

/** The zone nearest to the client; by header in tests. */
function zoneOf(request: Request, env: Env): Zone {
  const isNameable = env.ZONE_HEADER_ENABLED === 'true';
  const named = isNameable ? request.headers.get('x-isotherm-zone') : null;
  if (named !== null) {
    const zone = fleet.zones.find((z) => z.id === named);
    if (zone) return zone;
    const known = fleet.zones.map((z) => z.id).join(', ');
    throw new Rejection(
      400,
      `x-isotherm-zone names no zone; expected one of ${known}.`,
      'invalid_zone',
    );
  }
  const cf = request.cf as { latitude?: string; longitude?: string } | undefined;
  const latDeg = Number.parseFloat(cf?.latitude ?? '');
  const lonDeg = Number.parseFloat(cf?.longitude ?? '');
  const known = Number.isFinite(latDeg) && Number.isFinite(lonDeg);
  return nearestZone(fleet.zones, known ? { latDeg, lonDeg } : undefined);
}

/** What a session is: the header, else the user, else what the conversation began with. */
function sessionOf(
  header: string | null,
  body: Record<string, unknown>,
  endpoint: Endpoint,
): string {
  if (header) return header.slice(0, MAX_SESSION_CHARS);
  if (typeof body.user === 'string' && body.user !== '')
    return body.user.slice(0, MAX_SESSION_CHARS);
  // Ranking hashes a session once a site; the digest keeps that short.
  return digest(JSON.stringify(endpoint.opening(body) ?? ''));
}
