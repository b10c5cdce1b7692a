import { describe, expect, it } from 'vitest';
import type { Fleet } from '../../src/core/model/fleet.ts';
import { expectedDemand } from '../../src/core/planning/inputs.ts';
import { embeddedCarbon } from '../../src/feeds/embedded/grid.ts';
import { readDataset } from '../../src/sim/dataset.ts';
import { embeddedFleet } from '../core/support/fleets.ts';
import { folderOf, newFolder, START_MS, utc, writeHours, writeText } from './support/folder.ts';

const HOURS = 24;
const span = { startUtcMs: START_MS, hours: HOURS };
const mild = (): [number, number] => [20, 50];

/** The package's fleet with the named sites and zones only. */
function fleetOf(ids: string[], change: (fleet: Fleet) => void = () => {}): Fleet {
  const fleet = embeddedFleet();
  fleet.sites = fleet.sites.filter((s) => ids.includes(s.id));
  fleet.zones = fleet.zones.filter((z) => ids.includes(z.id));
  change(fleet);
  return fleet;
}

/** Sydney's weather alone, with the hours or cells that `row` leaves out missing. */
function sydney(row: (hour: number) => (number | string)[] | undefined) {
  const dir = newFolder();
  writeHours(dir, 'weather_sydney_2022.csv', 'temp_c,rh_pct', HOURS, row);
  const { inputs, notes } = readDataset(dir, fleetOf(['sydney']), span);
  return { ...inputs.sites[0]!, notes: notes.filter((n) => !n.includes('carbon')) };
}

describe('a complete folder', () => {
  const weather = { hobart: (h: number): [number, number] => [10 + h / 10, 80 - h], perth: mild };
  const price = { WA: (h: number) => h - 5, TAS: (h: number) => 50 + h };
  const carbon = { TAS: (h: number) => 30 + h, WA: () => 400 };
  const fleet = fleetOf(['hobart', 'perth']);
  const {
    fleet: kept,
    inputs,
    notes,
  } = readDataset(folderOf({ hours: HOURS, weather, price, carbon }), fleet, span);
  const of = (id: string) => inputs.sites[kept.sites.findIndex((s) => s.id === id)]!;

  it('gives each site its own weather and its region’s price and carbon, in the model’s units', () => {
    expect(of('hobart').tempC[7]).toBe(10.7);
    expect(of('hobart').rhPct[7]).toBe(73);
    expect(of('hobart').spotAudPerMwh[7]).toBe(57);
    expect(of('hobart').carbonKgPerKwh[7]).toBeCloseTo(0.037, 12);
    expect(of('perth').carbonKgPerKwh[7]).toBeCloseTo(0.4, 12);
    // Prices below zero are prices.
    expect(of('perth').spotAudPerMwh[0]).toBe(-5);
  });

  it('is read without a note, water being the only placeholder', () => {
    expect(notes).toEqual([]);
    expect(of('hobart').sources).toEqual({
      weather: { source: 'weather_hobart_2022.csv', placeholder: false },
      price: { source: 'contract tariff', placeholder: false },
      carbon: { source: 'carbon series', placeholder: false },
      water: { source: 'fuel-mix estimate', placeholder: true },
    });
  });

  it('has the registry’s demand', () => {
    expect(inputs.demandReqPerS).toEqual(expectedDemand(fleet, START_MS, HOURS, 1));
  });
});

it('finds every region of the registry under its name in the files', () => {
  const fleet = embeddedFleet();
  const grams = { NSW: 1, QLD: 2, SA: 3, TAS: 4, VIC: 5, WA: 6, NT: 7 };
  const carbon = Object.fromEntries(Object.entries(grams).map(([r, g]) => [r, () => 100 * g]));
  const weather = Object.fromEntries(fleet.sites.map((s) => [s.id, mild]));
  const { inputs, notes } = readDataset(folderOf({ hours: HOURS, weather, carbon }), fleet, span);
  expect(notes).toEqual([]);
  const file = { NSW1: 1, QLD1: 2, SA1: 3, TAS1: 4, VIC1: 5, WEM: 6, NT: 7 };
  fleet.sites.forEach((site, j) => {
    const tenths = file[site.gridRegion as keyof typeof file];
    expect(inputs.sites[j]!.carbonKgPerKwh[0]).toBeCloseTo(tenths / 10, 12);
  });
});

