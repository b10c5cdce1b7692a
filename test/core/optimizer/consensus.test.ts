import { describe, expect, test } from 'vitest';
import {
  absorb,
  begin,
  incumbent,
  propose,
  stopReason,
} from '../../../src/core/optimizer/consensus.ts';
import { restoreExclusions } from '../../../src/core/optimizer/participation.ts';
import {
  type Settings,
  type SettingsInput,
  settingsSchema,
} from '../../../src/core/optimizer/settings.ts';
import {
  answerQuery,
  type SiteAnswer,
  type SiteProblem,
  type SiteQuery,
} from '../../../src/core/optimizer/site-subproblem.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import type { ConsensusState, RoundReport } from '../../../src/core/optimizer/state.ts';
import { type Instance, type InstanceShape, randomInstance } from '../support/instances.ts';
import { honest, planFaults, totalsOf } from '../support/plans.ts';

type Answers = ReturnType<typeof honest>;

const MODEST: Partial<InstanceShape> = { sites: 5, edgeShare: 1, utilisation: 0.4 };

/** Runs rounds with answers tampered with; the state may be replaced between rounds. */
function run(
  instance: Instance,
  input: SettingsInput,
  tamper: (answers: Answers, state: ConsensusState) => Answers = (a) => a,
  between: (state: ConsensusState) => ConsensusState = (s) => s,
) {
  const settings: Settings = settingsSchema.parse(input);
  let state = begin(instance.problem, settings);
  const reports: RoundReport[] = [];
  for (;;) {
    state = between(state);
    const queries = propose(instance.problem, state);
    state = between(state);
    const answers = tamper(honest(instance, queries), state);
    reports.push(absorb(instance.problem, settings, state, queries, answers));
    const reason = stopReason(settings, state);
    if (reason) return { state, reports, reason };
  }
}

/** A site that answers, but never usefully. */
const silent =
  (j: number, rounds = Number.POSITIVE_INFINITY) =>
  (answers: Answers, state: ConsensusState): Answers =>
    answers.map((a, n) => (n === j && state.round <= rounds ? undefined : a));

