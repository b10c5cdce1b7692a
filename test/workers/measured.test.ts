import { createExecutionContext } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { rowSums, type UsageRow } from '../../src/core/accounting/totals.ts';
import type { Measured } from '../../src/dashboard/types.ts';
import { bookBatch } from '../../src/store/usage.ts';
import { fleet } from '../../src/workers/fleet.ts';
import { SharedMeasured } from '../../src/workers/measured.ts';
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
type Receipts = NonNullable<Measured['receipts']>;
/** As a router sees it that has read nothing yet. */
const afresh = async (of = env) => {
  const body = await new SharedMeasured().read(of, createExecutionContext());
  return body as unknown as Measured;
};
const read = async () => {
  const response = await ask('test-admin-token');
  expect(response.status).toBe(200);
  return response.json<Measured>();
};

test('what isolates report of sites is told by site, and what nobody reports is absent', async () => {
  // Attempts fade by true time.
  const startMs = Date.UTC(2030, 5, 2);
  vi.useFakeTimers({ now: startMs, toFake: ['Date'] });
  const none = await read();
  expect(none.traffic?.map((s) => s.site)).toEqual(fleet.sites.map((s) => s.id));
  expect(none.traffic?.every((s) => s.attemptsPerS === 0 && s.ttft === null)).toBe(true);
  const timed = { count: 10, ttftMs: 2000, expectedMs: 1000 };
  const planned = { count: 4, ttftMs: 1000, plannedMs: 600 };
  await boardOf(env).exchange({ sydney: { good: 45, bad: 15, timed, planned } }, 'a');
  await boardOf(env).exchange({ perth: { good: 30, bad: 0, timed } }, 'b');
  vi.setSystemTime(startMs + 1);
  expect((await read()).traffic).toEqual(none.traffic);
  vi.setSystemTime(startMs);
  const { traffic } = await afresh();
  const of = (id: string) => traffic?.find((s) => s.site === id);
  expect(of('sydney')?.attemptsPerS).toBeCloseTo(1, 9);
  expect(of('sydney')?.failedPerS).toBeCloseTo(0.25, 9);
  expect(of('sydney')?.ttft?.ttftMs).toBeCloseTo(200, 6);
  expect(of('sydney')?.ttft?.planned?.ttftMs).toBeCloseTo(250, 6);
  expect(of('sydney')?.ttft?.planned?.unloadedTtftMs).toBeCloseTo(150, 6);
  expect(of('perth')?.attemptsPerS).toBeCloseTo(0.5, 9);
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
  ...['ttftRequests', 'ttftMs', 'nearestTtftRequests', 'nearestTtftMs'],
];

test('sums are those of the receipts of this hour and of this day', async () => {
  vi.useFakeTimers({ now: Date.UTC(2030, 5, 3), toFake: ['Date'] });
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
  const receipts = (await read()).receipts as Receipts;
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
  const { traffic, receipts } = await afresh(broken);
  expect(traffic).toBeNull();
  expect(receipts?.hour).toMatchObject({ requests: expect.any(Number) });
});

test('while D1 does not answer, traffic is told all the same', async () => {
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  const DB = { prepare: () => ({ first: fail, bind: () => ({ all: fail, first: fail }) }) };
  const { traffic, receipts } = await afresh({ ...env, DB } as unknown as typeof env);
  expect(traffic?.map((s) => s.site)).toEqual(fleet.sites.map((s) => s.id));
  expect(receipts).toBeNull();
  expect(warn).toHaveBeenCalledWith(expect.stringMatching(/receipts .*D1 is away/));
});
const fail = () => Promise.reject(new Error('D1 is away'));

test('many viewers cost one reading, and past hours of the day one in an hour', async () => {
  const hourMs = 3_600_000;
  const dayMs = Date.UTC(2031, 5, 4);
  const atMs = (hour: number, minute: number, second = 0) =>
    dayMs + hour * hourMs + minute * 60_000 + second * 1000;
  const { DB, ranges } = watched(env.DB);
  const shared = new SharedMeasured();
  const look = async () => {
    const body = await shared.read({ ...env, DB }, createExecutionContext());
    return (body as unknown as Measured).receipts as Receipts;
  };
  const book = (id: string, hour: number, requests: number) => {
    const keys = { keyId: 'k', model: 'm', zone: 'z', site: 's', hourUtcMs: atMs(hour, 0) };
    const sums = Object.fromEntries(rowSums.map((name) => [name, requests]));
    const rows = [{ ...keys, ...sums } as UsageRow];
    return bookBatch(env.DB, { id, rows, counters: [] }, Date.now());
  };
  vi.useFakeTimers({ now: atMs(12, 20), toFake: ['Date'] });
  await book('a', 3, 1);
  await book('b', 12, 10);
  const all = await Promise.all([look(), look(), look(), look()]);
  for (const { hour, day } of all) expect([hour.requests, day.requests]).toEqual([10, 11]);
  const pastRead = [dayMs, atMs(12, 0)];
  expect(ranges()).toEqual([pastRead, [atMs(12, 0), atMs(12, 20) + 1]]);
  // A few seconds on it is the same answer; then this hour alone is read.
  await book('c', 12, 100);
  vi.setSystemTime(atMs(12, 20, 3));
  expect((await look()).hour.requests).toBe(10);
  vi.setSystemTime(atMs(12, 20, 5));
  expect((await look()).day.requests).toBe(111);
  expect(ranges()).toEqual([[atMs(12, 0), atMs(12, 20, 5) + 1]]);
  // What is booked behind the turn of the hour is not missed.
  vi.setSystemTime(atMs(13, 0, 1));
  expect(await look()).toMatchObject({ hour: { requests: 0 }, day: { requests: 111 } });
  await book('d', 12, 1000);
  vi.setSystemTime(atMs(13, 0, 9));
  expect((await look()).day.requests).toBe(1111);
  expect(ranges().map(([from]) => from)).toEqual([atMs(12, 0), atMs(12, 0)]);
  // Nor for longer than an hour, however late.
  await book('e', 3, 10_000);
  vi.setSystemTime(atMs(13, 10));
  expect((await look()).day.requests).toBe(11_111);
  expect(ranges()).toEqual([
    [dayMs, atMs(13, 0)],
    [atMs(13, 0), atMs(13, 10) + 1],
  ]);
  // A new day begins with nothing.
  vi.setSystemTime(atMs(24, 0));
  expect((await look()).day.requests).toBe(0);
  expect(ranges()).toEqual([[atMs(24, 0), atMs(24, 0) + 1]]);
});

/** D1, and of which hours sums were read since that was last asked. */
function watched(db: D1Database) {
  let read: unknown[][] = [];
  const prepare = (sql: string) => {
    const statement = db.prepare(sql);
    if (!sql.includes('FROM usage_hours')) return statement;
    return {
      bind: (...values: unknown[]) => {
        read.push(values.slice(0, 2));
        return statement.bind(...values);
      },
    };
  };
  const ranges = () => {
    const before = read;
    read = [];
    return before;
  };
  return { DB: { prepare } as unknown as D1Database, ranges };
}

test('it is as open as the status', async () => {
  expect((await ask()).status).toBe(401);
  expect((await ask('wrong')).status).toBe(401);
});
