import { describe, expect, test } from 'vitest';
import type { FeedGroup } from '../../src/core/model/feeds.ts';
import { type PublicSite, publicFleet } from '../../src/core/model/fleet.ts';
import type { PlanningInputs } from '../../src/core/planning/inputs.ts';
import { aemo } from '../../src/feeds/aemo.ts';
import { electricityMaps } from '../../src/feeds/electricity-maps.ts';
import { climatology } from '../../src/feeds/embedded/climatology.ts';
import { embeddedInputs } from '../../src/feeds/embedded/index.ts';
import { type Feed, valuesOf } from '../../src/feeds/feed.ts';
import { type FedHour, mergeFed, NOTHING_FED } from '../../src/feeds/merge.ts';
import { openElectricity } from '../../src/feeds/open-electricity.ts';
import { openMeteo } from '../../src/feeds/open-meteo.ts';
import { faultText, type SoundHour, soundHours } from '../../src/feeds/sound.ts';
import { wattTime } from '../../src/feeds/watttime.ts';
import { embeddedFleet } from '../core/support/fleets.ts';
import { listing, preDispatch, zippedReport } from './support/nem.ts';
import {
  type Answer,
  bytes,
  HOUR,
  json,
  NOW,
  outages,
  playUpstream,
  site,
  THIS_HOUR,
} from './support/upstream.ts';

/** Every source, through everything that can be wrong with what it says, to what a plan is told. */

/** One reading of a source: hours after the present one, and the value in the source's own unit. */
type Told = [hour: number, value: number | null];

interface Source {
  name: string;
  group: FeedGroup;
  feed: Feed;
  site: PublicSite;
  /** Values of six hours, all different. */
  told: Told[];
  /** A source's value as a plan has it. */
  planned(value: number): number;
  /** A true answer with these readings, in this order; made so many hours ago. */
  answer(told: Told[], madeHoursAgo?: number): Answer | Promise<Answer>;
  /** Changes of an answer's text that make its unit another. */
  otherUnit?: [from: string, to: string];
}

const upstream = playUpstream();
const paying = site('sydney', { paysSpot: true });
const utcOf = (hour: number) => THIS_HOUR + hour * HOUR;
const iso = (utcMs: number) => new Date(utcMs).toISOString();
const meanC = (hour: number) =>
  Math.round(10 * climatology('Sydney', utcOf(hour), paying.timeZone).tempC) / 10;

/** Networks' past week of which the same hours repeat, so that hours to come are what was told. */
function networkAnswer(
  blocks: Record<string, { unit: string; of(v: number | null): number | null }>,
) {
  return (told: Told[], madeHoursAgo = 0): Answer => {
    const data = Object.entries(blocks).map(([metric, { unit, of }]) => ({
      network_code: 'NEM',
      metric,
      unit,
      interval: '1h',
      results: [
        {
          columns: { region: 'NSW1' },
          data: [1, 2, 3, 4, 5, 6, 7].flatMap((day) =>
            told.map(([hour, v]) => {
              const utcMs = utcOf(hour - 24 * day - madeHoursAgo);
              return [`${iso(utcMs + 10 * HOUR).slice(0, 19)}+10:00`, of(v)];
            }),
          ),
        },
      ],
    }));
    return json({ success: true, data });
  };
}

const grams: Told[] = [620, 610, 580, 505, 333, 290].map((v, t) => [t, v]);
const prices: Told[] = [80, 95, -1000, 16_600, 20_300, 70].map((v, t) => [t, v]);

