import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { KeyRing } from '../../src/workers/keys.ts';
import { type MadeKey, makeKey } from './support/accounts.ts';
import { adminCall } from './support/client.ts';
import { type SlowD1, slowD1 } from './support/slow-d1.ts';

/** Keys while D1 hangs. Timers stand still unless a test moves them: what waits for one never ends. */

const HOUR_MS = 3_600_000;
const nothing = () => ({ costNanoAud: 0, carbonMg: 0 });

let d1: SlowD1;
let ring: KeyRing;

const find = (key: string) => ring.find(key, Date.now(), d1.DB, createExecutionContext());
const revoke = ({ id }: MadeKey) => adminCall('DELETE', `/keys/${id}`);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  vi.spyOn(console, 'error').mockReturnValue();
  d1 = slowD1(env.DB);
  ring = new KeyRing(nothing);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A request that waits for D1 in vain, up to its limit. */
async function waitInVain(key: string) {
  const finding = find(key);
  await vi.advanceTimersByTimeAsync(2000);
  return finding;
}

describe('while D1 hangs', () => {
  test('a key in use waits for nothing, however long ago it was looked up', async () => {
    const made = await makeKey();
    expect(await find(made.key)).toMatchObject({ id: made.id });
    d1.hang();
    for (let s = 0; s < 60; s += 4) {
      await vi.advanceTimersByTimeAsync(4000);
      expect(await find(made.key)).toMatchObject({ id: made.id });
    }
  });

  test('an isolate that idled waits once, and the requests after that do not', async () => {
    const made = await makeKey();
    await find(made.key);
    d1.hang();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await waitInVain(made.key)).toMatchObject({ id: made.id });
    for (let n = 0; n < 5; n++) expect(await find(made.key)).toMatchObject({ id: made.id });
    // A key made meanwhile, or none: that cannot be said, at once.
    const other = await makeKey();
    await vi.advanceTimersByTimeAsync(300);
    expect(await find(other.key)).toBe('unavailable');
  });

  test('a fresh isolate says at once that it cannot know, after one wait', async () => {
    const made = await makeKey();
    d1.hang();
    expect(await waitInVain(made.key)).toBe('unavailable');
    expect(await find(made.key)).toBe('unavailable');
  });

  test('a key with a budget serves by what is known', async () => {
    const plain = await makeKey();
    const made = await makeKey({ budgetKgCo2ePerMonth: 1 });
    await find(plain.key);
    d1.hang();
    await vi.advanceTimersByTimeAsync(11_000);
    await waitInVain(plain.key);
    expect(await find(made.key)).toMatchObject({ id: made.id });
    ring.spend(made.id, { costNanoAud: 3, carbonMg: 7 });
    expect(ring.spent(made.id, Date.now())).toEqual({ costNanoAud: 3, carbonMg: 7 });
  });

  test('no key is good for longer than an hour', async () => {
    const made = await makeKey();
    await find(made.key);
    d1.hang();
    await vi.advanceTimersByTimeAsync(HOUR_MS - 10_000);
    expect(await waitInVain(made.key)).toMatchObject({ id: made.id });
    await vi.advanceTimersByTimeAsync(10_001);
    expect(await waitInVain(made.key)).toBe('unavailable');
    await d1.release();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await find(made.key)).toMatchObject({ id: made.id });
  });
});

describe('a revocation', () => {
  test('holds within seconds once D1 answers again', async () => {
    const made = await makeKey();
    await find(made.key);
    d1.hang();
    await vi.advanceTimersByTimeAsync(11_000);
    await waitInVain(made.key);
    await revoke(made);
    expect(await find(made.key)).toMatchObject({ id: made.id });
    d1.recover();
    await vi.advanceTimersByTimeAsync(5001);
    await find(made.key);
    await vi.waitFor(async () => {
      vi.advanceTimersByTime(0);
      expect(await find(made.key)).toBe('unknown');
    });
  });

  test('that an isolate slept through while D1 failed is not missed when it wakes', async () => {
    const made = await makeKey();
    await find(made.key);
    d1.hang();
    await vi.advanceTimersByTimeAsync(11_000);
    await waitInVain(made.key);
    await revoke(made);
    await d1.release();
    await vi.advanceTimersByTimeAsync(10_001);
    expect(await find(made.key)).toBe('unknown');
  });

  test('is not undone by an older answer that comes late', async () => {
    const made = await makeKey();
    d1.hang();
    // This one reads the key as it is before, and is heard last.
    expect(await waitInVain(made.key)).toBe('unavailable');
    await revoke(made);
    d1.recover();
    await vi.advanceTimersByTimeAsync(10_001);
    expect(await find(made.key)).toBe('unknown');
    await d1.release();
    expect(await find(made.key)).toBe('unknown');
  });
});
