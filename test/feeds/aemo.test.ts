import { describe, expect, test } from 'vitest';
import { aemo } from '../../src/feeds/aemo.ts';
import { nemUtcMs } from '../../src/feeds/aemo-report.ts';
import { unzippedText } from '../../src/feeds/zip.ts';
import { dispatch, listing, type NemPrice, preDispatch, zippedReport } from './support/nem.ts';
import {
  type Answer,
  faultOf,
  HOUR,
  outages,
  playUpstream,
  site,
  THIS_HOUR,
} from './support/upstream.ts';
import { zipped } from './support/zip.ts';

const upstream = playUpstream();
const feed = aemo();
const sydney = site('sydney', { paysSpot: true });
const perth = site('perth', { paysSpot: true });

/** Half-hours of New South Wales from the present hour on, by their prices. */
const halves = (...prices: (number | string)[]): NemPrice[] =>
  prices.map((rrp, n) => ({ region: 'NSW1', endUtcMs: THIS_HOUR + ((n + 1) * HOUR) / 2, rrp }));
const issued = THIS_HOUR + 3.5 * 60_000;

const OLD = 'PUBLIC_PREDISPATCHIS_202601150930_20260115090333.zip';
const NEW = 'PUBLIC_PREDISPATCHIS_202601151030_20260115100336.zip';
const PRESENT = 'PUBLIC_DISPATCHIS_202601151020_0000000412345999.zip';

interface Served {
  forecast: string | Uint8Array;
  present?: string;
}

/** The two folders with their reports. */
async function serve({ forecast, present }: Served): Promise<Answer> {
  const archives: Record<string, Uint8Array | undefined> = {
    [NEW]: typeof forecast === 'string' ? await zippedReport(NEW, forecast) : forecast,
    [PRESENT]: present === undefined ? undefined : await zippedReport(PRESENT, present),
  };
  return (request, response) => {
    const path = request.url ?? '';
    const name = path.slice(path.lastIndexOf('/') + 1);
    const folder = path.split('/').at(-2) as string;
    if (name === '') {
      const names = folder.startsWith('Pre') ? [OLD, NEW] : present ? [PRESENT] : [];
      response.writeHead(200).end(listing(folder, names));
    } else {
      const archive = archives[name];
      response.writeHead(archive === undefined ? 404 : 200).end(archive);
    }
  };
}

const pricesOf = async (served: Served, sites = [sydney]) => {
  upstream.answer = await serve(served);
  return feed.fetch(sites, upstream.io());
};
const hours = (...prices: number[]) =>
  prices.map((spotAudPerMwh, t) => ({ utcMs: THIS_HOUR + t * HOUR, spotAudPerMwh }));

const whole = preDispatch(halves(80, 100, 60, 70), issued);
const archive = await zippedReport(NEW, whole);

