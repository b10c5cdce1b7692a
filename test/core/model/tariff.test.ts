import { describe, expect, test } from 'vitest';
import { issueLines } from '../../../src/core/model/errors.ts';
import { energyPriceAudPerKwh, type Tariff, tariffSchema } from '../../../src/core/model/tariff.ts';

const utc = (text: string) => Date.parse(text);
const SYDNEY = 'Australia/Sydney';
const faults = (value: unknown) => {
  const result = tariffSchema.safeParse(value);
  return result.success ? [] : issueLines(result.error);
};

describe('spot', () => {
  const spot: Tariff = { kind: 'spot', networkAudPerKwh: 0.06, fallbackAudPerKwh: 0.15 };

  test('wholesale in AUD/MWh plus network charges', () => {
    expect(energyPriceAudPerKwh(spot, 0, SYDNEY, 120)).toBeCloseTo(0.18, 12);
  });

  test('negative prices pass through', () => {
    expect(energyPriceAudPerKwh(spot, 0, SYDNEY, -100)).toBeCloseTo(-0.04, 12);
  });

  test('falls back where the feed has none', () => {
    expect(energyPriceAudPerKwh(spot, 0, SYDNEY, Number.NaN)).toBe(0.15);
  });
});

test('network charges come on top of flat and time-of-use rates', () => {
  const flat = tariffSchema.parse({ kind: 'flat', rateAudPerKwh: 0.11, networkAudPerKwh: 0.05 });
  expect(energyPriceAudPerKwh(flat, 0, SYDNEY, 0)).toBeCloseTo(0.16, 12);
  const bands = [
    { fromHour: 22, toHour: 7, rateAudPerKwh: 0.1 },
    { fromHour: 7, toHour: 22, rateAudPerKwh: 0.2 },
  ];
  const tou = tariffSchema.parse({ kind: 'time-of-use', bands, networkAudPerKwh: 0.05 });
  // 21:00 and 22:00 in Sydney.
  expect(energyPriceAudPerKwh(tou, utc('2026-07-01T11:00Z'), SYDNEY, 0)).toBeCloseTo(0.25, 12);
  expect(energyPriceAudPerKwh(tou, utc('2026-07-01T12:00Z'), SYDNEY, 0)).toBeCloseTo(0.15, 12);
  expect(faults({ kind: 'flat', rateAudPerKwh: 0.1, networkAudPerKwh: -1 })).toHaveLength(1);
});

test('flat is flat', () => {
  const flat: Tariff = { kind: 'flat', rateAudPerKwh: -0.01 };
  expect(energyPriceAudPerKwh(flat, 0, SYDNEY, 500)).toBe(-0.01);
});

describe('time of use', () => {
  const tou = tariffSchema.parse({
    kind: 'time-of-use',
    bands: [
      { fromHour: 22, toHour: 7, rateAudPerKwh: 0.1 },
      { fromHour: 7, toHour: 16, rateAudPerKwh: 0.2 },
      { fromHour: 16, toHour: 22, rateAudPerKwh: 0.3 },
    ],
  });
  const price = (text: string, zone = SYDNEY) => energyPriceAudPerKwh(tou, utc(text), zone, 0);

  test('wraps past midnight', () => {
    // July: AEST, UTC+10.
    expect(price('2026-07-01T11:59Z')).toBe(0.3); // 21:59
    expect(price('2026-07-01T12:00Z')).toBe(0.1); // 22:00
    expect(price('2026-07-01T14:00Z')).toBe(0.1); // 00:00
    expect(price('2026-07-01T20:59Z')).toBe(0.1); // 06:59
    expect(price('2026-07-01T21:00Z')).toBe(0.2); // 07:00
  });

  test('follows daylight saving where the site has it', () => {
    expect(price('2026-01-15T20:00Z')).toBe(0.2); // 07:00 AEDT
    expect(price('2026-01-15T20:00Z', 'Australia/Brisbane')).toBe(0.1); // 06:00 AEST
  });

  test('half-hour zones', () => {
    expect(price('2026-07-01T21:30Z', 'Australia/Darwin')).toBe(0.2); // 07:00
    expect(price('2026-07-01T21:29Z', 'Australia/Darwin')).toBe(0.1); // 06:59
  });

  test('one band all day, written either way', () => {
    for (const [fromHour, toHour] of [
      [0, 24],
      [0, 0],
      [7, 7],
    ]) {
      const bands = [{ fromHour, toHour, rateAudPerKwh: 0.2 }];
      expect(faults({ kind: 'time-of-use', bands })).toEqual([]);
    }
  });

  test('a gap is refused, with the hour', () => {
    const bands = [
      { fromHour: 22, toHour: 7, rateAudPerKwh: 0.1 },
      { fromHour: 8, toHour: 22, rateAudPerKwh: 0.2 },
    ];
    expect(faults({ kind: 'time-of-use', bands })).toEqual([
      'bands: local hour 7 is in 0 bands, expected exactly one',
    ]);
  });

  test('an overlap is refused, with the hour', () => {
    const bands = [
      { fromHour: 22, toHour: 8, rateAudPerKwh: 0.1 },
      { fromHour: 7, toHour: 22, rateAudPerKwh: 0.2 },
    ];
    expect(faults({ kind: 'time-of-use', bands })).toEqual([
      'bands: local hour 7 is in 2 bands, expected exactly one',
    ]);
  });

  test('nonsense hours and rates are refused with their path', () => {
    const bands = [{ fromHour: 24, toHour: 25, rateAudPerKwh: 99 }];
    const lines = faults({ kind: 'time-of-use', bands });
    expect(lines.slice(0, 3).map((l) => l.split(':')[0])).toEqual([
      'bands[0].fromHour',
      'bands[0].toHour',
      'bands[0].rateAudPerKwh',
    ]);
  });
});
