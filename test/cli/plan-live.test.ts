import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { climatology } from '../../src/feeds/embedded/climatology.ts';
import { embeddedFleet } from '../core/support/fleets.ts';
import { emptyFolder, inProcess } from './support/run.ts';

/** `isotherm plan --live` against played sources. */

const fleet = embeddedFleet();
const HOUR = 3_600_000;

function play(answer: (url: URL) => Response) {
  const asked: URL[] = [];
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
    const url = new URL(String(input));
    asked.push(url);
    return answer(url);
  });
  return asked;
}
afterEach(() => vi.restoreAllMocks());

function forecast(): Response {
  const from = Math.floor(Date.now() / HOUR) * HOUR;
  const times = Array.from({ length: 144 }, (_, t) => from + t * HOUR);
  const places = fleet.sites.map(({ latDeg, lonDeg, climateStation, timeZone }) => ({
    latitude: latDeg,
    longitude: lonDeg,
    hourly_units: { time: 'unixtime', temperature_2m: '°C', relative_humidity_2m: '%' },
    hourly: {
      time: times.map((ms) => ms / 1000),
      temperature_2m: times.map((ms) => climatology(climateStation, ms, timeZone).tempC + 3),
      relative_humidity_2m: times.map(() => 50),
    },
  }));
  return Response.json(places);
}

interface PlanReport {
  sources: { site: string; weather: object; price: object }[];
  attributions: { text: string }[];
}

describe('plan --live', () => {
  test('plans on the forecast, and says whose it is and how old', async () => {
    const asked = play(forecast);
    const { code, stdout, stderr } = await inProcess(['plan', '--live', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const plan: PlanReport = JSON.parse(stdout);
    expect(plan.sources[0]?.weather).toMatchObject({
      source: 'Open-Meteo forecast',
      fallbackSlots: 0,
      ageH: 0,
    });
    // No site of the registry pays the wholesale price.
    expect(asked.map((url) => url.hostname)).toEqual(['api.open-meteo.com']);
    expect(plan.sources[0]?.price).toEqual({ source: 'contract tariff', placeholder: false });
    expect(plan.attributions.map((a) => a.text)).toContain('Weather data by Open-Meteo.com');
  });

  test('a source that fails is told above the plan and on standard error, and the climatology stands in', async () => {
    play(() => new Response(null, { status: 503 }));
    const { code, stdout, stderr } = await inProcess(['plan', '--live', '--tariff', 'spot']);
    expect(code).toBe(0);
    const above = stdout.slice(0, stdout.indexOf('melbourne  '));
    expect(above.replace(/\s+/g, ' ')).toMatch(
      /LIVE FEED FAILED: at all sites weather is climatology.*\(api\.open-meteo\.com: HTTP 503/,
    );
    expect(above.replace(/\s+/g, ' ')).toMatch(/LIVE FEED FAILED: at .* price is contract tariff/);
    expect(stderr).toMatch(
      /^isotherm: a live feed failed, so that at all sites weather is climatology.*HTTP 503/m,
    );
    const json = await inProcess(['plan', '--live', '--json']);
    expect(json.code).toBe(0);
    expect(json.stderr).toMatch(/weather is climatology.*HTTP 503/);
    expect(json.stderr).not.toMatch(/price/);
    const text = stdout.replace(/\s+/g, ' ');
    expect(text).toMatch(
      /all sites: weather is climatology.*?; the feed FAILED: api\.open-meteo\.com: HTTP 503/,
    );
    expect(text).toMatch(/price is contract tariff; the feed FAILED: nemweb\.com\.au: HTTP 503/);
    expect(text).toMatch(/Data - .*Bureau of Meteorology/);
  });

  test('the registry’s own feeds, where it names some', async () => {
    const asked = play(() => new Response(null, { status: 500 }));
    const file = join(emptyFolder(), 'fleet.json');
    const feeds = { carbon: { kind: 'watttime', region: 'X' } };
    writeFileSync(file, JSON.stringify({ ...fleet, feeds }));
    const { stdout } = await inProcess(['plan', '--live', '--fleet', file]);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(/FAILED: the secret WATTTIME_USERNAME is not set/);
    expect(asked).toEqual([]);
  });

  test.each(['--data', '--at'])('not with %s', async (option) => {
    const { code, stderr } = await inProcess(['plan', '--live', option, '2026-01-01']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/cannot be used with/);
  });
});