const sources: Source[] = [
  {
    name: 'Open-Meteo',
    group: 'weather',
    feed: openMeteo({ kind: 'open-meteo' }),
    site: paying,
    told: [1, 2, 3, 4, 5, 6].map((more, t) => [t, meanC(t) + more]),
    planned: (c) => c,
    answer: (told, madeHoursAgo = 0) =>
      json({
        latitude: -33.875,
        longitude: 151.125,
        utc_offset_seconds: 0,
        hourly_units: { time: 'unixtime', temperature_2m: '°C', relative_humidity_2m: '%' },
        hourly: {
          time: told.map(([hour]) => utcOf(hour - madeHoursAgo) / 1000),
          temperature_2m: told.map(([, c]) => c),
          relative_humidity_2m: told.map(() => 55),
        },
      }),
    otherUnit: ['"temperature_2m":"°C"', '"temperature_2m":"°F"'],
  },
  {
    name: 'AEMO',
    group: 'price',
    feed: aemo(),
    site: paying,
    told: prices,
    planned: (aud) => aud,
    async answer(told, madeHoursAgo = 0) {
      const halves = told.flatMap(([hour, v]) =>
        [1, 2].map((half) => ({
          region: 'NSW1',
          endUtcMs: utcOf(hour) + (half * HOUR) / 2,
          rrp: v === null ? '' : v,
        })),
      );
      return reportFolder(
        await zippedReport(REPORT, preDispatch(halves, NOW - madeHoursAgo * HOUR)),
      );
    },
  },
  {
    name: 'Open Electricity, price',
    group: 'price',
    feed: openElectricity('price', paying),
    site: paying,
    told: prices,
    planned: (aud) => aud,
    answer: networkAnswer({ price: { unit: '$/MWh', of: (v) => v } }),
    otherUnit: ['"$/MWh"', '"c/kWh"'],
  },
  {
    name: 'Open Electricity, carbon',
    group: 'carbon',
    feed: openElectricity('carbon', paying),
    site: paying,
    told: grams,
    planned: (g) => g / 1000,
    answer: networkAnswer({
      energy: { unit: 'MWh', of: (v) => (v === null ? null : 1000) },
      emissions: { unit: 't', of: (v) => v },
    }),
    otherUnit: ['"unit":"t"', '"unit":"kt"'],
  },
  {
    name: 'Electricity Maps',
    group: 'carbon',
    feed: electricityMaps({ kind: 'electricity-maps', emissionFactors: 'direct' }, paying),
    site: paying,
    told: grams,
    planned: (g) => g / 1000,
    answer: (told, madeHoursAgo = 0) =>
      json({
        zone: 'AU-NSW',
        forecast: told.map(([hour, v]) => ({
          carbonIntensity: v,
          datetime: iso(utcOf(hour)),
        })),
        updatedAt: iso(NOW - madeHoursAgo * HOUR),
        temporalGranularity: 'hourly',
      }),
  },
  {
    name: 'WattTime',
    group: 'carbon',
    feed: wattTime({ kind: 'watttime' }, paying),
    site: paying,
    told: grams.map(([t, v]) => [t, 2 * (v as number)]),
    planned: (lb) => lb * 0.45359237e-3,
    answer: (told, madeHoursAgo = 0) => {
      const forecast = json({
        data: told.flatMap(([hour, value]) =>
          Array.from({ length: 12 }, (_, n) => ({
            point_time: iso(utcOf(hour) + (n * HOUR) / 12),
            value,
          })),
        ),
        meta: {
          region: 'NEM_NSW',
          signal_type: 'co2_moer',
          units: 'lbs_co2_per_mwh',
          generated_at: iso(NOW - madeHoursAgo * HOUR),
        },
      });
      return (request, response) =>
        (request.url === '/login' ? json({ token: 'abc' }) : forecast)(request, response);
    },
    otherUnit: ['lbs_co2_per_mwh', 'kg_co2_per_mwh'],
  },
];

const REPORT = 'PUBLIC_PREDISPATCHIS_202601151030_20260115100336.zip';

/** The two folders: one report of the forecast, none of the present. */
function reportFolder(archive: Uint8Array): Answer {
  return (request, response) => {
    const path = request.url ?? '';
    const names = path.includes('Predispatch') ? [REPORT] : [];
    bytes(path.endsWith('/') ? listing('x', names) : archive)(request, response);
  };
}

