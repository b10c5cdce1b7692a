import { expect, test } from 'vitest';
import type { Settings } from '../../../src/core/optimizer/settings.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { infeasibilities } from '../support/feasible.ts';
import {
  type Instance,
  type InstanceShape,
  randomInstance,
  withBatch,
} from '../support/instances.ts';
import { plantFleet } from '../support/plants.ts';
import { type Dice, dice } from '../support/random.ts';
import { queueLines, references } from '../support/reference.ts';
import { toldLimits, withRules } from '../support/rules.ts';
import { scaled } from '../support/scaled.ts';

/**
 * Attempts to break lower bound ≤ optimum ≤ objective on small instances of all kinds, in all modes,
 * by chance under maintenance, ramps, residency and a floor of fairness (rules.ts), costs and sizes scaled
 * by powers of ten. The optima are HiGHS's, of the same instances unscaled, many at a time as the blocks
 * of one program. Where queues have a price, HiGHS's optimum is one from below, by tangents, and one from
 * above, by chords: what is between them is HiGHS's, not ours. What is allowed beyond them is a
 * ten-millionth of the instance's own optimum, in all ranges of money and size. Each is proven to 0.1 %
 * within 40 rounds, no site is refused, and no plan is one that nobody could carry out. CERTIFICATE_FROM is the first seed,
 * for other instances.
 */
interface Kind {
  name: string;
  instances: number;
  instanceOf(seed: number, d: Dice): Instance;
  /** Whether its queues cost nothing, so that sizes may be scaled and HiGHS is exact. */
  linear: boolean;
}

/** From nearly idle to half as much again as there is capacity; idle rows, closed sites, ties of price. */
function shape(d: Dice): Partial<InstanceShape> {
  return {
    zones: d.integer(1, 4),
    sites: d.integer(1, 4),
    classes: d.integer(1, 2),
    utilisation: d.chance(0.2) ? 10 ** d.uniform(-6, -1) : d.uniform(0.1, 1.5),
    edgeShare: d.uniform(0.3, 1),
    negativeShare: d.chance(0.2) ? 1 : 0.2,
    closedShare: d.chance(0.2) ? 0.4 : 0,
    idleRowShare: d.chance(0.2) ? 0.4 : 0,
    priorFactor: d.uniform(0, 3),
    base: d.chance(0.5),
  };
}

/** Identical sites at identical distances, now and then. */
function perhapsTied(d: Dice, instance: Instance): Instance {
  if (!d.chance(0.2)) return instance;
  for (const site of instance.sites) site.rateAud.fill(instance.sites[0]!.rateAud[0]!);
  instance.problem.edgeCostAud.fill(0.1);
  return instance;
}

/** One to four of four sites have a plant of any parts: battery, sun, limits, caps, a demand charge. */
function plants(seed: number, d: Dice, waitingAud: number): Instance {
  const utilisation = d.chance(0.2) ? 10 ** d.uniform(-6, -1) : d.uniform(0.1, 1.5);
  return plantFleet(seed, {
    utilisation,
    slots: d.integer(1, 4),
    waitingAud,
    plants: d.integer(1, 4),
  });
}

const KINDS: Kind[] = [
  {
    name: 'linear costs',
    instances: 10_000,
    linear: true,
    instanceOf: (seed, d) =>
      perhapsTied(d, withRules(randomInstance(seed, { ...shape(d), slots: 1, waitingAud: 0 }), d)),
  },
  {
    name: 'queues and lateness',
    instances: 2_000,
    linear: false,
    instanceOf: (seed, d) =>
      withRules(
        randomInstance(seed, {
          ...shape(d),
          slots: 1,
          waitingAud: 10 ** d.uniform(-3, 1.5),
          lateAud: d.chance(0.5) ? 10 ** d.uniform(-2, 1) : 0,
        }),
        d,
      ),
  },
  {
    name: 'work that may wait',
    instances: 2_000,
    linear: true,
    instanceOf: (seed, d) => {
      const random = { ...shape(d), classes: 2, slots: d.integer(1, 5), waitingAud: 0 };
      return withBatch(
        withRules(randomInstance(seed, random), d),
        d.integer(0, 1),
        d.integer(0, 5),
      );
    },
  },
  {
    name: 'plants',
    instances: 300,
    linear: true,
    instanceOf: (seed, d) => withRules(plants(seed, d, 0), d),
  },
  {
    name: 'plants, queues and work that may wait',
    instances: 100,
    linear: false,
    instanceOf: (seed, d) =>
      withBatch(
        withRules(plants(seed, d, 10 ** d.uniform(-2, 1)), d),
        d.integer(0, 1),
        d.integer(0, 3),
      ),
  },
];
const BLOCKS = 50;
const SEGMENTS = 30;
const MODES: Settings['mode'][] = ['learned', 'supply', 'classic'];

const FIRST_SEED = Number(process.env.CERTIFICATE_FROM ?? 1);
/** Beyond HiGHS's optimum, over it: an allowance of the instance's own size. */
const ALLOWED = 1e-7;
const GAP = 1e-3;

test.each(KINDS)('$instances instances, $name', { timeout: 300_000 }, (kind) => {
  for (let done = 0; done < kind.instances; done += BLOCKS) {
    const seeds = Array.from({ length: BLOCKS }, (_, n) => FIRST_SEED + done + n);
    const instances = seeds.map((seed) => kind.instanceOf(seed, dice(seed)));
    const told = instances.map(toldLimits);
    const lines = kind.linear ? [] : told.map((instance) => queueLines(instance, SEGMENTS));
    const low = references(told, kind.linear ? undefined : lines.map((l) => l.tangents));
    const high = kind.linear
      ? low
      : references(
          told,
          lines.map((l) => l.chords),
        );
    seeds.forEach((seed, n) => {
      const d = dice(seed + 1e6);
      const money = 10 ** d.integer(-6, 6);
      const size = kind.linear ? 10 ** d.integer(-3, 3) : 1;
      const instance = instances[n]!;
      const { problem, sites } = scaled(instance, money, size);
      const mode = MODES[seed % MODES.length]!;
      const refused: string[] = [];
      const plan = solve(problem, sites, { mode, maxRounds: 40, gapTarget: GAP }, (report) =>
        refused.push(...report.missing.map(({ reason }) => reason)),
      );
      const { objectiveAud: upper, lowerBoundAud: lower } = plan.certificate;
      const scale = money * size;
      const allowed = ALLOWED * Math.abs(high[n]!) * scale;
      const where = `seed ${seed}, ${mode}, costs × ${money}, sizes × ${size}`;
      expect(lower, where).toBeLessThanOrEqual(high[n]! * scale + allowed);
      expect(upper, where).toBeGreaterThanOrEqual(low[n]! * scale - allowed);
      expect(infeasibilities(problem, plan), where).toEqual([]);
      expect(refused, where).toEqual([]);
      expect(plan.stopReason, where).toBe('gap');
      expect(upper - lower, where).toBeLessThanOrEqual(GAP * Math.abs(upper));
    });
  }
});
