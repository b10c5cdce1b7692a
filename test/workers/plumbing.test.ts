import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { setFault } from './support/faults.ts';

/** Shows that the test bed works; says nothing about Isotherm. */
describe('test bed', () => {
  test('D1 answers', async () => {
    await env.DB.exec('CREATE TABLE plumbing (n INTEGER)');
    await env.DB.prepare('INSERT INTO plumbing VALUES (?)').bind(7).run();
    expect(await env.DB.prepare('SELECT n FROM plumbing').first('n')).toBe(7);
  });

  test('a Durable Object keeps its SQLite over an eviction, and its alarm is ours to run', async () => {
    const stub = env.COORDINATOR.get(env.COORDINATOR.idFromName('plumbing'));
    await runInDurableObject(stub, async (_instance, state) => {
      state.storage.sql.exec('CREATE TABLE plumbing (n INTEGER)');
      state.storage.sql.exec('INSERT INTO plumbing VALUES (?)', 7);
      await state.storage.setAlarm(Date.now() + 3_600_000);
    });
    await evictDurableObject(stub);
    const n = await runInDurableObject(
      stub,
      (_instance, state) => state.storage.sql.exec('SELECT n FROM plumbing').one().n,
    );
    expect(n).toBe(7);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await runDurableObjectAlarm(stub)).toBe(false);
  });

  test('every site has a solver of its own behind its binding', async () => {
    const names = Object.keys(env).filter((name) => name.startsWith('SOLVER_'));
    expect(names).toHaveLength(14);
    expect((await env.SOLVER_GOLD_COAST!.fetch('http://solver/__fault')).status).toBe(200);
  });

  test('a solver can be made faulty, for one answer or all', async () => {
    await setFault('sydney', { kind: 'status-500', times: 1 });
    expect((await env.SOLVER_SYDNEY!.fetch('http://solver/')).status).toBe(500);
    await setFault('sydney', { kind: 'garbage' });
    const garbage = await env.SOLVER_SYDNEY!.fetch('http://solver/');
    expect((await garbage.arrayBuffer()).byteLength).toBe(5);
  });

  test('the router answers', async () => {
    const response = await exports.default.fetch('http://router/');
    expect(response.status).toBe(200);
    await response.text();
  });
});
