import { describe, expect, test } from 'vitest';
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