describe('sites without weather', () => {
  const weather = { melbourne: mild, hobart: mild };

  it('are left out with their zones and demand, and said to be', () => {
    const whole = fleetOf(['sydney', 'melbourne', 'perth', 'hobart']);
    const before = structuredClone(whole);
    const { fleet, inputs, notes } = readDataset(folderOf({ hours: HOURS, weather }), whole, span);
    expect(fleet.sites.map((s) => s.id)).toEqual(['melbourne', 'hobart']);
    expect(fleet.zones.map((z) => z.id)).toEqual(['melbourne', 'hobart']);
    expect(inputs.sites).toHaveLength(2);
    expect(inputs.demandReqPerS).toEqual(expectedDemand(fleet, START_MS, HOURS, 1));
    expect(notes[0]).toBe('left out, no weather series: sites and zones sydney, perth');
    expect(whole).toEqual(before);
  });

  it('are told apart from zones where these differ', () => {
    const whole = fleetOf(['sydney', 'melbourne', 'hobart'], (f) => {
      f.sites = f.sites.filter((s) => s.id !== 'sydney');
      f.zones = f.zones.filter((z) => z.id !== 'hobart');
    });
    const { notes } = readDataset(folderOf({ hours: HOURS, weather }), whole, span);
    expect(notes[0]).toBe('left out, no weather series: zones sydney');
  });

  it('leave a zone’s residency to those that remain', () => {
    const whole = fleetOf(['sydney', 'melbourne', 'hobart'], (f) => {
      f.zones[1]!.allowedSites = ['sydney', 'hobart'];
    });
    const { fleet } = readDataset(folderOf({ hours: HOURS, weather }), whole, span);
    expect(fleet.zones[0]!.allowedSites).toEqual(['hobart']);
  });

  it('are said to leave a zone without any allowed site', () => {
    const whole = fleetOf(['sydney', 'melbourne', 'hobart'], (f) => {
      f.zones[1]!.allowedSites = ['sydney'];
    });
    const { fleet, notes } = readDataset(folderOf({ hours: HOURS, weather }), whole, span);
    expect(fleet.zones[0]).toMatchObject({ id: 'melbourne', allowedSites: [] });
    expect(notes[1]).toBe(
      'left out, no weather series: every site zone melbourne may use, so all its demand is unserved',
    );
  });
});

describe('missing hours of weather', () => {
  it('up to six are bridged by a line, and noted', () => {
    const s = sydney((h) => (h >= 5 && h <= 10 ? undefined : [h < 5 ? 10 : 24, 50]));
    // From 10 at hour 4 to 24 at hour 11, seven equal steps.
    expect([...s.tempC.slice(3, 13)]).toEqual([10, 10, 12, 14, 16, 18, 20, 22, 24, 24]);
    expect(s.notes).toEqual(['sydney: 12 missing weather values bridged']);
  });

  it('an empty cell counts as one, in its own column', () => {
    const s = sydney((h) => (h === 8 ? [20, ''] : [20, h < 8 ? 40 : 60]));
    expect(s.tempC[8]).toBe(20);
    expect(s.rhPct[8]).toBe(50);
    expect(s.notes).toEqual(['sydney: 1 missing weather values bridged']);
  });

  it.each([
    ['seven in a row', 7, (h: number) => h >= 5 && h <= 11],
    ['one at the beginning', 1, (h: number) => h === 0],
    ['one at the end', 1, (h: number) => h === HOURS - 1],
    ['seven of humidity alone', 7, (h: number) => h >= 5 && h <= 11 && 'rh'],
    ['all but one', HOURS - 1, (h: number) => h !== 9],
  ])('%s leave the site out, and say why', (_, count, missing) => {
    const dir = folderOf({ hours: HOURS, weather: { hobart: mild } });
    const row = (h: number) => {
      const gone = missing(h);
      return gone === 'rh' ? [20, ''] : gone ? undefined : [20, 50];
    };
    writeHours(dir, 'weather_sydney_2022.csv', 'temp_c,rh_pct', HOURS, row);
    const { fleet, notes } = readDataset(dir, fleetOf(['sydney', 'hobart']), span);
    expect(fleet.sites.map((s) => s.id)).toEqual(['hobart']);
    expect(notes.slice(0, 2)).toEqual([
      expect.stringMatching(
        `^sydney: weather lacks ${count} of 24 h of 2022-01-24T00:00Z to 2022-01-25T00:00Z; it has`,
      ),
      'left out, no weather series: sites and zones sydney',
    ]);
  });

  it.each([
    ['begins', 0, 3],
    ['ends', HOURS - 1, 6],
  ])('one where the span %s is bridged if the file has the hours around it', (_, edge, long) => {
    const dir = newFolder();
    // A gap of `long` hours around the edge; half a degree an hour otherwise.
    const first = edge === 0 ? 1 - long : edge;
    const lines = Array.from({ length: 3 * HOURS }, (_, n) => n - HOURS)
      .filter((h) => h < first || h >= first + long)
      .map((h) => `${utc(h)},${10 + h / 2},50`);
    const text = `utc,temp_c,rh_pct\n${lines.join('\n')}\n`;
    writeText(dir, 'weather_sydney_2022.csv', text);
    const { inputs, notes } = readDataset(dir, fleetOf(['sydney']), span);
    expect(inputs.sites[0]!.tempC[edge]).toBeCloseTo(10 + edge / 2, 9);
    // One hour of the span, of temperature and humidity.
    expect(notes[0]).toBe('sydney: 2 missing weather values bridged');
  });

  it('one of seven is not, though only one of them is in the span', () => {
    const dir = folderOf({ hours: HOURS, weather: { hobart: mild } });
    const lines = [utc(-7), ...Array.from({ length: HOURS - 1 }, (_, h) => utc(h + 1))];
    const rows = lines.map((time) => `${time},20,50`).join('\n');
    writeText(dir, 'weather_sydney_2022.csv', `utc,temp_c,rh_pct\n${rows}\n`);
    const { fleet } = readDataset(dir, fleetOf(['sydney', 'hobart']), span);
    expect(fleet.sites.map((s) => s.id)).toEqual(['hobart']);
  });
});