/** The same answer with its text changed on the way. */
function changed(answer: Answer, change: (text: string) => string): Answer {
  return (request, response) => {
    if (request.url === '/login') return answer(request, response);
    const end = response.end.bind(response);
    response.end = ((body: string) => end(change(String(body)))) as never;
    answer(request, response);
  };
}

const fleet = { ...publicFleet(embeddedFleet()), sites: [paying] };
const embedded = () => embeddedInputs(fleet, THIS_HOUR, 24);

/** What a plan is told of 24 hours, from a feed as cron keeps it. */
async function planOf({ feed, group, site: at }: Source, answer: Answer, timeoutMs = 20_000) {
  upstream.answer = answer;
  let rows: SoundHour[] = [];
  let fault: string | undefined;
  try {
    ({ rows } = await soundHours({ feed, sites: [at] }, upstream.io({ timeoutMs })));
  } catch (error) {
    fault = faultText(error);
  }
  const inputs: PlanningInputs = embedded();
  const kept = rows.map(({ site: siteId, issuedUtcMs, ...hour }) => ({
    ...NOTHING_FED,
    siteId,
    ...hour,
    [`${group}Source`]: feed.source,
    [`${group}IssuedUtcMs`]: issuedUtcMs,
  }));
  mergeFed(fleet, inputs, kept as FedHour[], { nowMs: NOW, feedOf: () => ({ fault }) });
  const [name] = valuesOf[group];
  const series = inputs.sites[0]!;
  return {
    fault,
    /** Hours with a value of the source, and that value. */
    own: new Map(rows.map((r) => [(r.utcMs - THIS_HOUR) / HOUR, r[name] as number])),
    values: [...series[name]],
    stands: [...embedded().sites[0]![name]],
    provenance: series.sources[group],
  };
}
type Planned = Awaited<ReturnType<typeof planOf>>;

/** These hours are as told, all others as embedded; and the plan says so. */
function expectPlanned(source: Source, plan: Planned, told: Told[]): void {
  const expected = new Map(
    told.map(([hour, v]): [number, number] => [hour, source.planned(v as number)]),
  );
  plan.values.forEach((value, t) => {
    const want = expected.get(t) ?? plan.stands[t]!;
    if (Number.isNaN(want)) expect(value, `hour ${t}`).toBeNaN();
    else expect(value, `hour ${t}`).toBeCloseTo(want, 9);
  });
  expect(plan.provenance.fallbackSlots).toBe(24 - told.length);
  if (told.length > 0) {
    expect(plan.provenance.source).toContain(
      `${source.feed.source} (${told.length} of 24 h), else`,
    );
    expect(plan.provenance.ageH).toBeGreaterThanOrEqual(0);
    expect(plan.fault).toBeUndefined();
  }
}

/** Nothing of the source: the plan has what is embedded, and says why. */
function expectRefused(source: Source, plan: Planned, fault: RegExp): void {
  expect(plan.fault).toMatch(fault);
  expectPlanned(source, plan, []);
  expect(plan.provenance.fault).toBe(plan.fault);
  expect(plan.provenance.ageH).toBeUndefined();
}

