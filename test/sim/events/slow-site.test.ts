import { describe, expect, test } from 'vitest';
import config from '../../../config/fleet.json' with { type: 'json' };
import { fleetSchema } from '../../../src/core/model/fleet.ts';
import { type Served, type SlowSiteSpec, withSlowSite } from '../../../src/sim/events/slow-site.ts';

const fleet = fleetSchema.parse(config);
const shares = [
  ['sydney', 0.4],
  ['melbourne', 0.3],
  ['canberra', 0.2],
  ['brisbane', 0.1],
] as const;
const slow = { site: 'canberra', fromS: 300, toS: 420, factor: 3 };

function run(change: Partial<SlowSiteSpec>): Served[] {
  return withSlowSite({
    fleet,
    zone: 'sydney',
    class: 'chat',
    shares,
    sessionsPerS: 8,
    turns: 2.5,
    pauseS: 20,
    slow,
    durationS: 600,
    seed: 1,
    passesOver: true,
    ...change,
  });
}

const steering = { maxDriftShare: 0.02, windowS: 300 };

/** Of requests that came while the site was slow, ms. */
function quantile(served: Served[], q: number): number {
  const during = served.filter((s) => s.atS >= slow.fromS && s.atS < slow.toS);
  const sorted = during.map((s) => s.ttftMs).sort((a, b) => a - b);
  return sorted[Math.floor(q * (sorted.length - 1))] as number;
}

describe('one site slow for two minutes', () => {
  test.each([true, false])(
    'steering brings the tail of TTFT down (passed over: %s)',
    (passesOver) => {
      const mean = (change: Partial<SlowSiteSpec>) => {
        const runs = [1, 2].map((seed) => quantile(run({ seed, passesOver, ...change }), 0.95));
        return runs.reduce((a, b) => a + b, 0) / runs.length;
      };
      const wider = { maxDriftShare: 0.1, windowS: 300 };
      expect(mean({ steering: wider })).toBeLessThan(mean({}));
    },
  );

  test('every request is served once, and conversations stay at the site they began at', () => {
    const served = run({ steering, passesOver: false });
    expect(served.filter((s) => !(s.ttftMs > 0))).toEqual([]);
    const homes = new Map<number, string>();
    for (const { session, turn, site } of served) {
      if (turn === 0) homes.set(session, site);
      expect(site).toBe(homes.get(session));
    }
    expect(served.some((s) => s.moved?.why === 'slow')).toBe(true);
  });

  test('the same for a seed, and a session draws the same with steering and without', () => {
    const short = { durationS: 320, passesOver: false };
    const steered = run({ ...short, steering });
    expect(run({ ...short, steering })).toEqual(steered);
    const begun = (served: Served[]) => served.filter((s) => s.turn === 0).map((s) => s.atS);
    expect(begun(steered)).toEqual(begun(run(short)));
  });
});
