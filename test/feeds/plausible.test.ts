import { describe, expect, test } from 'vitest';
import { climatology } from '../../src/feeds/embedded/climatology.ts';
import { plausible } from '../../src/feeds/plausible.ts';
import { HOUR, site, THIS_HOUR } from './support/upstream.ts';

const sydney = site('sydney');
const mean = (utcMs: number) => climatology('Sydney', utcMs, sydney.timeZone).tempC;
/** Temperatures by hour, as anomalies. */
const weather = (...anomalies: number[]) =>
  anomalies.map((a, t) => {
    const utcMs = THIS_HOUR + t * HOUR;
    return { utcMs, tempC: mean(utcMs) + a, rhPct: 50 };
  });
const keptAt = (hours: { utcMs: number }[]) => hours.map((h) => (h.utcMs - THIS_HOUR) / HOUR);

describe('weather', () => {
  test('a heat wave and a cold front are weather', () => {
    const hours = weather(18, 19, 19, 2, -6);
    expect(plausible('weather', sydney, hours)).toEqual({
      kept: hours,
      refused: 0,
      fault: undefined,
    });
  });

  test('a jump of 40 °C is not: the hours after it are refused, their neighbours stand', () => {
    const checked = plausible('weather', sydney, weather(0, 40, 40, 1));
    expect(keptAt(checked.kept)).toEqual([0, 3]);
    expect(checked.refused).toBe(2);
    expect(checked.fault).toMatch(/^sydney 2026-01-15T01:00Z: \d+(\.\d+)? °C$/);
  });

  test('of two hours with a jump between them, that further from the climate goes', () => {
    expect(keptAt(plausible('weather', sydney, weather(-18, 14, 14)).kept)).toEqual([1, 2]);
    expect(keptAt(plausible('weather', sydney, weather(3, 24.5, 3)).kept)).toEqual([0, 2]);
  });

  test('Fahrenheit without its unit', () => {
    const hours = weather(0, 1).map((h) => ({ ...h, tempC: h.tempC * 1.8 + 32 }));
    expect(plausible('weather', sydney, hours)).toMatchObject({ kept: [], refused: 2 });
  });

  test.each([-1, 101, Number.NaN])('humidity %s', (rhPct) => {
    const hours = weather(0).map((h) => ({ ...h, rhPct }));
    expect(plausible('weather', sydney, hours).kept).toEqual([]);
  });

  test('NaN and absent temperatures', () => {
    const [hour] = weather(0);
    const hours = [
      { ...hour!, tempC: Number.NaN },
      { utcMs: THIS_HOUR + HOUR, rhPct: 50 },
    ];
    expect(plausible('weather', sydney, hours)).toMatchObject({ kept: [], refused: 2 });
  });

  test('order does not matter', () => {
    expect(plausible('weather', sydney, weather(0, 1, 2).reverse()).kept).toEqual(weather(0, 1, 2));
  });
});

describe('price', () => {
  const price = (spotAudPerMwh: number) => [{ utcMs: THIS_HOUR, spotAudPerMwh }];

  test.each([-1000, -0.01, 0, 16_600, 20_300])('%s AUD/MWh is a price', (v) => {
    expect(plausible('price', sydney, price(v)).kept).toEqual(price(v));
  });

  test.each([-1000.01, 30_001, Number.NaN])('%s is none', (v) => {
    expect(plausible('price', sydney, price(v)).kept).toEqual([]);
  });
});

describe('carbon', () => {
  const carbon = (carbonKgPerKwh: number) => [{ utcMs: THIS_HOUR, carbonKgPerKwh }];
  const isKept = (id: string, v: number) =>
    plausible('carbon', site(id), carbon(v)).kept.length === 1;

  test('grams taken for kilograms, and kilograms for grams', () => {
    expect(isKept('sydney', 0.62)).toBe(true);
    expect(isKept('sydney', 620)).toBe(false);
    expect(isKept('sydney', 0.00062)).toBe(false);
  });

  test('nothing at all is possible in Tasmania, not in New South Wales', () => {
    expect(isKept('hobart', 0)).toBe(true);
    expect(isKept('sydney', 0)).toBe(false);
  });

  test.each([-0.1, Number.NaN])('%s', (v) => expect(isKept('hobart', v)).toBe(false));
});
