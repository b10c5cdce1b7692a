import { z } from 'zod';
import type { Fleet, Site } from '../../core/model/fleet.ts';
import { upstreamKeyName } from '../../core/model/solver-name.ts';
import { networkFault } from '../../local/network-fault.ts';
import { count } from '../format.ts';
import { inClone } from '../own-command.ts';
import { type Check, fault, ok } from './check.ts';
import { isPlaceholder } from './configuration.ts';

const modelList = z.object({ data: z.array(z.object({ id: z.string() })) });

export interface UpstreamIo {
  fetch: typeof fetch;
  /** A site's key by the name of the router's secret. */
  secret(name: string): string | undefined;
  timeoutMs: number;
}

/** Every site's server, but for placeholders: is it there, does it let the router in, does it have the models? */
export async function upstreamChecks(fleet: Fleet, io: UpstreamIo): Promise<Check[]> {
  const sites = fleet.sites.filter((site) => !isPlaceholder(site.upstream.baseUrl));
  return Promise.all(sites.map((site) => checkOf(site, io)));
}

async function checkOf(site: Site, { fetch, secret, timeoutMs }: UpstreamIo): Promise<Check> {
  const { id, upstream } = site;
  const secretName = upstreamKeyName(id);
  const key = secret(secretName);
  const url = `${upstream.baseUrl.replace(/\/+$/, '')}/v1/models`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      // The router follows none either.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    text = await response.text();
  } catch (error) {
    const { found, fix } = networkFault(error, url, timeoutMs);
    return fault('upstream', id, `${url}: ${found}`, fix);
  }
  const { status } = response;
  if (status === 401 || status === 403) {
    const fix =
      key === undefined
        ? `export ${secretName} for this check; for the router: ${inClone(`npx wrangler secret put ${secretName}`)}`
        : `the key in ${secretName} opens nothing there`;
    return fault('upstream', id, `${url} answers ${status}`, fix);
  }
  if (status >= 300 && status < 400) {
    const fix = 'the router follows no redirects: give the final address';
    return fault('upstream', id, `${url} redirects (${status})`, fix);
  }
  if (!response.ok) {
    return fault('upstream', id, `${url} answers ${status}`, 'is baseUrl right, without /v1?');
  }
  const listed = modelsIn(text);
  if (listed === undefined) {
    const fix = 'expected {"data":[{"id":"…"}]}, as OpenAI-compatible servers answer';
    return fault('upstream', id, `${url} answers something else than a list of models`, fix);
  }
  return modelCheck(site, listed, url);
}

function modelsIn(text: string): string[] | undefined {
  try {
    return modelList.parse(JSON.parse(text)).data.map((m) => m.id);
  } catch {
    return undefined;
  }
}

function modelCheck({ id, upstream }: Site, listed: readonly string[], url: string): Check {
  const wanted = [...new Set(Object.values(upstream.models))];
  const missing = wanted.filter((name) => !listed.includes(name));
  if (missing.length === 0) {
    return ok('upstream', id, `${url} lists ${wanted.map((m) => `"${m}"`).join(', ')}`);
  }
  const there = listed.slice(0, 10).map((m) => `"${m}"`);
  const fix =
    listed.length === 0
      ? 'the server has no model loaded'
      : `upstream.models should name one of ${there.join(', ')}${listed.length > 10 ? ', …' : ''}`;
  const lacks = `${url} lists ${count(listed.length, 'model')}, not ${missing.map((m) => `"${m}"`).join(', ')}`;
  return fault('upstream', id, lacks, fix);
}
