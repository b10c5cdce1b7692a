import { describe, expect, test } from 'vitest';
import {
  absorb,
  begin,
  incumbent,
  propose,
  stopReason,
} from '../../../src/core/optimizer/consensus.ts';
import { type DispatchProblem, totalsBoxes } from '../../../src/core/optimizer/problem.ts';
import { type SettingsInput, settingsSchema } from '../../../src/core/optimizer/settings.ts';
import { loadOf, type SiteAnswer } from '../../../src/core/optimizer/site-subproblem.ts';
import type { ConsensusState } from '../../../src/core/optimizer/state.ts';
import { type Instance, randomInstance } from '../support/instances.ts';
import { honest } from '../support/plans.ts';
import { plantFleet } from '../support/plants.ts';
import { type Dice, dice } from '../support/random.ts';

/** What keeps a run safe when its models are wrong. */

type Answers = ReturnType<typeof honest>;

/** All states that proposals are made from, in order. */
function* rounds(
  { problem, sites }: Instance,
  input: SettingsInput,
  tamper: (answers: Answers) => Answers = (a) => a,
): Generator<ConsensusState> {
  const settings = settingsSchema.parse(input);
  const state = begin(problem, settings);
  yield state;
  while (stopReason(settings, state) === undefined) {
    const queries = propose(problem, state);
    absorb(problem, settings, state, queries, tamper(honest({ problem, sites }, queries)));
    yield state;
  }
}

/** How far a proposal is beyond capacity or box, over either: 0 where it is not. */
function excess(p: DispatchProblem, state: ConsensusState): number {
  const boxes = totalsBoxes(p);
  let most = 0;
  state.sites.forEach(({ totals }, j) => {
    const { loadPerReqPerS, maxLoad } = p.sites[j]!;
    for (let t = 0; t < p.slotCount; t++) {
      const load = loadOf(loadPerReqPerS, totals, t);
      most = Math.max(most, load - maxLoad[t]! * (1 + 1e-9) - 1e-12);
    }
    totals.forEach((n, at) => {
      most = Math.max(most, -n, n - boxes[j]![at]! * (1 + 1e-9) - 1e-12);
    });
  });
  return most;
}

/** Slopes and marginal costs off by up to a factor of ten: some of it is refused, some believed. */
function distorted(answers: Answers, d: Dice): Answers {
  return answers.map((answer): SiteAnswer | undefined => {
    if (!answer || d.chance(0.1)) return undefined;
    const factor = 10 ** d.uniform(-1, 1);
    return d.chance(0.5)
      ? { ...answer, slopeAud: answer.slopeAud.map((s) => s * factor) }
      : { ...answer, marginalAud: answer.marginalAud.map((m) => m * factor) };
  });
}

describe('no proposal is ever beyond capacity, or asks for more than there is', () => {
  test.each(['learned', 'supply', 'classic'] as const)('%s, whatever sites answer', (mode) => {
    for (let seed = 1; seed <= 40; seed++) {
      const d = dice(seed);
      const instance = randomInstance(seed, {
        sites: d.integer(1, 6),
        utilisation: d.uniform(0.1, 1.5),
        closedShare: d.uniform(0, 0.2),
        priorFactor: 10 ** d.uniform(-2, 2),
      });
      const settings: SettingsInput = { mode, maxRounds: 12, gapTarget: 1e-9 };
      for (const state of rounds(instance, settings, (a) => distorted(a, d))) {
        expect(excess(instance.problem, state), `seed ${seed}, round ${state.round}`).toBe(0);
      }
    }
  });
});

describe('where plants join the slots', () => {
  test('rounds that no longer close the gap hand over to classic ones, after four times as many', () => {
    const shape = { utilisation: 0.6, slots: 3, waitingAud: 1, plants: 2 };
    for (let seed = 1; seed <= 2; seed++) {
      const instance = plantFleet(seed, shape);
      const settings: SettingsInput = { stallRounds: 2, gapTarget: 1e-15, maxRounds: 24 };
      const modes: string[] = [];
      let last: ConsensusState | undefined;
      for (const state of rounds(instance, settings)) {
        modes.push(state.mode);
        last = state;
      }
      const learned = modes.indexOf('classic');
      expect(learned, `seed ${seed}`).toBeGreaterThan(8);
      // Once handed over it stays so, and what was proven before stays proven.
      expect(modes.slice(learned).every((mode) => mode === 'classic')).toBe(true);
      const { certificate } = incumbent(last!)!;
      expect(certificate.gap).toBeLessThanOrEqual(1e-3);
      expect(certificate.lowerBoundAud).toBeLessThanOrEqual(certificate.objectiveAud + 1e-9);
    }
  });

  test('the certificate of a run that was handed over at once is as valid as the other’s', () => {
    const instance = plantFleet(3, { utilisation: 0.6, slots: 3, waitingAud: 1, plants: 2 });
    const best = (input: SettingsInput) => {
      let last: ConsensusState | undefined;
      for (const state of rounds(instance, input)) last = state;
      return incumbent(last!)!.certificate;
    };
    const learned = best({ gapTarget: 1e-5 });
    const classic = best({ mode: 'classic', gapTarget: 1e-5, maxRounds: 60 });
    const rounding = 1e-9 * Math.abs(learned.objectiveAud);
    expect(classic.objectiveAud).toBeGreaterThanOrEqual(learned.lowerBoundAud - rounding);
    expect(classic.lowerBoundAud).toBeLessThanOrEqual(learned.objectiveAud + rounding);
  });
});
