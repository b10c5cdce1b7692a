import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { embeddedFleet } from '../core/support/fleets.ts';
import { plantedFleet } from '../core/support/planted.ts';
import { emptyFolder, inProcess, isotherm } from './support/run.ts';

vi.setConfig({ testTimeout: 60_000 });

const day = ['--at', '2026-01-15', '--slots', '6'];

async function json(...args: string[]) {
  const { code, stdout, stderr } = await inProcess(['pareto', '--json', ...day, ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

describe('isotherm pareto', () => {
  it.each([
    ['carbon', 'carbonKg'],
    ['water', 'waterL'],
  ])('%s: less of it at rising cost, no point below the bounds of any other', async (x, field) => {
    const front = await json('--x', x, '--points', '5');
    expect(front.points).toHaveLength(6);
    for (let n = 0; n < 6; n++) {
      const p = front.points[n];
      expect(p.x).toBeCloseTo(p[field], 9);
      expect(p.gap).toBeLessThanOrEqual(1e-5);
      expect(p.costAud).toBeGreaterThanOrEqual(p.leastCostAud - 1e-6);
      if (n === 0) continue;
      expect(p.x).toBeLessThan(front.points[n - 1].x);
      expect(p.costAud).toBeGreaterThan(front.points[n - 1].costAud);
    }
    const own = { carbon: 'carbonAudPerT', water: 'waterAudPerKl' }[x] as 'carbonAudPerT';
    const [present, ...others] = front.points.filter((p: { isPresent: boolean }) => p.isPresent);
    expect(others).toEqual([]);
    expect(present).toEqual(front.present);
    expect(present.price).toBeCloseTo(embeddedFleet().prices[own], 9);
  });

  it('in a fleet with plants, no point lies below the bounds of any other', async () => {
    const file = join(emptyFolder(), 'fleet.json');
    writeFileSync(file, JSON.stringify(plantedFleet()));
    const { points } = await json('--fleet', file, '--points', '4');
    for (const [n, p] of points.entries()) {
      expect(p.costAud).toBeGreaterThanOrEqual(p.leastCostAud - 1e-6 * p.costAud);
      expect(p.gap).toBeLessThan(5e-3);
      if (n > 0) expect(p.x).toBeLessThan(points[n - 1].x);
    }
  });

  it('keeps a budget at a shadow price, and says what no plan within it can cost', async () => {
    const { points, present } = await json('--points', '3');
    const limit = 0.95 * present.x;
    const { budget } = await json('--points', '2', '--at-most', `${limit}`);
    expect(budget.plan.x).toBeLessThanOrEqual(limit);
    expect(budget.plan.costAud).toBeGreaterThanOrEqual(budget.leastCostAud);
    expect(budget.plan.costAud / budget.leastCostAud - 1).toBeLessThan(2e-3);
    expect(budget.shadowPrice).toBeGreaterThan(75);
    expect(budget.plan.costAud).toBeGreaterThan(points[0].costAud);
  });

  it('draws the front, and prints it with units', async () => {
    const dir = emptyFolder();
    const file = join(dir, 'front.svg');
    const { stdout } = await inProcess(['pareto', ...day, '--points', '4', '--svg', file]);
    expect(stdout).toMatch(/^ *price +carbon +all else +energy +TTFT mean +room below,$/m);
    expect(stdout).toMatch(/^ *AUD\/t +kg CO2e/m);
    const svg = readFileSync(file, 'utf8');
    expect(svg).toMatch(/^<svg [^>]*role="img"/);
    // Four prices and the registry's own, which has a ring and its name.
    expect(stdout.match(/^now +75\.00 +[\d,]+ +0\.00 /gm)).toHaveLength(1);
    expect(svg.match(/<circle/g)).toHaveLength(6);
    expect(svg.match(/>now</g)).toHaveLength(1);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('refuses what it cannot do in one clear line', async () => {
    expect((await isotherm(['pareto', '--x', 'noise'])).code).toBe(2);
    const { code, stderr } = await isotherm(['pareto', ...day, '--points', '2', '--at-most', '1']);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /--at-most: no plan found keeps 1 kg CO2e; even at 50,000 AUD\/t it comes to \d+/,
    );
  });
});
