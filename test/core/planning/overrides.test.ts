import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { siteCapacity } from '../../../src/core/model/capacity.ts';
import { eligibleSites } from '../../../src/core/model/eligibility.ts';
import { type Fleet, type PublicFleet, publicFleet } from '../../../src/core/model/fleet.ts';
import { pricesChangeSchema, siteChangeSchema } from '../../../src/core/model/override-input.ts';
import {
  applyOverrides,
  FLEET,
  type OverrideEntry,
  type Overrides,
  ordersBetween,
  overridesOf,
} from '../../../src/core/model/overrides.ts';
import { loadsOf } from '../../../src/core/optimizer/problem.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { assembleDispatch, assembleSites } from '../../../src/core/planning/assemble.ts';
import { assemble, embeddedFleet, randomFleet } from '../support/fleets.ts';
import { planFaults } from '../support/plans.ts';
import { dice } from '../support/random.ts';

const modes = ['learned', 'supply', 'classic'] as const;
const nothing: Overrides = { revision: 0, sites: {}, prices: {} };

/** Some sites drained, some limited, some prices set; one site at least stays as it is. */
function randomOverrides(fleet: Fleet, seed: number): Overrides {
  const d = dice(seed);
  const sites: Overrides['sites'] = {};
  fleet.sites.slice(1).forEach(({ id }) => {
    if (d.chance(0.4)) sites[id] = { drained: true };
    else if (d.chance(0.5)) sites[id] = { capacityShare: d.uniform(0.05, 1) };
  });
  const prices = d.chance(0.5) ? { carbonAudPerT: d.uniform(0, 500) } : {};
  return { revision: 1, sites, prices };
}

/** The same as a registry says it, to sites as well. */
function asRegistry(fleet: Fleet, overrides: Overrides): Fleet {
  const always = { from: '1970-01-01T00:00Z', to: '2999-01-01T00:00Z' };
  return {
    ...fleet,
    prices: { ...fleet.prices, ...overrides.prices },
    sites: fleet.sites.map((site) => {
      const { drained, capacityShare } = overrides.sites[site.id] ?? {};
      if (drained) return { ...site, state: 'drained' };
      return capacityShare === undefined
        ? site
        : { ...site, maintenance: [{ ...always, capacityShare }] };
    }),
  };
}

test('sites told of nothing but limits plan as if their own registry said it', () => {
  let limits = 0;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.constantFrom(...modes), (seed, mode) => {
      const { fleet, inputs } = randomFleet(seed, 0.5);
      const overrides = randomOverrides(fleet, seed);
      const inForce = applyOverrides(publicFleet(fleet), overrides);
      const problem = assembleDispatch(inForce, inputs, inputs.demandReqPerS);
      const sites = assembleSites({ ...fleet, prices: inForce.prices }, inputs);
      const settings = { mode, gapTarget: 1e-5, maxRounds: 100 };
      const plan = solve(problem, sites, settings);
      const known = assemble(asRegistry(fleet, overrides), inputs);
      const reference = solve(known.problem, known.sites, settings);

      for (const [t, flow] of plan.flow.entries()) {
        loadsOf(problem, flow).forEach((load, j) => {
          const { id, hardware, maxUtilisation } = fleet.sites[j]!;
          const { drained, capacityShare = 1 } = overrides.sites[id] ?? {};
          const most = (drained ? 0 : capacityShare) * hardware.servers * maxUtilisation;
          expect(load, `${id} in slot ${t}`).toBeLessThanOrEqual(most * (1 + 1e-9));
          if (capacityShare < 1 && load > 0.99 * most) limits++;
        });
      }
      const faults = planFaults(problem, plan.flow, plan.unserved);
      expect(faults.demand).toBeLessThan(1e-8);
      // What a site draws at no request it pays either way; one that does not know that it is
      // drained keeps a server awake.
      const base = (of: typeof sites) =>
        of.reduce((sum, s) => sum + s.baseAud.reduce((a, b) => a + b, 0), 0);
      const more = base(sites) - base(known.sites);
      const { objectiveAud, lowerBoundAud } = plan.certificate;
      const slack = 1e-7 * Math.abs(objectiveAud) + 1e-9;
      expect(objectiveAud - more).toBeGreaterThanOrEqual(
        reference.certificate.lowerBoundAud - slack,
      );
      expect(lowerBoundAud - more).toBeLessThanOrEqual(reference.certificate.objectiveAud + slack);
    }),
    { seed: 7, numRuns: 25 },
  );
  expect(limits).toBeGreaterThan(10);
});

