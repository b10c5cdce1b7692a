import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RequestClass } from '../../../src/core/model/fleet.ts';
import { MS_PER_HOUR } from '../../../src/core/model/units.ts';
import type { Plan } from '../../../src/core/planning/plan.ts';
import { servedAtMs } from '../../../src/core/routing/waiting.ts';

const START_MS = Date.parse('2026-01-15T05:00Z');
const cls = { id: 'digest', maxDelayHours: 8 } as RequestClass;

/** A plan that puts off so much of the first slot's ten requests a second. */
function plan(later: [number, number][], slotCount = 24): Pick<Plan, 'header' | 'putOff'> {
  const nothing = { digest: { perth: { cameReqPerS: 10, backReqPerS: 0, later: [] } } };
  const first = { digest: { perth: { cameReqPerS: 10, backReqPerS: 3, later } } };
  return {
    header: { startUtcMs: START_MS, slotHours: 1, slotCount } as Plan['header'],
    putOff: Array.from({ length: slotCount }, (_, t) => (t === 0 ? first : nothing)),
  };
}

const ask = (p: Pick<Plan, 'header' | 'putOff'>, text: string, cameMs: number, nowMs = cameMs) =>
  servedAtMs(p, cls, 'perth', { waitUntilMs: cameMs + 8 * MS_PER_HOUR, text }, nowMs);

test('as much is put off to each slot as the plan says, spread over it', () => {
  const p = plan([
    [1, 2],
    [3, 5],
  ]);
  const slots = new Map<number, number>();
  const quarters = [0, 0, 0, 0];
  const N = 20_000;
  for (let n = 0; n < N; n++) {
    const servedMs = ask(p, `request ${n}`, START_MS + 60_000);
    const hour = servedMs === undefined ? 0 : (servedMs - START_MS) / MS_PER_HOUR;
    slots.set(Math.floor(hour), (slots.get(Math.floor(hour)) ?? 0) + 1 / N);
    if (Math.floor(hour) === 3) quarters[Math.floor((hour - 3) * 4)]! += 1 / N;
  }
  expect([...slots.keys()].sort()).toEqual([0, 1, 3]);
  // Four standard deviations of a share among 20,000.
  expect(Math.abs(slots.get(0)! - 0.3)).toBeLessThan(0.014);
  expect(Math.abs(slots.get(1)! - 0.2)).toBeLessThan(0.012);
  expect(Math.abs(slots.get(3)! - 0.5)).toBeLessThan(0.015);
  for (const q of quarters) expect(Math.abs(q - 0.125)).toBeLessThan(0.01);
});

test('put off within its time only, and served when it comes back, whenever the plan was made', () => {
  const pieces = fc.array(fc.double({ min: 0.01, max: 3, noNaN: true }), { maxLength: 3 });
  fc.assert(
    fc.property(
      pieces,
      fc.string(),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (amounts, text, hour) => {
        const later = amounts.map((a, n): [number, number] => [2 * n + 1, a]);
        const p = plan(later);
        const cameMs = START_MS + hour * MS_PER_HOUR;
        const servedMs = ask(p, text, cameMs);
        if (servedMs === undefined) return;
        expect(servedMs).toBeGreaterThan(cameMs);
        expect(servedMs).toBeLessThan(cameMs + 8 * MS_PER_HOUR);
        expect(ask(p, text, cameMs, servedMs)).toBeUndefined();
        // Before its time it is told the same again.
        expect(ask(p, text, cameMs, cameMs + 1000 * (1 - hour))).toBe(servedMs);
        // A plan made since does not know it, and keeps the promise.
        const next = { ...p, header: { ...p.header, startUtcMs: START_MS + MS_PER_HOUR } };
        expect(ask(next, text, cameMs, servedMs)).toBeUndefined();
      },
    ),
  );
});

test('served at once: users’ requests, no plan for it, little patience', () => {
  const all = plan([[2, 10]]);
  const nowMs = START_MS + 60_000;
  expect(ask(all, 'a', nowMs)).toBeGreaterThan(START_MS + 2 * MS_PER_HOUR);
  const patience = { waitUntilMs: nowMs + 8 * MS_PER_HOUR, text: 'a' };
  const user = { id: 'chat', ttftSloMs: 500 } as RequestClass;
  expect(servedAtMs(all, user, 'perth', patience, nowMs)).toBeUndefined();
  expect(servedAtMs(all, cls, 'hobart', patience, nowMs)).toBeUndefined();
  const { header } = all;
  expect(servedAtMs({ header }, cls, 'perth', patience, nowMs)).toBeUndefined();
  const hasty = { ...patience, waitUntilMs: nowMs + MS_PER_HOUR };
  expect(servedAtMs(all, cls, 'perth', hasty, nowMs)).toBeUndefined();
  // More patience than the class's is no reason to serve it sooner, or later.
  const patient = { ...patience, waitUntilMs: nowMs + 100 * MS_PER_HOUR };
  const servedMs = servedAtMs(all, cls, 'perth', patient, nowMs)!;
  expect(Math.floor((servedMs - START_MS) / MS_PER_HOUR)).toBe(2);
});
