import type { PublicSite } from '../core/model/fleet.ts';
import { SiteHealth } from '../core/routing/health.ts';
import { type Env, numberVar } from './env.ts';
import { fleet } from './fleet.ts';
import { openAiError } from './openai-error.ts';
import { isFault, isRefusal, passedOnHeaders, upstreamKey, upstreamUrl } from './upstream.ts';

/** Sites tried for one request. */
const MAX_ATTEMPTS = 3;

const sitesById = new Map(fleet.sites.map((s) => [s.id, s]));

/** What this isolate knows of the sites, from the requests it forwarded. */
export const health = new SiteHealth();

interface Labels {
  requestId: string;
  planLabel: string;
}

interface Asked {
  request: Request;
  env: Env;
  path: string;
  streams: boolean;
  requestId: string;
}

/** A site that did not answer before its deadline. */
class Late extends Error {}

/** Asks the sites in order until one does not refuse; nothing is retried after its first byte. */
export async function forward(
  request: Request,
  env: Env,
  path: string,
  body: Record<string, unknown>,
  order: string[],
  labels: Labels,
): Promise<Response> {
  const label = (headers: Headers, siteId?: string) => {
    if (siteId !== undefined) headers.set('x-isotherm-site', siteId);
    headers.set('x-isotherm-plan', labels.planLabel);
    headers.set('x-request-id', labels.requestId);
    return headers;
  };
  const answerOf = (upstream: Response, siteId: string) =>
    new Response(upstream.body, {
      status: upstream.status,
      headers: label(passedOnHeaders(upstream), siteId),
    });
  const textFor = textByModelName(body);
  const streams = body.stream === true;
  const asked = { request, env, path, streams, requestId: labels.requestId };
  const tried: string[] = [];
  let refusal: { upstream: Response; siteId: string } | undefined;
  let faults = 0;
  for (const siteId of order.slice(0, MAX_ATTEMPTS)) {
    const site = sitesById.get(siteId) as PublicSite;
    tried.push(siteId);
    try {
      const upstream = await attempt(asked, site, textFor(site));
      if (isRefusal(upstream.status)) {
        await refusal?.upstream.body?.cancel();
        refusal = { upstream, siteId };
      } else if (isFault(upstream.status)) {
        await upstream.body?.cancel();
        faults++;
        console.warn(`site ${siteId} answered ${upstream.status}`);
      } else {
        health.answered(siteId);
        return answerOf(upstream, siteId);
      }
    } catch (error) {
      if (request.signal.aborted) return new Response(null, { status: 499 });
      if (error instanceof Late && !streams) {
        // It may still be at work: asking another, or the SDK's asking again, would double that.
        const headers = label(new Headers({ 'x-should-retry': 'false' }), siteId);
        return openAiError(504, error.message, { code: 'completion_timeout', headers });
      }
      console.warn(`site ${siteId} failed before its first byte: ${(error as Error).message}`);
    }
    health.refused(siteId, Date.now());
  }
  // The last refusal is the truest answer there is: it says how long to wait.
  if (refusal) return answerOf(refusal.upstream, refusal.siteId);
  const headers = label(new Headers());
  if (faults > 0) {
    const message = `No site gave a usable answer (tried ${tried.join(', ')}).`;
    return openAiError(502, message, { code: 'site_fault', headers });
  }
  const message =
    tried.length > 0
      ? `No site could be reached (tried ${tried.join(', ')}).`
      : 'No site may serve this zone and model.';
  return openAiError(503, message, { code: 'no_site_available', headers });
}

/** The request as a site gets it, written once for each name that sites serve the model under. */
function textByModelName(body: Record<string, unknown>): (site: PublicSite) => string {
  const written = new Map<string | undefined, string>();
  return (site) => {
    const model = site.upstream.models[body.model as string];
    const text = written.get(model) ?? JSON.stringify({ ...body, model });
    written.set(model, text);
    return text;
  };
}

/**
 * One site's answer. A stream must begin in time, by its first byte, since servers send the headers
 * of a stream at once; without a stream they send them at the end, and the whole answer has its own,
 * longer limit. Throws {@link Late} beyond either.
 */
async function attempt(asked: Asked, site: PublicSite, body: string): Promise<Response> {
  const { request, env, path, streams, requestId } = asked;
  const headers = new Headers({
    'content-type': 'application/json',
    accept: request.headers.get('accept') ?? '*/*',
    'x-request-id': requestId,
  });
  const key = upstreamKey(env, site.id);
  if (key) headers.set('authorization', `Bearer ${key}`);
  const limitMs = streams
    ? numberVar(env.FIRST_BYTE_DEADLINE_MS, 30_000, 10, 600_000)
    : numberVar(env.COMPLETION_DEADLINE_MS, 600_000, 10, 3_600_000);
  const deadline = new AbortController();
  let timer: number | null = null;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new Late(`Site ${site.id} did not answer within ${limitMs} ms.`);
      reject(error);
      deadline.abort(error);
    }, limitMs);
  });
  const answer = async () => {
    const upstream = await fetch(upstreamUrl(env, site, path), {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      signal: AbortSignal.any([request.signal, deadline.signal]),
    });
    if (upstream.status >= 300 && upstream.status < 400) {
      throw new Error(`redirects (${upstream.status}), which upstreams may not`);
    }
    return streams && upstream.ok ? begun(upstream) : upstream;
  };
  try {
    return await Promise.race([answer(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The same answer, once its first bytes are there. Throws if it ends without any. */
async function begun(upstream: Response): Promise<Response> {
  const reader = upstream.body?.getReader();
  const first = await reader?.read();
  if (!upstream.body || !reader || !first?.value) throw new Error('ended before its first byte');
  reader.releaseLock();
  const { readable, writable } = new IdentityTransformStream();
  // Not awaited: it runs while the client reads. What breaks either end ends the other, too.
  passOn(first.value, upstream.body, writable).catch(() => {});
  return new Response(readable, { status: upstream.status, headers: passedOnHeaders(upstream) });
}

async function passOn(
  first: Uint8Array,
  rest: ReadableStream,
  writable: WritableStream,
): Promise<void> {
  const writer = writable.getWriter();
  try {
    await writer.write(first);
    writer.releaseLock();
  } catch (error) {
    await rest.cancel(error);
    return;
  }
  await rest.pipeTo(writable);
}
