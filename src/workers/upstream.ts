import type { PublicSite } from '../core/model/fleet.ts';
import { solverBindingName } from '../core/model/solver-name.ts';
import type { Env } from './env.ts';

/** Where a site is reached: the registry's address, unless a variable overrides it. */
export function upstreamUrl(env: Env, site: PublicSite, path: string): URL {
  const overrides = JSON.parse(env.UPSTREAM_OVERRIDES || '{}') as Record<string, string>;
  const url = new URL((overrides[site.id] ?? site.upstream.baseUrl).replace(/\/$/, '') + path);
  if (url.protocol !== 'https:' && env.ALLOW_INSECURE_UPSTREAMS !== 'true') {
    throw new Error(`upstream of ${site.id} is not https`);
  }
  return url;
}

/** The site's own bearer key, a secret such as UPSTREAM_KEY_GOLD_COAST. */
export function upstreamKey(env: Env, siteId: string): string | undefined {
  const name = solverBindingName(siteId).replace('SOLVER_', 'UPSTREAM_KEY_');
  return env[name as `UPSTREAM_KEY_${string}`];
}

/** Statuses by which a site says "not me, not now": another may be asked. */
const REFUSALS = new Set([429, 502, 503, 504]);
/**
 * Statuses by which a site shows a fault of its own, such as a bad key or model name: another is
 * asked, and the client never sees them. 520 and up are Cloudflare's for a server it cannot reach;
 * 524, a server that was reached and is late, is not among them.
 */
const FAULTS = new Set([401, 403, 404, 500, 520, 521, 522, 523, 525, 526, 530]);

export function isRefusal(status: number): boolean {
  return REFUSALS.has(status);
}

export function isFault(status: number): boolean {
  return FAULTS.has(status);
}

/** Headers of an upstream answer that are the client's business; the rest stays inside. */
const PASSED_ON = ['content-type', 'retry-after', 'openai-processing-ms', 'cache-control'];

export function passedOnHeaders(upstream: Response): Headers {
  const headers = new Headers();
  for (const name of PASSED_ON) {
    const value = upstream.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  return headers;
}
