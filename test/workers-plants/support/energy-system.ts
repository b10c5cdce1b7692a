/**
 * A site's energy management system: `POST /__next` sets what it answers, `GET /__asked` says what it
 * was asked since. All other requests are a solver's, to whatever host.
 */
export interface Answer {
  status?: number;
  /** Sent as it is if a string, else as JSON. */
  body?: unknown;
  /** How late it comes, ms. */
  delayMs?: number;
}

let next: Answer = { status: 503 };
let asked: string[] = [];

export default {
  async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname === '/__next') {
      next = await request.json();
      asked = [];
      return new Response();
    }
    if (url.pathname === '/__asked') return Response.json(asked);
    asked.push(url.href);
    const { status = 200, body, delayMs = 0 } = next;
    await scheduler.wait(delayMs);
    return new Response(typeof body === 'string' ? body : JSON.stringify(body ?? null), { status });
  },
};