describe('applied to a fleet', () => {
  const open = publicFleet(embeddedFleet());
  const horizon = { startUtcMs: Date.parse('2026-03-01T00:00Z'), slotCount: 6, slotHours: 1 };

  test('no setting gives a site more than its registry', () => {
    const site = fc.constantFrom(...open.sites.map((s) => s.id));
    const override = fc.oneof(
      fc.constant({ drained: true as const }),
      fc.record({ capacityShare: fc.double({ min: 0.01, max: 1, noNaN: true }) }),
    );
    fc.assert(
      fc.property(fc.dictionary(site, override), (sites) => {
        const inForce = applyOverrides(open, { ...nothing, revision: 1, sites });
        open.sites.forEach((before, j) => {
          const after = inForce.sites[j]!;
          const whole = siteCapacity(before, horizon).maxLoad;
          siteCapacity(after, horizon).maxLoad.forEach((load, t) => {
            expect(load).toBeLessThanOrEqual(whole[t]!);
            expect(load >= 0).toBe(true);
          });
          if (sites[before.id] === undefined) expect(after).toBe(before);
        });
      }),
      { seed: 3, numRuns: 100 },
    );
  });

  test('it is the same object for the same settings, the registry’s for none', () => {
    expect(applyOverrides(open, undefined)).toBe(open);
    expect(applyOverrides(open, nothing)).toBe(open);
    expect(applyOverrides(open, { ...nothing, sites: { atlantis: { drained: true } } })).toBe(open);
    const drain = (id: string, revision: number) =>
      applyOverrides(open, { ...nothing, revision, sites: { [id]: { drained: true } } });
    const first = drain('perth', 1);
    expect(drain('perth', 9)).toBe(first);
    expect(drain('hobart', 2)).not.toBe(first);
    // Of many settings a few are kept.
    for (const { id } of open.sites) drain(id, 3);
    expect(drain('perth', 1)).toEqual(first);
  });

  test('a drained site serves nobody, and the next of the nearest comes in for it', () => {
    const fleet: PublicFleet = { ...open, sitesPerZone: 2 };
    const zone = fleet.zones.find((z) => z.id === 'perth')!;
    const ids = (of: PublicFleet) => eligibleSites(of, zone, 0).map((e) => of.sites[e.site]!.id);
    const [nearest, second] = ids(fleet);
    expect(nearest).toBe('perth');
    const inForce = applyOverrides(fleet, { ...nothing, sites: { perth: { drained: true } } });
    expect(ids(inForce)).toHaveLength(2);
    expect(ids(inForce)[0]).toBe(second);
    expect(ids(inForce)).not.toContain('perth');
  });
});

describe('entries as stored', () => {
  const entry = (subject: string, field: string, value: unknown, revision: number) =>
    ({ subject, field, value, revision }) satisfies OverrideEntry;

  test('make up what is set, in whatever order', () => {
    const entries = [
      entry('perth', 'drained', true, 1),
      entry('perth', 'capacityShare', 0.5, 4),
      entry('hobart', 'drained', null, 5),
      entry(FLEET, 'carbonAudPerT', 120, 3),
      entry(FLEET, 'waterAudPerKl', null, 2),
    ];
    const wanted = {
      revision: 5,
      sites: { perth: { drained: true, capacityShare: 0.5 } },
      prices: { carbonAudPerT: 120 },
    };
    expect(overridesOf(entries)).toEqual(wanted);
    expect(JSON.stringify(overridesOf(entries.toReversed()))).toBe(
      JSON.stringify(overridesOf(entries)),
    );
  });

  test('that this version cannot read set nothing, but are counted', () => {
    const entries = [
      entry('perth', 'drained', 'yes', 1),
      entry('perth', 'capacityShare', 7, 2),
      entry('perth', 'toString', 1, 3),
      entry(FLEET, 'carbonAudPerT', -1, 4),
      entry(FLEET, 'moonAudPerT', 1, 5),
    ];
    expect(overridesOf(entries)).toEqual({ ...nothing, revision: 5 });
  });
});

test('between two plans it is told what was done to a site, not what stayed', () => {
  const before = {
    ...nothing,
    sites: {
      perth: { drained: true as const },
      hobart: { capacityShare: 0.5 },
      cairns: { capacityShare: 0.5 },
      darwin: { drained: true as const },
    },
  };
  const after = {
    ...nothing,
    sites: {
      sydney: { drained: true as const },
      hobart: { capacityShare: 0.4 },
      cairns: { capacityShare: 0.5 },
      darwin: { drained: true as const, capacityShare: 0.5 },
    },
  };
  expect(ordersBetween(before, after)).toEqual({
    perth: 'undrained',
    hobart: 'limit changed',
    sydney: 'drained',
  });
  expect(ordersBetween(undefined, undefined)).toEqual({});
});

describe('what an operator asks for', () => {
  test.each([
    [{ drained: true }, true],
    [{ drained: false, reason: 'cable is back' }, true],
    [{ capacityShare: null }, true],
    [{ capacityShare: 0.01 }, true],
    [{ capacityShare: 0 }, false],
    [{ capacityShare: 1.01 }, false],
    [{ drained: null }, false],
    [{ author: 'me' }, false],
    [{ drained: true, facilityKw: 5 }, false],
    [{ drained: true, reason: '' }, false],
  ])('of a site: %j', (body, isGood) => {
    expect(siteChangeSchema.safeParse(body).success).toBe(isGood);
  });

  test.each([
    [{ carbonAudPerT: 0 }, true],
    [{ carbonAudPerT: 80, unservedAudPerRequest: null }, true],
    [{ carbonAudPerT: -1 }, false],
    [{ unservedAudPerRequest: 0 }, false],
    [{ reason: 'nothing' }, false],
    [{ carbon: 3 }, false],
  ])('of prices: %j', (body, isGood) => {
    expect(pricesChangeSchema.safeParse(body).success).toBe(isGood);
  });
});