describe('AEMO', () => {
  test('hours of end-stamped half-hours of UTC+10, from the newest report', async () => {
    upstream.seen.length = 0;
    const forecast = preDispatch(halves(80, 100, -1000, -30, 16_600, 20_300), issued);
    expect(await pricesOf({ forecast })).toEqual([
      {
        site: 'sydney',
        issuedUtcMs: THIS_HOUR + 3 * 60_000 + 30_000,
        hours: hours(90, -515, 18_450),
      },
    ]);
    const asked = upstream.seen.map((url) => url.href);
    expect(asked).toContain('https://nemweb.com.au/Reports/Current/PredispatchIS_Reports/');
    expect(asked).toContain(`https://nemweb.com.au/Reports/Current/PredispatchIS_Reports/${NEW}`);
    expect(asked.join()).not.toContain(OLD);
  });

  test('the half-hour in progress at its dispatch price', async () => {
    const present = dispatch([
      { region: 'NSW1', endUtcMs: THIS_HOUR + 25 * 60_000, rrp: 300 },
      { region: 'VIC1', endUtcMs: THIS_HOUR + 25 * 60_000, rrp: 5 },
    ]);
    const forecast = preDispatch(halves(80, 100, 60, 70), issued);
    const [answer] = await pricesOf({ forecast, present });
    expect(answer?.hours).toEqual(hours(200, 65));
  });

  test('a dispatch price of another half-hour is not the present one', async () => {
    const present = dispatch([{ region: 'NSW1', endUtcMs: THIS_HOUR, rrp: 300 }]);
    const [answer] = await pricesOf({ forecast: preDispatch(halves(80, 100), issued), present });
    expect(answer?.hours).toEqual(hours(90));
  });

  test('past half-hours of the present hour are missing, and it is the mean of the rest', async () => {
    const forecast = preDispatch(halves(80, 100, 60, 70).slice(1), issued);
    expect((await pricesOf({ forecast }))[0]?.hours).toEqual(hours(100, 65));
  });

  test('regions apart; a site outside the NEM has no price', async () => {
    const forecast = preDispatch(
      [...halves(80, 100), ...halves(1, 2).map((p) => ({ ...p, region: 'VIC1' }))],
      issued,
    );
    const answers = await pricesOf({ forecast }, [sydney, perth, site('melbourne')]);
    expect(answers.map((a) => [a.site, a.hours[0]?.spotAudPerMwh])).toEqual([
      ['sydney', 90],
      ['melbourne', 1.5],
    ]);
  });

  test('where AEMO intervened, the price is not that of the physical run', async () => {
    const forecast = preDispatch(
      [...halves(80, 100), ...halves(999, 999).map((p) => ({ ...p, intervention: 1 as const }))],
      issued,
    );
    expect((await pricesOf({ forecast }))[0]?.hours).toEqual(hours(90));
  });

  test('shuffled half-hours, one twice alike, one empty, one told twice differently', async () => {
    const [a, b, c, d, e, f] = halves(80, 100, '', 70, 50, 60) as NemPrice[];
    const rows = [f!, b!, d!, a!, c!, e!, a!, { ...e!, rrp: 51 }];
    const [answer] = await pricesOf({ forecast: preDispatch(rows, issued) });
    expect(answer?.hours.sort((x, y) => x.utcMs - y.utcMs)).toEqual(hours(90, 70, 60));
  });

  test('clocks that change matter to nobody: both days of the year have their 24 hours', () => {
    for (const day of ['2026/04/05', '2026/10/04']) {
      const instants = Array.from({ length: 24 }, (_, h) =>
        nemUtcMs(`${day} ${String(h).padStart(2, '0')}:00:00`),
      );
      const midnight = Date.parse(`${day.replaceAll('/', '-')}T00:00+10:00`);
      expect(instants).toEqual(instants.map((_, h) => midnight + h * HOUR));
    }
  });

  test.each(outages)('%s', async (_, answer, fault, timeoutMs = 20_000) => {
    upstream.answer = answer;
    expect((await faultOf(feed, [sydney], upstream.io({ timeoutMs }))).message).toMatch(fault);
  });

  test.each<[string, string | Uint8Array, RegExp]>([
    ['a report cut short', whole.slice(0, whole.indexOf('C,"END')), /cut short, no END OF REPORT/],
    ['an archive cut short', archive.subarray(0, 200), /no archive, or cut short/],
    ['no archive', new TextEncoder().encode('<html>'), /no archive, or cut short/],
    ['another report', dispatch([]), /no table PREDISPATCH,REGION_PRICES/],
    ['a column that is gone', whole.replace(',RRP,', ',PRICE,'), /no column RRP/],
    [
      'times of another form',
      whole.replaceAll('2026/01/15', '15/01/2026'),
      /expected 2025\/06\/22/,
    ],
  ])('%s', async (_, forecast, fault) => {
    upstream.answer = await serve({ forecast });
    expect((await faultOf(feed, [sydney], upstream.io())).message).toMatch(fault);
  });
});

describe('archives', () => {
  const text = async (archive: Uint8Array, max = 1e6) => {
    let all = '';
    for await (const piece of unzippedText(archive, max)) all += piece;
    return all;
  };
  const content = 'a,b\r\n'.repeat(50_000);

  test.each([0, 8] as const)('method %d', async (method) => {
    expect(await text(await zipped('x.csv', content, method))).toBe(content);
  });

  test('one that is larger than it may be, or than it says', async () => {
    await expect(text(await zipped('x.csv', content), 1000)).rejects.toThrow(
      /250000 bytes, over 1000/,
    );
    const lying = await zipped('x.csv', content);
    // The directory's entry is 46 bytes and the name, the end behind it 22.
    new DataView(lying.buffer).setUint32(lying.length - 22 - 5 - 46 + 24, 10, true);
    await expect(text(lying, 1000)).rejects.toThrow(/over 1000 bytes/);
    await expect(text(lying)).rejects.toThrow(/250000 bytes, expected 10/);
  });

  test('damaged data', async () => {
    const damaged = await zipped('x.csv', content);
    damaged.fill(0xff, 40, 60);
    await expect(text(damaged)).rejects.toThrow(/damaged or cut short/);
  });
});
