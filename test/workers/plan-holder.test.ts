import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { publishPlan } from '../../src/store/plans.ts';
import { PlanHolder } from '../../src/workers/plan-holder.ts';
import { draft, slots } from './support/plans.ts';

/** Work that requests left behind, as `waitUntil` got it. */
let background: Promise<unknown>[] = [];

function request(): ExecutionContext {
  const ctx = createExecutionContext();
  ctx.waitUntil = (promise) => {
    background.push(promise);
  };
  return ctx;
}

const broken = {
  withSession: () => {
    throw new Error('D1 is away');
  },
} as unknown as D1Database;

/** A D1 whose answers never come. */
const silent = {
  withSession: () => ({ prepare: () => silentStatement }),
} as unknown as D1Database;
const silentStatement = { bind: () => silentStatement, raw: () => new Promise(() => {}) };

/** A replica that still holds an earlier version as the current one. */
function lagging(version: number): D1Database {
  const session = env.DB.withSession();
  return {
    withSession: () => ({
      prepare: (sql: string) =>
        session.prepare(
          sql.includes('current_plan') ? `SELECT ${version} AS version WHERE ? > 0` : sql,
        ),
      batch: (all: D1PreparedStatement[]) => session.batch(all),
    }),
  } as unknown as D1Database;
}

/** The version held once the refresh that a request begins has ended. */
async function versionAfter(holder: PlanHolder, db: D1Database): Promise<number | undefined> {
  await holder.current(db, request());
  await Promise.all(background);
  return (await holder.current(db, request()))?.header.version;
}

beforeAll(async () => {
  await publishPlan(env.DB, draft('first'), slots());
});

beforeEach(() => {
  background = [];
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test('a newer plan replaces the one held, an older one does not, and an error keeps it', async () => {
  const logged = vi.spyOn(console, 'error').mockReturnValue();
  const holder = new PlanHolder();
  expect(await versionAfter(holder, env.DB)).toBe(1);
  await publishPlan(env.DB, draft('second'), slots());
  // Not looked for yet.
  expect(await versionAfter(holder, env.DB)).toBe(1);
  vi.advanceTimersByTime(15_001);
  expect(await versionAfter(holder, env.DB)).toBe(2);
  vi.advanceTimersByTime(15_001);
  expect(await versionAfter(holder, lagging(1))).toBe(2);
  vi.advanceTimersByTime(15_001);
  expect(logged).not.toHaveBeenCalled();
  expect(await versionAfter(holder, broken)).toBe(2);
  expect(logged).toHaveBeenCalledOnce();
});

test('a first plan is waited for; a D1 that is away is not', async () => {
  vi.spyOn(console, 'error').mockReturnValue();
  const holder = new PlanHolder();
  expect(await holder.current(broken, request())).toBeUndefined();
  vi.advanceTimersByTime(1001);
  expect((await holder.current(env.DB, request()))?.header.version).toBe(2);
});

test('a D1 that does not answer holds up no request for long, nor the next refresh', async () => {
  const holder = new PlanHolder();
  const first = holder.current(silent, request());
  expect(background).toHaveLength(1);
  const second = holder.current(silent, request());
  // The same refresh, under a timer of its own.
  expect(background).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2000);
  expect(await first).toBeUndefined();
  expect(await second).toBeUndefined();
  // That refresh is given up, though it never settles.
  vi.advanceTimersByTime(3001);
  expect((await holder.current(env.DB, request()))?.header.version).toBe(2);
});

test('a refresh outlives the request that began it', async () => {
  const holder = new PlanHolder();
  await versionAfter(holder, env.DB);
  background = [];
  vi.advanceTimersByTime(15_001);
  await holder.current(env.DB, request());
  expect(background).toHaveLength(1);
});
