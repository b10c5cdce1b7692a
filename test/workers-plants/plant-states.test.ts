import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, type MockInstance, test, vi } from 'vitest';
import type { Site } from '../../src/core/model/fleet.ts';
import { floorToHour } from '../../src/core/model/time.ts';
import { PlantStates } from '../../src/workers/plant-states.ts';
import { plantedFleet } from '../core/support/planted.ts';

/** Reports of a plant, and what is learned from them: what fails of the one costs nothing of the other. */

const site = plantedFleet().sites.find((s) => s.id === 'sydney') as Site;
const startUtcMs = floorToHour(Date.parse('2026-03-01T03:00Z'));
const power = { itKw: 40, facilityKw: 80, tempC: 30, rhPct: 40 };

/** In the storage of another object, whose class does not matter. */
function within(work: (states: PlantStates, storage: DurableObjectStorage) => Promise<void>) {
  const object = env.SITE_BOARD.getByName(crypto.randomUUID());
  return runInDurableObject(object, (_, ctx) => work(new PlantStates(ctx, {}), ctx.storage));
}

const says = (utcMs: number) =>
  vi
    .spyOn(globalThis, 'fetch')
    .mockImplementation(async () =>
      Response.json({ utc: new Date(utcMs).toISOString(), storedKwh: 30, power }),
    );

afterEach(() => vi.restoreAllMocks());

describe('what cannot be learned leaves the report', () => {
  test.each(['get', 'put'] as const)('storage that does not %s it', async (failing) => {
    const error = vi.spyOn(console, 'error').mockReturnValue();
    says(startUtcMs);
    await within(async (states, storage) => {
      const verb = storage[failing].bind(storage) as (...args: unknown[]) => Promise<unknown>;
      const failed = vi.spyOn(storage, failing) as unknown as MockInstance<typeof verb>;
      failed.mockImplementation(async (...args) => {
        if (args[0] === 'cooling') throw new Error('no cooling');
        return verb(...args);
      });
      const state = await states.stateOf(site, 'run', startUtcMs);
      expect(state).toMatchObject({ storedKwh: 30, utcMs: startUtcMs });
      expect(state?.coolingTimes ?? 1).toBe(1);
      expect(error).toHaveBeenCalledWith(expect.stringMatching(/sydney.*no cooling/));
    });
  });
});

test('a report too old to begin a plan with teaches, one of a time to come does not', async () => {
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  await within(async (states, storage) => {
    says(startUtcMs + 7_200_000);
    expect(await states.stateOf(site, 'first', startUtcMs)).toBeUndefined();
    expect(await storage.get('cooling')).toBeUndefined();
    says(startUtcMs - 7_200_000);
    expect(await states.stateOf(site, 'second', startUtcMs)).toBeUndefined();
    const learned = { reports: 1, utcMs: startUtcMs - 7_200_000 };
    expect(await storage.get('cooling')).toMatchObject(learned);
  });
  expect(warn).toHaveBeenCalledTimes(2);
});
