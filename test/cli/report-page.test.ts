import { describe, expect, it } from 'vitest';
import { reportPage } from '../../src/cli/report-page/page.ts';
import { changeCell } from '../../src/cli/report-page/tables.ts';
import { reportFixture } from './support/report.ts';

const page = reportPage(reportFixture());

describe('the page of a report', () => {
  it('is one file: no scripts, nothing from elsewhere', () => {
    expect(page).not.toMatch(/<script/i);
    expect(page).not.toMatch(/src=/);
    // Links to whose data it is, which nothing follows by itself.
    const addresses = [...page.matchAll(/<(\w+)[^>]* href="(?!#)([^"]*)"/g)];
    expect(new Set(addresses.map(([, tag, to]) => `${tag} ${to}`))).toEqual(
      new Set(['a https://open-meteo.com/']),
    );
    expect(page).not.toMatch(/url\(|@import/);
    expect(page.match(/<!doctype html>/g)).toHaveLength(1);
  });

  it('shows what it is told as text, never as HTML', () => {
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).toContain('two &amp; &lt;three&gt;');
  });

  it('has every section, each once, with an entry in the contents', () => {
    const ids = [...page.matchAll(/<section id="([a-z-]+)">/g)].map(([, id]) => id);
    expect(ids).toEqual([
      'compared',
      'policies',
      'leave-outs',
      'map',
      'ablations',
      'levers',
      'sensitivity',
      'front',
      'limits',
      'model',
      'data',
      'repeat',
    ]);
    const contents = page.slice(page.indexOf('<nav'), page.indexOf('</nav>'));
    for (const id of ids) expect(contents.match(new RegExp(`href="#${id}"`, 'g'))).toHaveLength(1);
  });

  it('leaves out sections that were not run', () => {
    const document = reportFixture();
    const { evidence } = document;
    Object.assign(evidence, {
      caps: [],
      leaveOuts: [],
      ablations: [],
      sensitivity: [],
      front: [],
      map: [],
      levers: [],
      leverShares: [],
      months: evidence.months.slice(0, 1),
    });
    delete evidence.withoutCleanest;
    const short = reportPage(document);
    expect([...short.matchAll(/<section id="([a-z-]+)">/g)].map(([, id]) => id)).toEqual([
      'compared',
      'policies',
      'limits',
      'model',
      'data',
      'repeat',
    ]);
  });

  it('tells cooling apart from all energy in every table of policies', () => {
    const heads = [...page.matchAll(/<thead>(.*?)<\/thead>/gs)].map(([, head]) => head as string);
    const ofPolicies = heads.filter((head) => head.includes('objective'));
    expect(ofPolicies.length).toBeGreaterThan(10);
    for (const head of ofPolicies) {
      expect(head).toContain('cooling');
      expect(head).toContain('all energy');
    }
  });

  it('credits its data under the answers and with the files, with licence and address', () => {
    const credit =
      '<a href="https://open-meteo.com/">Weather data by Open-Meteo.com</a> (CC BY 4.0)';
    expect(page.split(credit)).toHaveLength(3);
    expect(page.indexOf(credit)).toBeLessThan(page.indexOf('<nav'));
  });

  it('has an interval for every cell of the map, in every season, where nothing needs to hover', () => {
    const seasons = [
      ...page.matchAll(/<details><summary>(Summer|Winter), with intervals[\s\S]*?<\/details>/g),
    ];
    expect(seasons.map(([, name]) => name)).toEqual(['Summer', 'Winter']);
    for (const [table] of seasons) {
      expect(table.match(/<small>[^<]* … [^<]*<\/small>/g)).toHaveLength(6 * 24);
    }
  });

  it('colours only what is told as other than zero', () => {
    const cell = (low: number, value: number, high: number) => changeCell({ low, value, high });
    expect(cell(0.0001, 0.002, 0.004)).toContain('<span>0.00</span>');
    expect(cell(-0.004, -0.003, -0.0001)).not.toContain('class=');
    expect(cell(-0.04, -0.03, -0.02)).toContain('<span class="better">-0.03</span>');
    expect(cell(0.02, 0.03, 0.04)).toContain('<span class="worse">+0.03</span>');
    expect(cell(-0.02, 0.03, 0.04)).toContain('<span>+0.03</span>');
  });

  it('tells carbon by what is counted, and what it could not show', () => {
    const from = page.indexOf('Which carbon is counted');
    const table = page.slice(from, page.indexOf('</table>', from));
    expect([...table.matchAll(/<td class="wide">(.*?)<\/td>/g)].map(([, name]) => name)).toEqual([
      'average, as the series has it',
      'marginal: the same everywhere',
      'marginal: marginal carbon 2',
    ]);
    const first = page.slice(0, page.indexOf('<nav'));
    expect(first).toMatch(/if one kWh more emitted the same everywhere, .* by [+-][\d.]+ %/);
    expect(page).toContain('Not shown: a marginal &lt;series&gt;.');
  });

  it('draws no figure that is not a number', () => {
    expect(page).not.toMatch(/NaN|undefined|Infinity|n\/a/);
  });

  it('holds every hash, and says what is wrong with a file and what is a placeholder', () => {
    expect(page).toContain('ab'.repeat(32));
    expect(page).toContain('weather_sydney_2022.csv: temp_c outside -60 to 60 in 1 h');
    expect(page).toContain('<small>placeholder</small>');
  });

  it('is the same for the same figures', () => {
    expect(reportPage(reportFixture())).toBe(page);
  });
});
