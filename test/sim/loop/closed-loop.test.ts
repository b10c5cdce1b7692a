import { describe, expect, test } from 'vitest';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import { MS_PER_HOUR } from '../../../src/core/model/units.ts';
import { embeddedInputs } from '../../../src/feeds/embedded/index.ts';
import { Asked, type RateTrace, readRateTrace } from '../../../src/sim/loop/asked.ts';
import { closedLoop, type LoopSpec, loopRuns } from '../../../src/sim/loop/closed-loop.ts';
import { hottestDays, hottestHour, readStepPrices } from '../../../src/sim/loop/spans.ts';
import { errorOf, readWeatherErrors } from '../../../src/sim/loop/weather-errors.ts';
import { embeddedFleet } from '../../core/support/fleets.ts';
import { newFolder, writeText } from '../support/folder.ts';
import { bursty } from '../support/traces.ts';

const fleet = embeddedFleet();
const startUtcMs = Date.parse('2026-02-03T00:00Z');
const steady: RateTrace = {
  source: 'steady',
  stepS: 600,
  relative: new Float64Array(2016).fill(1),
};

function spec(change: Partial<LoopSpec> = {}, trace = bursty): LoopSpec {
  const truth = embeddedInputs(publicFleet(fleet), startUtcMs - 24 * MS_PER_HOUR, 24 + 12);
  const asked = new Asked(fleet, [trace, trace], startUtcMs - 168 * MS_PER_HOUR);
  return {
    fleet,
    truth,
    startUtcMs,
    hours: 4,
    asked,
    weatherErrors: { source: 'none', issues: new Map() },
    historyHours: 168,
    demandMargin: 1,
    replanMinutes: 60,
    stepMinutes: 10,
    gapTarget: 1e-4,
    ...change,
  };
}

describe('a closed loop', () => {
  test('serves the same requests in all runs, and what came', () => {
    const { totals, plans } = closedLoop(spec());
    expect(plans).toBe(4);
    const { asked } = spec();
    let came = 0;
    for (let s = 0; s < 24; s++) {
      came += asked.reqPerS(startUtcMs + s * 600_000, 600_000).reduce((a, b) => a + b, 0) * 600;
    }
    for (const run of loopRuns) {
      expect(totals[run].requests / came).toBeCloseTo(1, 9);
      expect(totals[run].unservedRequests).toBeLessThan(1e-6 * came);
    }
    expect(totals.foresight.objectiveAud).toBeLessThan(totals.nearest.objectiveAud);
  });

  test('of steady demand and true weather costs what foresight costs', () => {
    const { totals, demandError, tempErrorC } = closedLoop(spec({}, steady));
    expect(tempErrorC).toBe(0);
    expect(demandError).toBeLessThan(0.05);
    expect(totals.forecast.objectiveAud / totals.foresight.objectiveAud).toBeCloseTo(1, 2);
  });

  test('plans from forecasts that are off, and says by how much', () => {
    const leadH = [1, 24];
    const off = { leadH, tempC: [4, 4], rhPct: [-10, -10] };
    const issues = new Map([['sydney', [off]]]);
    const { tempErrorC } = closedLoop(spec({ weatherErrors: { source: 'played', issues } }));
    expect(tempErrorC).toBeCloseTo(4 / fleet.sites.length, 6);
  });

  test('a margin of demand keeps users from waiting', () => {
    const [with_, without] = [1.3, 1].map((demandMargin) => closedLoop(spec({ demandMargin })));
    const late = (r: typeof with_) => r?.totals.forecast.sloViolationShare as number;
    expect(late(with_)).toBeLessThan(late(without));
    expect(with_?.totals.foresight).toEqual(without?.totals.foresight);
  });

  test('a lost site serves nobody, and plans are made anew when it is heard of', () => {
    const lost = { site: 'melbourne', fromUtcMs: startUtcMs + 80 * 60_000, toUtcMs: Infinity };
    const { totals, plans } = closedLoop(spec({ lost }));
    const undisturbed = closedLoop(spec());
    expect(plans).toBe(5);
    for (const run of loopRuns) {
      const share = (r: typeof totals) => r[run].sites.find((s) => s.site === 'melbourne')?.share;
      expect(share(totals)).toBeLessThan(share(undisturbed.totals) as number);
    }
    const from = closedLoop(spec({ lost: { ...lost, fromUtcMs: startUtcMs } }));
    for (const run of loopRuns) {
      expect(from.totals[run].sites.find((s) => s.site === 'melbourne')?.share).toBe(0);
    }
  });

  test('prices by step are what is paid', () => {
    const spot = embeddedFleet();
    for (const site of spot.sites) {
      site.cost.tariff = { kind: 'spot', networkAudPerKwh: 0, fallbackAudPerKwh: 0.2 };
    }
    const paid = (audPerMwh: number) =>
      closedLoop(spec({ fleet: spot, spotAudPerMwh: () => audPerMwh })).totals;
    const [cheap, dear] = [paid(100), paid(200)];
    for (const run of loopRuns) {
      expect(dear[run].energyCostAud / cheap[run].energyCostAud).toBeCloseTo(2, 1);
    }
  });
});