describe('a site that does not answer properly', () => {
  const lies: [string, (a: SiteAnswer) => SiteAnswer | undefined, RegExp][] = [
    ['late', () => undefined, /no answer in time/],
    ['NaN', (a) => ({ ...a, costAud: a.costAud.fill(Number.NaN) }), /costAud\[0\] is NaN/],
    ['wrong round', (a) => ({ ...a, round: a.round - 1 }), /answers round 0, expected 1/],
    ['wrong length', (a) => ({ ...a, marginalAud: new Float64Array(1) }), /has 1 values/],
    ['negative slope', (a) => ({ ...a, slopeAud: a.slopeAud.fill(-1) }), /not convex/],
    ['bound above its cost', (a) => ({ ...a, boundAud: a.boundAud.fill(1e9) }), /not a minimum/],
  ];

  test.each(lies)(
    '%s: refused with the reason, then taken out, its demand moved',
    (_, lie, why) => {
      const instance = randomInstance(1, MODEST);
      const { state, reports } = run(instance, { maxMissedRounds: 2 }, (answers) =>
        answers.map((a, j) => (j === 2 && a ? lie(a) : a)),
      );
      expect(reports[0]!.missing).toHaveLength(1);
      expect(reports[0]!.missing[0]!.site).toBe('site-2');
      expect(reports[0]!.missing[0]!.reason).toMatch(why);
      expect(reports[0]!.certificate).toBeUndefined();
      expect(reports[0]!.excluded).toEqual([]);
      expect(reports[1]!.excluded).toEqual(['site-2']);
      expect(state.sites[2]!.excluded).toBe(true);
      expect(state.sites[2]!.fault).toMatch(/./);
      const plan = incumbent(state)!;
      expect(plan.certificate.gap).toBeLessThanOrEqual(1e-3);
      const totals = totalsOf(instance.problem, plan.flow);
      expect(totals[2]!.every((n) => n === 0)).toBe(true);
      const faults = planFaults(instance.problem, plan.flow, plan.unserved);
      expect(faults.demand).toBeLessThan(1e-12);
      expect(faults.overLimit).toBeLessThan(1e-12);
      expect(faults.unservedShare).toBeLessThan(1e-9);
    },
  );

  test('an answer that says why it is missing is reported in those words', () => {
    const instance = randomInstance(1, MODEST);
    const settings = settingsSchema.parse({});
    const state = begin(instance.problem, settings);
    const queries = propose(instance.problem, state);
    const replies = honest(instance, queries).map((a, j) =>
      j === 1 ? { missing: 'HTTP 503' } : a,
    );
    const report = absorb(instance.problem, settings, state, queries, replies);
    expect(report.missing).toEqual([{ site: 'site-1', reason: 'HTTP 503' }]);
  });

  test('once late is forgiven: counted, then the plan includes it again', () => {
    const instance = randomInstance(1, MODEST);
    const { state, reports } = run(instance, { maxMissedRounds: 2 }, silent(2, 1));
    expect(reports[0]!.missing.map((m) => m.site)).toEqual(['site-2']);
    expect(state.gaps[0]).toBe(Number.POSITIVE_INFINITY);
    expect(state.sites[2]!.missed).toBe(0);
    expect(state.sites[2]!.fault).toBeUndefined();
    expect(state.sites[2]!.excluded).toBe(false);
    const whole = solve(randomInstance(1, MODEST).problem, instance.sites);
    const { objectiveAud } = incumbent(state)!.certificate;
    expect(Math.abs(objectiveAud / whole.certificate.objectiveAud - 1)).toBeLessThan(2e-3);
  });

  test('the plan without it is the optimum of the problem without it', () => {
    const settings = { gapTarget: 1e-7 };
    const instance = randomInstance(3, MODEST);
    const { state } = run(instance, settings, silent(1));
    const without = randomInstance(3, MODEST);
    without.problem.sites[1]!.maxLoad.fill(0);
    without.sites[1]!.maxLoad.fill(0);
    without.sites[1]!.baseAud.fill(0);
    const reference = solve(without.problem, without.sites, settings).certificate.objectiveAud;
    const { objectiveAud } = incumbent(state)!.certificate;
    expect(Math.abs(objectiveAud / reference - 1)).toBeLessThan(1e-6);
  });

  test('goes silent after a certified round: what was proven with it is forgotten', () => {
    const instance = randomInstance(5, { ...MODEST, priorFactor: 3, waitingAud: 3 });
    const before = structuredClone(instance.problem);
    const bests: number[][] = [];
    const { state, reports } = run(instance, { gapTarget: 1e-7 }, (answers, s) => {
      // After the round before this one.
      if (s.round > 1) bests[s.round - 2] = [s.slots[0]!.bestCostAud, s.slots[0]!.bestBoundAud];
      return answers.map((a, j) => (j === 0 && s.round > 1 ? undefined : a));
    });
    expect(reports[0]!.certificate).toBeDefined();
    const excludedIn = reports.findIndex((r) => r.excluded.includes('site-0'));
    expect(bests[excludedIn]).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    expect(state.sites[0]!.excluded).toBe(true);
    const plan = incumbent(state)!;
    expect(totalsOf(before, plan.flow)[0]!.every((n) => n === 0)).toBe(true);
    expect(plan.certificate.gap).toBeLessThanOrEqual(1e-7);
  });

  test('misses every other round: the rounds it answers still converge', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const instance = randomInstance(seed, { ...MODEST, sites: 10, zones: 10 });
      const { reports, reason } = run(instance, { maxRounds: 12 }, (answers, s) =>
        answers.map((a, j) => (j === 0 && s.round % 2 === 1 ? undefined : a)),
      );
      expect(reason).toBe('gap');
      expect(reports.length).toBeLessThanOrEqual(8);
    }
  });

  test('in classic rounds, too', () => {
    const instance = randomInstance(6, MODEST);
    const { state, reason } = run(
      instance,
      { mode: 'classic', gapTarget: 1e-4, maxRounds: 150 },
      (answers, s) => answers.map((a, j) => (j === 1 && s.round > 4 ? undefined : a)),
    );
    expect(state.sites[1]!.excluded).toBe(true);
    const plan = incumbent(state)!;
    expect(totalsOf(instance.problem, plan.flow)[1]!.every((n) => n === 0)).toBe(true);
    expect(reason).toBe('gap');
  });

  test('all sites silent: no plan, and everything reported', () => {
    const instance = randomInstance(7, MODEST);
    const { state, reports, reason } = run(instance, { maxRounds: 3, maxMissedRounds: 5 }, (a) =>
      a.map(() => undefined),
    );
    expect(reason).toBe('rounds');
    expect(incumbent(state)).toBeUndefined();
    expect(reports.every((r) => r.missing.length === 5)).toBe(true);
  });

  test('all sites taken out: the plan is that nothing is served', () => {
    const instance = randomInstance(8, MODEST);
    const { state } = run(instance, {}, (a) => a.map(() => undefined));
    const plan = incumbent(state)!;
    const asked = instance.problem.demandReqPerS.reduce((a, b) => a + b, 0);
    const lost = plan.unserved.reduce((s, u) => s + u.reduce((a, b) => a + b, 0), 0);
    expect(lost).toBeCloseTo(asked, 9);
  });

  test('a site that understates its minimum never makes the plan look better than it is', () => {
    for (const share of [1e-9, 1e-3, 0.05, 5]) {
      const instance = randomInstance(9, MODEST);
      const { state, reports } = run(instance, { maxRounds: 10 }, (answers) =>
        answers.map((a, j) =>
          j === 0 && a ? { ...a, boundAud: a.boundAud.map((b) => b - share * Math.abs(b)) } : a,
        ),
      );
      const honestly = solve(randomInstance(9, MODEST).problem, instance.sites);
      const { certificate } = incumbent(state)!;
      const refused = reports.flatMap((r) => r.missing);
      if (refused.length > 0) {
        expect(refused[0]!.reason).toMatch(/^boundAud is below/);
        expect(state.sites[0]!.excluded).toBe(true);
      } else {
        const rounding = 1e-9 * Math.abs(honestly.certificate.objectiveAud);
        expect(certificate.lowerBoundAud).toBeLessThan(
          honestly.certificate.objectiveAud + rounding,
        );
      }
    }
  });
});

