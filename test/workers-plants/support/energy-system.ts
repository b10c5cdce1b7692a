/**
 * Sites' energy management systems: `POST /__next?site=` sets what one answers, `GET /__asked?site=` says
 * what it was asked since. All other requests are a solver's, to whatever host.
 */
export interface Answer {
  status?: number;
  /** Sent as it is if a string, else as JSON. */
  body?: unknown;
  /** How late it comes, ms. */
  delayMs?: number;
}

const told = new Map<string, { next: Answer; asked: string[] }>();

export default {
  async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const site = url.searchParams.get('site') ?? '';
    const known = told.get(site) ?? { next: { status: 503 }, asked: [] };
    told.set(site, known);
    if (url.pathname === '/__next') {
      told.set(site, { next: await request.json(), asked: [] });
      return new Response();
    }
    if (url.pathname === '/__asked') return Response.json(known.asked);
    known.asked.push(url.href);
    const { status = 200, body, delayMs = 0 } = known.next;
    await scheduler.wait(delayMs);
    return new Response(typeof body === 'string' ? body : JSON.stringify(body ?? null), { status });
  },
};
