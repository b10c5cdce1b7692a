import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import type { Fleet } from '../../src/core/model/fleet.ts';
import { fleetWithDigest } from '../core/support/fleets.ts';
import { dataFolder } from './support/data.ts';
import { emptyFolder, inProcess } from './support/run.ts';

/** Registries with a class that may wait, through the commands. */

vi.setConfig({ testTimeout: 60_000 });

const DELAY_HOURS = 8;

/** A file with a registry that has such a class. */
function registry(change: (own: Fleet) => void = () => {}): string {
  const own = fleetWithDigest();
  change(own);
  const path = join(emptyFolder(), 'fleet.json');
  writeFileSync(path, JSON.stringify(own));
  return path;
}

async function json(...args: string[]) {
  const { code, stdout, stderr } = await inProcess([...args, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

interface Hour {
  cameReqPerS: number;
  servedReqPerS: number;
  unservedReqPerS: number;
}

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

it('plan shows what comes and what is served, hour by hour, and keeps every window', async () => {
  const args = ['plan', '--fleet', registry(), '--at', '2026-01-15T00:00Z'];
  const plan = await json(...args);
  expect(plan.gap).toBeLessThanOrEqual(0.001);
  const [digest] = plan.batch;
  const hours: Hour[] = digest.hours;
  expect(hours).toHaveLength(24);
  const came = hours.map((h) => h.cameReqPerS);
  const served = hours.map((h) => h.servedReqPerS);
  expect(sum(served)).toBeCloseTo(sum(came), 6);
  hours.forEach((_, t) => {
    const due = sum(came.slice(0, Math.max(0, t + 2 - DELAY_HOURS)));
    const done = sum(served.slice(0, t + 1));
    expect(done).toBeLessThanOrEqual(sum(came.slice(0, t + 1)) + 1e-6);
    expect(done).toBeGreaterThanOrEqual(due - 1e-6);
  });
  expect(digest.movedShare).toBeGreaterThan(0.3);
  expect(digest.meanDelayHours).toBeLessThan(DELAY_HOURS);
  expect(digest.unservedRequests).toBe(0);
  const { stdout } = await inProcess(args);
  expect(stdout).toMatch(/^2026-01-15T16:00Z +\d+\.\d\d +\d+\.\d\d$/m);
  expect(stdout.replaceAll('\n', ' ')).toMatch(
    /digest: [\d,]+ requests, [\d.]+ % of those served are put off to a later hour/,
  );
});

it('what finds no room in time is said, of all and of what may wait', async () => {
  const path = registry((own) => {
    for (const site of own.sites) site.hardware.servers = 1;
  });
  const args = ['plan', '--fleet', path, '--at', '2026-01-15T00:00Z', '--slots', '10'];
  const plan = await json(...args);
  expect(plan.unservedShare).toBeGreaterThan(0.05);
  expect(plan.batch[0].unservedRequests).toBeGreaterThan(0);
  const lost = sum(plan.batch[0].hours.map((h: Hour) => h.unservedReqPerS));
  expect(plan.batch[0].unservedRequests).toBeCloseTo(3600 * lost, 3);
  const { stdout } = await inProcess(args);
  expect(stdout).toMatch(/^UNSERVED: /m);
  expect(stdout).toMatch(/^UNSERVED of digest: /m);
});

it('budgets, supply rounds and the trade-off know it, too', async () => {
  const path = registry();
  const at = ['--fleet', path, '--at', '2026-01-15T00:00Z', '--slots', '12'];
  const free = await json('plan', ...at, '--mode', 'supply');
  expect(free.gap).toBeLessThanOrEqual(0.001);
  const carbonKg = sum(
    free.sites.map((s: { share: number; carbonKgPerKwh: number }) => s.share * s.carbonKgPerKwh),
  );
  expect(carbonKg).toBeGreaterThan(0);
  const front = await json('pareto', ...at, '--points', '3');
  const [most, ...less] = front.points.map((p: { x: number }) => p.x);
  for (const x of less) expect(x).toBeLessThan(most);
  const limit = (most + less.at(-1)) / 2;
  const kept = await json('plan', ...at, '--carbon-budget', limit.toFixed(0), '--gap', '0.002');
  expect(kept.budgets[0].missedBy).toBe(0);
  expect(kept.budgets[0].amount).toBeLessThanOrEqual(Number(limit.toFixed(0)) * (1 + 1e-9));
  const [digest] = kept.batch;
  expect(sum(digest.hours.map((h: Hour) => h.servedReqPerS))).toBeCloseTo(
    sum(digest.hours.map((h: Hour) => h.cameReqPerS)),
    6,
  );
});

it('simulate adds the control that serves all as it comes, and isotherm costs less', async () => {
  const span = ['--data', dataFolder(), '--from', '2022-01-24', '--to', '2022-01-26'];
  const path = registry();
  const report = await json('simulate', '--fleet', path, ...span);
  const byId = Object.fromEntries(
    report.policies.map((p: { policy: string }) => [p.policy, p]),
  ) as Record<string, { objectiveAud: number; batch: Record<string, number> }>;
  const { isotherm, 'no-waiting': still, nearest } = byId;
  expect(isotherm!.objectiveAud).toBeLessThan(still!.objectiveAud);
  expect(isotherm!.batch.movedShare).toBeGreaterThan(0.1);
  for (const other of [still!, nearest!]) {
    expect(other.batch.movedShare).toBe(0);
    expect(other.batch.requests).toBeCloseTo(isotherm!.batch.requests!, 2);
  }
  const { stdout } = await inProcess(['simulate', '--fleet', path, ...span]);
  const text = stdout.replaceAll('\n', ' ');
  expect(text).toMatch(/may wait: isotherm puts off [\d.]+ % of them \([\d.]+ h in the mean/);
  expect(text).toMatch(/What waiting is worth: .* isotherm has a [\d.]+ % lower objective/);
});

it('jobs: served within their span on top of what comes, and faults are named', async () => {
  const path = registry();
  const file = join(emptyFolder(), 'jobs.json');
  const args = ['plan', '--fleet', path, '--at', '2026-01-15T00:00Z', '--jobs', file];
  const job = {
    class: 'digest',
    zone: 'sydney',
    requests: 360_000,
    from: '2026-01-15T02:30Z',
    to: '2026-01-15T09:00Z',
  };
  writeFileSync(file, JSON.stringify([job]));
  const [before] = (await json(...args.slice(0, -2))).batch;
  const [digest] = (await json(...args)).batch;
  expect(digest.requests - before.requests).toBeCloseTo(360_000, 2);
  // It comes in the first whole hour of its span, and all is done in time.
  expect(digest.hours[3].cameReqPerS - before.hours[3].cameReqPerS).toBeCloseTo(100, 6);
  const done = (b: { hours: Hour[] }, to: number) =>
    sum(b.hours.slice(0, to).map((h) => h.servedReqPerS));
  const due = sum(before.hours.slice(0, 9 - DELAY_HOURS + 1).map((h: Hour) => h.cameReqPerS));
  expect(done(digest, 9)).toBeGreaterThanOrEqual(100 + due - 1e-6);
  expect(digest.unservedRequests).toBe(0);

  const faulty = [
    { ...job, class: 'chat', zone: 'mars' },
    { ...job, from: '2026-01-14T23:00Z', to: '2026-01-16T01:00Z' },
    { ...job, from: '2026-01-15T02:10Z', to: '2026-01-15T03:50Z' },
  ];
  writeFileSync(file, JSON.stringify(faulty));
  const { code, stderr } = await inProcess(args);
  expect(code).toBe(2);
  expect(stderr).toMatch(/\[0\]\.class: "chat", expected one that may wait \(digest\)/);
  expect(stderr).toMatch(/\[0\]\.zone: "mars", expected one of sydney, /);
  expect(stderr).toMatch(/\[1\]\.from: before the first hour/);
  expect(stderr).toMatch(/\[1\]\.to: after the last hour/);
  expect(stderr).toMatch(/\[2\]\.to: no whole hour lies between/);
  writeFileSync(file, JSON.stringify([{ ...job, requests: -1, to: 'soon' }]));
  expect((await inProcess(args)).stderr).toMatch(/requests: must be above 0, is -1/);
});