describe('plans between those of the clock', () => {
  /** Two and a half times as many requests everywhere from the second hour's half on. */
  class Surge extends Asked {
    override reqPerS(utcMs: number, forMs: number): Float64Array {
      const factor = utcMs < startUtcMs + 1.5 * MS_PER_HOUR ? 1 : 2.5;
      return super.reqPerS(utcMs, forMs).map((x) => factor * x);
    }
  }

  test('are made when demand leaves what was planned for, and keep users from waiting', () => {
    const asked = new Surge(fleet, [steady, steady], startUtcMs - 168 * MS_PER_HOUR);
    const { totals, plans, driftPlans } = closedLoop(spec({ asked, stepMinutes: 5 }));
    expect(plans).toBe(4);
    expect(driftPlans).toEqual({ demand: expect.any(Number), price: 0, loss: 0 });
    expect(driftPlans.demand).toBeGreaterThan(0);
    const late = (run: 'forecast' | 'clockwork') => totals[run].sloViolationShare;
    expect(late('forecast')).toBeLessThan(late('clockwork'));
  });

  test('are made every five minutes while a site is lost, from when plans have heard of it', () => {
    const lost = {
      site: 'melbourne',
      fromUtcMs: startUtcMs + 10 * 60_000,
      toUtcMs: startUtcMs + 40 * 60_000,
    };
    const { plans, driftPlans, totals } = closedLoop(spec({ lost, stepMinutes: 5, hours: 1 }));
    // The clock's, once an hour, and those when it is heard of and when it is over; between these, five.
    expect(plans).toBe(3);
    expect(driftPlans.loss).toBe(5);
    expect(totals.forecast.unservedRequests).toBeLessThan(1e-9 * totals.forecast.requests);
  });

  test('are none where nothing drifts, and then cost and serve what the clock’s do', () => {
    const { totals, driftPlans } = closedLoop(spec({}, steady));
    expect(driftPlans).toEqual({ demand: 0, price: 0, loss: 0 });
    expect(totals.forecast).toEqual(totals.clockwork);
  });

  test('follow a price that jumps, and save what the clock’s pay', () => {
    const spot = embeddedFleet();
    for (const site of spot.sites) {
      site.cost.tariff = { kind: 'spot', networkAudPerKwh: 0, fallbackAudPerKwh: 0.2 };
    }
    const jumpMs = startUtcMs + MS_PER_HOUR / 3;
    const spotAudPerMwh = (site: string, ms: number) =>
      site === 'melbourne' && ms >= jumpMs ? 15_000 : 80;
    const { totals, driftPlans } = closedLoop(spec({ fleet: spot, spotAudPerMwh }, steady));
    expect(driftPlans).toEqual({ demand: 0, price: 1, loss: 0 });
    expect(totals.forecast.energyCostAud).toBeLessThan(0.9 * totals.clockwork.energyCostAud);
  });
});

describe('requests of a trace', () => {
  test('come to the population’s mean, and no zone sees an hour twice within its length', () => {
    const distinct = { ...bursty, relative: bursty.relative.map((_, n) => (2 * (n + 0.5)) / 2016) };
    const asked = new Asked(fleet, [distinct, distinct], startUtcMs);
    const K = fleet.classes.length;
    fleet.zones.forEach((zone, i) => {
      const seen = Array.from(
        { length: 336 },
        (_, h) => asked.reqPerS(startUtcMs + h * MS_PER_HOUR, MS_PER_HOUR)[i * K] as number,
      );
      expect(new Set(seen).size).toBe(336);
      const expected = (zone.population / 1e6) * (fleet.demand.meanReqPerSPerMillion.chat ?? 0);
      expect(seen.reduce((a, b) => a + b, 0) / 336 / expected).toBeCloseTo(1, 9);
    });
  });

  test.each([
    ['t_s,rate\n0,1\n', 'line 1: expected a column named "req_per_s"'],
    ['t_s,req_per_s\n0,1\n600,-1\n', 'line 3: expected two numbers of 0 or more'],
    ['t_s,req_per_s\n0,1\n600,1\n1300,1\n', 'line 4: expected t_s to rise by equal steps'],
    ['t_s,req_per_s\n0,0\n600,0\n', 'no requests'],
  ])('faults are named: %s', (text, message) => {
    const path = writeText(newFolder(), 'rates.csv', text);
    expect(() => readRateTrace(path, 'rates.csv')).toThrow(message);
  });
});

