import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answerFault } from '../../../src/core/optimizer/answer-check.ts';
import { begin, propose } from '../../../src/core/optimizer/consensus.ts';
import { planImpacts, type SiteImpacts } from '../../../src/core/optimizer/impacts.ts';
import { settingsSchema } from '../../../src/core/optimizer/settings.ts';
import { answerQuery } from '../../../src/core/optimizer/site-subproblem.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { Ledger } from '../../../src/core/planning/ledger.ts';
import {
  decodeAnswer,
  decodeQuery,
  encodeAnswer,
  encodeQuery,
} from '../../../src/core/planning/round-wire.ts';
import { assemble, randomFleet } from '../support/fleets.ts';
import { randomInstance } from '../support/instances.ts';

const modes = ['learned', 'supply', 'classic'] as const;

test('what a plan comes to by its sites’ word is what the ledger charges, in every mode', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.constantFrom(...modes), (seed, mode) => {
      const { fleet, inputs } = randomFleet(seed, 0.4);
      const { problem, sites } = assemble(fleet, inputs);
      const { flow, unserved, state } = solve(problem, sites, { mode, maxRounds: 20 });
      const ledger = new Ledger(fleet);
      ledger.add(problem, inputs, flow, unserved);
      const { carbonKg, waterL, gridKwh, energyCostAud } = ledger.totals();
      const impacts = planImpacts(problem, state, flow)!;
      expect(Math.abs(impacts.carbonKg / carbonKg - 1)).toBeLessThan(1e-9);
      expect(Math.abs(impacts.waterL / waterL - 1)).toBeLessThan(1e-9);
      expect(Math.abs(impacts.energyKwh! / gridKwh - 1)).toBeLessThan(1e-9);
      // Hours of negative prices may cancel most of it.
      const dearest = inputs.sites.flatMap((s) => [...s.spotAudPerMwh]).filter(Number.isFinite);
      const stake = gridKwh * Math.max(0.3, ...dearest.map((aud) => Math.abs(aud) / 1000));
      expect(Math.abs(impacts.energyAud! - energyCostAud)).toBeLessThan(1e-9 * stake);
    }),
    { seed: 21, numRuns: 20 },
  );
});

test('a marginal request emits and drinks at the site whose cost sets its price', () => {
  for (const mode of modes) {
    const { problem: p, sites } = randomInstance(3, { utilisation: 1.1, edgeShare: 0.6 });
    const { rowImpacts, rowPrices, state } = solve(p, sites, { mode, gapTarget: 1e-4 });
    rowPrices.forEach((rows, t) => {
      rows.forEach((aud, r) => {
        const e = state.slots[t]!.bestEdges[r]!;
        if (aud === p.unservedCostAud) {
          expect(e).toBe(-1);
          expect(rowImpacts![t]!.carbonKg[r]).toBe(0);
          return;
        }
        expect(e).toBeGreaterThanOrEqual(p.rowStart[r]!);
        expect(e).toBeLessThan(p.rowStart[r + 1]!);
        const at = t * p.classCount + (r % p.classCount);
        const { marginalCarbonKg, marginalWaterL } = sites[p.edgeSite[e]!]!.impacts!;
        expect(rowImpacts![t]!.carbonKg[r]).toBe(marginalCarbonKg[at]);
        expect(rowImpacts![t]!.waterL[r]).toBe(marginalWaterL[at]);
      });
    });
  }
});

