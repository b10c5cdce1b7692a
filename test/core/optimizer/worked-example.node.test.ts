import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { absorb, begin, propose, stopReason } from '../../../src/core/optimizer/consensus.ts';
import type { DispatchProblem } from '../../../src/core/optimizer/problem.ts';
import { settingsSchema } from '../../../src/core/optimizer/settings.ts';
import { answerQuery, type SiteProblem } from '../../../src/core/optimizer/site-subproblem.ts';
import type { RoundReport } from '../../../src/core/optimizer/state.ts';

/** The example of docs/algorithm.md: one zone, class and slot, a near and a far site of one server. */
const near = site(0.8);
const far = site(0.2);

function site(rateAud: number): SiteProblem {
  return {
    slotCount: 1,
    classCount: 1,
    baseAud: Float64Array.of(0),
    rateAud: Float64Array.of(rateAud),
    waitingAud: Float64Array.of(0.1),
    loadPerReqPerS: Float64Array.of(1),
    maxLoad: Float64Array.of(0.9),
    queue: { servers: 1, variability: 1 },
  };
}

function problem(): DispatchProblem {
  const capability = (id: string, costAudPerWaiting: number) => ({
    id,
    loadPerReqPerS: Float64Array.of(1),
    maxLoad: Float64Array.of(0.9),
    prior: { servers: 1, variability: 1, costAudPerWaiting },
  });
  return {
    slotCount: 1,
    classCount: 1,
    zoneCount: 1,
    sites: [capability('near', 0.2), capability('far', 0.05)],
    demandReqPerS: Float64Array.of(1),
    rowStart: Int32Array.of(0, 2),
    edgeSite: Int32Array.of(0, 1),
    edgeCostAud: Float64Array.of(0, 0.1),
    unservedCostAud: 100,
  };
}

/** What goes to the two sites and comes back, with the round's report. */
interface Round {
  report: RoundReport;
  asked: { z: number; p: number; penalty?: number; center?: number }[];
  answers: { cost: number; marginal: number; bound: number; proximal?: number }[];
}

function rounds(mode: 'learned' | 'classic'): Round[] {
  const p = problem();
  const settings = settingsSchema.parse({ mode, gapTarget: 1e-5 });
  const state = begin(p, settings);
  const all: Round[] = [];
  do {
    const queries = propose(p, state);
    const answers = queries.map((q, j) => q && answerQuery([near, far][j] as SiteProblem, q));
    // Before the state moves on: queries are its arrays.
    const asked = queries.map((q) => ({
      z: q?.totals[0] as number,
      p: q?.prices[0] as number,
      penalty: q?.proximal?.penalty[0],
      center: q?.proximal?.center[0],
    }));
    all.push({
      report: absorb(p, settings, state, queries, answers),
      asked,
      answers: answers.map((a) => ({
        cost: a?.costAud[0] as number,
        marginal: a?.marginalAud[0] as number,
        bound: a?.boundAud[0] as number,
        proximal: a?.proximal?.[0],
      })),
    });
  } while (!stopReason(settings, state));
  return all;
}

/** What the document's row of a round says, in its order; the gap apart. */
function printed(text: string, name: string): number[] {
  const line = text.split('\n').find((l) => l.startsWith(`| ${name} | `));
  if (!line) throw new Error(`docs/algorithm.md has no row "${name}"`);
  return line.replaceAll('−', '-').split(/[|,]/).slice(2, 14).map(Number);
}

function figures({ report, asked, answers }: Round): number[] {
  const { objectiveAud = 0, lowerBoundAud = 0 } = report.certificate ?? {};
  return [
    ...asked.map((a) => a.z),
    ...asked.map((a) => a.p),
    ...answers.map((a) => a.cost),
    ...answers.map((a) => a.marginal),
    ...answers.map((a) => a.bound),
    objectiveAud,
    lowerBoundAud,
  ];
}

/** φ' of both sites: Lq = u²/(1 − u) at one server. */
const congestion = (load: number) => 0.1 * ((1 - load) ** -2 - 1);

describe('the worked example', () => {
  const text = readFileSync(new URL('../../../docs/algorithm.md', import.meta.url), 'utf8');
  const learned = rounds('learned');
  const classic = rounds('classic');

  it('has the rounds that the document prints', () => {
    const shown = [...learned, ...classic.slice(1, 3), classic.at(-1) as Round];
    for (const round of shown) {
      const { mode, round: number } = round.report;
      const row = printed(text, `${mode} ${number}`);
      expect(row).toHaveLength(12);
      for (const [n, figure] of figures(round).entries()) {
        expect(Math.abs(figure - (row[n] as number)), `${mode} ${number}, ${n}`).toBeLessThan(2e-3);
      }
    }
  });

  it('ends where both ways cost the same', () => {
    for (const { asked } of [learned.at(-1), classic.at(-1)] as Round[]) {
      const [toNear, toFar] = asked.map((a) => a.z) as [number, number];
      expect(toNear + toFar).toBeCloseTo(1, 9);
      expect(0.8 + congestion(toNear)).toBeCloseTo(0.1 + 0.2 + congestion(toFar), 2);
    }
  });

  it('certifies as by hand: U and L of the second learned round', () => {
    const { asked, answers, report } = learned[1] as Round;
    const [n, f] = asked as [Round['asked'][0], Round['asked'][0]];
    const [atNear, atFar] = answers as [Round['answers'][0], Round['answers'][0]];
    expect(0.1 * f.z + atNear.cost + atFar.cost).toBeCloseTo(
      report.certificate?.objectiveAud as number,
      9,
    );
    expect(Math.min(100, n.p, 0.1 + f.p) + atNear.bound + atFar.bound).toBeCloseTo(
      report.certificate?.lowerBoundAud as number,
      9,
    );
  });

  it('takes the classic step by hand: ρ, u, the sites’ points and the next proposal', () => {
    const [first, second, third] = classic as [Round, Round, Round];
    const [m1, m2] = first.answers.map((a) => a.marginal) as [number, number];
    const rho = (3 * Math.abs(m1 - m2)) / 2 / 0.9;
    expect(rho).toBeCloseTo(0.435, 3);
    for (const [j, asked] of second.asked.entries()) {
      expect(asked.penalty).toBeCloseTo(rho, 9);
      // No step was made yet, so the sites stand at the first proposal.
      const u =
        (first.asked[j]?.z as number) - asked.z - (first.answers[j]?.marginal as number) / rho;
      expect(asked.center).toBeCloseTo(asked.z - u, 9);
      // Stationarity of g + ρ/2 (N − centre)².
      const point = second.answers[j]?.proximal as number;
      const rate = j === 0 ? 0.8 : 0.2;
      const pull = rho * ((asked.center as number) - point);
      expect(rate + congestion(point)).toBeCloseTo(pull, 6);
    }
    const points = second.answers.map((a) => a.proximal as number);
    expect(points[0]).toBeCloseTo(0.258, 3);
    expect(points[1]).toBeCloseTo(0.638, 3);
    expect(third.asked[0]?.penalty).toBeCloseTo(0.805, 3);
  });
});
