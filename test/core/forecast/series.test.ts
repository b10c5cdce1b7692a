import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  emptySeries,
  type Forecast,
  forecast,
  type Hour,
  observe,
  type SeriesState,
  seriesStateSchema,
} from '../../../src/core/forecast/series.ts';
import { MS_PER_HOUR } from '../../../src/core/model/units.ts';
import { seededRandom } from '../support/random.ts';

const START = Date.parse('2026-01-05T00:00Z');
const at = (h: number, priorRequests = 100): Hour => ({
  utcMs: START + h * MS_PER_HOUR,
  hourOfWeek: h % 168,
  priorRequests,
});
const truth = (h: number) =>
  400 * (1.2 + Math.sin((2 * Math.PI * h) / 24)) * (h % 168 < 120 ? 1 : 0.4);

/** After counts of [from, to). */
function after(counts: (h: number) => number, to: number, state = emptySeries(), from = 0) {
  for (let h = from; h < to; h++) state = observe(state, at(h), counts(h));
  return state;
}

/** Counts about the truth, their spread so many times a Poisson's. */
function bursty(burst: number, seed: number): (h: number) => number {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const counts: number[] = [];
  return (h) => {
    counts[h] ??= Math.max(0, Math.round(truth(h) + burst * Math.sqrt(truth(h)) * normal()));
    return counts[h];
  };
}

test('before anything is counted the forecast is the prior', () => {
  for (const h of [0, 5, 400]) expect(forecast(emptySeries(), at(h, 7 + h)).requests).toBe(7 + h);
  expect(forecast(emptySeries(), at(0, 0))).toMatchObject({ requests: 0, low: 0 });
});

test.each([0.001, 1, 1000])(
  'the scale is found within hours: %f of what was expected',
  (factor) => {
    const state = after(() => 100 * factor, 6);
    for (const h of [6, 20]) {
      // Of few requests, a few more or less are no news.
      expect(forecast(state, at(h)).requests).toBeGreaterThan(90 * factor);
      expect(forecast(state, at(h)).requests).toBeLessThan(110 * factor + 2);
    }
  },
);

test('a stationary profile is found, from a prior that knows neither scale nor shape', () => {
  const state = after(truth, 168 * 26);
  for (let h = 168 * 26; h < 168 * 27; h++) {
    const error = Math.abs(forecast(state, at(h)).requests - truth(h));
    expect(error).toBeLessThan(0.1 * Math.max(truth(h), 400));
  }
});

test('nothing that is counted makes NaN, a negative, or a state that cannot be read back', () => {
  const count = fc.oneof(fc.constant(0), fc.double(), fc.integer({ min: 0, max: 1_000_000 }));
  const step = fc.record({ skipH: fc.integer({ min: -5, max: 2000 }), count, prior: fc.nat(1000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let state: SeriesState = emptySeries();
      let h = 0;
      for (const { skipH, count: n, prior } of steps) {
        h = Math.max(0, h + skipH);
        const before = state.lastUtcMs;
        state = observe(state, at(h, prior), n);
        expect(before === null || (state.lastUtcMs as number) >= before).toBe(true);
        const f = forecast(state, at(h + 3, prior));
        expect(f.low).toBeGreaterThanOrEqual(0);
        expect(f.low).toBeLessThanOrEqual(f.requests);
        expect(f.high).toBeGreaterThanOrEqual(f.requests);
        expect(f.high).toBeLessThan(Infinity);
      }
      const stored = JSON.stringify(state);
      expect(seriesStateSchema.parse(JSON.parse(stored))).toEqual(JSON.parse(stored));
    }),
  );
});

test('a state of half a year takes less than 2 kB', () => {
  expect(JSON.stringify(after(bursty(3, 5), 4400)).length).toBeLessThan(2000);
});

