import { describe, expect, test } from 'vitest';
import { batterySchema } from '../../../src/core/model/battery.ts';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { learnedCurves, warmCurves } from '../../../src/core/planning/warm-start.ts';
import { embeddedInputs } from '../../../src/feeds/embedded/index.ts';
import { assemble, embeddedFleet } from '../support/fleets.ts';

const HOUR_MS = 3_600_000;
const fleet = publicFleet(embeddedFleet());
const START_MS = Date.parse('2026-05-01T00:00Z');

function optimized(mode: 'learned' | 'supply') {
  const inputs = embeddedInputs(fleet, START_MS, 24);
  const { problem, sites } = assemble(embeddedFleet(), inputs);
  const { state } = solve(problem, sites, { mode });
  return { inputs, problem, sites, state };
}

describe.each(['learned', 'supply'] as const)('what %s rounds leave to the next run', (mode) => {
  const { inputs, problem, sites, state } = optimized(mode);
  const learned = learnedCurves(fleet, inputs, problem, state);

  test('the same hours a second time: one round', () => {
    const warm = warmCurves(fleet, inputs, learned);
    expect(solve(problem, sites, {}, undefined, warm).rounds).toBe(1);
  });

  test('an hour later, each slot has the curve of its hour; past the end, of a day before', () => {
    const later = { ...inputs, startUtcMs: START_MS + HOUR_MS };
    const warm = warmCurves(fleet, later, learned)!;
    expect(warm(3, 0)!.offsetAud).toEqual(state.sites[3]!.curves[1]!.offsetAud);
    expect(warm(3, 22)!.offsetAud).toEqual(state.sites[3]!.curves[23]!.offsetAud);
    expect(warm(3, 23)!.offsetAud).toEqual(state.sites[3]!.curves[0]!.offsetAud);
    expect(warm(3, 0)!.anchored).toBe(false);
    const loads = warm(3, 0)!.samples.map((s) => s.load);
    expect(loads.length).toBeGreaterThan(0);
    expect(loads).toEqual([...loads].sort((a, b) => a - b));
  });

  test('hours before them, and other layouts, have none', () => {
    const earlier = { ...inputs, startUtcMs: START_MS - HOUR_MS };
    expect(warmCurves(fleet, earlier, learned)!(0, 0)).toBeUndefined();
    expect(warmCurves(fleet, earlier, learned)!(0, 1)).toBeDefined();
    const halves = { ...inputs, slotHours: 0.5 };
    expect(warmCurves(fleet, halves, learned)).toBeUndefined();
    const oneClass = { ...fleet, classes: fleet.classes.slice(1) };
    expect(warmCurves(oneClass, inputs, learned)).toBeUndefined();
    const old = { ...learned, version: 1 } as unknown as typeof learned;
    expect(warmCurves(fleet, inputs, old)).toBeUndefined();
  });
});

describe('what sites with plants leave', () => {
  const embedded = embeddedFleet();
  const withBatteries = {
    ...embedded,
    sites: embedded.sites.map((site, j) =>
      j < 3
        ? {
            ...site,
            cost: {
              ...site.cost,
              battery: batterySchema.parse({ capacityKwh: 40, chargeKw: 20, dischargeKw: 20 }),
              demandCharge: { audPerKwMonth: 12, paidKw: 10 },
            },
          }
        : site,
    ),
  };
  const inputs = embeddedInputs(fleet, START_MS, 24);
  const { problem, sites } = assemble(withBatteries, inputs);
  const first = solve(problem, sites, {});
  const learned = learnedCurves(fleet, inputs, problem, first.state);

  test('their last cuts, where they have any', () => {
    const warm = warmCurves(fleet, inputs, learned)!;
    expect(first.state.sites[1]!.latestCuts.length).toBeGreaterThan(0);
    expect(warm.cuts!(1)).toEqual(first.state.sites[1]!.latestCuts);
    expect(warm.cuts!(3)).toEqual([]);
  });

  test('an hour later, the pieces of the hour; the curves beside them as ever', () => {
    const later = { ...inputs, startUtcMs: START_MS + HOUR_MS };
    const warm = warmCurves(fleet, later, learned)!;
    const [was] = first.state.sites[1]!.latestCuts;
    const [cut] = warm.cuts!(1)!;
    const S = was!.interceptAud.length / 24;
    expect(cut!.interceptAud.slice(0, S)).toEqual(was!.interceptAud.slice(S, 2 * S));
    expect(cut!.peakShare.slice(23 * S)).toEqual(was!.peakShare.slice(0, S));
    expect(warm(1, 0)!.offsetAud).toEqual(first.state.sites[1]!.curves[1]!.offsetAud);
  });

  test('a warm optimization takes no more rounds than a cold one', () => {
    const warm = warmCurves(fleet, inputs, learned);
    const again = solve(problem, sites, {}, undefined, warm);
    expect(again.rounds).toBeLessThanOrEqual(first.rounds);
    expect(again.certificate.lowerBoundAud).toBeLessThanOrEqual(first.certificate.objectiveAud);
  });
});
