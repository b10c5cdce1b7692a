import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/sim/site-server/index.ts';
import { chatBody, type Gateway, startGateway } from './support/gateway.ts';

/** What sites do wrong, and what the client of the router in workerd gets of it. */

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({ IDLE_DEADLINE_MS: '400', FIRST_BYTE_DEADLINE_MS: '2000' });
}, 60_000);

afterAll(() => gateway?.close());

afterEach(() => {
  for (const site of gateway.sites) site.setFault(null);
});

let count = 0;
const named = () => ({ 'x-request-id': `broken-${++count}` });

/** The error of a stream's last event. */
function lastError(text: string): { code: string; message: string } {
  const events = text.trim().split('\n\n');
  const last = events.at(-1)?.split('\n').at(-1) ?? '';
  return JSON.parse(last.replace('data: ', '')).error;
}

function everywhere(fault: Fault): void {
  for (const site of gateway.sites) site.setFault(fault);
}

describe('a stream that does not come to its end', () => {
  test.each<[string, Fault, string]>([
    ['the server dies', { kind: 'die-mid-stream' }, 'upstream_broken'],
    ['it ends without its ending', { kind: 'end-early' }, 'upstream_incomplete'],
    ['it falls silent', { kind: 'stall' }, 'upstream_idle'],
    ['it is one endless line', { kind: 'endless-line' }, 'upstream_line_too_long'],
  ])('%s: an error event in its place, no [DONE], no other site', async (_, fault, code) => {
    everywhere(fault);
    const headers = named();
    const before = gateway.sites.reduce((n, s) => n + s.stats().received, 0);
    const response = await gateway.post('/chat/completions', chatBody({ stream: true }), {
      headers,
    });
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(lastError(text)).toMatchObject({ type: 'server_error', code });
    expect(text).not.toContain('[DONE]');
    const outcome = await gateway.outcome(headers['x-request-id']);
    expect(outcome).toMatchObject({ status: 200, code, streamed: true });
    expect(['broken', 'timeout']).toContain(outcome.outcome);
    expect(gateway.sites.reduce((n, s) => n + s.stats().received, 0)).toBe(before + 1);
  });

  test('/v1/responses gets its own kind of error event', async () => {
    everywhere({ kind: 'end-early' });
    const body = { model: 'isotherm-chat', input: 'hello', stream: true, max_output_tokens: 12 };
    const text = await (await gateway.post('/responses', body)).text();
    expect(text).toContain('\n\nevent: error\ndata: ');
    expect(lastError(text)).toMatchObject({ code: 'upstream_incomplete' });
  });
});

describe('an answer that is none', () => {
  test('HTML: the next site is asked', async () => {
    gateway.site('sydney').setFault({ kind: 'html' });
    for (const stream of [true, false]) {
      const response = await gateway.post('/chat/completions', chatBody({ stream }));
      expect(response.status).toBe(200);
      expect(response.headers.get('x-isotherm-site')).not.toBe('sydney');
      expect(await response.text()).not.toContain('html');
    }
  });

  test('an error page: the status in an error object', async () => {
    everywhere({ kind: 'html', status: 418 });
    const response = await gateway.post('/chat/completions', chatBody());
    expect(response.status).toBe(418);
    expect(await response.json()).toMatchObject({ error: { code: 'upstream_error' } });
  });

  test('shorter than it says: a whole answer from another site, or a clear error', async () => {
    everywhere({ kind: 'wrong-length' });
    const response = await gateway.post('/chat/completions', chatBody());
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: 'no_site_available' } });
  });
});
