import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { currentVersion, publishPlan, readPlan } from '../../src/store/plans.ts';
import { draft, slots } from './support/plans.ts';

/** D1 with another `prepare` or `batch`. */
function d1(change: Partial<Pick<D1Database, 'prepare' | 'batch'>>): D1Database {
  const { prepare = (sql) => env.DB.prepare(sql), batch = (all) => env.DB.batch(all) } = change;
  return { prepare, batch } as D1Database;
}

test('a run is published once, however often that is asked for', async () => {
  const first = await publishPlan(env.DB, draft('twice'), slots());
  expect(await publishPlan(env.DB, draft('twice', { rounds: 2 }), slots())).toEqual(first);
  expect(await currentVersion(env.DB)).toBe(first.header.version);
});

test.each([
  ['lost before it was done', false],
  ['done, but the answer was lost', true],
])('a publish that was %s is tried again', async (what, done) => {
  const before = (await currentVersion(env.DB)) ?? 0;
  let calls = 0;
  const batch = async <T>(statements: D1PreparedStatement[]) => {
    if (++calls > 1) return env.DB.batch<T>(statements);
    if (done) await env.DB.batch(statements);
    throw new Error('D1_ERROR: Network connection lost.');
  };
  const plan = await publishPlan(d1({ batch }), draft(what), slots());
  expect(plan.header).toMatchObject({ runId: what, version: before + 1 });
  expect(await readPlan(env.DB, before + 1)).toEqual({ ...plan, slots: slots() });
  expect(await currentVersion(env.DB)).toBe(before + 1);
});

test('an invalid plan is refused at once', async () => {
  let calls = 0;
  const batch = async () => {
    calls++;
    throw new Error('not to be called');
  };
  await expect(
    publishPlan(d1({ batch }), draft('bad', { nearestShare: 2 }), slots()),
  ).rejects.toThrow(/nearestShare/);
  expect(calls).toBe(0);
});

test('an older version never moves the pointer back', async () => {
  const versions = [];
  for (const runId of ['a', 'b', 'c']) {
    versions.push((await publishPlan(env.DB, draft(runId), slots())).header.version);
  }
  const [a, b, c] = versions as [number, number, number];
  // A version in between is free again, and one who has seen no more than "a" publishes it.
  await env.DB.prepare('DELETE FROM plans WHERE version = ?').bind(b).run();
  const prepare = (sql: string) =>
    env.DB.prepare(sql.includes('max(') ? `SELECT ${a} AS version` : sql);
  const late = await publishPlan(d1({ prepare }), draft('late'), slots());
  expect(late.header.version).toBe(b);
  expect(await currentVersion(env.DB)).toBe(c);
});
