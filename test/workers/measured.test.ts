import { env, exports } from 'cloudflare:workers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Measured } from '../../src/dashboard/types.ts';
import { fleet } from '../../src/workers/fleet.ts';
import { measured } from '../../src/workers/measured.ts';
import { boardOf } from '../../src/workers/optimize.ts';
import { type Booked, booked, playCounting, settled } from './support/accounts.ts';
import { adminCall, chat, hello } from './support/client.ts';

beforeEach(() => {
  vi.spyOn(console, 'log').mockReturnValue();
});
afterEach(async () => {
  await settled();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const ask = (token?: string) =>
  exports.default.fetch(
    new Request('https://router.test/now.json', {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    }),
  );
const read = async () => {
  const response = await ask('test-admin-token');
  expect(response.status).toBe(200);
  return response.json<Measured>();
};

test('what isolates report of sites is told by site, and what nobody reports is absent', async () => {
  const none = await read();
  expect(none.traffic?.map((s) => s.site)).toEqual(fleet.sites.map((s) => s.id));
  expect(none.traffic?.every((s) => s.attemptsPerS === 0 && s.ttft === null)).toBe(true);
  const timed = { count: 10, ttftMs: 2000, expectedMs: 1000 };
  const planned = { count: 4, ttftMs: 1000, plannedMs: 600 };
  await boardOf(env).exchange({ sydney: { good: 45, bad: 15, timed, planned } }, 'a');
  await boardOf(env).exchange({ perth: { good: 30, bad: 0, timed } }, 'b');
  const { traffic } = await read();
  const of = (id: string) => traffic?.find((s) => s.site === id);
  expect(of('sydney')?.attemptsPerS).toBeCloseTo(1, 1);
  expect(of('sydney')?.failedPerS).toBeCloseTo(0.25, 2);
  expect(of('sydney')?.ttft?.ttftMs).toBeCloseTo(200, 6);
  expect(of('sydney')?.ttft?.planned?.ttftMs).toBeCloseTo(250, 6);
  expect(of('sydney')?.ttft?.planned?.unloadedTtftMs).toBeCloseTo(150, 6);
  expect(of('perth')?.attemptsPerS).toBeCloseTo(0.5, 1);
  expect(of('perth')?.ttft).toMatchObject({ planned: null });
  // The admin API tells the same of a site.
  const body = await (await adminCall('GET', '/sites')).json<{
    sites: { id: string; measured: unknown }[];
  }>();
  expect(body.sites.find((s) => s.id === 'sydney')?.measured).toMatchObject({
    unloadedTtftMs: expect.closeTo(100, 6),
    planned: { unloadedTtftMs: expect.closeTo(150, 6) },
  });
});

/** Of receipts an open page tells this, and no tokens, nothing by key. */
const drawn = [
  'fromUtcMs',
  ...['requests', 'estimated', 'unpriced', 'energyKwh', 'carbonKg', 'waterL', 'costAud'],
  ...['nearestEnergyKwh', 'nearestCarbonKg', 'nearestWaterL', 'nearestCostAud'],
];

test('sums are those of the receipts of this hour and of this day', async () => {
  const empty = await read();
  expect(empty.receipts).toMatchObject({ bookedUtcMs: null, hour: { requests: 0 } });
  // In an hour of the day before, an hour of this day, and this one.
  playCounting(() => ({ prompt_tokens: 700, completion_tokens: 90 }));
  const noon = Date.UTC(2030, 5, 4, 12, 20);
  const times = [noon - 13 * 3_600_000, noon - 2 * 3_600_000, noon - 60_000, noon];
  for (const [n, now] of times.entries()) {
    vi.useFakeTimers({ now, toFake: ['Date'] });
    for (let r = 0; r <= n; r++) expect((await chat(hello())).status).toBe(200);
    await settled();
  }
  const { receipts } = await read();
  expect(receipts.bookedUtcMs).toBe(noon);
  const sums: Booked[] = await booked('by=hour');
  expect(sums.map((s) => s.requests)).toEqual([1, 2, 7]);
  expect(receipts.hour.fromUtcMs).toBe(Date.UTC(2030, 5, 4, 12));
  expect(receipts.day.fromUtcMs).toBe(Date.UTC(2030, 5, 4));
  expect(receipts.hour.requests).toBe(7);
  expect(receipts.day.requests).toBe(9);
  for (const sum of [receipts.hour, receipts.day]) expect(Object.keys(sum)).toEqual(drawn);
  for (const name of ['energyKwh', 'nearestCarbonKg', 'waterL'] as const) {
    expect(receipts.hour[name]).toBe(sums[2]?.[name]);
    expect(receipts.day[name]).toBeCloseTo(
      (sums[1]?.[name] as number) + (sums[2]?.[name] as number),
      12,
    );
  }
});

test('while the board does not answer, receipts are told all the same', async () => {
  vi.spyOn(console, 'warn').mockReturnValue();
  const broken = {
    ...env,
    SITE_BOARD: { getByName: () => ({ known: () => Promise.reject(new Error('away')) }) },
  } as unknown as typeof env;
  const { traffic, receipts } = await measured(broken);
  expect(traffic).toBeNull();
  expect(receipts.hour).toMatchObject({ requests: expect.any(Number) });
});

test('it is as open as the status', async () => {
  expect((await ask()).status).toBe(401);
  expect((await ask('wrong')).status).toBe(401);
});
