import { describe, expect, test } from 'vitest';
import { type PublicFleet, publicFleet } from '../../src/core/model/fleet.ts';
import { embeddedInputs } from '../../src/feeds/embedded/index.ts';
import { type FedHour, mergeFed, NOTHING_FED } from '../../src/feeds/merge.ts';
import { embeddedFleet } from '../core/support/fleets.ts';
import { HOUR, THIS_HOUR } from './support/upstream.ts';

const whole = publicFleet(embeddedFleet());
const perth = { ...whole.sites.find((s) => s.id === 'perth')!, paysSpot: true };
const fleet: PublicFleet = { ...whole, sites: [perth] };

const row = (t: number, change: Partial<FedHour>): FedHour => ({
  ...NOTHING_FED,
  siteId: 'perth',
  utcMs: THIS_HOUR + t * HOUR,
  updatedUtcMs: THIS_HOUR,
  ...change,
});
const weather = (t: number, issuedHoursAgo: number) =>
  row(t, {
    tempC: 30 + t,
    rhPct: 40,
    weatherSource: 'Open-Meteo forecast',
    weatherIssuedUtcMs: THIS_HOUR - issuedHoursAgo * HOUR,
  });
const price = (t: number, spotAudPerMwh: number) =>
  row(t, { spotAudPerMwh, priceSource: 'AEMO', priceIssuedUtcMs: THIS_HOUR - HOUR });

function merged(rows: FedHour[], feed?: { fault?: string }) {
  const inputs = embeddedInputs(fleet, THIS_HOUR, 4);
  mergeFed(fleet, inputs, rows, { nowMs: THIS_HOUR, feedOf: () => feed });
  return inputs.sites[0]!;
}
const embedded = embeddedInputs(fleet, THIS_HOUR, 4).sites[0]!;

describe('what a plan is told', () => {
  test('without feeds and without what they brought, all is as embedded', () => {
    expect(merged([])).toEqual(embedded);
  });

  test('the value fed, with the age of the oldest', () => {
    const series = merged([weather(0, 1), weather(1, 30), weather(2, 2), weather(3, 2)], {});
    expect([...series.tempC]).toEqual([30, 31, 32, 33]);
    expect(series.sources.weather).toEqual({
      source: 'Open-Meteo forecast',
      placeholder: false,
      ageH: 30,
      fallbackSlots: 0,
    });
  });

  test('the last good one while the source fails, and why it fails', () => {
    const rows = [weather(0, 50), weather(1, 50), weather(2, 50), weather(3, 50)];
    expect(merged(rows, { fault: 'HTTP 503' }).sources.weather).toMatchObject({
      source: 'Open-Meteo forecast',
      ageH: 50,
      fault: 'HTTP 503',
    });
  });

  test('then the climatology, never yesterday’s weather', () => {
    const series = merged([weather(-24, 30), weather(0, 1), weather(1, 1)], {});
    expect([...series.tempC]).toEqual([30, 31, embedded.tempC[2], embedded.tempC[3]]);
    expect(series.sources.weather).toEqual({
      source: `Open-Meteo forecast (2 of 4 h), else ${embedded.sources.weather.source}`,
      placeholder: false,
      ageH: 1,
      fallbackSlots: 2,
    });
  });

  test('of prices the day before’s, then none: a missing price is never zero', () => {
    const series = merged([price(-23, 90), price(-24, 80), price(0, -1000)], {});
    expect([...series.spotAudPerMwh]).toEqual([-1000, 90, Number.NaN, Number.NaN]);
    expect(series.sources.price).toEqual({
      source: 'AEMO (1 of 4 h), AEMO of the day before (1 h), else contract tariff',
      placeholder: false,
      ageH: 1,
      fallbackSlots: 3,
    });
  });

  test('the day before’s alone', () => {
    const rows = [-24, -23, -22, -21].map((t) => price(t, t));
    expect(merged(rows, { fault: 'HTTP 500' }).sources.price).toMatchObject({
      source: 'AEMO of the day before (4 h)',
      fallbackSlots: 4,
      fault: 'HTTP 500',
    });
  });

  test('a feed that never brought anything says why; annual carbon is marked as ever', () => {
    expect(merged([], { fault: 'HTTP 403' }).sources.carbon).toEqual({
      ...embedded.sources.carbon,
      fallbackSlots: 4,
      fault: 'HTTP 403',
    });
  });

  test('rows of versions that kept no time of issue are as old as they were written', () => {
    const rows = [0, 1, 2, 3].map((t) =>
      row(t, { carbonKgPerKwh: 0.4, carbonSource: 'own', updatedUtcMs: THIS_HOUR - 5 * HOUR }),
    );
    expect(merged(rows).sources.carbon).toMatchObject({ source: 'own', ageH: 5 });
  });
});