describe.each(sources.map((s) => [s.name, s] as const))('%s', (_, source) => {
  const { told } = source;
  const without = (hour: number) => told.filter(([t]) => t !== hour);

  test('as it should be: the hours told, and what is embedded', async () => {
    const plan = await planOf(source, await source.answer(told));
    expectPlanned(source, plan, told);
    // Where a wholesale price is missing the contract's rate holds, and not zero.
    if (source.group === 'price') expect(plan.values.slice(6).every(Number.isNaN)).toBe(true);
  });

  test.each(outages)('%s', async (_name, answer, fault, timeoutMs) => {
    expectRefused(source, await planOf(source, answer, timeoutMs), fault);
  });

  test('null holes', async () => {
    const holes = told.map(([t, v]): Told => [t, t === 2 || t === 3 ? null : v]);
    const plan = await planOf(source, await source.answer(holes));
    expectPlanned(
      source,
      plan,
      told.filter(([t]) => t !== 2 && t !== 3),
    );
  });

  test('hours shuffled, and told twice alike', async () => {
    const [a, b, c, d, e, f] = told as [Told, Told, Told, Told, Told, Told];
    const plan = await planOf(source, await source.answer([d, b, f, a, b, e, c, d]));
    expectPlanned(source, plan, told);
  });

  test('an hour told twice, differently, is nobody’s', async () => {
    const [, [, value]] = told as [Told, Told];
    const both = await source.answer([...told, [1, (value as number) + 1]]);
    expectPlanned(source, await planOf(source, both), without(1));
  });

  test('NaN is no number, and takes no other hour with it but by refusing all', async () => {
    const [, [, value]] = told as [Told, Told];
    const text = (body: string) => body.replaceAll(String(value), 'NaN');
    const answer =
      source.name === 'AEMO'
        ? await source.answer(told.map(([t, v]): Told => [t, t === 1 ? Number.NaN : v]))
        : changed(await source.answer(told), text);
    const plan = await planOf(source, answer);
    if (plan.fault === undefined) expectPlanned(source, plan, without(1));
    else expectRefused(source, plan, /no JSON, or cut short$/);
  });

  test('cut short anywhere', async () => {
    if (source.name === 'AEMO') return;
    const whole = await source.answer(told);
    for (let share = 0; share < 1; share += 0.04) {
      const cut = changed(whole, (text) => text.slice(0, Math.floor(share * text.length)));
      expectRefused(source, await planOf(source, cut), /no JSON, or cut short$/);
    }
  });

  test('an answer of three days ago', async () => {
    const plan = await planOf(source, await source.answer(told, 72));
    expectRefused(source, plan, /too long ago$|no hours to come$/);
  });

  test('another unit', async () => {
    if (!source.otherUnit) return;
    const [from, to] = source.otherUnit;
    const answer = changed(await source.answer(told), (text) => text.replace(from, to));
    expectRefused(source, await planOf(source, answer), /units|in "/);
  });
});

describe('values that cannot be', () => {
  const of = (name: string) => sources.find((s) => s.name === name)!;
  const scaled = (told: Told[], by: (v: number) => number) =>
    told.map(([t, v]): Told => [t, by(v as number)]);

  test('a jump of 40 °C: the hours after it are refused, their neighbours stand', async () => {
    const source = of('Open-Meteo');
    const told = source.told.map(([t, v]): Told => [t, t === 2 || t === 3 ? v! + 40 : v]);
    const plan = await planOf(source, await source.answer(told));
    expectPlanned(
      source,
      plan,
      source.told.filter(([t]) => t !== 2 && t !== 3),
    );
  });

  test('units that nobody names: Kelvin, Fahrenheit, kilograms for grams, cents for dollars a kWh', async () => {
    for (const [name, by] of [
      ['Open-Meteo', (c: number) => c + 273.15],
      ['Open-Meteo', (c: number) => 1.8 * c + 32],
      ['Electricity Maps', (g: number) => g / 1000],
      ['Electricity Maps', (g: number) => g * 1000],
      ['WattTime', (lb: number) => lb * 1000],
      ['AEMO', (aud: number) => 1000 * (Math.abs(aud) + 31)],
    ] as const) {
      const source = of(name);
      const plan = await planOf(source, await source.answer(scaled(source.told, by)));
      expectRefused(source, plan, /^nothing usable: sydney 2026-01-15T00:00Z: /);
    }
  });
});

describe('AEMO', () => {
  test('an archive cut short anywhere', async () => {
    const source = sources.find((s) => s.name === 'AEMO')!;
    const halves = [1, 2].map((n) => ({
      region: 'NSW1',
      endUtcMs: THIS_HOUR + (n * HOUR) / 2,
      rrp: 80,
    }));
    const archive = await zippedReport(REPORT, preDispatch(halves, NOW));
    for (let share = 0; share < 1; share += 0.04) {
      const answer = reportFolder(archive.subarray(0, Math.floor(share * archive.length)));
      expectRefused(source, await planOf(source, answer), /archive|cut short|damaged/);
    }
  });
});