describe('state', () => {
  test.each(['learned', 'classic'] as const)(
    '%s: survives a copy between any two steps',
    (mode) => {
      for (const seed of [1, 2, 3]) {
        const shape = { priorFactor: 3, waitingAud: 2, utilisation: 0.6 };
        const settings = { mode, gapTarget: 1e-7, maxRounds: 12 };
        const straight = run(randomInstance(seed, shape), settings);
        const copied = run(randomInstance(seed, shape), settings, undefined, structuredClone);
        expect(copied.state).toEqual(straight.state);
        expect(copied.reports).toEqual(straight.reports);
      }
    },
  );

  test('survives with a problem assembled anew, exclusions restored', () => {
    const settings = settingsSchema.parse({ gapTarget: 1e-7 });
    const straight = run(randomInstance(1, MODEST), settings, silent(2));
    let state = begin(randomInstance(1, MODEST).problem, settings);
    for (;;) {
      const fresh = randomInstance(1, MODEST);
      state = structuredClone(state);
      restoreExclusions(fresh.problem, state);
      const queries = propose(fresh.problem, state);
      const answers = silent(2)(honest(fresh, queries), state);
      absorb(fresh.problem, settings, state, queries, answers);
      if (stopReason(settings, state)) break;
    }
    expect(state).toEqual(straight.state);
  });

  test('holds nothing but plain data', () => {
    const { state } = run(randomInstance(1), { mode: 'classic', maxRounds: 3, gapTarget: 1e-9 });
    expect(structuredClone(state)).toEqual(state);
    expect(JSON.stringify(state.sites[0]!.curves)).not.toContain('null');
  });

  test('two runs of the same problem are the same, bit by bit', () => {
    const settings = { gapTarget: 1e-7 };
    const a = run(randomInstance(4), settings);
    const b = run(randomInstance(4), settings);
    expect(b).toEqual(a);
  });
});

describe('stop reasons', () => {
  test('none before the first round', () => {
    const settings = settingsSchema.parse({});
    expect(stopReason(settings, begin(randomInstance(1).problem, settings))).toBeUndefined();
  });

  test('the gap goes before the round limit', () => {
    const { reason, reports } = run(randomInstance(1), { gapTarget: 1, maxRounds: 1 });
    expect(reason).toBe('gap');
    expect(reports).toHaveLength(1);
  });

  test('rounds count also when sites were missing', () => {
    const { reason, state } = run(
      randomInstance(1, MODEST),
      { maxRounds: 4, maxMissedRounds: 20 },
      silent(0),
    );
    expect(reason).toBe('rounds');
    expect(state.gaps).toEqual(new Array(4).fill(Number.POSITIVE_INFINITY));
  });
});

