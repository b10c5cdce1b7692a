import { describe, expect, it } from 'vitest';
import { reportPage } from '../../src/cli/report-page/page.ts';
import { reportFixture } from './support/report.ts';

const page = reportPage(reportFixture());

describe('the page of a report', () => {
  it('is one file: no scripts, nothing from elsewhere', () => {
    expect(page).not.toMatch(/<script/i);
    expect(page).not.toMatch(/(src|href)="(?!#)/);
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
    for (const id of ids) expect(page.match(new RegExp(`href="#${id}"`, 'g'))).toHaveLength(1);
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
      if (head.includes('energy cost')) expect(head).toContain('all energy');
    }
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
