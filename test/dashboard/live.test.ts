import { afterEach, expect, test, vi } from 'vitest';
import { Live, reasonOf, systemMs } from '../../src/dashboard/live.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** A page whose server answers all paths with a status, an open one for /events. */
function pageWith(status: number) {
  const headers: (string | undefined)[] = [];
  vi.stubGlobal('fetch', async (path: string, init: { headers: Record<string, string> }) => {
    headers.push(init.headers.authorization);
    if (path === '/events') return new Response(new ReadableStream());
    return new Response('{}', { status });
  });
  const live = new Live(() => {});
  live.start('of-yesterday');
  return { live, headers };
}

test('a token that the admin API refuses is dropped and asked for again, though the status is open', async () => {
  const { live, headers } = pageWith(401);
  await live.ask('/view.json');
  expect(live.state).toMatchObject({ hasToken: true, isRejected: false });
  await live.ask('/admin/v1/sites');
  expect(live.state).toMatchObject({ hasToken: false, isRejected: true });
  await live.ask('/admin/v1/sites');
  expect(headers).toEqual([
    'Bearer of-yesterday',
    'Bearer of-yesterday',
    'Bearer of-yesterday',
    undefined,
  ]);
  live.start('of-today');
  expect(live.state).toMatchObject({ hasToken: true, isRejected: false });
  live.stop();
});

test('other refusals say nothing of the token', async () => {
  const { live } = pageWith(409);
  await live.ask('/admin/v1/sites');
  expect(live.state.hasToken).toBe(true);
  live.stop();
});

test.each([
  ['are cut short', async () => new Response('event: tick\ndata: {"nowUtcMs":0}\n\n'), 14],
  ['do not come', async () => Promise.reject(new TypeError('Failed to fetch')), 6],
])('streams that %s are not asked for without end', async (_, answer, most) => {
  vi.useFakeTimers();
  const asked = vi.fn(answer);
  vi.stubGlobal('fetch', asked);
  const live = new Live(() => {});
  live.start('');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked.mock.calls.length).toBeGreaterThanOrEqual(3);
  expect(asked.mock.calls.length).toBeLessThanOrEqual(most);
  live.stop();
});

test('between two words of the server its clock runs on at its own rate', () => {
  const { live } = pageWith(200);
  const heard = { ...live.state, heardMs: 1000, clockAheadMs: 500, clockRate: 60 };
  expect(systemMs(heard, 1000)).toBe(1500);
  expect(systemMs(heard, 2000)).toBe(61_500);
  live.stop();
});

test('no connection is called that, whatever the browser says', () => {
  expect(reasonOf(new TypeError('Failed to fetch'))).toBe('no connection');
  expect(reasonOf(new Error('HTTP status 500'))).toBe('HTTP status 500');
});
