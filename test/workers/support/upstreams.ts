import { vi } from 'vitest';
import { fleet } from '../../../src/workers/fleet.ts';

export type Upstream = (request: Request, site: string) => Response | Promise<Response>;

/** Plays all sites' servers; returns the requests they got, by site, in order. */
export function playUpstreams(answer: Upstream) {
  const seen: { site: string; request: Request; body: Record<string, unknown> }[] = [];
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const request = new Request(input as RequestInfo, init as RequestInit);
    const host = new URL(request.url).hostname;
    const site = fleet.sites.find((s) => new URL(s.upstream.baseUrl).hostname === host);
    if (!site) throw new Error(`request to an unknown host: ${host}`);
    const text = await request.clone().text();
    seen.push({ site: site.id, request, body: JSON.parse(text) });
    return answer(request, site.id);
  });
  return seen;
}

export const completion = (site: string) =>
  Response.json(
    { id: 'x', object: 'chat.completion', site },
    { headers: { server: 'vllm', 'set-cookie': 'a=b' } },
  );

export const events = (body: BodyInit) =>
  new Response(body, { headers: { 'content-type': 'text/event-stream' } });

/** A stream that says something, all at once. */
export const spoken = () =>
  events('data: {"choices":[{"delta":{"content":"hi"}}]}\n\ndata: [DONE]\n\n');

/** Does nothing until the request is given up. */
export function never(request: Request): Promise<Response> {
  return new Promise((_, reject) => {
    request.signal.addEventListener('abort', () => reject(request.signal.reason));
  });
}
