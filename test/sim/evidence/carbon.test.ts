import { describe, expect, test } from 'vitest';
import { readDataset } from '../../../src/sim/dataset.ts';
import {
  readMarginalCarbon,
  unknownTo,
  withCarbonAlike,
  withEmbeddedCarbon,
  withEmbeddedLevel,
  withMarginalCarbon,
} from '../../../src/sim/evidence/carbon.ts';
import { seriesKind } from '../../../src/sim/region-series.ts';
import { embeddedFleet } from '../../core/support/fleets.ts';
import { folderOf, START_MS, writeHours } from '../support/folder.ts';

const HOURS = 48;

/** Three cities; marginal intensities, where asked for, of two of them. */
function world(hasMarginal: boolean) {
  const dir = folderOf({
    hours: HOURS,
    weather: {
      sydney: () => [20, 50],
      melbourne: () => [18, 50],
      hobart: () => [12, 60],
    },
    carbon: { NSW: (h) => 600 + h, VIC: () => 400, TAS: () => 20 },
  });
  if (hasMarginal) {
    const name = 'carbon_marginal_2022_hourly.csv';
    writeHours(dir, name, 'NSW_gco2e_kwh,VIC_gco2e_kwh', HOURS, (h) => [h === 3 ? '' : 900, 1000]);
  }
  const span = { startUtcMs: START_MS, hours: HOURS };
  const { fleet, inputs } = readDataset(dir, embeddedFleet(), span);
  const { marginalKgPerKwh, notes } = readMarginalCarbon(dir, { fleet, inputs });
  return { fleet, inputs, notes, ...(marginalKgPerKwh && { marginalKgPerKwh }) };
}

/** kg/kWh of a city at an hour. */
const at = (
  w: { fleet: { sites: { id: string }[] }; inputs: ReturnType<typeof world>['inputs'] },
  id: string,
  t: number,
) => w.inputs.sites[w.fleet.sites.findIndex((s) => s.id === id)]!.carbonKgPerKwh[t]!;

const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length;

describe('a marginal series', () => {
  test('is no average: plans and charges keep to the other files', () => {
    expect(seriesKind('carbon_marginal_2022_hourly.csv', [])).toBe('marginal carbon');
    expect(seriesKind('carbon_lca_2022_hourly.csv', [])).toBe('carbon');
    const w = world(true);
    expect(at(w, 'sydney', 5)).toBeCloseTo(0.605, 12);
  });

  test('is charged where it is asked for, with averages where it has nothing, which is told', () => {
    const w = world(true);
    const marginal = withMarginalCarbon(w)!;
    expect(at(marginal, 'sydney', 5)).toBeCloseTo(0.9, 12);
    expect(at(marginal, 'melbourne', 5)).toBeCloseTo(1, 12);
    expect(at(marginal, 'sydney', 3)).toBeCloseTo(0.603, 12);
    expect(at(marginal, 'hobart', 5)).toBeCloseTo(0.02, 12);
    expect(w.notes).toEqual([
      `sydney: no marginal carbon in 1 of ${HOURS} h, the average stands`,
      `hobart: no marginal carbon in ${HOURS} of ${HOURS} h, the average stands`,
    ]);
  });

  test('is missed where there is none', () => {
    const w = world(false);
    expect(w.notes).toEqual([]);
    expect(withMarginalCarbon(w)).toBeUndefined();
    expect(unknownTo(w, withMarginalCarbon)).toBeUndefined();
  });

  test('unknown to policies: they go by averages and are charged by the other', () => {
    const w = world(true);
    const { inputs, believed } = unknownTo(w, withMarginalCarbon)!;
    expect(at({ ...w, inputs }, 'sydney', 5)).toBeCloseTo(0.9, 12);
    expect(at({ ...w, inputs: believed! }, 'sydney', 5)).toBeCloseTo(0.605, 12);
  });
});

test('the same everywhere: every site has the hour’s mean over the sites', () => {
  const w = withCarbonAlike(world(false));
  for (const id of ['sydney', 'melbourne', 'hobart']) {
    expect(at(w, id, 0)).toBeCloseTo((0.6 + 0.4 + 0.02) / 3, 12);
    expect(at(w, id, 9)).toBeCloseTo((0.609 + 0.4 + 0.02) / 3, 12);
  }
});

test('embedded: direct hours of New South Wales, not the series', () => {
  const w = withEmbeddedCarbon(world(false));
  const sydney = w.inputs.sites[w.fleet.sites.findIndex((s) => s.id === 'sydney')]!;
  expect(Math.min(...sydney.carbonKgPerKwh)).toBeCloseTo(0.291, 9);
  expect(Math.max(...sydney.carbonKgPerKwh)).toBeCloseTo(0.626, 9);
});

test('at the level of the embedded: its mean, and hours that go as the series does', () => {
  const plain = world(false);
  const [level, embedded] = [withEmbeddedLevel(plain), withEmbeddedCarbon(plain)];
  level.inputs.sites.forEach((series, j) => {
    const [own, theirs] = [plain, embedded].map((w) => w.inputs.sites[j]!.carbonKgPerKwh);
    expect(mean(series.carbonKgPerKwh)).toBeCloseTo(mean(theirs!), 12);
    const factor = series.carbonKgPerKwh[0]! / own![0]!;
    series.carbonKgPerKwh.forEach((v, t) => {
      expect(v).toBeCloseTo(factor * own![t]!, 12);
    });
  });
});