describe('missing carbon and prices', () => {
  const some = (h: number) => (h < 20 ? 100 : ('' as const));

  it('carbon falls back to the embedded hour, as a placeholder', () => {
    const dir = folderOf({ hours: HOURS, weather: { sydney: mild }, carbon: { NSW: some } });
    const { inputs, notes } = readDataset(dir, fleetOf(['sydney']), span);
    const { carbonKgPerKwh, sources } = inputs.sites[0]!;
    expect(carbonKgPerKwh[19]).toBe(0.1);
    for (const t of [20, 23]) {
      const embedded = embeddedCarbon('NSW1', START_MS + t * 3_600_000);
      expect(carbonKgPerKwh[t]).toBe(embedded.carbonKgPerKwh);
    }
    expect(sources.carbon).toEqual({ source: 'carbon series', placeholder: true });
    expect(notes).toEqual([
      'sydney: carbon of 4 of 24 h from mean hour of 2024, direct emissions (placeholder)',
    ]);
  });

  it('no carbon file at all names the embedded source', () => {
    const dir = folderOf({ hours: HOURS, weather: { hobart: mild } });
    const { inputs } = readDataset(dir, fleetOf(['hobart']), span);
    expect(inputs.sites[0]!.carbonKgPerKwh.every((v) => v === 0.15)).toBe(true);
    const carbon = { source: 'NGA 2024 scope 2 annual mean', placeholder: true };
    expect(inputs.sites[0]!.sources.carbon).toEqual(carbon);
  });

  it.each([
    ['some hours', { NSW: some }, '4 of 24 h', 'wholesale series'],
    ['another region’s only', { VIC: some }, '24 of 24 h', 'contract tariff'],
    ['none', undefined, '24 of 24 h', 'contract tariff'],
  ])('price, on a spot contract: %s', (_, price, hours, source) => {
    const onSpot = fleetOf(['sydney'], (f) => {
      const tariff = { kind: 'spot', networkAudPerKwh: 0.05, fallbackAudPerKwh: 0.123 } as const;
      f.sites[0]!.cost.tariff = tariff;
    });
    const carbon = { NSW: () => 500 };
    const dir = folderOf({ hours: HOURS, weather: { sydney: mild }, price, carbon });
    const { inputs, notes } = readDataset(dir, onSpot, span);
    expect(inputs.sites[0]!.spotAudPerMwh[23]).toBeNaN();
    expect(inputs.sites[0]!.sources.price.source).toBe(source);
    expect(notes).toEqual([`sydney: no wholesale price in ${hours}, charged 0.123 AUD/kWh`]);
  });
});
