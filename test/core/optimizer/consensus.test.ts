import { describe, expect, test } from 'vitest';
import {
  absorb,
  begin,
  type ConsensusState,
  incumbent,
  propose,
  type RoundReport,
  restoreExclusions,
  stopReason,
} from '../../../src/core/optimizer/consensus.ts';
import {
  type Settings,
  type SettingsInput,
  settingsSchema,
} from '../../../src/core/optimizer/settings.ts';
import {
  answerQuery,
  loadOf,
  type SiteAnswer,
  type SiteProblem,
  type SiteQuery,
} from '../../../src/core/optimizer/site-subproblem.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
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

  test.each(lies)('%s: refused with the reason, then taken out, its demand moved', (_, lie, why) => {
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
  });

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
    const { state, reports } = run(instance, { gapTarget: 1e-7 }, (answers, s) =>
      answers.map((a, j) => (j === 0 && s.round > 1 ? undefined : a)),
    );
    expect(reports[0]!.certificate).toBeDefined();
    expect(state.sites[0]!.excluded).toBe(true);
    const plan = incumbent(state)!;
    expect(totalsOf(before, plan.flow)[0]!.every((n) => n === 0)).toBe(true);
    expect(plan.certificate.gap).toBeLessThanOrEqual(1e-7);
  });

  test('in classic rounds, too', () => {
    const instance = randomInstance(6, MODEST);
    const { state, reason } = run(
      instance,
      { mode: 'classic', gapTarget: 1e-4, maxRounds: 150 },
      (answers, s) => answers.map((a, j) => (j === 1 && s.round > 4 ? undefined : a)),
    );
    if (state.sites[1]!.excluded) {
      const plan = incumbent(state)!;
      expect(totalsOf(instance.problem, plan.flow)[1]!.every((n) => n === 0)).toBe(true);
    }
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

  test('a site that understates its minimum cannot make the plan look better than it is', () => {
    const instance = randomInstance(9, MODEST);
    const { state } = run(instance, { maxRounds: 10 }, (answers) =>
      answers.map((a, j) => (j === 0 && a ? { ...a, boundAud: a.boundAud.map((b) => b - 5) } : a)),
    );
    const honestly = solve(randomInstance(9, MODEST).problem, instance.sites);
    const { certificate } = incumbent(state)!;
    expect(certificate.lowerBoundAud).toBeLessThan(honestly.certificate.lowerBoundAud);
    expect(certificate.gap).toBeGreaterThan(1e-3);
  });
});

