import type { PublicSite } from '../core/model/fleet.ts';
import { upstreamKeyName } from '../core/model/solver-name.ts';
import type { Env } from './env.ts';

let overrides: { text: string; bySite: Record<string, string> } = { text: '{}', bySite: {} };
const keyNames = new Map<string, `UPSTREAM_KEY_${string}`>();

/**
 * Where a site is reached: the registry's address, unless a variable overrides it. Nothing of a
 * request has a part in it.
 */
export function upstreamUrl(env: Env, site: PublicSite, path: string): string {
  const text = env.UPSTREAM_OVERRIDES || '{}';
  if (overrides.text !== text) overrides = { text, bySite: JSON.parse(text) };
  const base = overrides.bySite[site.id] ?? site.upstream.baseUrl;
  if (!base.startsWith('https:') && env.ALLOW_INSECURE_UPSTREAMS !== 'true') {
    throw new Error(`upstream of ${site.id} is not https`);
  }
  return (base.endsWith('/') ? base.slice(0, -1) : base) + path;
}

/** The site's own bearer key, a secret such as UPSTREAM_KEY_GOLD_COAST. */
export function upstreamKey(env: Env, siteId: string): string | undefined {
  let name = keyNames.get(siteId);
  if (name === undefined) {
    name = upstreamKeyName(siteId);
    keyNames.set(siteId, name);
  }
  return env[name];
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

/**
 * Statuses that a site may give because of what was asked: a prompt that breaks the server, or that a
 * firewall before it does not like. Whose fault it is shows in what other sites answer.
 */
const DOUBTFUL = new Set([403, 404, 500, 502, 504, 520]);

export function isDoubtful(status: number): boolean {
  return DOUBTFUL.has(status);
}

/** Why an answer cannot be the client's; undefined if it can. */
export function faultOf(upstream: Response): string | undefined {
  const { status } = upstream;
  if (status >= 300 && status < 400) return `redirects (${status}), which upstreams may not`;
  if (FAULTS.has(status)) return `answered ${status}`;
  const kind = contentKind(upstream);
  return upstream.ok && kind === 'other' ? 'answered with neither JSON nor a stream' : undefined;
}

/** What a body is by its headers. One that does not say is taken for what was asked for. */
export function contentKind(upstream: Response): 'json' | 'events' | 'unsaid' | 'other' {
  const type = upstream.headers.get('content-type');
  if (type === null) return 'unsaid';
  if (/^text\/event-stream\b/i.test(type)) return 'events';
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(type) ? 'json' : 'other';
}

/** `retry-after` as an instant, in either of its forms (RFC 9110, 10.2.3); undefined without one. */
export function retryAtMs(upstream: Response, nowMs: number): number | undefined {
  const given = upstream.headers.get('retry-after');
  if (given === null) return undefined;
  if (/^\d+(?:\.\d+)?$/.test(given)) return nowMs + Number(given) * 1000;
  const at = Date.parse(given);
  return Number.isNaN(at) ? undefined : at;
}

/** Headers of an upstream answer that are the client's business; the rest stays inside. */
const PASSED_ON = ['content-type', 'retry-after', 'openai-processing-ms', 'cache-control'];

export function passedOnHeaders(upstream: Response): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = upstream.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  return headers;
}