describe('sites that break the learned model', () => {
  /** Where a convex function on [low, high] is least, by golden section. */
  function argLeast(f: (x: number) => number, low: number, high: number): number {
    const ratio = (Math.sqrt(5) - 1) / 2;
    let [a, b] = [low, high];
    for (let n = 0; n < 70; n++) {
      const width = ratio * (b - a);
      if (f(b - width) < f(a + width)) b = a + width;
      else a = b - width;
    }
    return [low, high, (a + b) / 2].reduce((x, y) => (f(y) < f(x) ? y : x));
  }

  /** A site of one class with `kink` AUD per busy server more beyond a knee of its load. */
  function kinked(site: SiteProblem, kink: number) {
    const s = site.loadPerReqPerS[0]!;
    const beyond = (t: number, n: number) => Math.max(0, s * n - 0.35 * site.maxLoad[t]!);
    return (query: SiteQuery): SiteAnswer => {
      const answer = answerQuery(site, query);
      for (let t = 0; t < site.slotCount; t++) {
        const price = query.prices[t]!;
        const totals = query.totals.slice();
        const cost = (n: number) => {
          totals[t] = n;
          return answerQuery(site, { ...query, totals }).costAud[t]! + kink * beyond(t, n);
        };
        const z = query.totals[t]!;
        answer.costAud[t] = answer.costAud[t]! + kink * beyond(t, z);
        answer.marginalAud[t] = answer.marginalAud[t]! + (beyond(t, z) > 0 ? s * kink : 0);
        const most = Math.min(query.box[t]!, site.maxLoad[t]! / s);
        const net = (n: number) => cost(n) - price * n;
        answer.boundAud[t] = net(argLeast(net, 0, most)) - 1e-9;
        const proximal = query.proximal;
        if (!proximal) continue;
        const pull = (n: number) => 0.5 * proximal.penalty[t]! * (n - proximal.center[t]!) ** 2;
        answer.proximal![t] = argLeast((n) => cost(n) + pull(n), 0, most);
      }
      return answer;
    };
  }

  /** A site whose classes each have a quadratic cost of their own: no function of the load alone. */
  function quadratic(site: SiteProblem, q: number[]) {
    return (query: SiteQuery): SiteAnswer => {
      const answer = answerQuery(site, query);
      const K = site.classCount;
      for (let t = 0; t < site.slotCount; t++) {
        answer.boundAud[t] = site.baseAud[t]!;
        for (let k = 0; k < K; k++) {
          const at = t * K + k;
          const z = query.totals[at]!;
          const a = site.rateAud[at]!;
          const within = (n: number) => Math.min(query.box[at]!, Math.max(0, n));
          answer.costAud[t] = answer.costAud[t]! + 0.5 * q[k]! * z * z;
          answer.marginalAud[at] = a + q[k]! * z;
          // Without the limit on load, which does not bind here: lower than the truth, hence valid.
          const n = within((query.prices[at]! - a) / q[k]!);
          answer.boundAud[t] =
            answer.boundAud[t]! + 0.5 * q[k]! * n * n - (query.prices[at]! - a) * n;
          const p = query.proximal;
          if (!p) continue;
          const rho = p.penalty[at]!;
          answer.proximal![at] = within((rho * p.center[at]! - a) / (rho + q[k]!));
        }
      }
      return answer;
    };
  }

  function runWith(
    instance: Instance,
    sites: ((q: SiteQuery) => SiteAnswer)[],
    input: SettingsInput,
  ): { state: ConsensusState; modes: string[] } {
    const settings = settingsSchema.parse(input);
    const state = begin(instance.problem, settings);
    const modes: string[] = [];
    while (!stopReason(settings, state)) {
      const queries = propose(instance.problem, state);
      const answers = queries.map((q, j) => (q ? sites[j]!(q) : undefined));
      const report = absorb(instance.problem, settings, state, queries, answers);
      expect(report.missing).toEqual([]);
      modes.push(report.mode);
    }
    return { state, modes };
  }

  const classicRounds = (modes: string[]) => modes.filter((m) => m === 'classic').length;

  test('kinked costs: learned rounds stall, classic ones take over and close the gap', () => {
    const shape = { zones: 4, sites: 4, classes: 1, slots: 2, waitingAud: 0.3, negativeShare: 0 };
    const instance = randomInstance(2, { ...shape, edgeShare: 1, utilisation: 0.45 });
    const sites = instance.sites.map((s) => kinked(s, 0.5));
    const settings = { gapTarget: 1e-5, maxRounds: 300, stallRounds: 2 };
    const { state, modes } = runWith(instance, sites, settings);
    expect(modes[0]).toBe('learned');
    expect(classicRounds(modes)).toBeGreaterThan(1);
    expect(state.gaps.at(-1)!).toBeLessThanOrEqual(1e-5);
  });

  test('classes with costs of their own: the same', () => {
    const shape = { zones: 4, sites: 4, classes: 2, slots: 2, waitingAud: 0, negativeShare: 0 };
    const instance = randomInstance(3, { ...shape, edgeShare: 1, utilisation: 0.12 });
    for (const site of instance.problem.sites) site.prior.costAudPerWaiting = 1;
    const sites = instance.sites.map((s, j) => quadratic(s, [0.02 + 0.01 * j, 0.3 - 0.05 * j]));
    const settings = { gapTarget: 1e-6, maxRounds: 200, stallRounds: 2 };
    const { state, modes } = runWith(instance, sites, settings);
    expect(classicRounds(modes)).toBeGreaterThan(1);
    expect(state.gaps.at(-1)!).toBeLessThanOrEqual(1e-6);
  });
});