describe('errors of weather forecasts', () => {
  const head =
    'city,issued_utc,lead_h,valid_utc,fc_temp_c,fc_rh_pct,fc_dew_c,act_temp_c,act_rh_pct';
  const rows = [
    'Perth,2026-02-13T22:11Z,1,2026-02-13T23:00Z,20,70,15,19,60',
    'Perth,2026-02-13T22:11Z,3,2026-02-14T01:00Z,24,70,15,20,60',
    'Perth,2026-02-13T22:11Z,6,2026-02-14T04:00Z,24,70,15,,',
    'Perth,2026-02-14T00:47Z,1,2026-02-14T02:00Z,10,50,15,12,60',
  ];
  const read = (lines: string[]) =>
    readWeatherErrors(writeText(newFolder(), 'w.csv', [head, ...lines].join('\n')), 'w.csv');

  test('lie between the leads of an issue, day by day', () => {
    const errors = read(rows);
    const even = Math.floor(startUtcMs / (24 * MS_PER_HOUR)) % 2 === 0 ? 0 : 1;
    const first = startUtcMs + even * 24 * MS_PER_HOUR;
    expect(errorOf(errors, 'perth', first, 1)).toEqual({ tempC: 1, rhPct: 10 });
    expect(errorOf(errors, 'perth', first, 2)).toEqual({ tempC: 2.5, rhPct: 10 });
    expect(errorOf(errors, 'perth', first, 9)).toEqual({ tempC: 4, rhPct: 10 });
    expect(errorOf(errors, 'perth', first + 24 * MS_PER_HOUR, 5)).toEqual({
      tempC: -2,
      rhPct: -10,
    });
    expect(errorOf(errors, 'darwin', first, 5)).toEqual({ tempC: 0, rhPct: 0 });
  });

  test('a cell that is no number is named', () => {
    expect(() => read(['Perth,2026-02-13T22:11Z,1,x,warm,70,15,19,60'])).toThrow(
      'line 2: expected numbers, or nothing',
    );
  });
});

describe('where hours are', () => {
  test('the hottest days and hour', () => {
    const inputs = embeddedInputs(publicFleet(fleet), startUtcMs, 5 * 24);
    for (const s of inputs.sites) s.tempC.fill(20);
    for (const s of inputs.sites) s.tempC[3 * 24 + 5] = 35;
    expect(hottestDays(inputs, 1)).toBe(startUtcMs + 72 * MS_PER_HOUR);
    expect(hottestDays(inputs, 2)).toBe(startUtcMs + 48 * MS_PER_HOUR);
    expect(hottestHour(inputs, 0, startUtcMs + 72 * MS_PER_HOUR, 24)).toBe(
      startUtcMs + 77 * MS_PER_HOUR,
    );
    expect(() => hottestDays(inputs, 6)).toThrow('5 days, expected at least 6');
  });

  test('prices at five minutes, and what is wrong with them', () => {
    const dir = newFolder();
    expect(() => readStepPrices(dir)).toThrow('has no prices at five minutes');
    const name = 'nem_price_demand_5min_x.csv';
    const head = 'utc,SA_price_aud_mwh';
    writeText(dir, name, `${head}\n2022-01-29T14:00Z,90\n2022-01-29T14:05Z,15100\n`);
    const prices = readStepPrices(dir);
    expect(prices.audPerMwh('SA', Date.parse('2022-01-29T14:05Z'))).toBe(15_100);
    expect(prices.audPerMwh('TAS', Date.parse('2022-01-29T14:05Z'))).toBeUndefined();
    expect(prices.toUtcMs - prices.fromUtcMs).toBe(600_000);
    writeText(dir, name, `${head}\n2022-01-29T14:03Z,90\n`);
    expect(() => readStepPrices(dir)).toThrow('line 2: expected a utc of full five minutes');
  });
});
