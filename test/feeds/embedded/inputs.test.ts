import { describe, expect, test } from 'vitest';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import { assertInputs, expectedDemand } from '../../../src/core/planning/inputs.ts';
import { climatology } from '../../../src/feeds/embedded/climatology.ts';
import { embeddedCarbon } from '../../../src/feeds/embedded/grid.ts';
import { embeddedInputs } from '../../../src/feeds/embedded/index.ts';
import { embeddedFleet } from '../../core/support/fleets.ts';

const HOUR = 3_600_000;
const start = Date.parse('2026-03-30T00:00Z');
const fleet = publicFleet(embeddedFleet());

test('a plan may use every hour of a year at every site', () => {
  const inputs = embeddedInputs(fleet, Date.parse('2026-01-01T00:00Z'), 8760);
  expect(inputs.sites).toHaveLength(14);
  expect(() => assertInputs(fleet, inputs)).not.toThrow();
});

describe('each site', () => {
  const inputs = embeddedInputs(fleet, start, 72);

  test('has its own station’s weather and its own grid, slot by slot', () => {
    fleet.sites.forEach((site, j) => {
      const series = inputs.sites[j]!;
      for (const t of [0, 13, 50, 71]) {
        const utcMs = start + t * HOUR;
        const weather = climatology(site.climateStation, utcMs, site.timeZone);
        expect(series.tempC[t]).toBe(weather.tempC);
        expect(series.rhPct[t]).toBe(weather.rhPct);
        expect(series.carbonKgPerKwh[t]).toBe(
          embeddedCarbon(site.gridRegion, utcMs).carbonKgPerKwh,
        );
      }
    });
    // Not one city's weather for all.
    expect(new Set(inputs.sites.map((s) => s.tempC[0])).size).toBe(14);
  });

  test('marks what only stands in: annual carbon, estimated water, never weather', () => {
    fleet.sites.forEach((site, j) => {
      const { sources } = inputs.sites[j]!;
      expect(sources.carbon.placeholder).toBe(!['NSW1', 'VIC1'].includes(site.gridRegion));
      expect(sources.carbon.source).toMatch(sources.carbon.placeholder ? /annual/ : /mean hour/);
      expect(sources.water).toEqual({ source: 'fuel-mix estimate', placeholder: true });
      expect(sources.weather.source).toMatch(/^climatology/);
      expect(sources.weather.placeholder).toBe(false);
    });
  });

  test('has no wholesale price, so its contract holds', () => {
    for (const { spotAudPerMwh, sources } of inputs.sites) {
      expect(spotAudPerMwh.every((v) => Number.isNaN(v))).toBe(true);
      expect(sources.price.source).toBe('contract tariff');
    }
  });
});

test('demand is the registry’s, for the same hours', () => {
  const { demandReqPerS } = embeddedInputs(fleet, start, 30);
  expect(demandReqPerS).toEqual(expectedDemand(fleet, start, 30, 1));
});

test('a later start is the same series, later', () => {
  const early = embeddedInputs(fleet, start, 48);
  const late = embeddedInputs(fleet, start + 5 * HOUR, 43);
  early.sites.forEach((site, j) => {
    for (const name of ['tempC', 'rhPct', 'carbonKgPerKwh'] as const) {
      expect(late.sites[j]![name]).toEqual(site[name].slice(5));
    }
  });
});

test('half-hour slots take the value of the hour they lie in', () => {
  const hours = embeddedInputs(fleet, start, 24);
  const halves = embeddedInputs(fleet, start, 48, 0.5);
  expect(halves.slotHours).toBe(0.5);
  // Sydney keeps whole hours; Adelaide's change half past.
  const sydney = (i: typeof hours) => i.sites[fleet.sites.findIndex((s) => s.id === 'sydney')]!;
  for (let t = 0; t < 48; t++) {
    expect(sydney(halves).tempC[t]).toBeCloseTo(sydney(hours).tempC[Math.floor(t / 2)]!, 1);
    expect(sydney(halves).carbonKgPerKwh[t]).toBe(sydney(hours).carbonKgPerKwh[Math.floor(t / 2)]);
  }
  expect(halves.demandReqPerS).toHaveLength(2 * hours.demandReqPerS.length);
});