describe('a site that lies', () => {
  const shape = { ...MODEST, slots: 3, utilisation: 0.6 };

  test('about its costs in the first round only, gains nothing by the contradiction', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const instance = randomInstance(seed, shape);
      for (let i = 0; i < instance.sites[0]!.rateAud.length; i++) {
        instance.sites[0]!.rateAud[i] = 4 * Math.abs(instance.sites[0]!.rateAud[i]!);
      }
      const truth = solve(structuredClone(instance.problem), instance.sites, { gapTarget: 1e-6 });
      const { state, reports } = run(instance, {}, (answers, s) =>
        answers.map((a, j) =>
          a && j === 0 && s.round === 1
            ? {
                ...a,
                costAud: a.costAud.map((c) => c - 200),
                boundAud: a.boundAud.map((b) => b - 200),
              }
            : a,
        ),
      );
      const { certificate } = incumbent(state)!;
      // The lie is either out of what is proven, or its teller out of the plan.
      const lied = reports.some((r) => r.excluded.includes('site-0'));
      const least = truth.certificate.lowerBoundAud;
      if (!lied) expect(certificate.objectiveAud).toBeGreaterThan(least - 1e-6 * Math.abs(least));
      expect(certificate.objectiveAud).toBeGreaterThanOrEqual(certificate.lowerBoundAud - 1e-6);
    }
  });

  test('with figures beyond all measure is refused, and the plan goes on without it', () => {
    for (const spoil of [1e300, -1e300, 1e16]) {
      const instance = randomInstance(3, shape);
      const { state, reason } = run(instance, {}, (answers) =>
        answers.map((a, j) =>
          a && j === 0 ? { ...a, marginalAud: a.marginalAud.fill(spoil) } : a,
        ),
      );
      expect(reason).toBe('gap');
      expect(state.sites[0]!.excluded).toBe(true);
    }
  });
});

describe('a start from what an earlier optimization learned', () => {
  /** Runs again from the curves of a first run, perhaps in another world; returns the reports. */
  function again(first: Instance, second: Instance) {
    const settings = settingsSchema.parse({});
    const { state } = solve(first.problem, first.sites);
    const warm = begin(second.problem, settings, (j, t) => ({
      ...structuredClone(state.sites[j]!.curves[t]!),
      anchored: false,
    }));
    const reports: RoundReport[] = [];
    for (;;) {
      const queries = propose(second.problem, warm);
      const answers = honest(second, queries);
      reports.push(absorb(second.problem, settings, warm, queries, answers));
      if (stopReason(settings, warm)) return reports;
    }
  }

  test('refuses no honest site, whatever the sign of the prices', () => {
    for (const negativeShare of [0.2, 0.5, 1]) {
      for (let seed = 1; seed <= 20; seed++) {
        const reports = again(
          randomInstance(seed, { negativeShare }),
          randomInstance(seed, { negativeShare }),
        );
        expect(reports.flatMap((r) => r.missing)).toEqual([]);
        expect(reports.length).toBeLessThanOrEqual(2);
      }
    }
  });

  test('forgets queues that are no longer those that answer', () => {
    for (const [before, after] of [
      [0.2, 3],
      [3, 0.2],
    ] as const) {
      for (let seed = 1; seed <= 10; seed++) {
        const reports = again(
          randomInstance(seed, { utilisation: 0.7, waitingAud: before }),
          randomInstance(seed, { utilisation: 0.7, waitingAud: after }),
        );
        expect(reports.length).toBeLessThanOrEqual(6);
        expect(reports.at(-1)!.mode).toBe('learned');
      }
    }
  });
});