describe('disclosure', () => {
  const { problem, sites } = randomInstance(4);

  test('nothing is asked or answered where the setting is off; the plan is the same', () => {
    const settings = settingsSchema.parse({ discloseImpacts: false });
    for (const [j, query] of propose(problem, begin(problem, settings)).entries()) {
      expect(query!.impacts).toBeUndefined();
      expect(answerQuery(sites[j]!, query!).impacts).toBeUndefined();
    }
    const open = solve(problem, sites);
    const closed = solve(problem, sites, { discloseImpacts: false });
    expect(closed.certificate).toEqual(open.certificate);
    expect(closed.rowImpacts).toBeUndefined();
    expect(planImpacts(problem, closed.state, closed.flow)).toBeUndefined();
  });

  test('one site that keeps its figures leaves the plan without, but with all else', () => {
    const silent = sites.map((s, j) => (j === 2 ? { ...s, impacts: undefined } : s));
    const { rowImpacts, certificate } = solve(problem, silent);
    expect(rowImpacts).toBeUndefined();
    expect(certificate.gap).toBeLessThanOrEqual(1e-3);
  });

  test('one that tells carbon and water only leaves the plan without energy, but with them', () => {
    const { fleet, inputs } = randomFleet(6, 0.4);
    fleet.sites[1]!.cost.discloses = 'impacts';
    const { problem: p, sites: reticent } = assemble(fleet, inputs);
    const { state, flow } = solve(p, reticent);
    const impacts = planImpacts(p, state, flow)!;
    expect(impacts.carbonKg).toBeGreaterThan(0);
    expect(Object.keys(impacts)).toEqual(['carbonKg', 'waterL']);
  });

  test.each([
    ['marginalEnergyKwh', -1e-9, /marginalEnergyKwh\[1\] is -1e-9/],
    ['marginalEnergyAud', Number.NaN, /marginalEnergyAud\[1\] is NaN/],
    ['energyKwh', Number.NEGATIVE_INFINITY, /energyKwh\[1\] is -Infinity/],
    ['ppue', 0.99, /ppue\[1\] is 0.99: at least 1/],
    ['energyAud', 1e16, /energyAud\[1\] is 10000000000000000/],
  ] as const)('energy with a %s of %f is refused', (name, value, message) => {
    const { fleet, inputs } = randomFleet(6, 0.4);
    const { problem: p, sites: telling } = assemble(fleet, inputs);
    const query = propose(p, begin(p, settingsSchema.parse({})))[0]!;
    const answer = answerQuery(telling[0]!, query);
    expect(answerFault(p, query, answer)).toBeUndefined();
    const impacts = answer.impacts!;
    const wrong = impacts.energy![name]!.slice();
    wrong[1] = value;
    const faulty = {
      ...answer,
      impacts: { ...impacts, energy: { ...impacts.energy!, [name]: wrong } },
    };
    expect(answerFault(p, query, faulty)).toMatch(message);
  });

  test.each([
    ['marginalCarbonKg', -1e-9, /marginalCarbonKg\[1\] is -1e-9/],
    ['marginalWaterL', Number.NaN, /marginalWaterL\[1\] is NaN/],
    ['carbonKg', Number.POSITIVE_INFINITY, /carbonKg\[1\] is Infinity/],
    ['waterL', -2, /waterL\[1\] is -2: nothing gives any back/],
  ] as const)('%s of %f is refused', (name, value, message) => {
    const query = propose(problem, begin(problem, settingsSchema.parse({})))[0]!;
    const answer = answerQuery(sites[0]!, query);
    expect(answerFault(problem, query, answer)).toBeUndefined();
    const wrong = answer.impacts![name].slice();
    wrong[1] = value;
    const impacts = { ...answer.impacts!, [name]: wrong };
    expect(answerFault(problem, query, { ...answer, impacts })).toMatch(message);
    const short: SiteImpacts = { ...answer.impacts!, waterL: new Float64Array(1) };
    expect(answerFault(problem, query, { ...answer, impacts: short })).toMatch(/waterL has 1/);
  });
});

test('question and figures cross the wire as they are', () => {
  const { problem, sites } = randomInstance(5);
  const T = problem.slotCount;
  const none = new Float64Array(T);
  problem.limited = true;
  const query = propose(problem, begin(problem, settingsSchema.parse({})))[0]!;
  expect(query.maxLoad).toEqual(problem.sites[0]!.maxLoad);
  const frame = {
    kind: 'query' as const,
    runId: 'r',
    site: 's',
    startUtcMs: 0,
    slotCount: T,
    slotHours: 1,
    prices: randomFleet(1, 0.4).fleet.prices,
    surroundings: {
      tempC: none,
      rhPct: none,
      spotAudPerMwh: none,
      carbonKgPerKwh: none,
      gridWaterLPerKwh: none,
    },
  };
  const asked = decodeQuery(encodeQuery({ ...frame, query }), problem.classCount);
  expect(asked.query).toEqual(query);
  const { impacts: _, ...unasked } = query;
  const closed = decodeQuery(encodeQuery({ ...frame, query: unasked }), problem.classCount);
  expect(closed.query.impacts).toBeUndefined();
  const answer = answerQuery(sites[0]!, query);
  expect(decodeAnswer(encodeAnswer('r', 's', answer), 'r', 's').impacts).toEqual(answer.impacts);
  const flat = new Float64Array(T).fill(2);
  const each = new Float64Array(T * problem.classCount).fill(3);
  const energy = {
    energyKwh: flat,
    energyAud: flat.map((v) => -v),
    marginalEnergyKwh: each,
    marginalEnergyAud: each.map((v) => -v),
    ppue: flat,
  };
  const full = { ...answer, impacts: { ...answer.impacts!, energy } };
  expect(decodeAnswer(encodeAnswer('r', 's', full), 'r', 's').impacts).toEqual(full.impacts);
  // A solver of a version without it.
  const { ppue: _ppue, ...older } = energy;
  const old = { ...answer, impacts: { ...answer.impacts!, energy: older } };
  expect(decodeAnswer(encodeAnswer('r', 's', old), 'r', 's').impacts).toEqual(old.impacts);
});
