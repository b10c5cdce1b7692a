import { describe, expect, test } from 'vitest';
import { answerFault, contradiction } from '../../../../src/core/optimizer/answer-check.ts';
import { decodePacket, encodePacket } from '../../../../src/core/optimizer/packet.ts';
import { wholeCostAud, wholeMarginalAud } from '../../../../src/core/optimizer/site-coupling.ts';
import {
  answerQuery,
  type SiteAnswer,
  type SiteCoupling,
  type SiteQuery,
} from '../../../../src/core/optimizer/site-subproblem.ts';
import { decodeAnswer, encodeAnswer } from '../../../../src/core/planning/round-wire.ts';
import { randomInstance } from '../../support/instances.ts';
import { type PlantSite, randomPlantQuery, randomPlantSite } from '../../support/plants.ts';

const dispatchOf = (site: PlantSite) =>
  randomInstance(1, { sites: 1, slots: site.slotCount, classes: site.classCount }).problem;

test('honest answers pass, and two of a site fit one convex cost', () => {
  for (let seed = 1; seed <= 80; seed++) {
    const site = randomPlantSite(seed, { slots: 2 + (seed % 8), waitingAud: seed % 3 });
    const problem = dispatchOf(site);
    const sampleOf = (query: SiteQuery) => {
      const answer = answerQuery(site, query);
      expect(answerFault(problem, query, answer)).toBeUndefined();
      return {
        totals: query.totals,
        costAud: wholeCostAud(answer, query.totals),
        marginalAud: wholeMarginalAud(answer, query.totals),
      };
    };
    const first = sampleOf(randomPlantQuery(site, seed));
    const second = sampleOf(randomPlantQuery(site, seed + 1));
    expect(contradiction(first, second)).toBeUndefined();
  }
});

const site = randomPlantSite(3);
const query = randomPlantQuery(site, 3);
const answerOf = () => answerQuery(site, query) as SiteAnswer & { coupling: SiteCoupling };

describe('a reason for every fault', () => {
  test.each<[string, (a: SiteAnswer & { coupling: SiteCoupling }) => void, RegExp]>([
    ['no cut', (a) => (a.coupling.cuts = []), /^coupling has 0 cuts, expected 1 to 5$/],
    [
      'six cuts',
      (a) => a.coupling.cuts.push(...Array(5).fill(a.coupling.cuts[0])),
      /^coupling has \d cuts/,
    ],
    [
      'an infinite piece',
      (a) => (a.coupling.cuts[0]!.interceptAud[0] = Infinity),
      /^cuts\[0\]\.interceptAud\[0\] is Infinity/,
    ],
    [
      'short pieces',
      (a) => (a.coupling.cuts[0]!.marginalAud = new Float64Array(3)),
      /^cuts\[0\]\.marginalAud has 3 values, expected 128$/,
    ],
    ['more shed than proposed', (a) => (a.coupling.shedReqPerS[2] = 1e4), /^shedReqPerS\[2\] is/],
    ['less than nothing shed', (a) => (a.coupling.shedReqPerS[0] = -1), /^shedReqPerS\[0\] is -1/],
    [
      'a second cut above the first at the proposal',
      (a) =>
        (a.coupling.cuts[1] = {
          ...a.coupling.cuts[0]!,
          interceptAud: a.coupling.cuts[0]!.interceptAud.map((aud) => aud + 1),
        }),
      /^cuts\[1\] exceeds the cost at the proposal/,
    ],
    [
      'a piece above the first at the proposal',
      (a) => (a.coupling.cuts[0]!.interceptAud[3] = a.coupling.cuts[0]!.interceptAud[3]! + 1e3),
      /^cuts\[0\] exceeds the cost at the proposal/,
    ],
    [
      'a piece that rises with the peak',
      (a) => (a.coupling.cuts[0]!.peakShare[3] = -1),
      /^cuts\[0\]\.peakShare\[3\] is negative$/,
    ],
    [
      'first pieces that fall with the peak without limit',
      (a) => a.coupling.cuts[1]!.peakShare.fill(0.3),
      /^cuts\[1\]\.peakShare of the first pieces sum up to 2\.4/,
    ],
    [
      'a bound above the cost',
      (a) => (a.boundAud[0] = a.boundAud[0]! + 1e6),
      /^boundAud exceeds the cost at the proposal/,
    ],
    [
      'a bound below any convex cost',
      (a) => (a.boundAud[0] = a.boundAud[0]! - 1e7),
      /^boundAud is below what a convex cost/,
    ],
  ])('%s', (_, change, words) => {
    const answer = answerOf();
    change(answer);
    expect(answerFault(dispatchOf(site), query, answer)).toMatch(words);
  });

  test('a cost told too low in one of two answers', () => {
    const other = randomPlantQuery(site, 4);
    const [low, honest] = [answerOf(), answerQuery(site, other)];
    low.coupling.cuts[0]!.interceptAud[0] = low.coupling.cuts[0]!.interceptAud[0]! - 1e4;
    const sample = (a: SiteAnswer, q: SiteQuery) => ({
      totals: q.totals,
      costAud: wholeCostAud(a, q.totals),
      marginalAud: wholeMarginalAud(a, q.totals),
    });
    expect(contradiction(sample(honest, other), sample(low, query))).toMatch(/not convex/);
  });
});

describe('on the wire', () => {
  test('coupling arrives as it was sent', () => {
    const answer = answerOf();
    expect(answer.coupling.cuts.length).toBeGreaterThanOrEqual(2);
    const read = decodeAnswer(encodeAnswer('run', 'perth', answer), 'run', 'perth');
    expect(read.coupling).toEqual(answer.coupling);
  });

  test('without a plant there is none', () => {
    const { plant: _, ...plain } = site;
    const sent = encodeAnswer('run', 'perth', answerQuery(plain, query));
    expect(decodeAnswer(sent, 'run', 'perth').coupling).toBeUndefined();
  });

  test('planes of another length than what is shed are refused', () => {
    const answer = answerOf();
    answer.coupling.shedReqPerS = new Float64Array(5);
    const sent = encodeAnswer('run', 'perth', answer);
    expect(() => decodeAnswer(sent, 'run', 'perth')).toThrow(
      /couplingMarginalAud: \d+ values, expected \d+/,
    );
  });

  test.each(['couplingPeakShare', 'couplingInterceptAud'])('a short %s is refused', (name) => {
    const packet = decodePacket(encodeAnswer('run', 'perth', answerOf()), 'sent');
    packet.arrays[name] = packet.arrays[name]!.slice(1);
    expect(() => decodeAnswer(encodePacket(packet), 'run', 'perth')).toThrow(`${name}: `);
  });

  test('half a coupling is refused', () => {
    const answer = answerOf();
    const sent = encodeAnswer('run', 'perth', answer);
    const packet = decodePacket(sent, 'sent');
    delete packet.arrays.couplingShed;
    const half = encodePacket(packet);
    expect(() => decodeAnswer(half, 'run', 'perth')).toThrow('some but not all of');
  });
});