test('an hour counted twice, or an earlier one, changes nothing; no count is not a count of none', () => {
  const state = after(truth, 200);
  expect(observe(state, at(199), 5)).toBe(state);
  expect(observe(state, at(10), 5)).toBe(state);
  for (const none of [Number.NaN, -1, Infinity]) expect(observe(state, at(200), none)).toBe(state);
});

test('what is expected lives through an outage and a gap, and gives a zone up that stays away', () => {
  const usual = after(truth, 168 * 4);
  const expected = forecast(usual, at(168 * 4 + 12)).requests;
  const outage = after(() => 0, 168 * 4 + 4, usual, 168 * 4);
  expect(Math.abs(forecast(outage, at(168 * 4 + 12)).requests / expected - 1)).toBeLessThan(0.1);
  const gap = observe(usual, at(168 * 5 + 6), truth(168 * 5 + 6));
  expect(Math.abs(forecast(gap, at(168 * 5 + 7)).requests / truth(168 * 5 + 7) - 1)).toBeLessThan(
    0.15,
  );
  const gone = after(() => 0, 168 * 5, usual, 168 * 4);
  expect(forecast(gone, at(168 * 5)).requests).toBeLessThan(expected / 100);
  const back = after(truth, 168 * 5 + 8, gone, 168 * 5);
  expect(forecast(back, at(168 * 5 + 8)).requests).toBeGreaterThan(truth(168 * 5 + 8) / 2);
});

test('one hour of ten times the requests is not taken for ten', () => {
  const usual = after(truth, 168 * 4);
  const burst = observe(usual, at(168 * 4), 10 * truth(168 * 4));
  const next = truth(168 * 4 + 6);
  expect(forecast(burst, at(168 * 4 + 6)).requests).toBeLessThan(3.5 * next);
});

test('errors are less than those of repeating the last hour, the day or the week before', () => {
  // A level that wanders, as that of a service does whose users come and go.
  const count = bursty(2, 3);
  const counts = (h: number) => count(h) * (1 + 0.3 * Math.sin(h / 37));
  let state = emptySeries();
  const errors = new Map<string, number>();
  const add = (name: string, error: number) =>
    errors.set(name, (errors.get(name) ?? 0) + Math.abs(error));
  for (let o = 0; o < 168 * 8; o++) {
    state = observe(state, at(o), counts(o));
    if (o < 168 * 3) continue;
    for (const lead of [1, 3, 6, 12, 24]) {
      const came = counts(o + lead);
      add(`${lead} ours`, forecast(state, at(o + lead)).requests - came);
      add(`${lead} hour`, counts(o) - came);
      add(`${lead} day`, counts(o + lead - 24) - came);
      add(`${lead} week`, counts(o + lead - 168) - came);
    }
  }
  for (const lead of [1, 3, 6, 12, 24]) {
    for (const rival of ['hour', 'day', 'week']) {
      expect(errors.get(`${lead} ours`)).toBeLessThan(errors.get(`${lead} ${rival}`) as number);
    }
  }
});

test.each([1, 3])('bands hold nine of ten hours at all leads, with %i-fold spread', (burst) => {
  const counts = bursty(burst, 7);
  let state = emptySeries();
  const made: { h: number; lead: number; f: Forecast }[] = [];
  const inside = new Map<number, number>();
  for (let o = 0; o < 168 * 20; o++) {
    for (const lead of [1, 3, 8, 24, 30]) {
      if (o >= 168 * 10) made.push({ h: o - 1 + lead, lead, f: forecast(state, at(o - 1 + lead)) });
    }
    state = observe(state, at(o), counts(o));
  }
  for (const { h, lead, f } of made) {
    const n = counts(h);
    if (n >= f.low && n <= f.high) inside.set(lead, (inside.get(lead) ?? 0) + 1);
  }
  for (const hits of inside.values()) {
    expect(hits / (168 * 10)).toBeGreaterThan(0.84);
    expect(hits / (168 * 10)).toBeLessThan(0.96);
  }
});