describe('state', () => {
  test.each(['learned', 'classic'] as const)('%s: survives a copy between any two steps', (mode) => {
    for (const seed of [1, 2, 3]) {
      const shape = { priorFactor: 3, waitingAud: 2, utilisation: 0.6 };
      const settings = { mode, gapTarget: 1e-7, maxRounds: 12 };
      const straight = run(randomInstance(seed, shape), settings);
      const copied = run(randomInstance(seed, shape), settings, undefined, structuredClone);
      expect(copied.state).toEqual(straight.state);
      expect(copied.reports).toEqual(straight.reports);
    }
  });

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
  /**
   * Extra convex cost: `kink` AUD per busy server beyond a knee in the slot's load, and `coupling`
   * times the square of the whole span's load, which ties the slots together.
   */
  function twisted(site: SiteProblem, kink: number, coupling: number) {
    const T = site.slotCount;
    const K = site.classCount;
    const knee = (t: number) => 0.35 * site.maxLoad[t]!;
    const loads = (totals: Float64Array) =>
      Array.from({ length: T }, (_, t) => loadOf(site.loadPerReqPerS, totals, t));
    const extra = (totals: Float64Array) => {
      const all = loads(totals);
      const sum = all.reduce((a, b) => a + b, 0);
      return {
        cost: all.map((l, t) => kink * Math.max(0, l - knee(t)) + (coupling * sum * sum) / T),
        slope: all.map((l, t) => (l > knee(t) ? kink : 0) + 2 * coupling * sum),
      };
    };
    return (query: SiteQuery): SiteAnswer => {
      const answer = answerQuery(site, query);
      const { cost, slope } = extra(query.totals);
      for (let t = 0; t < T; t++) {
        answer.costAud[t] = answer.costAud[t]! + cost[t]!;
        for (let k = 0; k < K; k++) {
          const at = t * K + k;
          answer.marginalAud[at] =
            answer.marginalAud[at]! + site.loadPerReqPerS[k]! * slope[t]!;
        }
      }
      if (coupling === 0) bendBound(site, query, answer, kink, knee);
      if (query.proximal) answer.proximal = descend(query, answer.proximal!, extra);
      return answer;
    };

    /** Proximal point of the twisted cost, by projected gradient on top of the plain one. */
    function descend(query: SiteQuery, start: Float64Array, more: typeof extra): Float64Array {
      const n = start.slice();
      const { penalty, center } = query.proximal!;
      for (let step = 0; step < 400; step++) {
        const { marginalAud, slopeAud } = answerQuery(site, { ...query, totals: n });
        const { slope } = more(n);
        for (let t = 0; t < T; t++) {
          for (let k = 0; k < K; k++) {
            const at = t * K + k;
            const s = site.loadPerReqPerS[k]!;
            const g = marginalAud[at]! + s * slope[t]! + penalty[at]! * (n[at]! - center[at]!);
            const stiff = penalty[at]! + K * s * s * (slopeAud[t]! + 2 * T * coupling);
            n[at] = Math.min(query.box[at]!, Math.max(0, n[at]! - (0.5 * g) / stiff));
          }
          const load = loadOf(site.loadPerReqPerS, n, t);
          const fit = load > site.maxLoad[t]! ? site.maxLoad[t]! / load : 1;
          for (let k = 0; k < K; k++) n[t * K + k] = n[t * K + k]! * fit;
        }
      }
      return n;
    }
  }

  /** min of the kinked cost over the box: a fine search by load, rounded down to stay valid. */
  function bendBound(
    site: SiteProblem,
    query: SiteQuery,
    answer: SiteAnswer,
    kink: number,
    knee: (t: number) => number,
  ): void {
    const K = site.classCount;
    for (let t = 0; t < site.slotCount; t++) {
      const at = (k: number) => t * K + k;
      // With the kink's price on every load it is a lower bound; without, it is one below the knee.
      const dear: SiteProblem = {
        ...site,
        rateAud: site.rateAud.map((a, i) => a + site.loadPerReqPerS[i % K]! * kink),
      };
      const high = answerQuery(dear, query).boundAud[t]! - kink * knee(t);
      const low = answerQuery(
        { ...site, maxLoad: site.maxLoad.map((_, n) => knee(n)) },
        query,
      ).boundAud[t]!;
      // Convexity: the minimum lies on one side of the knee or at it.
      const belowKnee = low;
      let aboveKnee = Number.POSITIVE_INFINITY;
      for (let n = 0; n <= 400; n++) {
        let left = knee(t) + ((site.maxLoad[t]! - knee(t)) * n) / 400;
        const totals = new Float64Array(site.slotCount * K);
        const gain = (k: number) =>
          (query.prices[at(k)]! - site.rateAud[at(k)]!) / site.loadPerReqPerS[k]!;
        const order = Array.from({ length: K }, (_, k) => k).sort((a, b) => gain(b) - gain(a));
        for (const k of order) {
          const s = site.loadPerReqPerS[k]!;
          totals[at(k)] = Math.min(query.box[at(k)]!, left / s);
          left -= totals[at(k)]! * s;
        }
        let value = answerQuery(site, { ...query, totals }).costAud[t]!;
        value += kink * Math.max(0, loadOf(site.loadPerReqPerS, totals, t) - knee(t));
        for (let k = 0; k < K; k++) value -= query.prices[at(k)]! * totals[at(k)]!;
        aboveKnee = Math.min(aboveKnee, value);
      }
      const found = Math.min(belowKnee, aboveKnee);
      answer.boundAud[t] = Math.max(high, found - 1e-4 * (1 + Math.abs(found)));
      if (answer.boundAud[t]! > found) answer.boundAud[t] = found;
    }
  }

  test('kinked costs: learned rounds stall, classic ones take over, and the gap still closes', () => {
    const instance = randomInstance(2, {
      zones: 4,
      sites: 4,
      classes: 1,
      slots: 2,
      edgeShare: 1,
      utilisation: 0.45,
      waitingAud: 0.3,
      negativeShare: 0,
    });
    const sites = instance.sites.map((s) => twisted(s, 0.5, 0));
    const settings = settingsSchema.parse({ gapTarget: 2e-3, maxRounds: 150, stallRounds: 3 });
    const state = begin(instance.problem, settings);
    const modes: string[] = [];
    while (!stopReason(settings, state)) {
      const queries = propose(instance.problem, state);
      const answers = queries.map((q, j) => (q ? sites[j]!(q) : undefined));
      const report = absorb(instance.problem, settings, state, queries, answers);
      expect(report.missing).toEqual([]);
      modes.push(report.mode);
    }
    expect(stopReason(settings, state)).toBe('gap');
    expect(modes[0]).toBe('learned');
  });

  test('slots tied together: the fall-back happens, and classic rounds converge', () => {
    const instance = randomInstance(3, {
      zones: 4,
      sites: 4,
      classes: 2,
      slots: 3,
      edgeShare: 1,
      utilisation: 0.4,
      waitingAud: 0.3,
      negativeShare: 0,
    });
    const sites = instance.sites.map((s) => twisted(s, 0, 0.02));
    const settings = settingsSchema.parse({ gapTarget: 1e-9, maxRounds: 60, stallRounds: 2 });
    const state = begin(instance.problem, settings);
    while (!stopReason(settings, state)) {
      const queries = propose(instance.problem, state);
      const answers = queries.map((q, j) => (q ? sites[j]!(q) : undefined));
      // Its bound ignores what ties the slots: lower than the truth, hence valid.
      expect(absorb(instance.problem, settings, state, queries, answers).missing).toEqual([]);
    }
    expect(state.mode).toBe('classic');
    // Consensus: every site's own proximal point is what the plan asks of it.
    for (const site of state.sites) {
      site.totals.forEach((z, i) => {
        expect(Math.abs(z - site.proximal[i]!)).toBeLessThan(0.02 * (1 + Math.abs(z)));
      });
    }
  });
});
